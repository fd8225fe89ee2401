"""waveform → features, batched in torch, equal to librosa's within 1e-3 (tests/audio/test_features.py).

One frame each 10 ms, Hann window of 25 ms, centred, zeros beyond both ends: `frames = samples // 160 + 1`.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.files import SAMPLE_RATE

HOP = 160  # samples, 10 ms
WINDOW = 400  # samples, 25 ms
FFT_SIZE = 2048  # points: 1025 bins (paper, section 6.2)
COEFFICIENTS = 13
MFCC_DIM = 3 * COEFFICIENTS
MEL_BANDS = 128
DELTA_WIDTH = 9  # frames of the Savitzky-Golay filter; the shortest utterance that has deltas
LOG_FLOOR = 1e-4  # magnitude; −80 dB of a full-scale tone's magnitude is about 1e-2


def frame_count(samples: Tensor | int) -> Tensor | int:
    """Number of frames of a waveform of so many samples."""
    return samples // HOP + 1


def frame_mask(lengths: Tensor, size: int | None = None) -> Tensor:
    """Lengths `(batch,)` → bool `(batch, size)`, true where real."""
    return torch.arange(size or int(lengths.max()), device=lengths.device) < lengths[:, None]


def stft(waveforms: Tensor, fft_size: int) -> Tensor:
    """`(batch, samples)` → complex `(batch, time, fft_size // 2 + 1)`, librosa's framing."""
    window = torch.hann_window(WINDOW, device=waveforms.device, dtype=waveforms.dtype)
    spectrum = torch.stft(
        waveforms, fft_size, HOP, WINDOW, window, center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.transpose(1, 2)


class LogMagnitude(nn.Module):
    """`(batch, samples)` → natural log of the linear magnitude, floored, `(batch, time, fft_size // 2 + 1)`."""

    def __init__(self, fft_size: int = FFT_SIZE):
        super().__init__()
        self.fft_size = fft_size

    def magnitude(self, waveforms: Tensor) -> Tensor:
        """`(batch, samples)` → linear magnitude `(batch, time, fft_size // 2 + 1)`, librosa's `abs(stft)`."""
        return stft(waveforms, self.fft_size).abs()

    def forward(self, waveforms: Tensor) -> Tensor:
        return self.magnitude(waveforms).clamp_min(LOG_FLOOR).log()


class Mfcc(nn.Module):
    """`(batch, samples)` and lengths in samples `(batch,)` → 13 MFCC + Δ + Δ² `(batch, time, 39)`, zero beyond each
    end.

    Equal to librosa.feature.mfcc (1025 bins, 128 Slaney mel bands, 80 dB range, orthonormal DCT) and
    librosa.feature.delta.
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("mel", torch.from_numpy(_mel_filters()).T.contiguous(), persistent=False)
        self.register_buffer("dct", torch.from_numpy(_dct()), persistent=False)
        for order in (1, 2):
            kernel, first, last = _savgol(order)
            self.register_buffer(f"kernel{order}", torch.from_numpy(kernel), persistent=False)
            self.register_buffer(f"edges{order}", torch.from_numpy(np.stack([first, last])), persistent=False)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        spectrum = stft(waveforms, FFT_SIZE)
        power = spectrum.real.square() + spectrum.imag.square()
        frames = frame_count(lengths)
        mask = frame_mask(frames, power.shape[1])[:, :, None]
        decibels = 10 * torch.log10((power @ self.mel).clamp_min(1e-10))
        loudest = decibels.masked_fill(~mask, -torch.inf).amax(dim=(1, 2), keepdim=True)
        static = (torch.maximum(decibels, loudest - 80) @ self.dct).masked_fill(~mask, 0)
        features = torch.cat([static, self._delta(static, frames, 1), self._delta(static, frames, 2)], dim=2)
        return features.masked_fill(~mask, 0)

    def _delta(self, static: Tensor, frames: Tensor, order: int) -> Tensor:
        """Savitzky-Golay derivative along time; the first and last four frames come from a polynomial fit
        (`mode="interp"`)."""
        kernel, edges = getattr(self, f"kernel{order}"), getattr(self, f"edges{order}")
        channels = static.transpose(1, 2)
        weight = kernel.expand(channels.shape[1], 1, DELTA_WIDTH)
        delta = F.conv1d(channels, weight, padding=DELTA_WIDTH // 2, groups=channels.shape[1]).transpose(1, 2)
        window = torch.arange(DELTA_WIDTH, device=static.device)
        last = frames[:, None] - DELTA_WIDTH + window
        first = window.expand_as(last)
        half = DELTA_WIDTH // 2
        for edge, nine, four in ((edges[0], first, first[:, :half]), (edges[1], last, last[:, -half:])):
            values = edge @ static.gather(1, nine[:, :, None].expand(-1, -1, static.shape[2]))
            delta = delta.scatter(1, four[:, :, None].expand_as(values), values)
        return delta


@cache
def _mel_filters() -> np.ndarray:
    import librosa

    return librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT_SIZE, n_mels=MEL_BANDS).astype(np.float32)


@cache
def _dct() -> np.ndarray:
    from scipy.fft import dct

    return dct(np.eye(MEL_BANDS), norm="ortho")[:, :COEFFICIENTS].astype(np.float32)


@cache
def _savgol(order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The derivative filter `(9,)` and the two edge matrices `(4, 9)`, read off scipy by filtering unit impulses."""
    from scipy.signal import savgol_coeffs, savgol_filter

    kernel = savgol_coeffs(DELTA_WIDTH, order, deriv=order)[::-1].copy()  # conv1d correlates
    response = savgol_filter(np.eye(DELTA_WIDTH), DELTA_WIDTH, order, deriv=order, axis=0, mode="interp")
    half = DELTA_WIDTH // 2
    return kernel.astype(np.float32), response[:half].astype(np.float32), response[-half:].astype(np.float32)
