"""Tacotron: no leak from padding, the same alone as under a teacher, dropout and variance at synthesis, the diagonal,
the end, and that it can learn."""

import pytest
import torch

from speech2code.audio.features import LogMagnitude
from speech2code.baselines.tacotron import Tacotron
from speech2code.config import TacotronConfig

FRAMES = 2


def tacotron(characters=None, **changes):
    torch.manual_seed(0)
    model = Tacotron(TacotronConfig(**{"width": 16, "reduction_factor": FRAMES, **changes}), characters)
    model.spectrum_mean.normal_()
    model.spectrum_std.uniform_(0.5, 2)
    return model


def inputs(characters, *lengths):
    """Characters or MFCC with garbage beyond each end, and lengths."""
    made = torch.randn(len(lengths), max(lengths) + 2, 39) if characters is None else None
    made = torch.randint(characters, (len(lengths), max(lengths) + 2)) if made is None else made
    return made, torch.tensor(lengths)


@pytest.mark.parametrize("characters", [None, 5])
def test_a_padded_batch_is_its_items(characters):
    model = tacotron(characters).eval()
    (given, lengths), frames = inputs(characters, 9, 4), torch.tensor([11, 6])
    mel = torch.randn(2, 11, 80)
    together = model(given, lengths, mel, frames)
    assert together.spectrum.shape == (2, 12, 257) and together.mel.shape == (2, 12, 80)
    for row, (length, count) in enumerate(zip(lengths, frames)):
        alone = model(
            given[row : row + 1, :length], lengths[row : row + 1], mel[row : row + 1, :count], frames[row : row + 1]
        )
        torch.testing.assert_close(together.mel[row, :count], alone.mel[0, :count], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together.spectrum[row, :count], alone.spectrum[0, :count], atol=1e-5, rtol=1e-4)
        steps = -(-count // FRAMES)
        torch.testing.assert_close(together.stops[row, :steps], alone.stops[0, :steps], atol=1e-5, rtol=1e-4)
        assert (together.alignments[row, :, length:] == 0).all()
    torch.testing.assert_close(together.alignments.sum(2), torch.ones(2, 6))


@pytest.mark.parametrize("characters", [None, 5])
def test_alone_it_draws_what_it_draws_with_its_own_frames_as_teacher(characters):
    model = tacotron(characters, prenet_dropout=0).eval()
    with torch.no_grad():
        model.project.bias[-1] = -9  # no end
    given, lengths = inputs(characters, 7)
    spectrum, frames = model.generate(given, lengths, 9)
    assert frames.tolist() == [10] and spectrum.shape == (1, 10, 257)
    mel = torch.zeros(1, 10, 80)
    for _ in range(5):  # each round one group of frames more is its own
        drawn = model(given, lengths, mel, frames)
        mel = drawn.mel
    alone = (spectrum - model.spectrum_mean) / model.spectrum_std
    torch.testing.assert_close(drawn.spectrum, alone, atol=1e-4, rtol=1e-4)


def endless(**changes):
    model = tacotron(5, **changes).eval()
    with torch.no_grad():
        model.project.bias[-1] = -9
        for layer in (*model.prenet, model.attention_rnn, model.project, model.bins):
            layer.weight_hh.mul_(3) if layer is model.attention_rnn else layer.weight.mul_(3)  # decided opinions
    return model


def test_the_dropout_at_synthesis_depends_on_no_neighbour_and_no_seed():
    model = endless()
    given, lengths = inputs(5, 9, 4)
    together, _ = model.generate(given, lengths, 12)
    torch.manual_seed(99)
    alone, _ = model.generate(given[1:, :4], lengths[1:], 12)
    torch.testing.assert_close(together[1:], alone, atol=1e-4, rtol=1e-4)
    longer, _ = model.generate(given, lengths, 20)  # the post-net sees some frames of what follows
    torch.testing.assert_close(together[:, :4], longer[:, :4], atol=0.5, rtol=0)


def test_the_dropout_at_synthesis_can_be_switched_off():
    given, lengths = inputs(5, 9)
    dropping, other = (endless(prenet_dropout=share).generate(given, lengths, 12)[0] for share in (0.5, 0))
    assert not torch.allclose(dropping, other, atol=1e-2)


def test_the_spectra_vary_as_speech_does():
    """Trained on noise that nothing foretells it draws the mean; what it says has the variance of the noise."""
    model = tacotron(5, reduction_factor=1).train()
    (given, lengths), frames = inputs(5, 9, 4), torch.tensor([11, 6])
    drawn = model(given, lengths, torch.randn(2, 11, 80), frames)
    real = torch.cat([drawn.spectrum[0, :11], drawn.spectrum[1, :6]]).detach()
    drawn.spectrum[1, 6:] = 1e6  # padding does not count
    for _ in range(400):
        model.loss(drawn, torch.randn(2, 11, 80), torch.randn(2, 11, 257), frames, lengths)
    torch.testing.assert_close(model.predicted_std, real.std(0, correction=0).clamp_min(0.5), atol=0.02, rtol=0.05)
    kept = model.predicted_std.clone()
    model.eval().loss(drawn, torch.randn(2, 11, 80), torch.randn(2, 11, 257), frames, lengths)
    torch.testing.assert_close(model.predicted_std, kept)
    before, _ = endless(prenet_dropout=0).generate(given, lengths, 6)
    model = endless(prenet_dropout=0)
    model.predicted_std.fill_(0.5)
    after, _ = model.generate(given, lengths, 6)
    torch.testing.assert_close(after - model.spectrum_mean, 2 * (before - model.spectrum_mean))


def test_each_sentence_ends_where_it_says_so():
    model = tacotron(5).eval()
    with torch.no_grad():
        model.project.bias[-1] = 9
    _, frames = model.generate(*inputs(5, 4, 6), 20)
    assert frames.tolist() == [FRAMES, FRAMES]


def test_the_loss_sees_real_frames_only_and_the_diagonal():
    model = tacotron(5)
    (given, lengths), frames = inputs(5, 9, 4), torch.tensor([11, 6])
    mel, spectrum = torch.randn(2, 11, 80), torch.randn(2, 11, 257)
    drawn = model.eval()(given, lengths, mel, frames)
    loss = model.loss(drawn, mel, spectrum, frames, lengths)
    mel[1, 6:], spectrum[1, 6:] = 1e6, -1e6
    torch.testing.assert_close(model.loss(drawn, mel, spectrum, frames, lengths), loss)
    straight, guided = torch.zeros_like(drawn.alignments), tacotron(5, guided=True)
    for step in range(6):
        straight[0, step, step * 9 // 6] = straight[1, step, min(3, step * 4 // 3)] = 1
    along = guided.loss(drawn._replace(alignments=straight), mel, spectrum, frames, lengths) - loss
    backwards = guided.loss(drawn._replace(alignments=straight.flip(1)), mel, spectrum, frames, lengths) - loss
    assert 0 <= along < 0.1 < backwards


def test_mel_and_spectrum_are_of_the_same_sound():
    sound = torch.randn(1, 4000) * 0.1
    mel, spectrum = tacotron().targets(sound)
    assert mel.shape == (1, 26, 80) and mel.isfinite().all()
    torch.testing.assert_close(spectrum, LogMagnitude(512)(sound))


def test_it_learns_to_read():
    """Each character is a tone of its own, three frames long, in words of three."""
    torch.manual_seed(0)
    model, tones = tacotron(4, guided=True), torch.randn(4, 80)
    spectra = torch.randn(4, 257)
    words = torch.randint(4, (16, 3))
    mel, spectrum = (each[words].repeat_interleave(4, 1) for each in (tones, spectra))
    lengths, frames = torch.full((16,), 3), torch.full((16,), 12)
    adam = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for _ in range(120):
        loss = model.loss(model(words, lengths, mel, frames), mel, spectrum, frames, lengths)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    _, found = model.eval().generate(words, lengths, 40)
    assert (found == 12).float().mean() > 0.8
