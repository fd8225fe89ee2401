"""Target features → units by k-means on MFCC: no network, no gradient. The floor that a trained encoder must beat."""

import torch
from torch import Tensor

from speech2code.audio.features import MFCC_DIM
from speech2code.config import KMeansConfig
from speech2code.padding import frame_mask, pad_time
from speech2code.protocols import UnitEncoder, UnitSpec
from speech2code.units.clusters import delta_weights
from speech2code.units.codebook import Codes, nearest
from speech2code.units.transitions import SegmentCodebook


class KMeansUnits(UnitEncoder):
    """A unit is the nearest of `codebook_size` centres: to the mean of `time_reduction` frames, or, with
    `target_unit_rate`, along the cheapest path through the frames (`transitions.py`)."""

    centres: Codes
    weights: Tensor  # (39,)

    def __init__(self, config: KMeansConfig, speakers: int = 1, dim: int = MFCC_DIM):
        super().__init__()
        size, rate = config.codebook_size, config.target_unit_rate
        step = 1 if rate else config.time_reduction
        self.spec = UnitSpec(size, dim, step, rate, speakers, 0)
        self.centres = SegmentCodebook(size, dim, 0.99, rate) if rate else Codes(torch.zeros(size, dim))
        self.register_buffer("weights", delta_weights(), persistent=False)

    @property
    def inventory(self) -> Codes:
        """What each unit stands for: its centre."""
        return self.centres

    def vectors(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the mean of what describes each step's real frames
        `(batch, steps, code_dim)`, and steps `(batch,)`."""
        step = self.spec.step_frames
        real = pad_time(frame_mask(lengths, features.shape[1])[:, :, None].float(), step).unflatten(1, (-1, step))
        sums = pad_time(self.described(features, lengths), step).unflatten(1, (-1, step)) * real
        return sums.sum(2) / real.sum(2).clamp_min(1), (lengths + step - 1) // step

    def described(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → what is clustered of each frame
        `(batch, time, code_dim)`: here they themselves, derivatives counting less."""
        return features * self.weights

    @torch.no_grad()
    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the unit of each step, int64 `(steps,)` each."""
        return self.chosen(*self.vectors(features, lengths))

    def chosen(self, vectors: Tensor, counts: Tensor) -> list[Tensor]:
        """What `vectors` gives → the unit of each step, int64 `(steps,)` each."""
        if isinstance(self.centres, SegmentCodebook):
            units = self.centres.encode(vectors, frame_mask(counts, vectors.shape[1]))
        else:
            units = nearest(vectors, self.centres.codes)
        return [item[:count] for item, count in zip(units, counts.tolist())]

    def rebuild(self, codes: Tensor, durations: Tensor, speakers: Tensor) -> None:
        """It knows of no more than its codes say."""
