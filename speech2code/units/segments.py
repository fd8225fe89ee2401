"""Units that last as long as their sound: a codebook that pays for each change of unit, an encoder without strides.

A unit of a fixed number of frames says where in a sound it begins: the same speech begun 10 ms later is written with
other units. Here Viterbi's path through the frames' distances to the codes decides when one unit gives way to the next.
Kamper & van Niekerk (2021) smooth the units of a trained model so; here training does it too, and the decoder learns to
draw whole sounds from one code.
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


class SegmentCodebook(Codebook):
    """A change of unit costs `price`, a squared distance; training moves it until `rate` units a second are left."""

    def __init__(self, codebook_size: int, dim: int, decay: float, rate: float):
        super().__init__(codebook_size, dim, decay)
        self.rate = rate
        self.register_buffer("price", torch.tensor(1.0))

    def forward(self, vectors: Tensor, mask: Tensor) -> Quantised:
        quantised = super().forward(vectors, mask)
        if self.training:
            units = quantised.units
            changes = ((units[:, 1:] != units[:, :-1]) & mask[:, 1:]).sum() + len(units)
            found = sum_over_processes(torch.stack([changes, mask.sum()]).float())
            excess = float(found[0] / found[1]) * FRAMES_A_SECOND / self.rate - 1
            self.price *= math.exp(ADAPTATION * max(-2.0, min(2.0, excess)))
        return quantised

    def encode(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        """Vectors `(batch, frames, dim)`, mask `(batch, frames)` → units `(batch, frames)`: the path of least distances
        and fewest changes."""
        distances = vectors.square().sum(2, keepdim=True) + self.codes.square().sum(1) - 2 * vectors @ self.codes.T
        return cheapest_path(distances.detach() * mask[:, :, None], self.price)


def cheapest_path(costs: Tensor, price: Tensor) -> Tensor:
    """Costs `(batch, time, classes)` and the price of a change → classes `(batch, time)` (Viterbi)."""
    best, moved, origin = costs[:, 0], [], []
    for cost in costs.unbind(1)[1:]:
        lowest, place = best.min(1)
        changed = (lowest + price)[:, None]
        moved.append(changed < best)
        origin.append(place)
        best = torch.minimum(best, changed) + cost
    path = [best.argmin(1)]
    for changed, place in zip(reversed(moved), reversed(origin)):
        here = path[-1]
        path.append(torch.where(changed.gather(1, here[:, None])[:, 0], place, here))
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
