"""MFCC → whether there can be speech in them: noise, tones and hum sound the same all the time, and nobody's speech."""

import torch
from torch import Tensor

from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.audio.filters import COEFFICIENTS

SMOOTHED = 9  # frames, in which noise averages out and sounds of speech do not
# dB. Noise (white, pink, brown; fading, in bursts), tones and hum of 0.5 to 6 s have at most 2.7. 1,320 recordings of
# five people and 395 of six synthetic voices have at least 11; with noise as loud as the speech, at least 3.5.
LEAST_CHANGE = 3.0
LEAST_SECONDS = 0.5  # shorter ones are given the benefit of the doubt


def is_steady(mfcc: Tensor) -> bool:
    """`(time, 39)`, not standardised → whether the shape of the spectrum hardly changes; loudness does not count."""
    return len(mfcc) >= LEAST_SECONDS * FRAMES_A_SECOND and spectral_change(mfcc) < LEAST_CHANGE


def spectral_change(mfcc: Tensor) -> float:
    """`(time, 39)`, more than 9 frames → dB: deviation over time of the smoothed MFCC 1 to 12, its mean square over the
    coefficients."""
    smooth = mfcc[:, 1:COEFFICIENTS].unfold(0, SMOOTHED, 1).mean(2)
    return float(torch.var(smooth, 0, unbiased=False).mean().sqrt())
