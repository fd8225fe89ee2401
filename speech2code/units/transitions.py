"""A codebook whose every change of unit costs something: Viterbi's path decides when one unit gives way to the next.

A unit of a fixed number of frames says where in a sound it begins: the same speech begun 10 ms later becomes other
units. Here the path through the frames' distances to the codes decides. Kamper & van Niekerk (2021) smooth the units of
a trained model so; here training does it too, and the decoder learns to draw whole sounds from one code.

In training every change costs alike. Then the codebook learns a unit bigram prior: it counts which unit follows which,
and from now on a change costs its surprisal (entropy-constrained vector quantisation, Chou, Lookabaugh & Gray 1989,
with pairs). Where two units fit nearly as well, the usual one is chosen: a word becomes the same units more often, and
a translator has less to guess that no word of the source foretells. (A prior learnt during training starves the rarer
codes.)
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.units.codebook import Codebook, Quantised, full_precision, sum_over_processes

ADAPTATION = 0.1  # how fast the transition cost follows the rate, of its logarithm a step
ROUND_ADAPTATION = 1.5  # the same after a round over whole sentences
UNSEEN = 0.02  # of the probability, shared by all successors alike: no change is impossible


class SegmentCodebook(Codebook):
    """A change of unit costs `transition_cost`, a squared distance, for each nat of its surprisal; training and the
    bigram prior move that cost until `target_unit_rate` units a second are left."""

    bigrams: Tensor  # (codebook_size before, codebook_size after), rows sum to one
    transition_cost: Tensor  # scalar

    def __init__(self, codebook_size: int, dim: int, decay: float, target_unit_rate: float):
        super().__init__(codebook_size, dim, decay)
        self.target_unit_rate = target_unit_rate
        self.register_buffer("bigrams", torch.full((codebook_size, codebook_size), 1 / codebook_size))
        self.register_buffer("transition_cost", 1 / self.surprisal().max())  # all changes alike: one costs 1

    def forward(self, vectors: Tensor, mask: Tensor) -> Quantised:
        quantised = super().forward(vectors, mask)
        if self.training:
            units = quantised.units
            changes = ((units[:, 1:] != units[:, :-1]) & mask[:, 1:]).sum() + len(units)
            found = sum_over_processes(torch.stack([changes, mask.sum()]).float())
            self._follow_rate(float(found[0] / found[1]), ADAPTATION)
        return quantised

    def encode(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        """Vectors `(batch, frames, dim)`, mask `(batch, frames)` → units `(batch, frames)`: the path of least distances
        and least surprisal."""
        with full_precision(vectors):
            vectors = vectors.float()
            distances = vectors.square().sum(2, keepdim=True) + self.codes.square().sum(1) - 2 * vectors @ self.codes.T
        if mask is not None:
            distances = distances * mask[:, :, None]
        alike = self.bigrams.min() == self.bigrams.max()
        surprisal = self.surprisal()
        return cheapest_path(distances.detach(), self.transition_cost * (surprisal.max() if alike else surprisal))

    def surprisal(self) -> Tensor:
        """Nats of each change `(codebook_size before, codebook_size after)` more than of staying, if one comes
        `target_unit_rate` times a second."""
        stays = FRAMES_A_SECOND / self.target_unit_rate - 1  # for each change
        likely = (1 - UNSEEN) * self.bigrams + UNSEEN / len(self.bigrams)
        return (math.log(stays) - likely.log()).fill_diagonal_(0)

    def learn_bigrams(self, encoded: list[Tensor]) -> None:
        """Counts which unit follows which in speech as `encode` gives it now, int64 `(frames,)` each."""
        size = len(self.codes)
        sequences = [torch.unique_consecutive(steps) for steps in encoded]
        pairs = torch.cat([units[:-1] * size + units[1:] for units in sequences])
        found = torch.bincount(pairs, minlength=size**2).float().view(size, size)
        seen = found.sum(1, keepdim=True)
        self.bigrams.copy_(torch.where(seen > 0, found / seen.clamp_min(1), 1 / size))
        self._follow_rate(units_a_frame(encoded), ROUND_ADAPTATION)

    def _follow_rate(self, found: float, speed: float) -> None:
        """Moves the transition cost after `found` units a frame."""
        excess = found * FRAMES_A_SECOND / self.target_unit_rate - 1
        self.transition_cost *= math.exp(speed * max(-2.0, min(2.0, excess)))


def units_a_frame(encoded: list[Tensor]) -> float:
    """Of speech as `encode` gives it, int64 `(frames,)` each."""
    return sum(len(torch.unique_consecutive(steps)) for steps in encoded) / sum(map(len, encoded))


def cheapest_path(costs: Tensor, transition_costs: Tensor) -> Tensor:
    """Costs `(batch, time, classes)` and those of each change `(classes before, classes after)`, or one scalar for all
    → classes `(batch, time)` (Viterbi)."""
    best = [costs[:, 0]]
    for cost in costs.unbind(1)[1:]:
        best.append(_before(best[-1], transition_costs) + cost)
    path = [best.pop().argmin(1)]
    while best:  # where each came from is worked out for the path alone: a minimum is cheaper than its place
        path.append(_came_from(best.pop(), transition_costs, path[-1]))
    return torch.stack(path[::-1], 1)


def _before(best: Tensor, transition_costs: Tensor) -> Tensor:
    """The least cost up to here `(batch, classes)` → before each class that may come next. Where all changes cost
    alike, who changes does it from the best one: no pairs to look at."""
    if transition_costs.dim() == 0:
        return torch.minimum(best, best.amin(1, keepdim=True) + transition_costs)
    return (best[:, :, None] + transition_costs).amin(1)


def _came_from(best: Tensor, transition_costs: Tensor, chosen: Tensor) -> Tensor:
    """Which class stood before the chosen ones `(batch,)`."""
    if transition_costs.dim() == 0:
        stayed = F.one_hot(chosen, best.shape[1]).bool()
        return torch.where(stayed, best, best + transition_costs).argmin(1)
    return (best + transition_costs[:, chosen].T).argmin(1)
