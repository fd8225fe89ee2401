"""waveform → the same words as another person, another room or another microphone would have them: faster or slower, in
noise, with echoes, over a telephone. All is drawn from torch's random numbers, which a resumed training keeps."""

import math

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.files import SAMPLE_RATE

QUIETEST_NOISE = 40.0  # dB below the speech: nothing that anybody hears
HUM = 50  # Hz, below which noise grows no further
ECHO = (0.1, 0.6)  # seconds in which an echo falls by 60 dB: a car to a classroom
DRY = (0.0, 15.0)  # dB of the direct sound above its echoes
TELEPHONE = (300.0, 3400.0)  # Hz
STEEPNESS = 0.1  # of the telephone's edges, in octaves
ROUND = 1 << 12  # samples: lengths of which an FFT is quick are multiples of it


def change_speed(waveform: np.ndarray, factor: float) -> np.ndarray:
    """Float32 `(samples,)`, played `factor` times as fast: tempo, pitch and formants all move."""
    import soxr

    return soxr.resample(waveform, factor * SAMPLE_RATE, SAMPLE_RATE, quality="LQ").astype(np.float32)


def distort(waveform: Tensor, noise: float | None, echo: bool, telephone: bool) -> Tensor:
    """`(samples,)` → `(samples,)`. `noise`: its level in dB below the speech."""
    room = _room() if echo else waveform.new_ones(1)
    size = -(-(len(waveform) + len(room)) // ROUND) * ROUND
    spectrum = torch.fft.rfft(waveform, size)
    if echo:
        spectrum = spectrum * torch.fft.rfft(room, size)
    if noise is not None:
        hiss = _coloured_noise(size)
        # the noise lasts for all of `size`, the speech only for its own length
        share = len(waveform) / size
        level = spectrum.abs().square().mean() / share / hiss.abs().square().mean()
        spectrum = spectrum + hiss * level.sqrt() * 10 ** (-noise / 20)
    if telephone:
        spectrum = spectrum * _band(size)
    return torch.fft.irfft(spectrum, size)[: len(waveform)]


def uniform(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()


def _room() -> Tensor:
    """An impulse response `(samples,)`: the sound itself, and noise that dies away (Polack 1988)."""
    seconds = uniform(*ECHO)
    time = torch.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = torch.randn(len(time)) * torch.exp(-time * 3 * math.log(10) / seconds)
    echoes = echoes / echoes.norm() * 10 ** (-uniform(*DRY) / 20)
    echoes[0] = 1.0
    return echoes


def _coloured_noise(size: int) -> Tensor:
    """The spectrum `(size // 2 + 1,)` of noise between white and brown: its power falls by 0 to 6 dB an octave."""
    bins = size // 2 + 1
    frequency = torch.arange(bins).clamp_min(size * HUM // SAMPLE_RATE)
    return torch.randn(bins, dtype=torch.complex64) * frequency ** -uniform(0, 1)


def _band(size: int) -> Tensor:
    """What of each bin `(size // 2 + 1,)` a telephone lets through."""
    octaves = torch.log2(torch.fft.rfftfreq(size, 1 / SAMPLE_RATE).clamp_min(1))
    low, high = (math.log2(each) for each in TELEPHONE)
    return torch.sigmoid((octaves - low) / STEEPNESS) * torch.sigmoid((high - octaves) / STEEPNESS)
