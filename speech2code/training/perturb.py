"""What an encoder hears while it learns: speech begun a little earlier or later, and that of the units out of another
throat.

The decoder of the units rebuilds the speech as it was; so they learn to say neither. The translator, which else hears
the same frames in every epoch, does not learn by heart how they fall on the grid of its strides.
"""

import numpy as np
import torch
from torch import Tensor

from speech2code.corpora.vtln import warp


def move(features: Tensor, lengths: Tensor, most: int) -> Tensor:
    """Each item of `(batch, time, dim)` moved by up to `most` frames, earlier or later, its end frames repeated.

    Else a unit spends its bits on where in a sound it begins, which no translator can foresee, and a translator its
    weights (results/LOG.md, twenty-first session).
    """
    moved = torch.arange(features.shape[1]) + torch.randint(-most, most + 1, (len(features), 1))
    places = moved.clamp(min=0).minimum(lengths[:, None] - 1)
    return features.gather(1, places[:, :, None].expand_as(features))


def warp_standardised(features: Tensor, factors: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Standardised MFCC `(batch, time, 39)` of as many throats: each item's frequency axis is warped by its factor
    `(batch,)`, as `vtln.warp` does it."""
    mfcc = (features * deviation + mean).cpu().numpy()
    warped = np.stack([warp(item, factor) for item, factor in zip(mfcc, factors.tolist())])
    return (torch.from_numpy(warped).to(features) - mean) / deviation
