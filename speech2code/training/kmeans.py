"""Clusters target speech by k-means; units that last as long as their sound then learn their bigram prior."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from speech2code.config import KMeansConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.padding import frame_mask
from speech2code.training.units import on_device
from speech2code.units.kmeans import KMeansUnits
from speech2code.units.transitions import SegmentCodebook

SENTENCES = 3000  # that the clusters are learnt from
ROUNDS = 100  # of k-means, at most
BIGRAM_ROUNDS = 8  # in which the transition cost finds the rate


def learn_kmeans(model: KMeansUnits, config: KMeansConfig, train: Speech, dev: Speech, fit: Callable) -> dict:
    """k-means over steps from all over the training speech; then, with `target_unit_rate`, the bigram prior.

    UserError where there are fewer steps than units. `fit` is not needed: nothing is trained by gradient."""
    from sklearn.cluster import KMeans  # slow to import, and seldom needed

    with torch.no_grad():
        batches = [model.vectors(*on_device(model, train, items)) for items in train.some(SENTENCES)]
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
    units = torch.cat([steps for items in groups for steps in model.encode(*on_device(model, dev, items))])
    shares = torch.bincount(units, minlength=config.codebook_size) / len(units)
    perplexity = float(torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum()))
    distance = float(np.mean(found.inertia_ / len(points)))
    return {"points": len(points), "metrics": {"train/distance": distance, "dev/perplexity": perplexity}}


def _real(vectors: Tensor, counts: Tensor) -> Tensor:
    return vectors[frame_mask(counts, vectors.shape[1])]
