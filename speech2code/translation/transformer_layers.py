"""What the Transformer is made of (Vaswani et al. 2017): positions, the encoder, a layer of the decoder.

Every layer normalises what it reads, not what it leaves ("pre-norm"), which bears high learning rates. Inside the
decoder sequences are `(batch, heads, steps, size)`, with `heads · size` the width of the model.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.config import TransformerConfig
from speech2code.padding import frame_mask
from speech2code.translation.front_end import Subsampling

PERIOD = 10_000  # steps; the slowest sine turns once in 2π of these


def positions(start: int, count: int, like: Tensor) -> Tensor:
    """Sines and cosines of the steps from `start` on, `(count, width)`; width, type and device as of `like`'s last
    axis."""
    steps = torch.arange(start, start + count, device=like.device)[:, None]
    half = like.shape[-1] // 2
    angles = steps * PERIOD ** (-torch.arange(half, device=like.device) / half)
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)


class Encoder(nn.Module):
    """MFCC `(batch, time, 39)` → states `(batch, time / subsampling, width)`: strides of 2, then self-attention."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.front_end = Subsampling(config.conv_width, config.subsampling, config.normalisation)
        self.enter = nn.Linear(self.front_end.size, config.width)
        self.dropout = nn.Dropout(config.dropout)
        # not nn.TransformerEncoder: that copies its layers, and they would all begin alike
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.width, config.heads, config.feed_forward, config.dropout, batch_first=True, norm_first=True
            )
            for _ in range(config.encoder_layers)
        )
        self.scale = nn.LayerNorm(config.width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Also which states are real, `(batch, time / subsampling)`."""
        hidden, lengths = self.front_end(features, lengths)
        mask = frame_mask(lengths, hidden.shape[1])
        hidden = self.enter(hidden)
        hidden = self.dropout(hidden + positions(0, hidden.shape[1], hidden))
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=~mask)
        return self.scale(hidden), mask


class DecoderLayer(nn.Module):
    """Attention to the tokens so far, attention to the encoder, a feed-forward network. torch's own layer would read
    all tokens again at every step; this one is handed their keys and values."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        width, self.heads = config.width, config.heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own = nn.Linear(width, 3 * width)  # query, key and value of each token
        self.own_leave = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.memory = nn.Linear(width, 2 * width)  # key and value of each state of the encoder
        self.leave = nn.Linear(width, width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, config.feed_forward), nn.ReLU(), nn.Linear(config.feed_forward, width)
        )
        self.dropout = nn.Dropout(config.dropout)

    def remember(self, states: Tensor) -> Tensor:
        """Encoder states `(batch, time, width)` → their keys and values `(2, batch, heads, time, size)`."""
        return self._heads(self.memory(states), 2)

    def forward(self, inputs: Tensor, past: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """New tokens `(batch, steps, width)`, keys and values of those before `(2, batch, heads, before, size)` and of
        the encoder, and which states of that are real `(batch, time)` → the same tokens, keys and values with theirs,
        alignments `(batch, steps, time)`, the mean over heads."""
        query, *new = self._heads(self.own(self.norms[0](inputs)), 3)
        past = torch.cat([past, torch.stack(new)], dim=3)
        # a token sees itself and what stands before it
        seen = torch.ones(query.shape[2], past.shape[3], dtype=torch.bool, device=query.device)
        seen = seen.tril(past.shape[3] - query.shape[2])
        hidden = inputs + self.dropout(
            self.own_leave(_join(F.scaled_dot_product_attention(query, past[0], past[1], seen)))
        )
        (query,), (keys, values) = self._heads(self.query(self.norms[1](hidden)), 1), memory
        energy = query @ keys.transpose(2, 3) / keys.shape[3] ** 0.5
        weights = energy.masked_fill(~mask[:, None, None], -torch.inf).softmax(dim=3)
        hidden = hidden + self.dropout(self.leave(_join(weights @ values)))
        return hidden + self.dropout(self.feed_forward(self.norms[2](hidden))), past, weights.mean(1)

    def _heads(self, projected: Tensor, parts: int) -> Tensor:
        """`(batch, steps, parts · width)` → `(parts, batch, heads, steps, size)`."""
        return projected.unflatten(2, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4)


def _join(heads: Tensor) -> Tensor:
    """`(batch, heads, steps, size)` → `(batch, steps, width)`."""
    return heads.transpose(1, 2).flatten(2)
