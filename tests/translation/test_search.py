"""Beam search against a plain greedy loop and against all sequences there are."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.config import LstmConfig, SearchConfig
from speech2code.translation.attention import Memory
from speech2code.translation.lstm import LstmTranslator, State
from speech2code.translation.search import beam_search

TINY = {
    "subsampling": 4,
    "conv_width": 8,
    "encoder_width": 8,
    "encoder_layers": 1,
    "decoder_width": 12,
    "embedding_dim": 6,
    "attention_size": 8,
}


def network(seed=0, vocabulary=5, end_bias=0.0, sharpness=8.0):
    """A random decoder with decided opinions; `end_bias` makes it stop late (below 0) or early."""
    torch.manual_seed(seed)
    model = LstmTranslator(LstmConfig(**TINY), vocabulary).eval()
    model.output.weight.data *= sharpness
    model.embedding.weight.data *= 2
    model.output.bias.data[model.end] += end_bias
    return model


def speech(*lengths, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(len(lengths), max(lengths), 39, generator=generator), torch.tensor(lengths)


def search(model, features, lengths, beam=4, penalty=1.0, longest=10, longest_run=3):
    return beam_search(model, features, lengths, SearchConfig(beam, penalty), longest=longest, longest_run=longest_run)


def logp_of(model, features, lengths, tokens):
    """log p(tokens, end) by teacher forcing."""
    logits, _ = model(features, lengths, torch.tensor([tokens]))
    return float(logits[0].log_softmax(1)[range(len(tokens) + 1), [*tokens, model.end]].sum().detach())


def longest_stretch(tokens):
    best = run = 1
    for before, after in pairwise(tokens):
        run = run + 1 if before == after else 1
        best = max(best, run)
    return best


def greedy(model, features, lengths, longest, longest_run):
    memory = model.encode(features, lengths)
    state, last, tokens = model.start(memory), model.end, []
    while len(tokens) < longest:
        logp, state, _ = model.step(torch.tensor([last]), memory, state)
        allowed = logp[0].clone()
        if not tokens:
            allowed[model.end] = -torch.inf
        if tokens[-longest_run:] == [last] * longest_run:
            allowed[last] = -torch.inf
        last = int(allowed.argmax())
        if last == model.end:
            return tokens, True
        tokens.append(last)
    logp, _, _ = model.step(torch.tensor([last]), memory, state)
    if tokens[-longest_run:] == [last] * longest_run:
        logp[0, last] = -torch.inf
    return tokens, int(logp[0].argmax()) == model.end


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_is_greedy(seed):
    model = network(seed)
    features, lengths = speech(30, seed=seed)
    (found,) = search(model, features, lengths, beam=1)
    assert (found.tokens, found.ended) == greedy(model, features, lengths, 10, 3)


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_best_of_all_sequences(seed, penalty):
    model = network(seed, vocabulary=3, sharpness=3.0)
    features, lengths = speech(20, seed=seed)
    every = [list(each) for size in (1, 2, 3, 4) for each in product(range(3), repeat=size)]
    scores = {
        tuple(each): logp_of(model, features, lengths, each) / len(each) ** penalty
        for each in every
        if longest_stretch(each) <= 2
    }
    best = max(scores, key=scores.get)
    (found,) = search(model, features, lengths, beam=300, penalty=penalty, longest=4, longest_run=2)
    assert tuple(found.tokens) == best and found.ended
    assert found.score == pytest.approx(scores[best], abs=1e-4)


@pytest.mark.parametrize("beam", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_batch_is_its_items(seed, beam):
    """Sentences that end early beside others that go on: nobody profits from waiting for a neighbour."""
    model = network(seed, sharpness=4.0)
    features, lengths = speech(8, 40, 17, 64, 25, seed=seed)
    together = search(model, features, lengths, beam)
    for row, found in enumerate(together):
        (alone,) = search(model, features[row : row + 1, : lengths[row]], lengths[row : row + 1], beam)
        assert (alone.tokens, alone.ended) == (found.tokens, found.ended)
        assert found.score == pytest.approx(alone.score, abs=1e-4)
        torch.testing.assert_close(
            found.alignment[:, : alone.alignment.shape[1]], alone.alignment, atol=1e-5, rtol=1e-4
        )


class Certain:
    """Knows every token of `sentence`; label smoothing has left the others, the end too, a little everywhere."""

    sentence, end = [0, 1, 2, 3] * 9, 26

    def encode(self, features, lengths):
        return Memory(features, features, features[:, :, 0] > -1e9)

    def start(self, memory):
        return State(torch.zeros(len(memory.states), 2, 1), torch.zeros(len(memory.states), 2, 1))

    def step(self, tokens, memory, state):
        probabilities = torch.full((len(tokens), self.end + 1), 0.1 / 27)
        position = int(state.recurrent[0, 0, 0])
        probabilities[:, self.end] += 0.01
        probabilities[:, (*self.sentence, self.end)[min(position, len(self.sentence))]] += 0.89
        return probabilities.log(), State(state.recurrent + 1, state.history), memory.states[:, :, 0]


@pytest.mark.parametrize("beam", [1, 2, 5, 8])
def test_unlikely_ends_on_the_way_do_not_stop_a_sentence(beam):
    """A topline that is sure of its characters has no likelier second choice than the end: "where ca"."""
    (found,) = search(Certain(), *speech(9), beam, longest=60)
    assert found.tokens == Certain.sentence and found.ended


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 9), st.integers(1, 4), st.floats(-20, 20))
def test_every_answer_keeps_the_stop_rules(seed, beam, longest, run, end_bias):
    model = network(seed, end_bias=end_bias)
    for found in search(model, *speech(12, 33, seed=seed), beam, longest=longest, longest_run=run):
        assert 1 <= len(found.tokens) <= longest
        assert longest_stretch(found.tokens) <= run
        assert max(found.tokens) < model.end
        assert found.alignment.shape[0] == len(found.tokens)
        assert found.score == found.score and found.score < 1e-6  # a log-probability, not NaN


@pytest.mark.parametrize("beam", [1, 4])
def test_the_limit_is_told_apart_from_an_end(beam):
    features, lengths = speech(30)
    (endless,) = search(network(end_bias=-1e4), features, lengths, beam)
    assert not endless.ended and len(endless.tokens) == 10
    (hasty,) = search(network(end_bias=1e4), features, lengths, beam)
    assert hasty.ended and len(hasty.tokens) == 1  # never empty, however much it wants to end
