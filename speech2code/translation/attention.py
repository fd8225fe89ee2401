"""Decoder state × encoder states → context: the three scores of the paper (section 3, Eqs. 7 and 8)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCORES = ("dot", "mlp", "mlp_history")
HISTORY_WINDOW = 31  # encoder frames around each that the score sees of the history; all the scales of the paper's [23]


class Memory(NamedTuple):
    """What the decoder looks at; built once for a sentence."""

    states: Tensor  # (batch, time, dim)
    keys: Tensor  # (batch, time, size)
    mask: Tensor  # (batch, time), true where real


class Attention(nn.Module):
    """`score`: "dot" (scaled dot product), "mlp" (additive), "mlp_history" (additive, sees where it has looked
    before)."""

    def __init__(self, score: str, memory_dim: int, query_dim: int, size: int):
        super().__init__()
        self.score = score
        self.key = nn.Linear(memory_dim, size)
        self.query = nn.Linear(query_dim, size, bias=False)
        if score != "dot":
            self.energy = nn.Linear(size, 1, bias=False)
        if score == "mlp_history":
            self.location = nn.Linear(2 * HISTORY_WINDOW, size, bias=False)

    def memory(self, states: Tensor, mask: Tensor) -> Memory:
        """Encoder states `(batch, time, dim)`, mask `(batch, time)` → Memory."""
        return Memory(states, self.key(states), mask)

    def start(self, memory: Memory) -> Tensor:
        """The history before the first step, `(batch, 2, time)`: last alignment and sum of all alignments."""
        return memory.states.new_zeros(len(memory.states), 2, memory.states.shape[1])

    def forward(self, query: Tensor, memory: Memory, history: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query `(batch, dim)` → context `(batch, dim)`, alignment `(batch, time)` that sums to one, new history."""
        energy = self._energy(query, memory, history).masked_fill(~memory.mask, -torch.inf)
        alignment = energy.softmax(dim=1)
        context = torch.bmm(alignment[:, None, :], memory.states)[:, 0]
        return context, alignment, torch.stack([alignment, history[:, 1] + alignment], dim=1)

    def _energy(self, query: Tensor, memory: Memory, history: Tensor) -> Tensor:
        query = self.query(query)[:, None, :]
        if self.score == "dot":
            return (memory.keys * query).sum(2) / memory.keys.shape[2] ** 0.5
        hidden = memory.keys + query
        if self.score == "mlp_history":
            # a convolution over the history, as one matrix product: for two channels far cheaper than conv1d
            around = F.pad(history, [HISTORY_WINDOW // 2] * 2).unfold(2, HISTORY_WINDOW, 1)
            hidden = hidden + self.location(around.transpose(1, 2).flatten(2))
        return self.energy(torch.tanh(hidden))[:, :, 0]
