"""Units that last as long as their sound: a codebook that pays for each change of unit, an encoder without strides.

A unit of a fixed number of frames says where in a sound it begins: the same speech begun 10 ms later is written with
other units. Here Viterbi's path through the frames' distances to the codes decides when one unit gives way to the next.
Kamper & van Niekerk (2021) smooth the units of a trained model so; here training does it too, and the decoder learns to
draw whole sounds from one code.

In training every change costs alike. Then the codebook settles: it counts which unit follows which, and from now on a
change costs as much as it surprises (entropy-constrained vector quantisation, Chou, Lookabaugh & Gray 1989, with
pairs). Where two units fit nearly as well, the usual one is written: a word is spelt alike more often, and a translator
has less to guess that no word of the source foretells. (Settling while it trains starves the rarer codes.)
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import FRAMES_A_SECOND, MFCC_DIM, frame_mask
from speech2code.layers import SLOPE
from speech2code.units.codebook import Codebook, Quantised, sum_over_processes

KERNEL = 5  # frames: with two layers a unit is chosen from what sounds 40 ms around, and from the Δ of that
WIDTH = 96  # channels
ADAPTATION = 0.1  # how fast the price follows the rate, of its logarithm a step
SETTLING = 1.5  # the same for each time it settles
UNHEARD = 0.02  # of the probability, shared by all successors alike: no change is impossible


class SegmentCodebook(Codebook):
    """A change of unit costs `price`, a squared distance, for each nat of its surprise; training and settling move the
    price until `rate` units a second are left."""

    def __init__(self, codebook_size: int, dim: int, decay: float, rate: float):
        super().__init__(codebook_size, dim, decay)
        self.rate = rate
        self.register_buffer("followers", torch.full((codebook_size, codebook_size), 1 / codebook_size))
        self.register_buffer("price", 1 / self.surprise().max())  # all changes alike: one costs 1

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
        and least surprise."""
        distances = vectors.square().sum(2, keepdim=True) + self.codes.square().sum(1) - 2 * vectors @ self.codes.T
        return cheapest_path(distances.detach() * mask[:, :, None], self.price * self.surprise())

    def surprise(self) -> Tensor:
        """Nats of each change `(codebook_size before, codebook_size after)` more than of staying, if one comes `rate`
        times a second."""
        stays = FRAMES_A_SECOND / self.rate - 1  # for each change
        likely = (1 - UNHEARD) * self.followers + UNHEARD / len(self.followers)
        return (math.log(stays) - likely.log()).fill_diagonal_(0)

    def settle(self, written: list[Tensor]) -> None:
        """Learns from speech as `encode` writes it now, int64 `(frames,)` each, which units follow which."""
        size = len(self.codes)
        sequences = [torch.unique_consecutive(steps) for steps in written]
        pairs = torch.cat([units[:-1] * size + units[1:] for units in sequences])
        found = torch.bincount(pairs, minlength=size**2).float().view(size, size)
        heard = found.sum(1, keepdim=True)
        self.followers.copy_(torch.where(heard > 0, found / heard.clamp_min(1), 1 / size))
        self._follow_rate(sum(map(len, sequences)) / sum(map(len, written)), SETTLING)

    def _follow_rate(self, found: float, speed: float) -> None:
        """Moves the price after `found` units a frame."""
        excess = found * FRAMES_A_SECOND / self.rate - 1
        self.price *= math.exp(speed * max(-2.0, min(2.0, excess)))


def cheapest_path(costs: Tensor, prices: Tensor) -> Tensor:
    """Costs `(batch, time, classes)` and the price of each change `(classes before, classes after)` → classes
    `(batch, time)` (Viterbi)."""
    best = [costs[:, 0]]
    for cost in costs.unbind(1)[1:]:
        best.append((best[-1][:, :, None] + prices).amin(1) + cost)
    path = [best.pop().argmin(1)]
    while best:  # where each came from is worked out for the path alone: a minimum is cheaper than its place
        path.append((best.pop() + prices[:, path[-1]].T).argmin(1))
    return torch.stack(path[::-1], 1)


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
