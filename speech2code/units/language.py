"""A language model of units, and speech written in the spelling that it finds cheapest.

The codebook knows of a change of unit only which one it leaves (`units/segments.py`). A word is longer than two units:
this model has read all that stand before, so it knows how a word that has begun usually goes on, and of units that fit
nearly as well the usual one is written. The translator has less to guess that no word of the source foretells.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import FRAMES_A_SECOND, frame_mask

EMBEDDING, WIDTH, DROPOUT = 96, 320, 0.3  # small, and hindered: it shall know spellings, not sentences by heart
BEAM = 8  # spellings kept at each frame; 4 are too few, 16 hardly better (results/LOG.md)


class Spellings(NamedTuple):
    """The best ways to have written an utterance up to a frame, each with another last unit; first axes batch, beam."""

    units: Tensor  # (batch, beam), the last of each
    scores: Tensor  # (batch, beam)
    hidden: Tensor  # (batch · beam, WIDTH)
    cell: Tensor  # (batch · beam, WIDTH)
    surprise: Tensor  # (batch · beam, codebook_size), of whatever comes next


class UnitLanguageModel(nn.Module):
    """An LSTM over the units of a sentence. Unit `codebook_size` both starts and ends one."""

    def __init__(self, codebook_size: int, rate: float):
        super().__init__()
        self.end = codebook_size
        self.staying = math.log(FRAMES_A_SECOND / rate - 1)  # nats that staying is worth
        self.embedding = nn.Embedding(codebook_size + 1, EMBEDDING)
        self.recurrent = nn.LSTM(EMBEDDING, WIDTH, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(WIDTH, codebook_size + 1)
        self.register_buffer("price", torch.tensor(0.0))  # of a nat, a squared distance; 0: untrained

    def forward(self, units: Tensor) -> Tensor:
        """Units `(batch, steps)` → logits `(batch, steps + 1, codebook_size + 1)`."""
        started = F.pad(units, (1, 0), value=self.end)
        return self.output(self.dropout(self.recurrent(self.dropout(self.embedding(started)))[0]))

    def loss(self, logits: Tensor, units: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Nats a unit (end included) and the accuracy of the next one; units `(batch, steps)` padded with anything."""
        mask = frame_mask(counts + 1, units.shape[1] + 1)
        targets = F.pad(units, (0, 1), value=self.end).scatter(1, counts[:, None], self.end)[mask]
        return F.cross_entropy(logits[mask].float(), targets), (logits[mask].argmax(1) == targets).float().mean()

    def spell(self, costs: Tensor, lengths: Tensor) -> Tensor:
        """Costs of each unit at each frame `(batch, time, codebook_size)`, lengths → units `(batch, time)`: a path of
        small cost and small surprise, by a beam search in which of all spellings with the same last unit the best goes
        on."""
        batch, beam = len(costs), min(BEAM, self.end)
        kept, units, origins = self._first(costs[:, 0], beam), [], []
        units.append(kept.units)
        for time, cost in enumerate(costs.unbind(1)[1:], start=1):
            kept, origin = self._next(kept, cost, time < lengths)
            units.append(kept.units)
            origins.append(origin)
        place, path = kept.scores.argmin(1, keepdim=True), []
        while units:
            path.append(units.pop().gather(1, place))
            place = origins.pop().gather(1, place) if origins else place
        return torch.cat(path[::-1], 1).view(batch, -1)

    def _first(self, cost: Tensor, beam: int) -> Spellings:
        start = cost.new_zeros(len(cost), WIDTH)
        ends = torch.full((len(cost),), self.end, device=cost.device)
        hidden, cell, surprise = self._read(ends, start, start)
        scores, units = (cost + self.price * surprise).topk(beam, dim=1, largest=False)
        hidden, cell = (state.repeat_interleave(beam, dim=0) for state in (hidden, cell))
        return Spellings(units, scores, *self._read(units.flatten(), hidden, cell))

    def _next(self, kept: Spellings, cost: Tensor, real: Tensor) -> tuple[Spellings, Tensor]:
        """One frame later; and `(batch, beam)`, which of `kept` each goes on from."""
        batch, beam = kept.units.shape
        changed = kept.surprise.view(batch, beam, -1) + self.staying
        total = kept.scores[:, :, None] + self.price * changed.scatter(2, kept.units[:, :, None], 0)
        total, origins = total.min(1)
        scores, units = (total + cost).topk(beam, dim=1, largest=False)
        origin = origins.gather(1, units)
        rows = (torch.arange(batch, device=cost.device)[:, None] * beam + origin).flatten()
        states = [state[rows] for state in (kept.hidden, kept.cell, kept.surprise)]
        # only where a unit has been written is there something to read; at padding all may stay as it is
        new = ((kept.units.gather(1, origin) != units) & real[:, None]).flatten().nonzero()[:, 0]
        for state, read in zip(states, self._read(units.flatten()[new], states[0][new], states[1][new])):
            state[new] = read
        return Spellings(units, scores, *states), origin

    def _read(self, units: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One more unit `(rows,)` → states, and nats of surprise of each that may follow `(rows, codebook_size)`."""
        hidden, cell = torch.lstm_cell(self.embedding(units), (hidden, cell), *self.recurrent.all_weights[0])
        return hidden, cell, -self.output(hidden)[:, : self.end].log_softmax(1)
