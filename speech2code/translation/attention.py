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
        return memory.states.new_zeros(memory.states.shape[0], 2, memory.states.shape[1])

    def forward(self, queries: Tensor, memory: Memory, history: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries `(batch, steps, dim)` → contexts `(batch, steps, dim)`, alignments `(batch, steps, time)` that sum to
        one, new history."""
        queries = self.query(queries)
        if self.score == "mlp_history":
            found = []
            for query in queries.split(1, dim=1):
                found.append(self._align(query, memory, history))
                history = torch.cat([found[-1], history[:, 1:] + found[-1]], dim=1)
            alignments = torch.cat(found, dim=1)
        else:
            alignments = self._align(queries, memory, history)
        return alignments @ memory.states, alignments, history

    def _align(self, queries: Tensor, memory: Memory, history: Tensor) -> Tensor:
        """Projected queries `(batch, steps, size)` → alignments `(batch, steps, time)`."""
        if self.score == "dot":
            energy = queries @ memory.keys.transpose(1, 2) / memory.keys.shape[2] ** 0.5
        else:
            scored = memory.keys[:, None] + queries[:, :, None]
            if self.score == "mlp_history":
                # a convolution over the history, as one matrix product: for two channels far cheaper than conv1d
                around = F.pad(history, [HISTORY_WINDOW // 2] * 2).unfold(2, HISTORY_WINDOW, 1)
                scored += self.location(around.transpose(1, 2).flatten(2))[:, None]
            energy = self.energy(scored.tanh_())[..., 0]  # in place: these are the largest tensors of a step
        return energy.masked_fill(~memory.mask[:, None], -torch.inf).softmax(dim=2)
