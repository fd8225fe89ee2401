"""What both VQ-VAEs share: encoder, codebook, decoder, and Eq. 4 of the paper (section 2, Figs. 1 and 2)."""

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.layers import SLOPE, ResidualBlock, unstrided
from speech2code.padding import channel_mask, frame_mask, pad_time, repeat
from speech2code.protocols import UnitEncoder, UnitSpec
from speech2code.units.codebook import Codebook, Codes, Quantised

STRIDES = {1: (1,), 2: (2,), 4: (2, 2), 8: (2, 2, 2), 12: (2, 2, 3)}  # 12 cannot come from stride 2 alone


class Autoencoded(NamedTuple):
    """What one training pass gives: Eq. 4's two terms (means over real frames and units) and the units."""

    reconstruction: Tensor
    commitment: Tensor
    quantised: Quantised


class VectorQuantisedAutoencoder(UnitEncoder):
    """Encoder → codebook → decoder, told the speaker. `spec` says what its units are."""

    codebook: Codebook

    def __init__(self, encoder: nn.Module, codebook: Codebook, decoder: "Decoder", commitment: float, spec: UnitSpec):
        super().__init__()
        self.encoder, self.codebook, self.decoder = encoder, codebook, decoder
        self.commitment, self.spec = commitment, spec

    @property
    def inventory(self) -> Codes:
        """What each unit stands for."""
        return self.codebook

    def unit_count(self, frames: Tensor) -> Tensor:
        """Frames → steps: one for each started `step_frames` frames."""
        return (frames + self.spec.step_frames - 1) // self.spec.step_frames

    def forward(
        self, features: Tensor, lengths: Tensor, speakers: Tensor, augmented: Tensor | None = None
    ) -> Autoencoded:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)`, speakers `(batch,)` → the ingredients of Eq. 4.

        `augmented`, of the same shape, is what the encoder gets in place of the features that are to be rebuilt.
        """
        mask = frame_mask(lengths, features.shape[1])
        vectors = self.encoder((features if augmented is None else augmented) * mask[:, :, None], lengths)
        quantised = self.codebook(vectors, frame_mask(self.unit_count(lengths), vectors.shape[1]))
        rebuilt = self.decoder(quantised.codes, lengths, speakers)[:, : features.shape[1]]
        return Autoencoded(F.mse_loss(rebuilt[mask], features[mask]), quantised.distance, quantised)

    def loss(self, found: Autoencoded) -> Tensor:
        """Eq. 4, the likelihood a Gaussian of unit variance up to constants."""
        return found.reconstruction + self.commitment * found.commitment

    @torch.no_grad()
    def quantise(self, features: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the code of each step, int64 `(steps,)` each, and
        the vectors `(batch, steps, dim)` that it was chosen for."""
        mask = frame_mask(lengths, features.shape[1])
        vectors = self.encoder(features * mask[:, :, None], lengths)
        counts = self.unit_count(lengths)
        units = self.codebook.encode(vectors, frame_mask(counts, vectors.shape[1]))
        return [item[:count] for item, count in zip(units, counts.tolist())], vectors

    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the unit of each step, int64 `(steps,)` each."""
        return self.quantise(features, lengths)[0]

    @torch.no_grad()
    def rebuild(self, codes: Tensor, durations: Tensor, speakers: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, the steps each lasts `(batch, units)`, speakers `(batch,)` → normalised MFCC
        `(batch, steps · step_frames, 39)`."""
        return self.decoder(repeat(codes, durations), durations.sum(1) * self.spec.step_frames, speakers)


def widths(strides: tuple[int, ...], width: int) -> list[int]:
    """Channels behind each stride: half as many where there are twice as many frames."""
    return [min(width, max(32, width >> halvings)) for halvings in reversed(range(len(strides)))]


class Decoder(nn.Module):
    """The encoder's mirror image, told the speaker: residual blocks at the unit rate, then transposed convolutions.

    `block` steps are read at once, and `strides` make up for it.
    """

    def __init__(self, code_dim: int, width: int, blocks: int, strides: tuple[int, ...], block: int, speakers: int):
        super().__init__()
        self.strides, self.block = strides, block
        self.speakers = nn.Embedding(speakers, code_dim)
        self.enter = nn.Conv1d((block + 1) * code_dim, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(blocks))
        sizes = [width, *reversed([*widths(strides, width)[:1], *widths(strides, width)[:-1]])]
        rising = zip(sizes, sizes[1:], reversed(strides))
        self.up = nn.ModuleList(unstrided(wide, narrow, stride) for wide, narrow, stride in rising)
        self.leave = nn.Conv1d(sizes[-1], MFCC_DIM, 3, padding=1)

    def forward(self, codes: Tensor, lengths: Tensor, speakers: Tensor) -> Tensor:
        """Codes of each step `(batch, steps, dim)`, lengths in frames `(batch,)`, speakers `(batch,)` → normalised MFCC
        `(batch, steps · step_frames, 39)`."""
        step_frames = prod(self.strides) // self.block
        frames = codes.shape[1] * step_frames
        real = frame_mask((lengths + step_frames - 1) // step_frames, codes.shape[1])
        codes = pad_time(codes * real[:, :, None], self.block).unflatten(1, (-1, self.block)).flatten(2)
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
