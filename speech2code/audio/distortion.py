"""MFCC → MFCC of the same words as another person would say them, in another room, in noise or over a telephone.

All is computed on the mel spectrum that thirteen coefficients still describe, at a tenth of the price of doing it to$
the waveform; tests/audio/test_distortion.py compares the two.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import DYNAMIC_RANGE, FRAMES_A_SECOND
from speech2code.audio.filters import COEFFICIENTS, MEL_BANDS, band_hertz, cosines

NOISE_DEVIATION = 6.6  # dB, of each coefficient of white noise from frame to frame (measured)
BANDS = 32  # of the 128: thirteen coefficients know no more
PLACES = (np.arange(BANDS) + 0.5) * (MEL_BANDS / BANDS) - 0.5
HUM = 50.0  # Hz, below which noise grows no further
TELEPHONE = (300.0, 3400.0)  # Hz
STEEPNESS = 0.1  # of the telephone's edges, in octaves


def change_tempo(static: Tensor, lengths: Tensor, rates: Tensor) -> tuple[Tensor, Tensor]:
    """`(batch, time, 13)`, lengths, and how many of the old frames pass in a new one, at each old frame `(batch, time)`
    → other lengths, too. The pitch, of which the coefficients know little, stays."""
    ends = (1 / rates).cumsum(1)
    last = ends.gather(1, lengths[:, None] - 1)[:, 0]
    changed = last.round().long().clamp_min(1)
    wanted = torch.arange(int(changed.max())).expand(len(static), -1) + 1.0
    after = torch.searchsorted(ends, wanted).clamp_max(static.shape[1] - 1)
    share = ((ends.gather(1, after) - wanted) * rates.gather(1, after)).clamp(0, 1)[:, :, None]
    places = torch.minimum(after, lengths[:, None] - 1)[:, :, None].expand(-1, -1, static.shape[2])
    return torch.lerp(static.gather(1, places), static.gather(1, (places - 1).clamp_min(0)), share), changed


def mel_power(static: Tensor) -> Tensor:
    """`(batch, time, 13)` → power in each mel band `(batch, time, 32)`."""
    return (static @ (_dct().T * (math.log(10) / 10))).exp()


def cepstra(power: Tensor, lengths: Tensor) -> Tensor:
    """The way back; below 80 dB under the loudest band nothing counts."""
    decibels = 10 * torch.log10(power.clamp_min(1e-30))
    behind = torch.arange(power.shape[1])[:, None] >= lengths[:, None, None]
    loudest = decibels.masked_fill(behind, -torch.inf).amax(dim=(1, 2), keepdim=True)
    return torch.maximum(decibels, loudest - DYNAMIC_RANGE) @ _dct() * (MEL_BANDS / BANDS)


def add_echo(power: Tensor, seconds: Tensor, below: Tensor) -> Tensor:
    """An echo that falls by 60 dB in `seconds` `(batch,)` and is `below` dB weaker than the sound itself: noise that
    dies away (Polack 1988), of which a frame hears what the frames before it have left."""
    kept = 10 ** (-6 / (seconds * FRAMES_A_SECOND))
    share = 10 ** (-below / 10) * (1 - kept) / kept
    kept, share, left, heard = kept[:, None], share[:, None], torch.zeros_like(power[:, 0]), []
    for frame in power.unbind(1):
        heard.append(frame + left)
        left = kept * (left + share * frame)
    return torch.stack(heard, 1)


def add_noise(power: Tensor, lengths: Tensor, below: Tensor, fall: Tensor) -> Tensor:
    """Noise `below` `(batch,)` dB weaker than the speech, falling by `fall` `(batch,)` times 6 dB an octave."""
    hertz = _hertz()
    widths = torch.gradient(hertz)[0]  # bands have unit area: their power is a density
    behind = torch.arange(power.shape[1])[:, None] >= lengths[:, None, None]
    speech = ((power * widths).masked_fill(behind, 0).sum((1, 2)) / lengths)[:, None]
    noise = hertz.clamp_min(HUM) ** (-2 * fall[:, None])
    noise = noise / (noise * widths).sum(1, keepdim=True) * speech * 10 ** (-below[:, None] / 10)
    unsteady = mel_power(NOISE_DEVIATION * torch.randn(*power.shape[:2], COEFFICIENTS))
    return power + noise[:, None] * unsteady / unsteady.mean()


def telephone(power: Tensor) -> Tensor:
    """What passes between 300 and 3400 Hz."""
    octaves = torch.log2(_hertz())
    low, high = (math.log2(each) for each in TELEPHONE)
    return power * (torch.sigmoid((octaves - low) / STEEPNESS) * torch.sigmoid((high - octaves) / STEEPNESS)).square()


@cache
def _dct() -> Tensor:
    """Rows of the DCT of 128 bands, `(32, 13)`."""
    return torch.from_numpy(cosines(PLACES)).float()


@cache
def _hertz() -> Tensor:
    """Of the bands, `(32,)`."""
    return torch.from_numpy(band_hertz(PLACES)).float()
