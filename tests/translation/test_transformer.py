"""The Transformer beside the recurrent network: the same calls, the same promises."""

import pytest
import torch
from torch.nn import functional as F
from toy import VOCABULARY, learns_eight_pairs, pairs

from speech2code.config import SearchConfig, TransformerConfig
from speech2code.translation.search import beam_search
from speech2code.translation.transformer import TransformerTranslator

TINY = {
    "subsampling": 4,
    "conv_width": 16,
    "width": 24,
    "heads": 2,
    "feed_forward": 32,
    "encoder_layers": 2,
    "dropout": 0.1,
    "token_dropout": 0.0,
}


def model(**changes):
    torch.manual_seed(0)
    return TransformerTranslator(TransformerConfig(**{**TINY, **changes}), VOCABULARY)


def test_gradients_reach_every_parameter():
    network = model()
    features, lengths, tokens, counts = pairs([61, 12, 30], [9, 2, 5])
    network.loss(network(features, lengths, tokens)[0], tokens, counts)[0].backward()
    untouched = [name for name, each in network.named_parameters() if each.grad is None or not each.grad.any()]
    assert not untouched


@pytest.mark.parametrize("grad", [True, False])  # without gradients torch takes another way through its encoder
def test_a_padded_batch_is_its_items(grad):
    network = model().eval()
    features, lengths, tokens, counts = pairs([61, 12, 30], [9, 2, 5])
    with torch.set_grad_enabled(grad):
        logits, alignments = network(features, lengths, tokens)
        for row, (length, count) in enumerate(zip(lengths, counts)):
            one = features[row : row + 1, :length], lengths[row : row + 1], tokens[row : row + 1, :count]
            alone, places = network(*one)
            torch.testing.assert_close(logits[row, : count + 1], alone[0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(alignments[row, : count + 1, : places.shape[2]], places[0], atol=1e-5, rtol=1e-4)


def test_padding_changes_nothing_in_training():
    """Batch normalisation, too, sees real frames alone."""
    features, lengths, tokens, counts = pairs([61, 12, 30], [9, 2, 5])
    losses = []
    for more in (0, 40):
        padded, longer = F.pad(features, (0, 0, 0, more), value=100.0), F.pad(tokens, (0, more))
        network = model(dropout=0.0, token_dropout=0.0).train()
        losses.append(network.loss(network(padded, lengths, longer)[0], longer, counts)[0])
    torch.testing.assert_close(*losses)


def test_an_alignment_sums_to_one_over_real_frames():
    features, lengths, tokens, _ = pairs([61, 12], [9, 2])
    _, alignments = model().eval()(features, lengths, tokens)
    assert alignments.shape == (2, tokens.shape[1] + 1, 17)  # 66 frames, subsampled by 4
    torch.testing.assert_close(alignments.sum(2), torch.ones(alignments.shape[:2]))
    assert (alignments >= 0).all() and (alignments[1, :, 3:] == 0).all()


@pytest.mark.parametrize("layers", [1, 3])
def test_step_by_step_is_teacher_forcing(layers):
    network = model(decoder_layers=layers).eval()
    features, lengths, tokens, _ = pairs([40, 21], [6, 6])
    logits, alignments = network(features, lengths, tokens)
    memory = network.encode(features, lengths)
    state, last = network.start(memory), torch.full((2,), network.end)
    for position in range(tokens.shape[1] + 1):
        logp, state, alignment = network.step(last, memory, state)
        torch.testing.assert_close(logp, logits[:, position].log_softmax(1), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alignment, alignments[:, position], atol=1e-6, rtol=1e-5)
        last = tokens[:, min(position, tokens.shape[1] - 1)]


def test_the_state_and_the_memory_have_the_batch_first():
    """So the search can choose among them: rows exchanged are sentences exchanged."""
    network, order = model().eval(), torch.tensor([2, 0, 1])
    features, lengths, tokens, _ = pairs([40, 21, 33], [6, 6, 6])
    memory = network.encode(features, lengths)
    _, state, _ = network.step(tokens[:, 0], memory, network.start(memory))
    wanted, _, _ = network.step(tokens[:, 1], memory, state)
    memory, state = (type(each)._make(part[order] for part in each) for each in (memory, state))
    found, _, _ = network.step(tokens[order, 1], memory, state)
    torch.testing.assert_close(found, wanted[order])


def test_no_token_sees_those_behind_it():
    network = model().eval()
    features, lengths, tokens, _ = pairs([40], [6])
    other = tokens.clone()
    other[:, 3:] = (other[:, 3:] + 1) % VOCABULARY
    before, after = network(features, lengths, tokens)[0], network(features, lengths, other)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:], atol=1e-3)


def test_hidden_tokens_are_hidden_in_training_only():
    network = model(token_dropout=1.0, dropout=0.0)
    features, lengths, tokens, _ = pairs([40, 21], [6, 6])
    for training in (True, False):
        logits, other = (network.train(training)(features, lengths, each)[0] for each in (tokens, tokens.flip(1)))
        assert torch.equal(logits, other) == training


def test_order_matters():
    """Attention alone would not know it: the positions do."""
    network = model(subsampling=1).eval()  # no convolution either
    features, lengths, tokens, _ = pairs([20], [3])
    features = features[:, :20]
    forwards, backwards = (network(each, lengths, tokens)[0] for each in (features, features.flip(1)))
    assert not torch.allclose(forwards, backwards, atol=1e-3)


def test_it_learns_eight_pairs_and_the_beam_finds_them():
    network = model(dropout=0.0, token_dropout=0.0, label_smoothing=0.0, encoder_layers=1)
    found = learns_eight_pairs(network, 3e-3)
    assert all(each.alignment.shape == (len(each.tokens), 15) for each in found)


@pytest.mark.parametrize("beam", [1, 4])
def test_a_batch_searched_is_its_items(beam):
    network = model().eval()
    network.output.weight.data *= 8  # decided opinions
    features, lengths, _, _ = pairs([8, 40, 17, 64], [1])
    search, limits = SearchConfig(beam=beam), {"longest": 10, "longest_run": 3}
    for row, found in enumerate(beam_search(network, features, lengths, search, **limits)):
        one = features[row : row + 1, : lengths[row]], lengths[row : row + 1]
        (alone,) = beam_search(network, *one, search, **limits)
        assert (alone.tokens, alone.ended) == (found.tokens, found.ended)
        assert found.score == pytest.approx(alone.score, abs=1e-4)
