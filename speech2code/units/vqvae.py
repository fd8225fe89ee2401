"""Target features → units: the VQ-VAE of the paper (section 2, Figs. 1 and 2)."""

from itertools import zip_longest
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM, frame_mask
from speech2code.config import UnitsConfig
from speech2code.layers import SLOPE, ResidualBlock, channel_mask, pad_time, strided, unstrided
from speech2code.units.codebook import Alphabet, Codebook, Quantised
from speech2code.units.naming import Names
from speech2code.units.segments import SegmentCodebook, SegmentEncoder

DECODED = 4  # frames that the decoder reads at once where units have lengths of their own
STRIDES = {1: (1,), 2: (2,), 4: (2, 2), 8: (2, 2, 2), 12: (2, 2, 3)}  # 12 cannot come from stride 2 alone


class Discovery(NamedTuple):
    """What one training pass gives: Eq. 4's two terms (means over real frames and units) and the units."""

    reconstruction: Tensor
    commitment: Tensor
    quantised: Quantised


class UnitDiscoverer(nn.Module):
    """VQ-VAE over MFCC: encoder, EMA codebook, decoder told the speaker."""

    def __init__(self, config: UnitsConfig, speakers: int = 1):
        super().__init__()
        self.time_reduction = config.time_reduction
        self.commitment = config.commitment
        self.rate = config.rate
        size, dim = config.codebook_size, config.code_dim
        if config.rate:
            self.encoder = SegmentEncoder(dim)
            self.codebook = SegmentCodebook(config.segment_codes or size, dim, config.ema_decay, config.rate)
        else:
            self.encoder = _Encoder(STRIDES[config.time_reduction], config.width, dim)
            self.codebook = Codebook(size, dim, config.ema_decay)
        self.decoder = UnitDecoder(config, speakers)
        self.names = Names(size, dim) if config.segment_codes else None

    @property
    def alphabet(self) -> Alphabet:
        """What the units stand for: names where there are, else the codebook."""
        return self.names or self.codebook

    def unit_count(self, frames: Tensor) -> Tensor:
        """Frames → units: one for each started `time_reduction` frames."""
        return (frames + self.time_reduction - 1) // self.time_reduction

    def forward(self, features: Tensor, lengths: Tensor, speakers: Tensor, heard: Tensor | None = None) -> Discovery:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)`, speakers `(batch,)` → the ingredients of Eq. 4.

        `heard`, of the same shape, is what the encoder gets in place of the features that are to be rebuilt.
        """
        mask = frame_mask(lengths, features.shape[1])
        vectors = self.encoder((features if heard is None else heard) * mask[:, :, None], lengths)
        quantised = self.codebook(vectors, frame_mask(self.unit_count(lengths), vectors.shape[1]))
        rebuilt = self.decoder(quantised.codes, lengths, speakers)[:, : features.shape[1]]
        return Discovery(F.mse_loss(rebuilt[mask], features[mask]), quantised.distance, quantised)

    def loss(self, discovery: Discovery) -> Tensor:
        """Eq. 4, the likelihood a Gaussian of unit variance up to constants."""
        return discovery.reconstruction + self.commitment * discovery.commitment

    @torch.no_grad()
    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → a list of int64 `(steps,)`: the unit of each
        `time_reduction` frames."""
        cut = self.cut(features, lengths)[0]
        if not self.names:
            return cut
        return [self.names(heard[: len(steps)], steps) for heard, steps in zip(features, cut)]

    @torch.no_grad()
    def cut(self, features: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        """As `encode` → the code of each step, int64 `(steps,)` each, whether named or not; and the vectors
        `(batch, steps, dim)` that it was chosen for."""
        mask = frame_mask(lengths, features.shape[1])
        vectors = self.encoder(features * mask[:, :, None], lengths)
        counts = self.unit_count(lengths)
        units = self.codebook.encode(vectors, frame_mask(counts, vectors.shape[1]))
        return [item[:count] for item, count in zip(units, counts.tolist())], vectors

    def write(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """The unit of each step `(steps,)` → units `(units,)` and the steps that each of them lasts: all that stand
        alike in a row are one where the units have lengths of their own, else each step is one."""
        if self.rate:
            return torch.unique_consecutive(steps, return_counts=True)
        return steps, torch.ones_like(steps)


def _widths(strides: tuple[int, ...], width: int) -> list[int]:
    """Channels behind each stride: half as many where there are twice as many frames."""
    return [min(width, max(32, width >> halvings)) for halvings in reversed(range(len(strides)))]


class _Encoder(nn.Module):
    """Strided convolutions, residual blocks between them and none behind the last: a unit sees half a second at most
    (r 8: 46 frames) and so says what sounds there, not where in the sentence it stands."""

    def __init__(self, strides: tuple[int, ...], width: int, code_dim: int):
        super().__init__()
        self.strides = strides
        sizes = [MFCC_DIM, *_widths(strides, width)]
        self.down = nn.ModuleList(strided(*pair, stride) for *pair, stride in zip(sizes, sizes[1:], strides))
        self.between = nn.ModuleList(ResidualBlock(size) for size in sizes[1:-1])
        self.leave = nn.Conv1d(width, code_dim, 1)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        hidden = pad_time(features, prod(self.strides)).transpose(1, 2)
        for stride, down, block in zip_longest(self.strides, self.down, self.between):
            lengths = (lengths + stride - 1) // stride
            mask = channel_mask(lengths, hidden.shape[2] // stride)
            hidden = down(hidden) * mask
            hidden = block(hidden, mask) if block else hidden
        return (self.leave(F.leaky_relu(hidden, SLOPE)) * mask).transpose(1, 2)


class UnitDecoder(nn.Module):
    """The mirror image, told the speaker: residual blocks at the unit rate, then transposed convolutions."""

    def __init__(self, config: UnitsConfig, speakers: int):
        super().__init__()
        self.time_reduction = config.time_reduction
        self.rate = config.rate
        self.together = DECODED if config.rate else 1
        self.strides, width = STRIDES[config.time_reduction * self.together], config.width
        self.speakers = nn.Embedding(speakers, config.code_dim)
        self.enter = nn.Conv1d((self.together + 1) * config.code_dim, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(config.blocks))
        sizes = [width, *reversed([*_widths(self.strides, width)[:1], *_widths(self.strides, width)[:-1]])]
        rising = zip(sizes, sizes[1:], reversed(self.strides))
        self.up = nn.ModuleList(unstrided(*pair, stride) for *pair, stride in rising)
        self.leave = nn.Conv1d(sizes[-1], MFCC_DIM, 3, padding=1)

    def forward(self, codes: Tensor, lengths: Tensor, speakers: Tensor) -> Tensor:
        """Codes of each step `(batch, steps, dim)`, lengths in frames `(batch,)`, speakers `(batch,)` → normalised MFCC
        `(batch, steps · time_reduction, 39)`."""
        frames = codes.shape[1] * self.time_reduction
        real = frame_mask((lengths + self.time_reduction - 1) // self.time_reduction, codes.shape[1])
        codes = pad_time(codes * real[:, :, None], self.together).unflatten(1, (-1, self.together)).flatten(2)
        voice = self.speakers(speakers)[:, None, :].expand(-1, codes.shape[1], -1)
        codes = torch.cat([codes, voice], dim=2)
        levels = [lengths]
        for stride in self.strides:
            levels.append((levels[-1] + stride - 1) // stride)
        mask = channel_mask(levels.pop(), codes.shape[1])
        hidden = self.enter(codes.transpose(1, 2) * mask) * mask
        for block in self.blocks:
            hidden = block(hidden, mask)
        for up in self.up:
            hidden = up(F.leaky_relu(hidden, SLOPE))
            hidden = hidden * channel_mask(levels.pop(), hidden.shape[2])
        return self.leave(F.leaky_relu(hidden, SLOPE)).transpose(1, 2)[:, :frames]
