"""What all networks that predict tokens do with them in training."""

import torch
from torch import Tensor
from torch.nn import functional as F

from speech2code.padding import frame_mask


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
