"""The paper's figures written down as they stand: what its reader would code first; the peer of our steps."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """Fig. 2: x + conv(LeakyReLU(conv(LeakyReLU(x))))."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.LeakyReLU(), nn.Conv1d(width, width, 3, padding=1), nn.LeakyReLU(), nn.Conv1d(width, width, 3, padding=1)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.layers(inputs)


class PlainVqVae(nn.Module):
    """Figs. 1 and 2: a strided convolution and a residual block for each halving, one width throughout; EMA codebook
    with one-hot products."""

    def __init__(self, width: int, blocks: int, codes: int, dim: int, halvings: int = 3, decay: float = 0.99):
        super().__init__()
        down = [nn.Conv1d(39, width, 3, padding=1)]
        up = [nn.Conv1d(dim, width, 3, padding=1), *(Block(width) for _ in range(blocks))]
        for _ in range(halvings):
            down += [Block(width), nn.Conv1d(width, width, 4, 2, 1)]
            up += [nn.ConvTranspose1d(width, width, 4, 2, 1), Block(width)]
        down += [*(Block(width) for _ in range(blocks)), nn.Conv1d(width, dim, 1)]
        self.encoder, self.decoder = nn.Sequential(*down), nn.Sequential(*up, nn.Conv1d(width, 39, 3, padding=1))
        self.decay = decay
        self.register_buffer("codes", torch.randn(codes, dim))
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", self.codes.clone())

    def forward(self, features: Tensor) -> Tensor:
        """MFCC `(batch, time, 39)` → the loss of Eq. 4."""
        vectors = self.encoder(features.transpose(1, 2)).transpose(1, 2)
        units = torch.cdist(vectors.detach(), self.codes[None]).argmin(2)
        one_hot = F.one_hot(units, len(self.codes)).float()
        quantised = one_hot @ self.codes
        with torch.no_grad():
            self.count.lerp_(one_hot.sum((0, 1)), 1 - self.decay)
            self.total.lerp_(torch.einsum("btk,btd->kd", one_hot, vectors), 1 - self.decay)
            self.codes.copy_(self.total / self.count[:, None])
        commitment = F.mse_loss(vectors, quantised)
        straight = vectors + (quantised - vectors).detach()
        return F.mse_loss(self.decoder(straight.transpose(1, 2)).transpose(1, 2), features) + 0.25 * commitment


class MultiScale(nn.Module):
    """Fig. 5: convolutions of several sizes side by side, LeakyReLU, batch normalisation, added to the input."""

    def __init__(self, width: int):
        super().__init__()
        self.scales = nn.ModuleList(nn.Conv1d(width, width // 4, size, padding=size // 2) for size in (1, 3, 5, 7))
        self.mix, self.norm = nn.Conv1d(width, width, 1), nn.BatchNorm1d(width)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.norm(self.mix(F.leaky_relu(torch.cat([scale(inputs) for scale in self.scales], 1))))


class PlainInverter(nn.Module):
    """Fig. 4: each code copied r times, residual blocks, stacked BiLSTM, residual blocks, 1025 bins."""

    def __init__(self, width: int, blocks: int, layers: int, dim: int, repeat: int):
        super().__init__()
        self.repeat = repeat
        self.before = nn.Sequential(nn.Conv1d(dim, width, 1), *(MultiScale(width) for _ in range(blocks)))
        self.recurrent = nn.LSTM(width, width // 2, layers, bidirectional=True, batch_first=True)
        self.after = nn.Sequential(*(MultiScale(width) for _ in range(blocks)), nn.Conv1d(width, 1025, 1))

    def forward(self, codes: Tensor, magnitude: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, magnitude `(batch, time, 1025)` → the loss of Eq. 10."""
        hidden = self.before(codes.repeat_interleave(self.repeat, 1).transpose(1, 2)).transpose(1, 2)
        hidden = self.after(self.recurrent(hidden)[0].transpose(1, 2)).transpose(1, 2)
        return F.mse_loss(hidden[:, : magnitude.shape[1]], magnitude[:, : hidden.shape[1]])
