"""What an encoder gets in training in place of the speech as it was: distorted, shifted in time, masked, of another
vocal tract.

The decoder of the units rebuilds the speech as it was; so units learn to say neither. A translator, which else gets the
same frames in every epoch, does not learn by heart how they fall on the grid of its strides.
"""

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.distortion import QUIETEST_NOISE, change_speed, distort, uniform
from speech2code.audio.features import Mfcc
from speech2code.audio.filters import COEFFICIENTS
from speech2code.config import Seq2SeqConfig
from speech2code.corpora.vtln import apply_vtln
from speech2code.padding import frame_mask


def distorts(config: Seq2SeqConfig) -> bool:
    """Whether these settings ask for another waveform than the recorded one."""
    return bool(config.speed or config.vtlp or config.echo or config.telephone or config.noise is not None)


def distorted_mfcc(waveform: np.ndarray, config: Seq2SeqConfig, mfcc: Mfcc) -> np.ndarray:
    """Float32 `(samples,)` → MFCC `(frames, 39)`, not standardised, of the same words under other circumstances."""
    if config.speed:
        waveform = change_speed(waveform, uniform(1 - config.speed, 1 + config.speed))
    noise = None if config.noise is None else uniform(config.noise, QUIETEST_NOISE)
    echo, telephone = (uniform(0, 1) < share for share in (config.echo, config.telephone))
    sound = distort(torch.from_numpy(waveform), noise, echo, telephone)
    features = mfcc(sound[None], torch.tensor([len(sound)]))[0].numpy()
    return apply_vtln(features, float(np.exp(uniform(-config.vtlp, config.vtlp)))) if config.vtlp else features


def shift_in_time(features: Tensor, lengths: Tensor, most: int) -> Tensor:
    """Each item of `(batch, time, dim)` moved by up to `most` frames, earlier or later, its end frames repeated.

    Else a unit spends its bits on where in a sound it begins, which no translator can foresee, and a translator its
    weights (docs/lab-notes.md).
    """
    moved = torch.arange(features.shape[1]) + torch.randint(-most, most + 1, (len(features), 1))
    places = moved.clamp(min=0).minimum(lengths[:, None] - 1)
    return features.gather(1, places[:, :, None].expand_as(features))


def vocal_tract(features: Tensor, factors: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Standardised MFCC `(batch, time, 39)` of other vocal tracts: each item's frequency axis is warped by its factor
    `(batch,)`, as `vtln.apply_vtln` does it."""
    mfcc = (features * deviation + mean).cpu().numpy()
    warped = np.stack([apply_vtln(item, factor) for item, factor in zip(mfcc, factors.tolist())])
    return (torch.from_numpy(warped).to(features) - mean) / deviation


def spec_augment(features: Tensor, lengths: Tensor, config: Seq2SeqConfig) -> Tensor:
    """SpecAugment (Park et al. 2019) on standardised MFCC `(batch, time, 39)`: masked stretches become the mean, 0.

    A mask over coefficients hides the same ones in MFCC, Δ and Δ².
    """
    batch, size, _ = features.shape
    time, coefficient = torch.arange(size), torch.arange(features.shape[2]) % COEFFICIENTS
    hidden = torch.zeros(batch, size, 1, dtype=torch.bool)
    for _ in range(config.time_masks):
        width = torch.rand(batch) * torch.minimum(torch.tensor(float(config.time_mask)), lengths / 5)
        start = torch.rand(batch) * (lengths - width)
        hidden |= ((time >= start[:, None]) & (time < (start + width)[:, None]))[:, :, None]
    for _ in range(config.coefficient_masks):
        width = torch.rand(batch) * config.coefficient_mask
        start = torch.rand(batch) * (COEFFICIENTS - width)
        masked = (coefficient >= start[:, None]) & (coefficient < (start + width)[:, None])
        hidden = hidden | masked[:, None, :]
    return features.masked_fill(hidden, 0) * frame_mask(lengths, size)[:, :, None]
