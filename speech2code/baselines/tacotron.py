"""Characters or MFCC → log magnitude: Tacotron, the paper's baseline and the second half of its topline (section 6.5).

Wang et al. 2017, but what trains sooner on a laptop: the encoder of its successor (Shen et al. 2018) in place of the
convolution bank, a pre-net whose dropout stays on at synthesis as there, attention that sees where it has looked, the
inverter's blocks behind the mel spectrum, and its variance compensation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import LOG_FLOOR, MFCC_DIM, LogMagnitude
from speech2code.audio.filters import mel_filters
from speech2code.config import TacotronConfig
from speech2code.layers import SLOPE, BiLstm, MaskedBatchNorm, MultiScaleBlock, follow_deviation
from speech2code.padding import channel_mask, frame_mask
from speech2code.translation.attention import Attention, Memory

MEL_BANDS = 80
SHARPNESS = 0.2  # of guided attention, share of the sentence


class Spectra(NamedTuple):
    """One pass of the decoder; spectra are standardised. `time` is `steps · reduction_factor`."""

    mel: Tensor  # (batch, time, 80)
    spectrum: Tensor  # (batch, time, bins)
    stops: Tensor  # (batch, steps), logits: the sentence ends in this step
    alignments: Tensor  # (batch, steps, encoder time)


class Tacotron(nn.Module):
    """`characters`: how many there are; None: it reads standardised MFCC through a linear projection."""

    bands: Tensor  # (80, bins)
    mel_mean: Tensor  # (80,)
    mel_std: Tensor
    spectrum_mean: Tensor  # (bins,)
    spectrum_std: Tensor
    predicted_std: Tensor  # (bins,), of the predicted spectra, a moving average

    def __init__(self, config: TacotronConfig, characters: int | None):
        super().__init__()
        width, bins = config.width, config.fft_size // 2 + 1
        self.reduction_factor, self.guided = config.reduction_factor, config.guided
        self.spectrum = LogMagnitude(config.fft_size)
        mel = mel_filters(MEL_BANDS, config.fft_size)
        self.register_buffer("bands", torch.from_numpy(mel), persistent=False)
        for name, size in (("mel", MEL_BANDS), ("spectrum", bins)):
            self.register_buffer(f"{name}_mean", torch.zeros(size))
            self.register_buffer(f"{name}_std", torch.ones(size))
        self.register_buffer("predicted_std", torch.ones(bins))
        self.encoder = _Encoder(width, characters)
        self.prenet = nn.ModuleList([nn.Linear(MEL_BANDS, width), nn.Linear(width, width // 2)])
        self.dropout = config.prenet_dropout
        self.attention_rnn = nn.LSTMCell(width // 2 + width, width)
        self.attention = Attention("mlp_history", width, width, width // 2)
        self.decoder_rnn = nn.LSTM(2 * width, width, batch_first=True)
        self.project = nn.Linear(2 * width, self.reduction_factor * MEL_BANDS + 1)
        self.postnet_in = nn.Conv1d(MEL_BANDS, width // 2, 3, padding=1)
        self.blocks = nn.ModuleList(MultiScaleBlock(width // 2) for _ in range(2))
        self.bins = nn.Linear(width // 2, bins)

    def targets(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms `(batch, samples)` → log mel `(batch, time, 80)` and log magnitude `(batch, time, bins)`."""
        magnitude = self.spectrum.magnitude(waveforms)
        return (magnitude @ self.bands.T).clamp_min(LOG_FLOOR).log(), magnitude.clamp_min(LOG_FLOOR).log()

    def forward(self, inputs: Tensor, input_lengths: Tensor, mel: Tensor, frames: Tensor) -> Spectra:
        """Characters `(batch, time)` or MFCC `(batch, time, 39)`, standardised mel `(batch, frames, 80)` as teacher, as
        many steps as those frames need → Spectra."""
        steps = -(-mel.shape[1] // self.reduction_factor)
        teacher = F.pad(mel, (0, 0, 0, steps * self.reduction_factor - mel.shape[1]))
        before = F.pad(teacher[:, self.reduction_factor - 1 :: self.reduction_factor], (0, 0, 1, 0))[:, :-1]
        frame_inputs, memory, state = self._prenet(before), *self._start(inputs, input_lengths)
        found, alignments = [], []
        for step in range(steps):
            what, alignment, state = self._attend(frame_inputs[:, step], memory, state)
            found.append(what)
            alignments.append(alignment)
        drawn, stops, _ = self._predict(torch.stack(found, 1), None)
        drawn = drawn.flatten(1, 2)
        return Spectra(drawn, self._postnet(drawn, frames), stops, torch.cat(alignments, 1))

    def loss(self, drawn: Spectra, mel: Tensor, spectrum: Tensor, frames: Tensor, input_lengths: Tensor) -> Tensor:
        """Mean absolute errors of both standardised spectra over real frames, cross-entropy of the end; with `guided`,
        a penalty on alignments far from the diagonal (Tachibana et al. 2018)."""
        mask = frame_mask(frames, mel.shape[1])
        if self.training:
            follow_deviation(self.predicted_std, drawn.spectrum, frames)
        loss = F.l1_loss(drawn.mel[:, : mel.shape[1]][mask], mel[mask])
        loss = loss + F.l1_loss(drawn.spectrum[:, : mel.shape[1]][mask], spectrum[mask])
        counts = -(-frames // self.reduction_factor)
        real = frame_mask(counts, drawn.stops.shape[1])
        last = F.one_hot(counts - 1, drawn.stops.shape[1]).float()
        loss = loss + F.binary_cross_entropy_with_logits(drawn.stops[real], last[real])
        if not self.guided:
            return loss
        steps = torch.arange(real.shape[1], device=mel.device) / counts[:, None]
        places = torch.arange(drawn.alignments.shape[2], device=mel.device) / input_lengths[:, None]
        far = 1 - torch.exp(-((steps[:, :, None] - places[:, None]) ** 2) / (2 * SHARPNESS**2))
        return loss + (drawn.alignments * far).sum(2)[real].mean()

    @torch.no_grad()
    def generate(self, inputs: Tensor, input_lengths: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Inputs as for `forward` → log magnitude `(batch, time, bins)` and lengths in frames `(batch,)`; a sentence
        that does not end has `longest` frames.

        The pre-net's dropout comes from a generator of its own and is the same for every sentence: what one of them
        sounds like depends neither on its neighbours in the batch nor on what was drawn before.
        """
        generator = torch.Generator().manual_seed(0)
        memory, state = self._start(inputs, input_lengths)
        last, drawn, decoder_state = memory.states.new_zeros(len(inputs), MEL_BANDS), [], None
        lengths = torch.zeros_like(input_lengths)
        for step in range(-(-longest // self.reduction_factor)):
            what, _, state = self._attend(self._prenet(last, generator), memory, state)
            predicted, stops, decoder_state = self._predict(what[:, None], decoder_state)
            drawn.append(predicted[:, 0])
            last = drawn[-1][:, -1]
            ending = (stops[:, 0] > 0) & (lengths == 0)
            lengths = torch.where(ending, (step + 1) * self.reduction_factor, lengths)
            if (lengths > 0).all():
                break
        mel = torch.cat(drawn, 1)
        lengths = torch.where(lengths == 0, mel.shape[1], lengths)
        return self._postnet(mel, lengths) / self.predicted_std * self.spectrum_std + self.spectrum_mean, lengths

    def _prenet(self, frames: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """`generator`: of the dropout at synthesis; without one, it is that of training."""
        for layer in self.prenet:
            frames = F.relu(layer(frames))
            if generator is None:
                frames = F.dropout(frames, self.dropout, self.training)
            else:
                kept = torch.rand(frames.shape[-1], generator=generator) >= self.dropout
                frames = frames * kept.to(frames.device) / (1 - self.dropout)
        return frames

    def _start(self, inputs: Tensor, lengths: Tensor) -> tuple[Memory, tuple]:
        states = self.encoder(inputs, lengths)
        memory = self.attention.memory(states, frame_mask(lengths, states.shape[1]))
        zeros = states.new_zeros(len(states), states.shape[2])
        return memory, ((zeros, zeros), zeros, self.attention.start(memory))

    def _attend(self, frame_inputs: Tensor, memory: Memory, state: tuple) -> tuple[Tensor, Tensor, tuple]:
        """The last frame `(batch, width / 2)` → what to predict from `(batch, 2 · width)`, alignment
        `(batch, 1, time)`, state."""
        attention_state, context, history = state
        attention_state = self.attention_rnn(torch.cat([frame_inputs, context], 1), attention_state)
        contexts, alignment, history = self.attention(attention_state[0][:, None], memory, history)
        context = contexts[:, 0]
        return torch.cat([attention_state[0], context], 1), alignment, (attention_state, context, history)

    def _predict(self, what: Tensor, state: tuple | None) -> tuple[Tensor, Tensor, tuple]:
        """`(batch, steps, 2 · width)` → mel `(batch, steps, reduction_factor, 80)`, stops `(batch, steps)`, state; over
        all steps at once, for nothing of it goes back to the attention's LSTM."""
        hidden, state = self.decoder_rnn(what, state)
        predicted = self.project(torch.cat([hidden, what[..., self.decoder_rnn.hidden_size :]], 2))
        return predicted[..., :-1].unflatten(2, (self.reduction_factor, MEL_BANDS)), predicted[..., -1], state

    def _postnet(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Standardised mel `(batch, time, 80)` → standardised log magnitude `(batch, time, bins)`."""
        mask = channel_mask(frames, mel.shape[1])
        hidden = self.postnet_in(mel.transpose(1, 2) * mask) * mask
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.bins(hidden.transpose(1, 2))


class _Encoder(nn.Module):
    """Three convolutions and a BiLSTM: `(batch, time[, 39])` → `(batch, time, width)`."""

    def __init__(self, width: int, characters: int | None):
        super().__init__()
        self.embed = nn.Linear(MFCC_DIM, width) if characters is None else nn.Embedding(characters, width)
        self.convolutions = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(3))
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for _ in range(3))
        self.recurrent = BiLstm(width, width // 2, 1)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        mask = channel_mask(lengths, inputs.shape[1])
        hidden = self.embed(inputs).transpose(1, 2) * mask
        for convolution, norm in zip(self.convolutions, self.norms):
            hidden = norm(F.leaky_relu(convolution(hidden), SLOPE), mask)
        return self.recurrent(hidden.transpose(1, 2), lengths)
