"""Units → log magnitude → waveform: what every vocoder shares that draws a spectrogram and leaves the phase to
Griffin-Lim."""

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from speech2code.audio.features import LogMagnitude
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.config import VocoderConfig
from speech2code.corpora.speech import Speech
from speech2code.layers import follow_deviation
from speech2code.padding import frame_mask
from speech2code.protocols import Units, UnitSpec, Vocoder
from speech2code.vocoders.durations import DurationPredictor

HUBER = 0.5  # standard deviations
MEL_BREAK = 700.0  # Hz, above which the mel scale turns from linear to logarithmic


class SpectrogramVocoder(Vocoder):
    """A subclass draws the spectrum standardised by `mean` and `std` of each bin; the rest is here.

    `log_magnitude` gives each bin its variance back (variance compensation, `layers.follow_deviation`).
    """

    mean: Tensor  # (bins,)
    std: Tensor  # (bins,)
    predicted_std: Tensor  # (bins,), of the predictions, a moving average
    density: Tensor  # (bins,)

    def __init__(self, config: VocoderConfig, spec: UnitSpec):
        super().__init__()
        self.spec, self.iterations, self.huber = spec, config.iterations, config.loss == "mel_huber"
        rate = spec.unit_rate
        self.durations = DurationPredictor(spec.code_dim, spec.speakers, rate) if rate else None
        self.spectrum, bins = LogMagnitude(config.fft_size), config.fft_size // 2 + 1
        self.register_buffer("mean", torch.zeros(bins))
        self.register_buffer("std", torch.ones(bins))
        self.register_buffer("predicted_std", torch.ones(bins))
        density = 1 / (1 + torch.linspace(0, SAMPLE_RATE / 2, bins) / MEL_BREAK)
        self.register_buffer("density", density / density.mean(), persistent=False)

    @abstractmethod
    def draw(self, units: Units) -> Tensor:
        """→ standardised log magnitude `(batch, steps · step_frames, bins)`."""

    def fit_statistics(self, speech: Speech) -> None:
        """Mean and deviation of each bin over the training speech."""
        self.mean, self.std = speech.bins(self.spectrum)

    def forward(self, units: Units, waveforms: Tensor, frames: Tensor, timed: Units) -> dict[str, Tensor]:
        """Units and the waveforms `(batch, samples)` they came from, lengths in frames `(batch,)` → losses; durations
        are learnt from the sentences `timed`."""
        loss = self.loss(self.draw(units), self.spectrum(waveforms), frames)
        if not self.durations:
            return {"loss": loss}
        durations = self.durations.loss(timed.codes, timed.durations, timed.speakers)
        return {"loss": loss + durations, "spectrum": loss.detach(), "durations": durations.detach()}

    def loss(self, predicted: Tensor, target: Tensor, frames: Tensor) -> Tensor:
        """Eq. 10: mean squared error over real frames and bins, on the standardised scale; or what is nearer to the
        ear: the error weighed by the density of the mel scale, and beyond `HUBER` counted once instead of squared."""
        time = min(predicted.shape[1], target.shape[1])
        mask = frame_mask(frames, time)[:, :, None]
        if self.training:
            follow_deviation(self.predicted_std, predicted[:, :time], frames.clamp_max(time))
        wanted = (target[:, :time] - self.mean) / self.std
        # multiplied, not picked out: the gathering of so many bins costs more than the error itself
        error = (predicted[:, :time] - wanted) * mask
        if self.huber:
            penalty = F.smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=HUBER) * self.density
        else:
            penalty = error.square()
        return penalty.sum() / (mask.sum() * len(self.mean))

    def predict_durations(self, codes: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, counts and speakers `(batch,)` → the steps each lasts `(batch, units)`."""
        if self.durations:
            return self.durations.predict(codes, counts, speakers)
        return frame_mask(counts, codes.shape[1]).long()

    @torch.no_grad()
    def log_magnitude(self, units: Units) -> Tensor:
        """→ natural log of the magnitude `(batch, steps · step_frames, bins)`."""
        return self.draw(units) / self.predicted_std * self.std + self.mean

    def synthesise(self, units: Units) -> list[np.ndarray]:
        """→ a waveform for each sentence, float32 `((frames − 1) · 160,)`, as loud as the recordings."""
        frames = (units.durations.sum(1) * self.spec.step_frames).tolist()
        return waveforms_of(self.log_magnitude(units), frames, self.iterations)


def waveforms_of(spectra: Tensor, frames: list[int], iterations: int) -> list[np.ndarray]:
    """Log magnitudes `(batch, time, bins)` and how many frames of each count → waveforms float32."""
    # one at a time: what stands behind a shorter item would be audible in its last frames
    items = [item[None, :count] for item, count in zip(spectra, frames)]
    return [griffin_lim(item, iterations)[0].cpu().numpy() for item in items]
