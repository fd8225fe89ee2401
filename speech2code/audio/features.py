"""waveform → features, batched in torch, equal to librosa's within 1e-3 (tests/audio/test_features.py).

One frame each 10 ms, Hann window of 25 ms, centred, zeros beyond both ends: `frames = samples // 160 + 1`.
"""

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.filters import COEFFICIENTS, DELTA_WIDTH, FFT_SIZE, dct_matrix, delta_matrices, mel_filters
from speech2code.padding import frame_mask

HOP = 160  # samples, 10 ms
FRAMES_A_SECOND = 100
WINDOW = 400  # samples, 25 ms
MFCC_DIM = 3 * COEFFICIENTS
Samples = TypeVar("Samples", int, Tensor, np.ndarray)
DYNAMIC_RANGE = 80.0  # dB that MFCC keep below the loudest band
LOG_FLOOR = 1e-4  # magnitude; −80 dB of a full-scale tone's magnitude is about 1e-2


def frame_count(samples: Samples) -> Samples:
    """Number of frames of a waveform of so many samples."""
    return samples // HOP + 1


def frames_of(waveforms: Tensor) -> Tensor:
    """`(batch, samples)` → windowed frames `(batch, time, 400)`, librosa's framing."""
    window = torch.hann_window(WINDOW, device=waveforms.device, dtype=waveforms.dtype)
    return F.pad(waveforms, [WINDOW // 2] * 2).unfold(1, WINDOW, HOP) * window


def spectrum_of(frames: Tensor, fft_size: int) -> Tensor:
    """Windowed frames `(batch, time, 400)` → complex `(batch, time, fft_size // 2 + 1)`; phases count from each frame's
    first sample."""
    return torch.fft.rfft(F.pad(frames, [0, fft_size - WINDOW]))


def power_of(waveforms: Tensor, fft_size: int) -> Tensor:
    """`(batch, samples)` → squared magnitude `(batch, time, fft_size // 2 + 1)`: librosa's `abs(stft) ** 2`."""
    spectrum = spectrum_of(frames_of(waveforms), fft_size)
    # not `abs`: torch takes the hypotenuse of one complex number after the other, four times the price of the FFT
    return spectrum.real.square() + spectrum.imag.square()


class LogMagnitude(nn.Module):
    """`(batch, samples)` → natural log of the linear magnitude, floored, `(batch, time, fft_size // 2 + 1)`."""

    def __init__(self, fft_size: int = FFT_SIZE):
        super().__init__()
        self.fft_size = fft_size

    def magnitude(self, waveforms: Tensor) -> Tensor:
        """`(batch, samples)` → linear magnitude `(batch, time, fft_size // 2 + 1)`, librosa's `abs(stft)`."""
        return power_of(waveforms, self.fft_size).sqrt()

    def forward(self, waveforms: Tensor) -> Tensor:
        return self.magnitude(waveforms).clamp_min(LOG_FLOOR).log()


class Mfcc(nn.Module):
    """`(batch, samples)` and lengths in samples `(batch,)` → 13 MFCC + Δ + Δ² `(batch, time, 39)`, zero beyond each
    end.

    Equal to librosa.feature.mfcc (1025 bins, 128 Slaney mel bands, 80 dB range, orthonormal DCT) and
    librosa.feature.delta.
    """

    mel: Tensor  # sparse, (bands, bins)
    dct: Tensor  # (bands, 13)
    deltas: Tensor  # (2, 9, 9)

    def __init__(self) -> None:
        super().__init__()
        # sparse: a band sees few bins, and the dense product costs more than the FFT
        self.register_buffer("mel", torch.from_numpy(mel_filters()).to_sparse().coalesce(), persistent=False)
        self.register_buffer("dct", torch.from_numpy(dct_matrix()), persistent=False)
        self.register_buffer("deltas", torch.from_numpy(delta_matrices()), persistent=False)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        return self.of_power(power_of(waveforms, FFT_SIZE), frame_count(lengths))

    def of_power(self, power: Tensor, frames: Tensor) -> Tensor:
        """Squared magnitude `(batch, time, 1025)`, lengths in frames `(batch,)` → the same features."""
        mask = frame_mask(frames, power.shape[1])[:, :, None]
        bands = torch.sparse.mm(self.mel, power.flatten(0, 1).T.contiguous()).T.unflatten(0, power.shape[:2])
        decibels = 10 * torch.log10(bands.clamp_min(1e-10))
        loudest = decibels.masked_fill(~mask, -torch.inf).amax(dim=(1, 2), keepdim=True)
        return self.with_deltas(torch.maximum(decibels, loudest - DYNAMIC_RANGE) @ self.dct, frames)

    def with_deltas(self, static: Tensor, frames: Tensor) -> Tensor:
        """`(batch, time, 13)`, lengths → with both derivatives `(batch, time, 39)`, zero beyond each end."""
        mask = frame_mask(frames, static.shape[1])[:, :, None]
        static = static.masked_fill(~mask, 0)
        return torch.cat([static, self._deltas(static, frames)], dim=2).masked_fill(~mask, 0)

    def _deltas(self, static: Tensor, frames: Tensor) -> Tensor:
        """Savitzky-Golay derivatives along time, first and second: row k of a matrix differentiates at frame k of nine.
        The first and last four frames come from the fit to the first and last nine (`mode="interp"`); behind fewer than
        nine stand zeros."""
        whole, frames = static.shape[1], frames.clamp_min(DELTA_WIDTH)
        static = F.pad(static, (0, 0, 0, max(0, DELTA_WIDTH - whole)))
        batch, time, _ = static.shape
        half, nine = DELTA_WIDTH // 2, torch.arange(DELTA_WIDTH, device=static.device)
        deltas = static.new_zeros(batch, time, 2, COEFFICIENTS)
        deltas[:, half:-half] = torch.einsum("btcw,ow->btoc", static.unfold(1, DELTA_WIDTH, 1), self.deltas[:, half])
        deltas[:, :half] = torch.einsum("okw,bwc->bkoc", self.deltas[:, :half], static[:, :DELTA_WIDTH])
        item, last = torch.arange(batch, device=static.device)[:, None], frames[:, None] - DELTA_WIDTH + nine
        deltas[item, last[:, -half:]] = torch.einsum("okw,bwc->bkoc", self.deltas[:, -half:], static[item, last])
        return deltas[:, :whole].flatten(2)
