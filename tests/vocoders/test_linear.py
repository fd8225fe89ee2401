"""The floor of the vocoders: no leak from padding, every parameter learns, and it learns what is linear."""

import numpy as np
import pytest
import torch
from conftest import descend

from speech2code.audio.features import frame_count
from speech2code.config import LinearConfig
from speech2code.protocols import Units, UnitSpec
from speech2code.vocoders.linear import LinearVocoder

DIM, STEP, BINS = 5, 4, 257


def linear(rate=None, rebuilt=39, **changes):
    """With `rate` units last as long as their sound, in steps of one frame."""
    torch.manual_seed(0)
    config = LinearConfig(**{"fft_size": 512, "context": 1, "iterations": 3, **changes})
    return LinearVocoder(config, UnitSpec(9, DIM, 1 if rate else STEP, rate, 2, rebuilt))


def units(durations, step=STEP, rebuilt=39):
    """Codes of some sentences, and what is rebuilt of them, with garbage beyond each end."""
    generator, durations = torch.Generator().manual_seed(1), torch.tensor(durations)
    codes = torch.randn(*durations.shape, DIM, generator=generator)
    frames = int(durations.sum(1).max()) * step
    made = torch.randn(len(codes), frames, rebuilt, generator=generator) if rebuilt else None
    return Units(codes, durations, torch.arange(len(codes)) % 2, made)


@pytest.mark.parametrize("context", [0, 1, 3])
@pytest.mark.parametrize("rebuilt", [39, 0])
@pytest.mark.parametrize(
    ("rate", "durations"), [(None, [[1] * 6 + [0] * 2, [1] * 2 + [0] * 6]), (14.0, [[5, 1, 12, 0], [2, 7, 0, 0]])]
)
def test_a_padded_batch_is_its_items(rate, durations, context, rebuilt):
    model, step = linear(rate, rebuilt, context=context).eval(), 1 if rate else STEP
    batch = units(durations, step, rebuilt)
    together, waveforms = model.log_magnitude(batch), model.synthesise(batch)
    assert together.shape == (2, int(batch.durations.sum(1).max()) * step, BINS)
    for row, steps in enumerate(batch.durations):
        count, frames = int((steps > 0).sum()), int(steps.sum()) * step
        alone = Units(
            batch.codes[[row], :count],
            batch.durations[[row], :count],
            batch.speakers[[row]],
            None if batch.rebuilt is None else batch.rebuilt[[row], :frames],
        )
        torch.testing.assert_close(together[row, :frames], model.log_magnitude(alone)[0], atol=1e-5, rtol=1e-5)
        (waveform,) = model.synthesise(alone)
        assert len(waveform) == (frames - 1) * 160
        np.testing.assert_allclose(waveforms[row], waveform, atol=1e-3 * np.abs(waveform).max())


@pytest.mark.parametrize(("rate", "durations"), [(None, [[1] * 6, [1] * 3 + [0] * 3]), (14.0, [[9, 5, 10], [8, 7, 0]])])
def test_gradients_reach_every_parameter(rate, durations):
    model, batch = linear(rate).train(), units(durations, 1 if rate else STEP)
    frames = batch.durations.sum(1) * model.spec.step_frames
    waveforms = 0.1 * torch.randn(2, (int(frames.max()) - 1) * 160)
    losses = model(batch, waveforms, frames, batch._replace(rebuilt=None))
    losses["loss"].backward()
    untouched = [name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()]
    assert not untouched
    assert losses.keys() == ({"loss", "spectrum", "durations"} if rate else {"loss"})


@pytest.mark.parametrize("loss", ["l2", "mel_huber"])
def test_it_learns_a_tone_for_each_code(loss):
    time = torch.arange(4000) / 16_000
    tones = torch.stack([0.5 * torch.sin(2 * torch.pi * 400 * (row + 1) * time) for row in range(DIM)])
    model, frames = linear(rebuilt=0, loss=loss), torch.full((DIM,), int(frame_count(tones.shape[1])))
    target = model.spectrum(tones)
    model.mean.copy_(target.mean((0, 1)))
    model.std.copy_(target.std((0, 1)).clamp_min(1e-3))
    count = -(-int(frames[0]) // STEP)
    durations = torch.ones(DIM, count, dtype=torch.int64)
    batch = Units(torch.eye(DIM)[:, None].expand(-1, count, -1), durations, torch.zeros(DIM, dtype=torch.int64))
    losses = descend(model.parameters(), lambda: model(batch, tones, frames, batch)["loss"], 100, 3e-2)
    assert losses[-1] < 0.3 * losses[0]
    loudest = model.eval().log_magnitude(batch)[:, frames[0] // 2].argmax(1)
    expected = torch.arange(1, DIM + 1) * 400 / (16_000 / 512)
    assert (loudest - expected).abs().max() <= 1  # bins


def test_it_is_linear():
    """The floor: of the mean of two sentences it draws the mean of what it draws of each."""
    model, batch = linear().eval(), units([[1] * 6, [1] * 6])
    batch = batch._replace(speakers=torch.zeros(2, dtype=torch.int64))
    middle = Units(*(each.float().mean(0, keepdim=True).to(each.dtype) for each in batch))
    torch.testing.assert_close(model.draw(middle)[0], model.draw(batch).mean(0), atol=1e-5, rtol=1e-4)
