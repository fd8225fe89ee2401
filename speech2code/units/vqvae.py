"""Target features → units of a fixed length: the VQ-VAE of the paper (section 2, Figs. 1 and 2)."""

from itertools import zip_longest
from math import prod

from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.config import VqVaeConfig
from speech2code.layers import SLOPE, ResidualBlock, strided
from speech2code.padding import channel_mask, pad_time
from speech2code.protocols import UnitSpec
from speech2code.units.autoencoder import STRIDES, Decoder, VectorQuantisedAutoencoder, widths
from speech2code.units.codebook import Codebook


class VqVae(VectorQuantisedAutoencoder):
    """VQ-VAE over MFCC: a unit for each `time_reduction` frames."""

    def __init__(self, config: VqVaeConfig, speakers: int = 1):
        strides, dim = STRIDES[config.time_reduction], config.code_dim
        super().__init__(
            StridedEncoder(strides, config.width, dim),
            Codebook(config.codebook_size, dim, config.ema_decay),
            Decoder(dim, config.width, config.blocks, strides, 1, speakers),
            config.commitment,
            UnitSpec(config.codebook_size, dim, config.time_reduction, None, speakers, MFCC_DIM),
        )


class StridedEncoder(nn.Module):
    """Strided convolutions, residual blocks between them and none behind the last: a unit sees half a second at most
    (r 8: 46 frames) and so says what sounds there, not where in the sentence it stands."""

    def __init__(self, strides: tuple[int, ...], width: int, code_dim: int):
        super().__init__()
        self.strides = strides
        sizes = [MFCC_DIM, *widths(strides, width)]
        self.down = nn.ModuleList(strided(*each) for each in zip(sizes, sizes[1:], strides))
        self.between = nn.ModuleList(ResidualBlock(size) for size in sizes[1:-1])
        self.leave = nn.Conv1d(width, code_dim, 1)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → `(batch, units, code_dim)`."""
        hidden = pad_time(features, prod(self.strides)).transpose(1, 2)
        for stride, down, block in zip_longest(self.strides, self.down, self.between):
            lengths = (lengths + stride - 1) // stride
            mask = channel_mask(lengths, hidden.shape[2] // stride)
            hidden = down(hidden) * mask
            hidden = block(hidden, mask) if block else hidden
        return (self.leave(F.leaky_relu(hidden, SLOPE)) * mask).transpose(1, 2)
