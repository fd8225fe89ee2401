"""Target features → units by k-means on what a network has learnt by guessing hidden speech (masked prediction, HuBERT,
Hsu et al. 2021, small enough for a few hours of speech and a processor).

Stretches of the speech are hidden, and the network tells from what stands around them which sounds they were. Nobody
has labelled these: they are the discriminant units of the same speech (`discriminant.py`), as HuBERT's first round
takes clusters of MFCC. To guess well the network has to hear a sound as its neighbours make it, and past the voice.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.config import MaskedConfig
from speech2code.layers import BiLstm
from speech2code.padding import channel_mask, frame_mask, pad_time
from speech2code.units.kmeans import KMeansUnits

STEP = 2  # frames in a step of the network, 20 ms
ENTRY = 256  # channels before the first LSTM
KERNEL = 5  # steps


class MaskedUnits(KMeansUnits):
    """k-means units of `code_dim` numbers: discriminants of what the network's layer `layer` says of a step."""

    mean: Tensor  # (2 · width,)
    projection: Tensor  # (2 · width, code_dim)

    def __init__(self, config: MaskedConfig, speakers: int = 1):
        super().__init__(config, speakers, config.code_dim)
        self.layer = config.layer
        self.network = MaskedNetwork(config.width, config.layers, config.sounds, config.dropout)
        self.register_buffer("mean", torch.zeros(2 * config.width))
        self.register_buffer("projection", torch.zeros(2 * config.width, config.code_dim))

    def forward(self, features: Tensor, lengths: Tensor, hide: Tensor | None) -> Tensor:
        """The network's logits."""
        return self.network(features, lengths, hide)

    def hidden(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)` → what the layer says `(batch, steps, 2 · width)`."""
        return self.network.hidden(features, lengths, None)[self.layer - 1]

    def described(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)` → `(batch, time, code_dim)`; both frames of a step alike."""
        vectors = (self.hidden(features, lengths) - self.mean) @ self.projection
        return vectors.repeat_interleave(STEP, 1)[:, : features.shape[1]]


class MaskedNetwork(nn.Module):
    """Residual BiLSTMs over steps of two frames; what is hidden is replaced by one learnt vector."""

    def __init__(self, width: int, layers: int, sounds: int, dropout: float):
        super().__init__()
        self.enter = nn.Linear(STEP * MFCC_DIM, ENTRY)
        self.neighbours = nn.Conv1d(ENTRY, ENTRY, KERNEL, padding=KERNEL // 2)
        self.nothing = nn.Parameter(0.1 * torch.randn(ENTRY))
        self.layers = nn.ModuleList(BiLstm(size, width, 1) for size in [ENTRY] + [2 * width] * (layers - 1))
        self.dropout = nn.Dropout(dropout)
        self.leave = nn.Linear(2 * width, sounds)

    def hidden(self, features: Tensor, lengths: Tensor, hide: Tensor | None) -> list[Tensor]:
        """MFCC `(batch, time, 39)`, which steps are hidden `(batch, steps)` → what each layer says
        `(batch, steps, 2 · width)`."""
        real = features * frame_mask(lengths, features.shape[1])[:, :, None]
        entered = F.gelu(self.enter(pad_time(real, STEP).unflatten(1, (-1, STEP)).flatten(2)))
        if hide is not None:
            entered = torch.where(hide[:, :, None], self.nothing, entered)
        counts = (lengths + STEP - 1) // STEP
        mask = channel_mask(counts, entered.shape[1])
        around = self.neighbours(entered.transpose(1, 2) * mask) * mask
        state = entered + F.gelu(around.transpose(1, 2))
        found: list[Tensor] = []
        for layer in self.layers:
            heard = layer(self.dropout(state), counts)
            state = state + heard if found else heard
            found.append(state)
        return found

    def forward(self, features: Tensor, lengths: Tensor, hide: Tensor | None) -> Tensor:
        """→ logits of the sound of each step `(batch, steps, sounds)`."""
        return self.leave(self.dropout(self.hidden(features, lengths, hide)[-1]))
