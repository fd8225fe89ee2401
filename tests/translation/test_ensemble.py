"""Several networks as one: what it says is what they say on average, and each learns alone."""

import pytest
import torch

from speech2code.config import SearchConfig, Seq2SeqConfig
from speech2code.translation.ensemble import Ensemble
from speech2code.translation.search import beam_search

TINY = {"conv_width": 8, "encoder_width": 8, "encoder_layers": 1, "decoder_width": 12, "embedding_dim": 6}
VOCABULARY = 5


def ensemble(networks):
    torch.manual_seed(0)
    return Ensemble(Seq2SeqConfig(networks=networks, dropout=0.0, **TINY), VOCABULARY).eval()


def batch():
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(3, 40, 39, generator=generator)
    tokens = torch.randint(VOCABULARY, (3, 4), generator=generator)
    return features, torch.tensor([40, 17, 25]), tokens, torch.tensor([4, 2, 3])


def decoded(model):
    features, lengths, *_ = batch()
    return beam_search(model, features, lengths, SearchConfig(beam=4), longest=9, longest_run=2)


def test_a_step_has_the_mean_of_their_probabilities():
    model = ensemble(3)
    features, lengths, tokens, _ = batch()
    _, alignments = model(features, lengths, tokens)
    wanted = torch.stack([network(features, lengths, tokens)[0].softmax(2) for network in model.networks]).mean(0)
    memory = model.encode(features, lengths)
    state, last = model.start(memory), torch.full((3,), model.end)
    for position in range(tokens.shape[1] + 1):
        logp, state, alignment = model.step(last, memory, state)
        torch.testing.assert_close(logp.exp(), wanted[:, position], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alignment, alignments[:, position], atol=1e-5, rtol=1e-5)
        last = tokens[:, min(position, tokens.shape[1] - 1)]


def test_one_network_and_its_twin_say_what_it_says():
    one, two = ensemble(1), ensemble(2)
    for network in two.networks:
        network.load_state_dict(one.networks[0].state_dict())
    for alone, together, itself in zip(decoded(one), decoded(two), decoded(one.networks[0])):
        assert alone.tokens == together.tokens == itself.tokens
        assert together.score == pytest.approx(itself.score, abs=1e-5)


def test_each_begins_elsewhere_and_learns_alone():
    """The loss that trains one of two is its own, halved; how good they are is measured together."""
    model = ensemble(2).train()
    first, second = model.networks
    assert not torch.equal(first.output.weight, second.output.weight)
    features, lengths, tokens, counts = batch()
    loss, accuracy = model.loss(model(features, lengths, tokens)[0], tokens, counts)
    loss.backward()
    found = first.output.weight.grad.clone()
    first.zero_grad()
    first.loss(first(features, lengths, tokens)[0], tokens, counts)[0].backward()
    torch.testing.assert_close(found, first.output.weight.grad / 2)
    probabilities = torch.stack([each(features, lengths, tokens)[0].softmax(2) for each in (first, second)]).mean(0)
    hits = sum(
        int(probabilities[row, step].argmax()) == (int(tokens[row, step]) if step < count else model.end)
        for row, count in enumerate(counts.tolist())
        for step in range(count + 1)
    )
    assert accuracy == pytest.approx(hits / int((counts + 1).sum()))
