"""VQ with EMA, forward + backward + update, 32 × 64 vectors of 64; the peer is vector-quantize-pytorch."""

import torch
from vector_quantize_pytorch import VectorQuantize

from benchmarks.timing import Line, race
from speech2code.units.codebook import Codebook

SIZES = (64, 128, 512)


def measure() -> Line:
    torch.manual_seed(0)
    seconds = {size: _race(size) for size in SIZES}
    ratios = {f"K {size}": slow / fast for size, (fast, slow) in seconds.items()}
    worst = min(ratios.values())
    ours, peer = (1e3 * sum(column) for column in zip(*seconds.values()))
    return Line("codebook", ours, peer, "ms", worst, "≥ 2 at each K", worst >= 2, ratios)


def _race(size: int) -> list[float]:
    vectors, mask = torch.randn(32, 64, 64), torch.ones(32, 64, dtype=torch.bool)
    book = Codebook(size, 64).train()
    library = VectorQuantize(dim=64, codebook_size=size, decay=0.99, commitment_weight=0.25).train()

    def ours():
        quantised = book(vectors.clone().requires_grad_(), mask)
        (quantised.codes.sum() + 0.25 * quantised.distance).backward()

    def peer():
        codes, _, commitment = library(vectors.clone().requires_grad_())
        (codes.sum() + commitment.sum()).backward()

    return race(ours, peer, rounds=31)
