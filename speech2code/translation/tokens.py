"""What all networks from speech to tokens share: teacher forcing, the loss, one step of the search, hidden tokens."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from speech2code.padding import frame_mask
from speech2code.protocols import Translator


class TokenTranslator(Translator):
    """A subclass encodes, starts and decodes; token `end` both starts and ends a sequence."""

    label_smoothing: float

    @abstractmethod
    def _decode(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any, Tensor]:
        """Tokens `(batch, steps)` → logits `(batch, steps, end + 1)`, state, alignments `(batch, steps, time)`."""

    def forward(self, features: Tensor, lengths: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths, tokens `(batch, steps)` (right-padded with anything)
        → logits `(batch, steps + 1, end + 1)` and alignments `(batch, steps + 1, encoder time)`, teacher-forced."""
        memory = self.encode(features, lengths)
        logits, _, alignments = self._decode(F.pad(tokens, (1, 0), value=self.end), memory, self.start(memory))
        return logits, alignments

    def loss(self, logits: Tensor, tokens: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Of the next token, and its accuracy: `next_token_loss`."""
        return next_token_loss(logits, tokens, counts, self.end, self.label_smoothing)

    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any, Tensor]:
        """Last tokens `(batch,)` → log-probabilities of the next `(batch, end + 1)`, state, alignment
        `(batch, time)`."""
        logits, state, alignments = self._decode(tokens[:, None], memory, state)
        return logits[:, 0].log_softmax(dim=1), state, alignments[:, 0]


def next_token_loss(
    logits: Tensor, tokens: Tensor, counts: Tensor, end: int, label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """Logits `(batch, steps + 1, classes)`, tokens `(batch, steps)`, counts `(batch,)` → Eq. 9 with label smoothing,
    mean over real tokens (`end` included), and the accuracy of the next token."""
    mask = frame_mask(counts + 1, tokens.shape[1] + 1)
    targets = F.pad(tokens, (0, 1), value=end)
    targets = targets.scatter(1, counts[:, None], end)[mask]
    loss = F.cross_entropy(logits[mask], targets, label_smoothing=label_smoothing)
    return loss, (logits[mask].argmax(1) == targets).float().mean()


def hide_tokens(embedded: Tensor, share: float) -> Tensor:
    """Embedded tokens `(batch, steps, dim)` → a random `share` of them hidden whole (Bowman et al. 2016): a decoder
    that sees them all soon writes fluent sentences of its own and hardly listens."""
    if not share:  # not even a random number
        return embedded
    return embedded * (torch.rand(*embedded.shape[:2], 1, device=embedded.device) >= share)
