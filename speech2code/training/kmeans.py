"""Clusters target speech by k-means; units that last as long as their sound then learn their bigram prior."""

from collections.abc import Callable

import torch
from torch import Tensor

from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.config import KMeansConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.padding import frame_mask
from speech2code.training.units import on_device
from speech2code.units.kmeans import KMeansUnits
from speech2code.units.transitions import SegmentCodebook, units_a_frame

SENTENCES = 3000  # that the clusters are learnt from
ROUNDS = 100  # of k-means, at most
COSTS = (1e-3, 1e3)  # times the mean distance: a change costs something between them
HALVINGS = 12  # of that range, until the rate is right
TIMED = 8  # batches of 64 sentences that tell the rate


def learn_kmeans(model: KMeansUnits, config: KMeansConfig, train: Speech, dev: Speech, fit: Callable) -> dict:
    """k-means over steps from all over the training speech; with `target_unit_rate`, then what a change costs,
    centres of what the path gives them, and the bigram prior.

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
    distance = float(found.inertia_ / len(points))
    if isinstance(model.centres, SegmentCodebook):
        find_rate(model, model.centres, batches, distance)
        for _ in range(config.path_rounds):
            follow_path(model, model.centres, batches)
            find_rate(model, model.centres, batches, distance)
        for _ in range(config.bigram_rounds):
            model.centres.learn_bigrams([steps for batch in batches for steps in model.chosen(*batch)])
    groups = in_order(dev.store.lengths("target_mfcc"), 64)
    units = torch.cat([steps for items in groups for steps in model.encode(*on_device(model, dev, items))])
    shares = torch.bincount(units, minlength=config.codebook_size) / len(units)
    perplexity = float(torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum()))
    return {"points": len(points), "metrics": {"train/distance": distance, "dev/perplexity": perplexity}}


def find_rate(
    model: KMeansUnits, centres: SegmentCodebook, batches: list[tuple[Tensor, Tensor]], distance: float
) -> None:
    """What a change must cost, all alike, for `target_unit_rate` units a second in these steps; `distance`: of a step
    from its centre, squared."""
    low, high = (distance * each for each in COSTS)
    some = batches[:: -(-len(batches) // TIMED)]  # evenly: they are in the order of their lengths
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        centres.transition_cost.fill_(middle)
        rate = FRAMES_A_SECOND * units_a_frame([steps for batch in some for steps in model.chosen(*batch)])
        low, high = (middle, high) if rate > centres.target_unit_rate else (low, middle)


def follow_path(model: KMeansUnits, centres: SegmentCodebook, batches: list[tuple[Tensor, Tensor]]) -> None:
    """Each centre becomes the mean of the steps that the path has given it; one that has got none stays."""
    points = torch.cat([_real(*batch) for batch in batches])
    units = torch.cat([steps for batch in batches for steps in model.chosen(*batch)])
    counts = torch.bincount(units, minlength=len(centres.codes))[:, None]
    means = torch.zeros_like(centres.codes).index_add_(0, units, points) / counts.clamp_min(1)
    centres.codes.copy_(torch.where(counts > 0, means, centres.codes))


def _real(vectors: Tensor, counts: Tensor) -> Tensor:
    return vectors[frame_mask(counts, vectors.shape[1])]
