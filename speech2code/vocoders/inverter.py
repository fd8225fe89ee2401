"""Units → log magnitude: the codebook inverter of the paper (section 4, Figs. 4 and 5)."""

import torch
from torch import Tensor, nn

from speech2code.config import BLOCK_STEPS, InverterConfig
from speech2code.layers import BiLstm, MultiScaleBlock
from speech2code.padding import channel_mask, frame_mask, pad_time, repeat
from speech2code.protocols import Units, UnitSpec
from speech2code.vocoders.spectrogram import SpectrogramVocoder


class CodebookInverter(SpectrogramVocoder):
    """Multi-scale residual blocks, stacked BiLSTM, residual blocks; one step becomes `step_frames` frames.

    The paper copies each code r times before the first layer. Here the blocks and the BiLSTM work at the unit rate, and
    a linear layer then writes r different frames for each unit: r times less work, and a lower loss in the same time.
    Where units have durations of their own, each code is copied for all the steps it lasts, and `BLOCK_STEPS` steps are
    read as one. What the unit encoder rebuilds of the features, if anything, enters behind the expansion: what it has
    learnt need not be learnt again.
    """

    def __init__(self, config: InverterConfig, spec: UnitSpec):
        super().__init__(config, spec)
        self.block = BLOCK_STEPS if spec.unit_rate else 1
        width, bins = config.width, len(self.mean)
        self.speakers = nn.Embedding(spec.speakers, spec.code_dim)
        self.enter = nn.Conv1d((self.block + 1) * spec.code_dim, width, 3, padding=1)
        self.before = nn.ModuleList(MultiScaleBlock(width) for _ in range(config.blocks))
        self.recurrent = BiLstm(width, width // 2, config.lstm_layers)
        self.steps = self.block * spec.step_frames // config.reduction_factor  # behind the expansion
        self.expand = nn.Linear(width, self.steps * config.frame_width)
        rebuilt = config.reduction_factor * spec.rebuilt_dim
        self.rebuilt = nn.Linear(rebuilt, config.frame_width) if rebuilt else None
        self.after = nn.ModuleList(MultiScaleBlock(config.frame_width) for _ in range(config.blocks))
        self.leave = nn.Linear(config.frame_width, config.reduction_factor * bins)

    def draw(self, units: Units) -> Tensor:
        """→ standardised log magnitude `(batch, steps · step_frames, bins)`."""
        lengths, codes = units.durations.sum(1), repeat(units.codes, units.durations)
        read = pad_time(codes, self.block).unflatten(1, (-1, self.block)).flatten(2)
        counts, frames = (lengths + self.block - 1) // self.block, codes.shape[1] * self.spec.step_frames
        mask = channel_mask(counts, read.shape[1])
        voice = self.speakers(units.speakers)[:, None, :].expand(-1, read.shape[1], -1)
        hidden = self.enter(torch.cat([read, voice], dim=2).transpose(1, 2) * mask) * mask
        for block in self.before:
            hidden = block(hidden, mask)
        hidden = hidden.transpose(1, 2)
        hidden = self.expand(hidden + self.recurrent(hidden, counts)).unflatten(2, (self.steps, -1)).flatten(1, 2)
        if self.rebuilt is not None and units.rebuilt is not None:
            rebuilt = units.rebuilt * frame_mask(lengths * self.spec.step_frames, frames)[:, :, None]
            rebuilt = pad_time(rebuilt, self.block * self.spec.step_frames)
            hidden = hidden + self.rebuilt(rebuilt.reshape(codes.shape[0], hidden.shape[1], -1))
        mask = channel_mask(counts * self.steps, hidden.shape[1])
        hidden = hidden.transpose(1, 2) * mask
        for block in self.after:
            hidden = block(hidden, mask)
        return self.leave(hidden.transpose(1, 2)).reshape(codes.shape[0], -1, len(self.mean))[:, :frames]
