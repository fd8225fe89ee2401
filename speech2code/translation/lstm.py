"""Speech features → tokens: the paper's attention sequence-to-sequence model (section 3, Fig. 3).

The tokens are units for the translator and words for the recogniser of the evaluation; the network is the same.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from speech2code.config import LstmConfig
from speech2code.layers import BiLstm
from speech2code.padding import frame_mask
from speech2code.translation.attention import Attention, Memory
from speech2code.translation.front_end import Subsampling
from speech2code.translation.tokens import TokenTranslator, hide_tokens


class State(NamedTuple):
    """The decoder between two steps; every tensor's first axis is the batch."""

    recurrent: Tensor  # (batch, 2, width), hidden and cell of the LSTM
    history: Tensor  # (batch, 2, time), where the attention has looked


class LstmTranslator(TokenTranslator):
    """Strided convolutions, BiLSTM encoder, attention, LSTM decoder. Token `vocabulary` both starts and ends a
    sequence."""

    def __init__(self, config: LstmConfig, vocabulary: int):
        super().__init__()
        self.end = vocabulary
        self.label_smoothing, self.token_dropout = config.label_smoothing, config.token_dropout
        self.encoder = _Encoder(config)
        width = config.decoder_width
        self.embedding = nn.Embedding(vocabulary + 1, config.embedding_dim)
        self.recurrent = nn.LSTM(config.embedding_dim, width, batch_first=True)
        self.attention = Attention(config.attention, width, width, config.attention_size)
        self.mix = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(width, vocabulary + 1)

    def encode(self, features: Tensor, lengths: Tensor) -> Memory:
        """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → what the decoder attends to."""
        states, state_lengths = self.encoder(features, lengths)
        return self.attention.memory(states, frame_mask(state_lengths, states.shape[1]))

    def start(self, memory: Memory) -> State:
        zeros = memory.states.new_zeros(memory.states.shape[0], 2, self.recurrent.hidden_size)
        return State(zeros, self.attention.start(memory))

    def _decode(self, tokens: Tensor, memory: Memory, state: State) -> tuple[Tensor, State, Tensor]:
        """Tokens `(batch, steps)` → logits `(batch, steps, vocabulary + 1)`, state, alignments `(batch, steps, time)`.

        As in Fig. 3 the context goes to the output, not back into the LSTM, which so runs over all steps at once; only
        the attention, whose history grows, goes step by step.
        """
        queries, recurrent = self._recur(self._embed(tokens), state.recurrent)
        contexts, alignments, history = self.attention(queries, memory, state.history)
        mixed = torch.tanh(self.mix(torch.cat([queries, contexts], dim=2)))
        return self.output(self.dropout(mixed)), State(recurrent, history), alignments

    def _recur(self, embedded: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, steps, embedding_dim)` → `(batch, steps, width)` and the state behind them `(batch, 2, width)`."""
        if embedded.shape[1] == 1:  # the fused kernel packs its weights anew at every call: most of a step's time
            hidden, cell = torch.lstm_cell(embedded[:, 0], state.unbind(1), *self.recurrent.all_weights[0])
            return hidden[:, None], torch.stack([hidden, cell], dim=1)
        initial = state.transpose(0, 1)[:, None].contiguous()
        queries, final = self.recurrent(embedded, (initial[0], initial[1]))
        return queries, torch.cat(final).transpose(0, 1)

    def _embed(self, tokens: Tensor) -> Tensor:
        embedded = self.dropout(self.embedding(tokens))
        return hide_tokens(embedded, self.token_dropout) if self.training else embedded


class _Encoder(nn.Module):
    """MFCC `(batch, time, 39)` → states `(batch, time / subsampling, decoder_width)`: strides of 2, a stacked
    BiLSTM, a projection."""

    def __init__(self, config: LstmConfig):
        super().__init__()
        self.front_end = Subsampling(config.conv_width, config.subsampling, config.normalisation)
        self.dropout = nn.Dropout(config.dropout)
        self.recurrent = BiLstm(self.front_end.size, config.encoder_width, config.encoder_layers, config.dropout)
        self.project = nn.Linear(2 * config.encoder_width, config.decoder_width)  # a small context: cheap decoder steps
        # without it the encoder may fall silent under a high learning rate, and the decoder becomes a language model
        self.scale = nn.LayerNorm(config.decoder_width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        hidden, lengths = self.front_end(features, lengths)
        states = self.project(self.recurrent(self.dropout(hidden), lengths))
        return self.scale(states) * frame_mask(lengths, states.shape[1])[:, :, None], lengths
