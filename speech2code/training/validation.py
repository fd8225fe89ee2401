"""What every task's validation does."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def averages(
    step: Callable[[nn.Module, tuple[Tensor, ...]], dict[str, Tensor]],
    model: nn.Module,
    batches: Iterable[tuple[tuple[Tensor, ...], int]],
) -> dict[str, float]:
    """`batches` of tensors and how much each counts → the mean of each figure of `step` as "dev/figure"."""
    sums: dict[str, float] = defaultdict(float)
    total = 0
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for tensors, weight in batches:
            for key, value in step(model, tuple(each.to(device) for each in tensors)).items():
                sums[f"dev/{key}"] += float(value) * weight
            total += weight
    return {key: value / total for key, value in sums.items()}
