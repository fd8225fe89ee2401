"""Layers that never let padding leak: an item in a padded batch gives the same numbers as alone.

Inside the networks sequences are `(batch, channels, time)`, as torch's convolutions want them; the public calls of the
models take and return `(batch, time, dim)`. A mask is `(batch, 1, time)`, true where real.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.padding import frame_mask

SLOPE = 0.1  # of the LeakyReLU
VARIANCE_DECAY = 0.99
LEAST_DEVIATION = 0.5  # a bin that is hardly predicted gets no more than twice its variation


def follow_deviation(average: Tensor, predicted: Tensor, frames: Tensor) -> None:
    """Variance compensation, while training: `average` `(bins,)`, a moving average, goes towards the deviation of each
    bin in `predicted` `(batch, time, bins)`, of which `frames` `(batch,)` count.

    What a network draws is a mean of what may be meant and varies less than speech does. Spectra drawn with a standard
    deviation of 1 in mind, divided by `average`, have their variance back (Toda & Tokuda 2007).
    """
    # float: under autocast eight bits are too few for a mean of squares
    drawn, count = predicted.detach().float() * frame_mask(frames, predicted.shape[1])[:, :, None], frames.sum()
    variance = drawn.square().sum((0, 1)) / count - (drawn.sum((0, 1)) / count).square()
    average.lerp_(variance.clamp_min(0).sqrt().clamp_min(LEAST_DEVIATION), 1 - VARIANCE_DECAY)


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation of `(batch, channels, time)` whose statistics see real frames only."""

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        if self.training:
            frames, real = inputs.transpose(1, 2), mask[:, 0, :]
            found = frames[real]
            if len(found) > 1:  # one frame has no variance: it is normalised as in evaluation
                normalised = torch.zeros_like(frames)
                normalised[real] = super().forward(found)
                return normalised.transpose(1, 2)
        return F.batch_norm(inputs, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps) * mask


class ResidualBlock(nn.Module):
    """x + conv(LeakyReLU(conv(LeakyReLU(x)))) (paper, Fig. 2); `(batch, channels, time)`."""

    def __init__(self, channels: int, kernel: int = 3):
        super().__init__()
        self.first = nn.Conv1d(channels, channels, kernel, padding=kernel // 2)
        self.second = nn.Conv1d(channels, channels, kernel, padding=kernel // 2)
        nn.init.zeros_(self.second.weight)  # starts as the identity, so that depth never hurts at first

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        hidden = self.first(F.leaky_relu(inputs, SLOPE)) * mask
        return (inputs + self.second(F.leaky_relu(hidden, SLOPE))) * mask


class MultiScaleBlock(nn.Module):
    """Residual sum of convolutions of several kernel sizes, LeakyReLU, batch normalisation (paper, Fig. 5)."""

    def __init__(self, channels: int, kernels: tuple[int, ...] = (1, 3, 5, 7)):
        super().__init__()
        self.scales = nn.ModuleList(
            nn.Conv1d(channels, channels // len(kernels), kernel, padding=kernel // 2) for kernel in kernels
        )
        self.mix = nn.Conv1d(channels // len(kernels) * len(kernels), channels, 1)
        self.norm = MaskedBatchNorm(channels)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        scales = torch.cat([scale(inputs) for scale in self.scales], dim=1)
        return inputs + self.norm(self.mix(F.leaky_relu(scales, SLOPE)), mask)


def strided(channels_in: int, channels_out: int, stride: int) -> nn.Conv1d:
    """A convolution that divides the time axis by `stride` exactly (time a multiple of it)."""
    kernel = 2 * stride - stride % 2
    return nn.Conv1d(channels_in, channels_out, kernel, stride, padding=(kernel - stride) // 2)


def unstrided(channels_in: int, channels_out: int, stride: int) -> nn.ConvTranspose1d:
    """The transposed convolution that multiplies the time axis by `stride` exactly."""
    kernel = 2 * stride - stride % 2
    return nn.ConvTranspose1d(channels_in, channels_out, kernel, stride, padding=(kernel - stride) // 2)


class BiLstm(nn.Module):
    """Stacked bidirectional LSTM over padded `(batch, time, dim)` → `(batch, time, 2 · width)`, zero at padding.

    The backward direction reads each item reversed within its own length, so no packing is needed and torch keeps its
    fused kernels.
    """

    def __init__(self, dim: int, width: int, layers: int, dropout: float = 0.0):
        super().__init__()
        sizes = [dim] + [2 * width] * (layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.back = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        time = torch.arange(inputs.shape[1], device=inputs.device)
        mask = frame_mask(lengths, inputs.shape[1])
        # position t of an item of length n reads n − 1 − t; padding stays where it is
        flip = torch.where(mask, lengths[:, None] - 1 - time, time)
        for ahead, back in zip(self.ahead, self.back):
            index = flip[:, :, None]
            reverse = inputs.gather(1, index.expand_as(inputs))
            backward = back(reverse)[0]
            forward = ahead(inputs)[0]
            backward = backward.gather(1, index.expand_as(backward))
            inputs = self.dropout(torch.cat([forward, backward], dim=2)) * mask[:, :, None]
        return inputs
