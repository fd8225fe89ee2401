"""Units → log magnitude: the codebook inverter of the paper (section 4, Figs. 4 and 5)."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import LOG_FLOOR, MFCC_DIM, LogMagnitude, frame_mask
from speech2code.audio.files import SAMPLE_RATE
from speech2code.config import TOGETHER, InverterConfig
from speech2code.inversion.durations import Durations
from speech2code.layers import BiLstm, MultiScaleBlock, channel_mask, pad_time
from speech2code.units.vqvae import UnitDecoder

HUBER = 0.5  # standard deviations
SPREAD_DECAY = 0.99
LEAST_SPREAD = 0.5  # a bin that is hardly predicted gets no more than twice its variation
MEL_BREAK = 700.0  # Hz, above which the mel scale turns from linear to logarithmic


class CodebookInverter(nn.Module):
    """Multi-scale residual blocks, stacked BiLSTM, residual blocks; one step becomes `time_reduction` frames.

    The paper copies each code r times before the first layer. Here the blocks and the BiLSTM work at the unit rate, and
    a linear layer then writes r different frames for each unit: r times less work, and a lower loss in the same time.
    Where units have lengths of their own, each code is copied for all the steps it lasts, as `durations` predicts them,
    and eight steps are read at once.
    What the VQ-VAE's decoder rebuilds of the MFCC enters there too: what it has learnt need not be learnt again.
    The network predicts the spectrum standardised by `mean` and `std` of each bin. What it predicts is a mean of what
    may be meant and varies less than speech does; `invert` gives each bin its variance back (Toda & Tokuda 2007).
    """

    def __init__(self, config: InverterConfig, decoder: UnitDecoder):
        """`decoder`: that of the VQ-VAE whose units these are; a copy is kept, which learns no more."""
        super().__init__()
        self.decoder = deepcopy(decoder).requires_grad_(False)
        self.time_reduction = time_reduction = decoder.time_reduction
        self.together = TOGETHER if decoder.rate else 1
        speakers, code_dim = decoder.speakers.weight.shape
        self.durations = Durations(code_dim, speakers, decoder.rate) if decoder.rate else None
        self.target_scale = config.target_scale
        self.spectrum = LogMagnitude(config.fft_size)
        width, bins = config.width, config.fft_size // 2 + 1
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("std", torch.ones(bins))
        self.register_buffer("spread", torch.ones(bins))  # deviation of the predictions, a moving average
        self.huber = config.loss == "mel_huber"
        density = 1 / (1 + torch.linspace(0, SAMPLE_RATE / 2, bins) / MEL_BREAK)
        self.register_buffer("density", density / density.mean(), persistent=False)
        self.speakers = nn.Embedding(speakers, code_dim)
        self.enter = nn.Conv1d((self.together + 1) * code_dim, width, 3, padding=1)
        self.before = nn.ModuleList(MultiScaleBlock(width) for _ in range(config.blocks))
        self.recurrent = BiLstm(width, width // 2, config.lstm_layers)
        self.steps = self.together * time_reduction // config.frames_at_once  # behind the expansion
        self.expand = nn.Linear(width, self.steps * config.frame_width)
        self.rebuilt = nn.Linear(config.frames_at_once * MFCC_DIM, config.frame_width)
        self.after = nn.ModuleList(MultiScaleBlock(config.frame_width) for _ in range(config.blocks))
        self.leave = nn.Linear(config.frame_width, config.frames_at_once * bins)

    def forward(self, codes: Tensor, steps: Tensor, speakers: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, the steps each of them lasts `(batch, units)`, 0 behind the end, speakers
        `(batch,)` → standardised spectrum `(batch, steps · time_reduction, bins)`."""
        lengths = steps.sum(1)
        codes = _repeat(codes, steps)
        rebuilt = self.decoder(codes, lengths * self.time_reduction, speakers)
        read = pad_time(codes, self.together).unflatten(1, (-1, self.together)).flatten(2)
        counts, frames = (lengths + self.together - 1) // self.together, codes.shape[1] * self.time_reduction
        mask = channel_mask(counts, read.shape[1])
        voice = self.speakers(speakers)[:, None, :].expand(-1, read.shape[1], -1)
        hidden = self.enter(torch.cat([read, voice], dim=2).transpose(1, 2) * mask) * mask
        for block in self.before:
            hidden = block(hidden, mask)
        hidden = hidden.transpose(1, 2)
        hidden = self.expand(hidden + self.recurrent(hidden, counts)).unflatten(2, (self.steps, -1)).flatten(1, 2)
        rebuilt = rebuilt * frame_mask(lengths * self.time_reduction, frames)[:, :, None]
        rebuilt = pad_time(rebuilt, self.together * self.time_reduction)
        hidden = hidden + self.rebuilt(rebuilt.reshape(len(codes), hidden.shape[1], -1))
        mask = channel_mask(counts * self.steps, hidden.shape[1])
        hidden = hidden.transpose(1, 2) * mask
        for block in self.after:
            hidden = block(hidden, mask)
        return self.leave(hidden.transpose(1, 2)).reshape(len(codes), -1, len(self.mean))[:, :frames]

    def lasting(self, codes: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, counts and speakers `(batch,)` → the steps each lasts `(batch, units)`."""
        if self.durations:
            return self.durations.predict(codes, counts, speakers)
        return frame_mask(counts, codes.shape[1]).long()

    def target(self, waveforms: Tensor) -> Tensor:
        """Waveforms `(batch, samples)` → the spectrum to predict `(batch, time, bins)`, not yet standardised."""
        return self.spectrum(waveforms) if self.target_scale == "log" else self.spectrum.magnitude(waveforms)

    def loss(self, predicted: Tensor, target: Tensor, frame_lengths: Tensor) -> Tensor:
        """Eq. 10: mean squared error over real frames and bins, on the standardised scale; or what is nearer to the
        ear: the error weighed by the density of the mel scale, and beyond `HUBER` counted once instead of squared."""
        time = min(predicted.shape[1], target.shape[1])
        mask = frame_mask(frame_lengths, time)[:, :, None]
        if self.training:
            self._measure(predicted[:, :time].detach() * mask, mask.sum())
        wanted = (target[:, :time] - self.mean) / self.std
        # multiplied, not picked out: the gathering of so many bins costs more than the error itself
        error = (predicted[:, :time] - wanted) * mask
        if self.huber:
            penalty = F.smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=HUBER) * self.density
        else:
            penalty = error.square()
        return penalty.sum() / (mask.sum() * len(self.mean))

    def _measure(self, predicted: Tensor, frames: Tensor) -> None:
        variance = predicted.square().sum((0, 1)) / frames - (predicted.sum((0, 1)) / frames).square()
        self.spread.lerp_(variance.clamp_min(0).sqrt().clamp_min(LEAST_SPREAD), 1 - SPREAD_DECAY)

    @torch.no_grad()
    def invert(self, codes: Tensor, steps: Tensor, speakers: Tensor) -> Tensor:
        """As `forward` → log magnitude `(batch, steps · time_reduction, bins)`."""
        spectrum = self(codes, steps, speakers) / self.spread * self.std + self.mean
        if self.target_scale == "log":
            return spectrum
        return spectrum.clamp_min(LOG_FLOOR).log()


def _repeat(codes: Tensor, steps: Tensor) -> Tensor:
    """Codes `(batch, units, dim)`, each copied for the steps it lasts → `(batch, steps, dim)`, zero behind the end."""
    lengths, ends = steps.sum(1), steps.cumsum(1)
    time = torch.arange(int(lengths.max()), device=codes.device).expand(len(codes), -1).contiguous()
    unit = torch.searchsorted(ends, time, right=True).clamp_max(codes.shape[1] - 1)
    copied = codes.gather(1, unit[:, :, None].expand(-1, -1, codes.shape[2]))
    return copied * frame_mask(lengths, time.shape[1])[:, :, None]
