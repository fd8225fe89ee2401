"""What the encoder of the units hears while it learns: speech begun a little earlier or later, out of another throat.

The decoder rebuilds the speech as it was; so the units learn to say neither.
"""

import torch
from torch import Tensor

from speech2code.audio.filters import COEFFICIENTS, stretch_matrices


def move(features: Tensor, lengths: Tensor, most: int) -> Tensor:
    """Each item of `(batch, time, dim)` moved by up to `most` frames, earlier or later, its end frames repeated.

    Else a unit spends its bits on where in a sound it begins, which no translator can foresee.
    """
    moved = torch.arange(features.shape[1]) + torch.randint(-most, most + 1, (len(features), 1))
    places = moved.clamp(min=0).minimum(lengths[:, None] - 1)
    return features.gather(1, places[:, :, None].expand_as(features))


def stretch(features: Tensor, factors: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Standardised MFCC `(batch, time, 39)` of as many throats: each item's frequency axis is stretched by its factor
    `(batch,)`. Static coefficients and both derivatives go through the same map."""
    matrices = torch.from_numpy(stretch_matrices(factors.cpu().numpy())).to(features)
    parts = (features * deviation + mean).unflatten(2, (-1, COEFFICIENTS))
    return (torch.einsum("nkl,ntbl->ntbk", matrices, parts).flatten(2) - mean) / deviation
