"""Target features → units by k-means on MFCC: no network, no gradient. The floor that a trained encoder must beat."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import MFCC_DIM
from speech2code.config import KMeansConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.padding import frame_mask, pad_time
from speech2code.protocols import UnitEncoder, UnitSpec
from speech2code.units.clusters import delta_weights
from speech2code.units.codebook import Codes, nearest
from speech2code.units.transitions import SegmentCodebook

SENTENCES = 3000  # that the clusters are learnt from
ROUNDS = 100  # of k-means, at most
BIGRAM_ROUNDS = 8  # in which the transition cost finds the rate


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


def learn_kmeans(model: KMeansUnits, config: KMeansConfig, train: Speech, dev: Speech, fit: Callable) -> dict:
    """k-means over steps from all over the training speech; then, with `target_unit_rate`, the bigram prior.

    UserError where there are fewer steps than units. `fit` is not needed: nothing is trained by gradient."""
    from sklearn.cluster import KMeans  # slow to import, and seldom needed

    with torch.no_grad():
        batches = [model.vectors(*_features(model, train, items)) for items in train.some(SENTENCES)]
    points = torch.cat([_real(*batch) for batch in batches]).cpu().numpy()
    if len(points) < config.codebook_size:
        raise UserError(
            f"{config.codebook_size} units cannot be told apart in {len(points)} steps of speech; choose a smaller "
            "units.codebook_size"
        )
    seed = int(torch.randint(2**31, (1,)))  # from torch's generator, which the stage has seeded
    found = KMeans(config.codebook_size, n_init=1, max_iter=ROUNDS, random_state=seed).fit(points)
    model.centres.codes.copy_(torch.from_numpy(found.cluster_centers_))
    if isinstance(model.centres, SegmentCodebook):
        for _ in range(BIGRAM_ROUNDS):
            model.centres.learn_bigrams([steps for batch in batches for steps in model.chosen(*batch)])
    groups = in_order(dev.store.lengths("target_mfcc"), 64)
    units = torch.cat([steps for items in groups for steps in model.encode(*_features(model, dev, items))])
    shares = torch.bincount(units, minlength=config.codebook_size) / len(units)
    perplexity = float(torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum()))
    distance = float(np.mean(found.inertia_ / len(points)))
    return {"points": len(points), "metrics": {"train/distance": distance, "dev/perplexity": perplexity}}


def _features(model: KMeansUnits, speech: Speech, items: np.ndarray) -> tuple[Tensor, Tensor]:
    """Items → their features and lengths, where the model is."""
    features, lengths, _ = speech.target_features(items)
    return features.to(model.centres.codes.device), lengths.to(model.centres.codes.device)


def _real(vectors: Tensor, counts: Tensor) -> Tensor:
    return vectors[frame_mask(counts, vectors.shape[1])]
