"""Target features → units by k-means on linear discriminants of sounds (LDA, Haeb-Umbach & Ney 1992).

Nobody has labelled the sounds: clusters of single frames stand in for them. Of 110 ms of speech the discriminants keep
what tells these clusters apart, and weigh it by how much it varies within one of them.
"""

import torch
from torch import Tensor

from speech2code.audio.features import COEFFICIENTS, MFCC_DIM
from speech2code.config import DiscriminantConfig
from speech2code.units.kmeans import KMeansUnits


class DiscriminantUnits(KMeansUnits):
    """k-means units of `code_dim` numbers: a linear map of a frame and the frames around it."""

    mean: Tensor  # (seen,)
    projection: Tensor  # (seen, code_dim)

    def __init__(self, config: DiscriminantConfig, speakers: int = 1):
        super().__init__(config, speakers, config.code_dim)
        self.context = config.context
        seen = 2 * config.context * COEFFICIENTS + MFCC_DIM
        self.register_buffer("mean", torch.zeros(seen))
        self.register_buffer("projection", torch.zeros(seen, config.code_dim))

    def described(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)` → `(batch, time, code_dim)`."""
        return (self.seen(features, lengths) - self.mean) @ self.projection

    def seen(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Each frame with the static coefficients of its neighbours `(batch, time, seen)`; beyond either end the last
        frame goes on."""
        time = torch.arange(features.shape[1], device=features.device)
        around = [offset for offset in range(-self.context, self.context + 1) if offset]
        static = features[:, :, :COEFFICIENTS]
        parts = [features]
        for offset in around:
            places = (time + offset).clamp_min(0).minimum(lengths[:, None] - 1)
            parts.append(static.gather(1, places[:, :, None].expand_as(static)))
        return torch.cat(parts, dim=2)
