"""Speech features → fewer, wider ones: what every encoder of a translator begins with."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.layers import SLOPE, MaskedBatchNorm, strided
from speech2code.padding import channel_mask, frame_mask, pad_time

EPSILON = 1e-4  # of a variance: what never changes must not become loud


class Subsampling(nn.Module):
    """MFCC `(batch, time, 39)` → `(batch, time / subsampling, size)`, zero at padding: convolutions with strides of 2,
    batch normalised. `subsampling`: a power of two."""

    def __init__(self, conv_width: int, subsampling: int, normalisation: str):
        super().__init__()
        self.normalisation = normalisation
        self.halvings = subsampling.bit_length() - 1
        # half as many channels where there are twice as many frames
        widths = [max(32, conv_width >> (self.halvings - 1 - level)) for level in range(self.halvings)]
        sizes = [MFCC_DIM, *widths]
        self.size = sizes[-1]
        self.down = nn.ModuleList(strided(*pair, 2) for pair in pairwise(sizes))
        self.norms = nn.ModuleList(MaskedBatchNorm(size) for size in widths)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Also the new lengths `(batch,)`."""
        mask = frame_mask(lengths, features.shape[1])[:, :, None]
        features = (_normalised(features, mask) if self.normalisation == "utterance" else features) * mask
        hidden = pad_time(features, 2**self.halvings).transpose(1, 2)
        for down, norm in zip(self.down, self.norms):
            lengths = (lengths + 1) // 2
            hidden = F.leaky_relu(down(hidden), SLOPE)
            hidden = norm(hidden, channel_mask(lengths, hidden.shape[2]))
        return hidden.transpose(1, 2), lengths


def _normalised(features: Tensor, mask: Tensor) -> Tensor:
    """Each utterance of `(batch, time, 39)` with mean 0 and deviation 1 over its frames, those of the `mask`."""
    count = mask.sum(dim=1, keepdim=True)
    centred = (features - (features * mask).sum(dim=1, keepdim=True) / count) * mask
    return centred / (centred.square().sum(dim=1, keepdim=True) / count + EPSILON).sqrt()
