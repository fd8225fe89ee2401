"""The attention model: three scores, no leak from padding, decoding step by step, and that it can learn."""

import pytest
import torch
from toy import VOCABULARY, learns_eight_pairs, pairs

from speech2code.config import LstmConfig
from speech2code.translation.attention import SCORES
from speech2code.translation.lstm import LstmTranslator

TINY = {
    "conv_width": 16,
    "encoder_width": 16,
    "encoder_layers": 2,
    "decoder_width": 24,
    "embedding_dim": 8,
    "attention_size": 12,
    "dropout": 0.1,
    "token_dropout": 0.0,
}


def model(score="mlp_history", **changes):
    torch.manual_seed(0)
    return LstmTranslator(LstmConfig(attention=score, **{**TINY, "subsampling": 4, **changes}), VOCABULARY)


@pytest.mark.parametrize("score", SCORES)
def test_a_padded_batch_is_its_items(score):
    network = model(score).eval()
    features, lengths, tokens, counts = pairs([61, 12, 30], [9, 2, 5])
    logits, alignments = network(features, lengths, tokens)
    loss, accuracy = network.loss(logits, tokens, counts)
    sums = torch.zeros(2)
    for row, (length, count) in enumerate(zip(lengths, counts)):
        one = features[row : row + 1, :length], lengths[row : row + 1], tokens[row : row + 1, :count]
        alone, places = network(*one)
        torch.testing.assert_close(logits[row, : count + 1], alone[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alignments[row, : count + 1, : places.shape[2]], places[0], atol=1e-5, rtol=1e-4)
        sums += torch.stack(network.loss(alone, one[2], counts[row : row + 1])).detach() * (count + 1)
    torch.testing.assert_close(torch.stack([loss, accuracy]).detach(), sums / (counts + 1).sum())


@pytest.mark.parametrize("score", SCORES)
def test_an_alignment_sums_to_one_over_real_frames(score):
    features, lengths, tokens, _ = pairs([61, 12], [9, 2])
    _, alignments = model(score).eval()(features, lengths, tokens)
    torch.testing.assert_close(alignments.sum(2), torch.ones(alignments.shape[:2]))
    assert (alignments >= 0).all() and (alignments[1, :, 3:] == 0).all()  # 12 frames, subsampled by 4


@pytest.mark.parametrize("score", SCORES)
def test_step_by_step_is_teacher_forcing(score):
    network = model(score).eval()
    features, lengths, tokens, _ = pairs([40, 21], [6, 6])
    logits, alignments = network(features, lengths, tokens)
    memory = network.encode(features, lengths)
    state, last = network.start(memory), torch.full((2,), network.end)
    for position in range(tokens.shape[1] + 1):
        logp, state, alignment = network.step(last, memory, state)
        torch.testing.assert_close(logp, logits[:, position].log_softmax(1), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alignment, alignments[:, position], atol=1e-6, rtol=1e-5)
        last = tokens[:, min(position, tokens.shape[1] - 1)]


def test_hidden_tokens_are_hidden_in_training_only():
    network = model(token_dropout=1.0, dropout=0.0)
    features, lengths, tokens, _ = pairs([40, 21], [6, 6])
    for training in (True, False):
        logits, other = (network.train(training)(features, lengths, each)[0] for each in (tokens, tokens.flip(1)))
        assert torch.equal(logits, other) == training


def test_the_history_is_seen():
    """Only "mlp_history" may answer otherwise when it has looked elsewhere before."""
    for score in SCORES:
        network = model(score).eval()
        memory = network.encode(*pairs([40], [1])[:2])
        start = network.start(memory)
        query = torch.randn(1, 1, TINY["decoder_width"])
        looked = start.history.clone()
        looked[:, :, 0] = 1.0
        first, second = (network.attention(query, memory, history)[1] for history in (start.history, looked))
        assert torch.allclose(first, second) == (score != "mlp_history")


def test_the_loss_counts_the_end_and_smooths():
    network = model(label_smoothing=0.0)
    logits, tokens, counts = (
        torch.randn(2, 4, VOCABULARY + 1),
        torch.tensor([[1, 2, 3], [4, 0, 0]]),
        torch.tensor([3, 1]),
    )
    logp = logits.log_softmax(2)
    wanted = [logp[0, 0, 1], logp[0, 1, 2], logp[0, 2, 3], logp[0, 3, 7], logp[1, 0, 4], logp[1, 1, 7]]
    torch.testing.assert_close(network.loss(logits, tokens, counts)[0], -torch.stack(wanted).mean())
    smoothed = model(label_smoothing=0.5).loss(logits, tokens, counts)[0]
    real = torch.cat([logp[0], logp[1, :2]])
    torch.testing.assert_close(smoothed, -0.5 * torch.stack(wanted).mean() - 0.5 * real.mean())


@pytest.mark.parametrize("score", SCORES)
def test_it_learns_eight_pairs_and_the_beam_finds_them(score):
    network = model(score, dropout=0.0, label_smoothing=0.0, encoder_layers=1)
    learns_eight_pairs(network, 1e-2)
