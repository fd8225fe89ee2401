"""Speech features → tokens by attention alone: a Transformer beside the recurrent network of the paper."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from speech2code.config import TransformerConfig
from speech2code.translation.tokens import TokenTranslator, hide_tokens
from speech2code.translation.transformer_layers import DecoderLayer, Encoder, positions


class Memory(NamedTuple):
    """What the decoder looks at; built once for a sentence."""

    attended: Tensor  # (batch, heads, layers, 2, time, size), keys and values of the encoder's states
    mask: Tensor  # (batch, time), true where real


class State(NamedTuple):
    """The decoder between two steps."""

    tokens: Tensor  # (batch, heads, layers, 2, steps, size), keys and values of all tokens so far


class TransformerTranslator(TokenTranslator):
    """Strided convolutions, Transformer encoder and decoder. Token `vocabulary` both starts and ends a sequence."""

    def __init__(self, config: TransformerConfig, vocabulary: int):
        super().__init__()
        self.end = vocabulary
        self.label_smoothing, self.token_dropout = config.label_smoothing, config.token_dropout
        self.encoder = Encoder(config)
        self.embedding = nn.Embedding(vocabulary + 1, config.width)
        self.dropout = nn.Dropout(config.dropout)
        layers = [DecoderLayer(config) for _ in range(config.decoder_layers)]
        self.decoder = nn.ModuleList(layers)
        self.scale = nn.LayerNorm(config.width)
        self.output = nn.Linear(config.width, vocabulary + 1)

    def encode(self, features: Tensor, lengths: Tensor) -> Memory:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → what the decoder attends to."""
        states, mask = self.encoder(features, lengths)
        return Memory(_turned(torch.stack([layer.remember(states) for layer in self.decoder])), mask)  # type: ignore[operator]

    def start(self, memory: Memory) -> State:
        return State(memory.attended[..., :0, :])

    def _decode(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State, Tensor]:
        """Tokens `(batch, steps)` → logits `(batch, steps, vocabulary + 1)`, state, alignments `(batch, steps, time)`
        of the last layer."""
        hidden = self.embedding(tokens)
        if self.training:
            hidden = hide_tokens(hidden, self.token_dropout)
        hidden = self.dropout(hidden + positions(state.tokens.shape[4], tokens.shape[1], hidden))
        cached = []
        for layer, past, attended in zip(self.decoder, _turned(state.tokens), _turned(memory.attended)):
            hidden, past, alignments = layer(hidden, past, attended, memory.mask)
            cached.append(past)
        return self.output(self.scale(hidden)), State(_turned(torch.stack(cached))), alignments


def _turned(layers: Tensor) -> Tensor:
    """`(layers, 2, batch, heads, time, size)` → `(batch, heads, layers, 2, time, size)`, and back: in this order the
    keys of a layer are one stack of matrices, which no product needs to copy."""
    return layers.permute(2, 3, 0, 1, 4, 5)
