"""Sequences of several lengths in one tensor: padding, and the masks that say what is real (true) and what is not."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def pad(items: list[np.ndarray], dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Arrays `(length, ...)` → zero-padded tensor `(batch, longest, ...)` and lengths `(batch,)`, int64."""
    lengths = torch.tensor([len(item) for item in items])
    batch = torch.zeros(len(items), int(lengths.max()), *items[0].shape[1:], dtype=dtype)
    for row, item in zip(batch, items):
        row[: len(item)] = torch.from_numpy(np.ascontiguousarray(item))
    return batch, lengths


def frame_mask(lengths: Tensor, size: int | None = None) -> Tensor:
    """Lengths `(batch,)` → bool `(batch, size)`, true where real."""
    return torch.arange(size or int(lengths.max()), device=lengths.device) < lengths[:, None]


def channel_mask(lengths: Tensor, size: int) -> Tensor:
    """Lengths `(batch,)` → `(batch, 1, size)`, true where real: for `(batch, channels, time)`."""
    return frame_mask(lengths, size)[:, None, :]


def pad_time(features: Tensor, multiple: int) -> Tensor:
    """`(batch, time, dim)` → zeros appended until time is a multiple of `multiple`."""
    return F.pad(features, (0, 0, 0, -features.shape[1] % multiple))


def repeat(codes: Tensor, durations: Tensor) -> Tensor:
    """Codes `(batch, units, dim)`, each copied for the steps it lasts, `durations` `(batch, units)`, 0 behind the end
    → `(batch, steps, dim)`, zero behind the end."""
    # `len` and `int` would be constants of an exported file (export/)
    lengths, ends = durations.sum(1), durations.cumsum(1)
    time = torch.arange(lengths.max(), device=codes.device)  # type: ignore[call-overload]
    time = time.expand(codes.shape[0], -1).contiguous()
    unit = torch.searchsorted(ends, time, right=True).clamp_max(codes.shape[1] - 1)
    copied = codes.gather(1, unit[:, :, None].expand(-1, -1, codes.shape[2]))
    return copied * frame_mask(lengths, time.shape[1])[:, :, None]
