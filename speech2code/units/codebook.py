"""Vectors → units: nearest code of a codebook trained by exponential moving averages (paper, Eqs. 1-3 and [18])."""

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional as F

RESTART_BELOW = 0.3  # a code whose moving count falls below this share of an even count is dead
KMEANS_ROUNDS = 10
EPSILON = 1e-5


class Quantised(NamedTuple):
    """Per vector: the code it became (gradient straight through), its unit, and the squared distance to it."""

    codes: Tensor  # (batch, units, dim)
    units: Tensor  # (batch, units), int64
    distance: Tensor  # scalar: mean over real vectors of ‖z − sg(e)‖² / dim, Eq. 4's second term


class Codes(nn.Module):
    """The code `(dim,)` that each unit stands for."""

    codes: Tensor  # (units, dim)

    def __init__(self, codes: Tensor):
        super().__init__()
        self.register_buffer("codes", codes)

    def decode(self, units: Tensor) -> Tensor:
        """Units `(...)` → codes `(..., dim)` (Eq. 2)."""
        return self.codes[units].detach()

    def fingerprint(self) -> str:
        """A short name of exactly these codes: units of one codebook mean nothing to a model of another."""
        return hashlib.sha256(self.codes.cpu().float().numpy().tobytes()).hexdigest()[:16]


class Codebook(Codes):
    """`codebook_size` codes of `dim` numbers; `forward` trains them while in training mode, `encode` only reads.

    Padding never counts. With several processes the sums are reduced over all of them, so every rank holds the same
    codebook. `counts` holds the uses since `reset_usage()`: usage and perplexity are figures of an epoch, not a batch.
    """

    ema_count: Tensor  # (codebook_size,)
    ema_sum: Tensor  # (codebook_size, dim)
    initialised: Tensor  # bool
    counts: Tensor  # (codebook_size,)

    def __init__(self, codebook_size: int, dim: int, decay: float = 0.99):
        super().__init__(torch.randn(codebook_size, dim))
        self.decay = decay
        self.register_buffer("ema_count", torch.ones(codebook_size))
        self.register_buffer("ema_sum", self.codes.clone())
        self.register_buffer("initialised", torch.tensor(False))
        self.register_buffer("counts", torch.zeros(codebook_size), persistent=False)

    def forward(self, vectors: Tensor, mask: Tensor) -> Quantised:
        """Vectors `(batch, units, dim)`, mask `(batch, units)` → Quantised. Distances and sums are float32 under any
        precision."""
        with full_precision(vectors):
            return self._quantise(vectors.float(), mask)

    def _quantise(self, vectors: Tensor, mask: Tensor) -> Quantised:
        real = vectors[mask]
        if self.training and not self.initialised:
            self._initialise(real.detach())
        units = self.encode(vectors, mask)
        codes = self.decode(units)
        distance = F.mse_loss(real, codes[mask])
        if self.training:
            self._update(real.detach(), units[mask])
        else:
            self.counts += torch.bincount(units[mask], minlength=len(self.codes))
        return Quantised(vectors + (codes - vectors).detach(), units, distance)

    def encode(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        """Vectors `(..., dim)`, mask of the real ones → units `(...)`: index of the L2-nearest code (Eq. 1)."""
        return nearest(vectors, self.codes)

    def reset_usage(self) -> None:
        self.counts.zero_()

    def restart(self) -> None:
        """Forgets the codes: the next batch in training gives new ones, sums and all."""
        self.initialised.fill_(False)

    def usage(self) -> tuple[float, float]:
        """(share of codes used, perplexity) since `reset_usage()`."""
        share = self.counts / self.counts.sum().clamp_min(1)
        perplexity = torch.exp(-(share * share.clamp_min(1e-12).log()).sum())
        return float((self.counts > 0).float().mean()), float(perplexity)

    @torch.no_grad()
    def _update(self, vectors: Tensor, units: Tensor) -> None:
        count = torch.bincount(units, minlength=len(self.codes)).float()
        total = torch.zeros_like(self.ema_sum).index_add_(0, units, vectors)
        self.counts += sum_over_processes(count)
        sum_over_processes(total)
        self.ema_count.lerp_(count, 1 - self.decay)
        self.ema_sum.lerp_(total, 1 - self.decay)
        self._restart_dead(vectors)
        self.codes.copy_(self.ema_sum / self.ema_count.clamp_min(EPSILON)[:, None])

    def _restart_dead(self, vectors: Tensor) -> None:
        """Dead codes move to vectors of the batch, together with their sums: else the next average pulls them back."""
        even = self.ema_count.mean()
        dead = self.ema_count < RESTART_BELOW * even
        if not dead.any():
            return
        self.ema_sum[dead] = _draw(_of_all_processes(vectors), int(dead.sum())) * even
        self.ema_count[dead] = even

    @torch.no_grad()
    def _initialise(self, vectors: Tensor) -> None:
        """A few rounds of k-means on the first batch."""
        vectors = _of_all_processes(vectors)
        codes = _draw(vectors, len(self.codes))
        for _ in range(KMEANS_ROUNDS):
            units = torch.cdist(vectors, codes).argmin(1)
            count = torch.bincount(units, minlength=len(codes)).float()[:, None]
            total = torch.zeros_like(codes).index_add_(0, units, vectors)
            codes = torch.where(count > 0, total / count.clamp_min(1), codes)
        self.codes.copy_(codes)
        self.ema_count.fill_(len(vectors) / len(codes))
        self.ema_sum.copy_(self.codes * self.ema_count[:, None])
        self.initialised.fill_(True)


def nearest(vectors: Tensor, codes: Tensor) -> Tensor:
    """Vectors `(..., dim)`, codes `(codes, dim)` → the index of the L2-nearest `(...)`."""
    with full_precision(vectors):
        return (codes.square().sum(1) - 2 * vectors.float() @ codes.T).argmin(-1)


def full_precision(like: Tensor) -> torch.autocast:
    """Where `like` is, no autocast: its eight bits put up to 14 % of vectors into another code."""
    return torch.autocast(like.device.type, enabled=False)


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def sum_over_processes(values: Tensor) -> Tensor:
    if _several():
        dist.all_reduce(values)
    return values


def _of_all_processes(vectors: Tensor) -> Tensor:
    """The vectors of all processes, in an order that does not tell whose they were: so two processes do what one does
    with the same global batch."""
    if _several():
        parts: list = [None] * dist.get_world_size()
        dist.all_gather_object(parts, vectors.cpu())
        vectors = torch.cat(parts).to(vectors.device)
    return vectors[vectors[:, 0].argsort()]


def _draw(vectors: Tensor, count: int) -> Tensor:
    """`count` random ones; the first process throws the dice."""
    chosen = torch.randint(len(vectors), (count,), device=vectors.device)
    if _several():
        dist.broadcast(chosen, 0)
    return vectors[chosen]
