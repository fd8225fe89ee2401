"""log magnitude → waveform: phase by fast Griffin-Lim (Griffin & Lim 1984; momentum of Perraudin et al. 2013)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from speech2code.audio.features import HOP, WINDOW, frames_of, spectrum_of

EXACT_FFT_SIZE = 512  # the smallest power of two that holds the window: bins between its bins add nothing
MOMENTUM = 0.99  # librosa's


@torch.no_grad()
def griffin_lim(log_magnitude: Tensor, iterations: int = 60, momentum: float = MOMENTUM, seed: int = 0) -> Tensor:
    """Log magnitude `(batch, time, bins)` → waveforms `(batch, (time − 1) · 160)`.

    A grid finer than 512 points is thinned to it first: with a window of 400 samples it holds nothing more, and the
    work is a quarter. The start phase comes from `seed` alone, so the same input gives the same waveform.
    """
    fft_size = 2 * (log_magnitude.shape[2] - 1)
    if fft_size > EXACT_FFT_SIZE and fft_size % EXACT_FFT_SIZE == 0:
        log_magnitude, fft_size = log_magnitude[:, :, :: fft_size // EXACT_FFT_SIZE], EXACT_FFT_SIZE
    magnitude = log_magnitude.float().exp()
    generator = torch.Generator().manual_seed(seed)
    # one phase pattern for the whole batch: an item's waveform does not depend on its neighbours
    noise = torch.rand(magnitude.shape[1:], generator=generator).to(magnitude.device)
    spectrum = magnitude * torch.polar(torch.ones_like(noise), 2 * torch.pi * noise)
    window = torch.hann_window(WINDOW, device=magnitude.device)
    envelope = _overlap_add(window.square().expand(1, magnitude.shape[1], WINDOW)).clamp_min(1e-8)
    previous = torch.zeros_like(spectrum)
    for _ in range(iterations):
        rebuilt = spectrum_of(frames_of(_waveform(spectrum, fft_size, window, envelope)), fft_size)
        target = torch.sub(rebuilt, previous, alpha=momentum / (1 + momentum))
        # the phase of `target`, the wanted magnitude; `abs` and `angle` of complex numbers would take most of the time
        loudness = (target * target.conj()).real.clamp_min(1e-16)
        spectrum = target * (magnitude * loudness.rsqrt())
        previous = rebuilt
    return _waveform(spectrum, fft_size, window, envelope)


def _waveform(spectrum: Tensor, fft_size: int, window: Tensor, envelope: Tensor) -> Tensor:
    """The waveform whose frames are nearest to the spectrum, `(batch, (time − 1) · 160)`."""
    frames = torch.fft.irfft(spectrum, fft_size)[:, :, :WINDOW] * window
    return _overlap_add(frames) / envelope


def _overlap_add(frames: Tensor) -> Tensor:
    """Frames `(batch, time, 400)` → `(batch, (time − 1) · 160)`: their sum, each 160 samples after the last, without
    the half frame that stands out at either end."""
    batch, time = frames.shape[:2]
    hops = frames.new_zeros(batch, time + 2, HOP)
    for late, part in enumerate(F.pad(frames, [0, 3 * HOP - WINDOW]).split(HOP, dim=2)):
        hops[:, late : late + time] += part
    return hops.flatten(1)[:, WINDOW // 2 : WINDOW // 2 + (time - 1) * HOP]
