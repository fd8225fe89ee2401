"""Target features → units that last as long as their sound: a VQ-VAE without strides, whose codebook makes every change
of unit cost something (`transitions.py`)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.config import SegmentalConfig
from speech2code.layers import SLOPE
from speech2code.padding import frame_mask
from speech2code.protocols import UnitSpec
from speech2code.units.autoencoder import STRIDES, Decoder, VectorQuantisedAutoencoder
from speech2code.units.clusters import SegmentClusters
from speech2code.units.codebook import Codes
from speech2code.units.transitions import SegmentCodebook

KERNEL = 5  # frames: with two layers a unit is chosen from what sounds 40 ms around, and from the Δ of that
WIDTH = 96  # channels
DECODED = 4  # frames that the decoder reads at once


class SegmentalVqVae(VectorQuantisedAutoencoder):
    """VQ-VAE over MFCC whose units last as long as their sound; with `segment_codes` its codes only segment speech, and
    clusters of segments are the units."""

    codebook: SegmentCodebook

    def __init__(self, config: SegmentalConfig, speakers: int = 1):
        size, dim = config.codebook_size, config.code_dim
        super().__init__(
            SegmentEncoder(dim),
            SegmentCodebook(config.segment_codes or size, dim, config.ema_decay, config.target_unit_rate),
            Decoder(dim, config.width, config.blocks, STRIDES[DECODED], DECODED, speakers),
            config.commitment,
            UnitSpec(size, dim, 1, config.target_unit_rate, speakers, MFCC_DIM),
        )
        self.clusters = SegmentClusters(size, dim) if config.segment_codes else None

    @property
    def inventory(self) -> Codes:
        """What the units stand for: clusters where there are, else the codebook."""
        return self.clusters or self.codebook

    @torch.no_grad()
    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the unit of each frame, int64 `(frames,)` each."""
        segmented = self.quantise(features, lengths)[0]
        if not self.clusters:
            return segmented
        return [self.clusters(item[: len(steps)], steps) for item, steps in zip(features, segmented)]


class SegmentEncoder(nn.Module):
    """MFCC `(batch, time, 39)` → a vector for each frame `(batch, time, code_dim)`."""

    def __init__(self, code_dim: int):
        super().__init__()
        self.first = nn.Conv1d(MFCC_DIM, WIDTH, KERNEL, padding=KERNEL // 2)
        self.second = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2)
        self.leave = nn.Conv1d(WIDTH, code_dim, 1)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        mask = frame_mask(lengths, features.shape[1])[:, None]
        hidden = F.leaky_relu(self.first(features.transpose(1, 2) * mask), SLOPE) * mask
        hidden = F.leaky_relu(self.second(hidden), SLOPE)
        return (self.leave(hidden) * mask).transpose(1, 2)
