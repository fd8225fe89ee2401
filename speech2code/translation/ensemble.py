"""Several networks as one: they learn side by side from the same batches, and their probabilities are averaged.

Each begins with weights of its own, so each learns other accidents of too few sentences by heart; what all have learnt
is the language (Sutskever et al. 2014 decode with ensembles too).
"""

import torch
from torch import Tensor, nn

from speech2code.config import Seq2SeqConfig
from speech2code.translation.attention import Memory
from speech2code.translation.recurrent import SpeechToTokens, State


class Ensemble(nn.Module):
    """`config.networks` SpeechToTokens with their methods; memory and state hold those of each."""

    def __init__(self, config: Seq2SeqConfig, vocabulary: int):
        super().__init__()
        self.end = vocabulary
        self.networks = nn.ModuleList(SpeechToTokens(config, vocabulary) for _ in range(config.networks))

    def hide_tokens(self, share: float) -> None:
        """From now on training hides this share of the tokens that the decoders read."""
        for network in self.networks:
            network.token_dropout = share

    def forward(self, features: Tensor, lengths: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """As of one network, logits `(networks, batch, steps + 1, vocabulary + 1)` of each, alignments averaged."""
        logits, alignments = zip(*(network(features, lengths, tokens) for network in self.networks))
        return torch.stack(logits), torch.stack(alignments).mean(0)

    def loss(self, logits: Tensor, tokens: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """The mean of their losses, so that each learns alone, and the accuracy of what they say together."""
        losses = [network.loss(own, tokens, counts)[0] for network, own in zip(self.networks, logits)]
        return torch.stack(losses).mean(), self.networks[0].loss(_average(logits), tokens, counts)[1]

    def encode(self, features: Tensor, lengths: Tensor) -> tuple[Memory, ...]:
        return tuple(network.encode(features, lengths) for network in self.networks)

    def start(self, memory: tuple[Memory, ...]) -> tuple[State, ...]:
        return tuple(network.start(own) for network, own in zip(self.networks, memory))

    def step(
        self, tokens: Tensor, memory: tuple[Memory, ...], state: tuple[State, ...]
    ) -> tuple[Tensor, tuple[State, ...], Tensor]:
        stepped = (network.step(tokens, *own) for network, *own in zip(self.networks, memory, state))
        logp, state, alignments = zip(*stepped)
        return _average(torch.stack(logp)), state, torch.stack(alignments).mean(0)


def _average(logits: Tensor) -> Tensor:
    """Logits `(networks, …, classes)` → log of the mean probability `(…, classes)`."""
    return logits.log_softmax(-1).logsumexp(0) - torch.tensor(float(len(logits))).log()
