"""The task that every translator must be able to learn: each token is a sound of its own, of 12 frames."""

import torch

from speech2code.config import SearchConfig
from speech2code.protocols import Translator
from speech2code.translation.search import Hypothesis, beam_search

VOCABULARY = 7


def pairs(lengths, counts):
    """Features and tokens with garbage beyond each end."""
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(len(lengths), max(lengths) + 5, 39, generator=generator)
    tokens = torch.randint(VOCABULARY, (len(counts), max(counts) + 2), generator=generator)
    return features, torch.tensor(lengths), tokens, torch.tensor(counts)


def learns_eight_pairs(network: Translator, rate: float) -> list[Hypothesis]:
    """120 steps of training; what the beam then finds, all of it right."""
    torch.manual_seed(1)
    counts = torch.tensor([3, 4, 5, 3, 4, 5, 4, 3])
    tokens = torch.randint(VOCABULARY, (8, 5))
    lengths, sounds = counts * 12, torch.randn(VOCABULARY, 39)
    features = sounds[tokens].repeat_interleave(12, dim=1)
    optimiser = torch.optim.Adam(network.parameters(), rate)
    losses = []
    for _ in range(120):
        loss, _ = network.loss(network(features, lengths, tokens)[0], tokens, counts)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    found = beam_search(network.eval(), features, lengths, SearchConfig(beam=3), longest=8, longest_run=5)
    assert [each.tokens for each in found] == [row[:count].tolist() for row, count in zip(tokens, counts)]
    assert all(each.ended for each in found)
    return found
