"""log magnitude → waveform: phase by fast Griffin-Lim (Griffin & Lim 1984; momentum of Perraudin et al. 2013)."""

import torch
from torch import Tensor

from speech2code.audio.features import HOP, WINDOW, stft

EXACT_FFT_SIZE = 512  # the smallest power of two that holds the window: bins between its bins add nothing
MOMENTUM = 0.9


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
    angles = torch.polar(torch.ones_like(noise), 2 * torch.pi * noise).expand(magnitude.shape)
    previous = torch.zeros_like(angles)
    for _ in range(iterations):
        rebuilt = stft(_istft(magnitude * angles, fft_size), fft_size)
        angles = rebuilt - momentum / (1 + momentum) * previous
        angles = angles / angles.abs().clamp_min(1e-8)
        previous = rebuilt
    return _istft(magnitude * angles, fft_size)


def _istft(spectrum: Tensor, fft_size: int) -> Tensor:
    window = torch.hann_window(WINDOW, device=spectrum.device)
    return torch.istft(spectrum.transpose(1, 2), fft_size, HOP, WINDOW, window, center=True)
