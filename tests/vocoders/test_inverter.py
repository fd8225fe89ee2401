"""The codebook inverter: both grids, no leak from padding, variance, durations, and that it can learn."""

import pytest
import torch
from conftest import descend

from speech2code.audio.features import LogMagnitude, frame_count
from speech2code.config import InverterConfig
from speech2code.layers import MaskedBatchNorm
from speech2code.padding import channel_mask
from speech2code.protocols import Units, UnitSpec
from speech2code.vocoders.inverter import CodebookInverter

GRIDS = [512, 2048]
STEP = 4  # frames
REBUILT = 39


def spec(dim=5, speakers=2, rate=None, rebuilt=REBUILT):
    return UnitSpec(9, dim, 1 if rate else STEP, rate, speakers, rebuilt)


def inverter(fft_size=512, reduction_factor=1, loss="l2", **changes):
    torch.manual_seed(0)
    small = {"width": 16, "frame_width": 16, "blocks": 1, "lstm_layers": 1}
    config = InverterConfig(**small, reduction_factor=reduction_factor, fft_size=fft_size, loss=loss)
    model = CodebookInverter(config, spec(**changes))
    model.mean.normal_()
    model.std.uniform_(0.5, 2)
    model.predicted_std.uniform_(0.5, 1)
    return model


def units(*counts, rebuilt=REBUILT):
    """Codes `(batch, units, 5)` of one step each, and what is rebuilt of them, with garbage beyond each end."""
    generator = torch.Generator().manual_seed(1)
    codes = torch.randn(len(counts), max(counts) + 3, 5, generator=generator)
    durations = (torch.arange(max(counts) + 3) < torch.tensor(counts)[:, None]).long()
    made = torch.randn(len(counts), max(counts) * STEP, rebuilt, generator=generator) if rebuilt else None
    return Units(codes, durations, torch.arange(len(counts)) % 2, made)


def one_of(batch, row, count, frames):
    """A sentence of the batch, alone, without its padding."""
    rebuilt = None if batch.rebuilt is None else batch.rebuilt[row : row + 1, :frames]
    return Units(
        batch.codes[row : row + 1, :count], batch.durations[row : row + 1, :count], batch.speakers[[row]], rebuilt
    )


@pytest.mark.parametrize("reduction_factor", [1, 2, 4])
@pytest.mark.parametrize("fft_size", GRIDS)
@pytest.mark.parametrize("rebuilt", [REBUILT, 0])
def test_a_padded_batch_is_its_items(fft_size, reduction_factor, rebuilt):
    model, batch = inverter(fft_size, reduction_factor, rebuilt=rebuilt).eval(), units(9, 4, 1, rebuilt=rebuilt)
    together, whole = model.draw(batch), model.log_magnitude(batch)
    assert together.shape == whole.shape == (3, 9 * STEP, fft_size // 2 + 1)
    for row, count in enumerate(batch.durations.sum(1).tolist()):
        frames = count * STEP
        one = one_of(batch, row, count, frames)
        torch.testing.assert_close(together[row, :frames], model.draw(one)[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(whole[row, :frames], model.log_magnitude(one)[0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("fft_size", GRIDS)
def test_the_standardisation_is_undone(fft_size):
    model, one = inverter(fft_size).eval(), units(3)
    wanted = model.draw(one) / model.predicted_std * model.std + model.mean
    torch.testing.assert_close(model.log_magnitude(one), wanted.detach(), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("fft_size", GRIDS)
def test_what_it_learns_is_the_log_magnitude_of_the_waveforms(fft_size):
    model, batch = inverter(fft_size).eval(), units(6)
    waveforms, frames = torch.randn(1, 6 * STEP * 160 - 160) * 0.1, torch.tensor([6 * STEP])
    wanted = model.loss(model.draw(batch), LogMagnitude(fft_size)(waveforms), frames)
    torch.testing.assert_close(model(batch, waveforms, frames, batch)["loss"], wanted)


def test_the_loss_sees_real_frames_only():
    model = inverter()
    predicted, target, frames = torch.randn(2, 20, 257), torch.randn(2, 19, 257), torch.tensor([19, 6])
    loss = model.loss(predicted, target, frames)
    standard = (target - model.mean) / model.std
    errors = [(predicted[row, :count] - standard[row, :count]).square() for row, count in enumerate(frames)]
    torch.testing.assert_close(loss, torch.cat(errors).mean())
    predicted[1, 6:], target[1, 6:] = 1e6, -1e6
    torch.testing.assert_close(model.loss(predicted, target, frames), loss)


def test_the_loss_near_the_ear_counts_low_bins_more_and_large_errors_once():
    model = inverter(loss="mel_huber")
    target, frames = torch.zeros(1, 4, 257), torch.tensor([3])

    def loss(place, error):  # of one bin in one frame
        wrong = -model.mean / model.std + torch.zeros(1, 4, 257)
        wrong[(0, *place)] += error
        return model.loss(wrong, target, frames)

    density = 1 / (1 + torch.linspace(0, 8000, 257) / 700)
    for bin, error, counted in ((0, 0.4, 0.16), (40, 0.4, 0.16), (256, 0.4, 0.16), (40, -3.0, 2.75)):
        wanted = counted * density[bin] / density.mean() / (3 * 257)
        torch.testing.assert_close(loss((1, bin), error), wanted, atol=1e-7, rtol=1e-3)
    assert loss((3, 0), 9.0) < 1e-6  # padding


def test_bins_get_back_the_variance_that_a_mean_lacks():
    model, lengths = inverter().train(), torch.tensor([300, 200])
    for _ in range(600):
        predicted = 0.8 * torch.randn(2, 300, 257) + 0.3
        predicted[1, 200:] = 9  # padding
        model.loss(predicted, torch.zeros(2, 300, 257), lengths)
    assert model.predicted_std.mean() == pytest.approx(0.8, abs=0.01) and model.predicted_std.std() < 0.02
    before = model.predicted_std.clone()
    model.eval().loss(predicted, torch.zeros(2, 300, 257), lengths)
    assert torch.equal(model.predicted_std, before)


def test_batch_statistics_see_real_frames_only():
    torch.manual_seed(0)
    norm, plain = MaskedBatchNorm(4).train(), torch.nn.BatchNorm1d(4).train()
    inputs, lengths = torch.randn(3, 4, 10), torch.tensor([10, 3, 1])
    mask = channel_mask(lengths, 10)
    real = torch.cat([item[:, :length].T for item, length in zip(inputs, lengths)])
    inputs = inputs.masked_fill(~mask, 1e6)
    normalised = norm(inputs, mask)
    torch.testing.assert_close(
        torch.cat([item[:, :length].T for item, length in zip(normalised, lengths)]), plain(real)
    )
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    torch.testing.assert_close(norm.running_var, plain.running_var)
    assert (normalised * ~mask == 0).all()


def test_training_sees_no_padding_anywhere():
    """In train mode too: more padding at the end changes neither the output nor any running statistic."""
    batch = units(9, 4)
    tight = batch._replace(codes=batch.codes[:, :9], durations=batch.durations[:, :9])
    first, second = inverter().train(), inverter().train()
    one, two = first.draw(tight), second.draw(batch)
    for row, frames in enumerate(batch.durations.sum(1) * STEP):
        torch.testing.assert_close(one[row, :frames], two[row, :frames], atol=1e-5, rtol=1e-5)
    for (name, one), two in zip(first.named_buffers(), second.buffers()):
        torch.testing.assert_close(one, two, msg=lambda text, name=name: f"{name}: {text}")


def test_it_learns_eight_utterances():
    torch.manual_seed(0)
    time = torch.arange(16_000 // 4) / 16_000
    tones = torch.stack([0.5 * torch.sin(2 * torch.pi * 300 * (row + 1) * time) for row in range(8)])
    config = InverterConfig(
        width=32, frame_width=32, blocks=1, lstm_layers=1, fft_size=512, reduction_factor=1, loss="l2"
    )
    model = CodebookInverter(config, spec(8, 1, rebuilt=0))
    target, frames = LogMagnitude(512)(tones), torch.full((8,), int(frame_count(tones.shape[1])))
    model.mean.copy_(target.mean((0, 1)))
    model.std.copy_(target.std((0, 1)).clamp_min(1e-3))
    count = (int(frames[0]) + STEP - 1) // STEP
    codes, durations = torch.eye(8)[:, None, :].expand(-1, count, -1), torch.ones(8, count, dtype=torch.int64)
    batch = Units(codes, durations, torch.zeros(8, dtype=torch.int64))
    losses = descend(model.parameters(), lambda: model(batch, tones, frames, batch)["loss"], 100, 5e-3)
    assert losses[-1] < 0.2 * losses[0]
    loudest = model.eval().log_magnitude(batch)[:, frames[0] // 2].argmax(1)
    expected = torch.arange(1, 9) * 300 / (16_000 / 512)
    assert (loudest - expected).abs().max() <= 1  # bins: each utterance has its own tone


def test_what_the_unit_encoder_rebuilds_is_drawn():
    model, batch = inverter().eval(), units(6)
    drawn = model.draw(batch)
    assert not torch.allclose(model.draw(batch._replace(rebuilt=2 * batch.rebuilt)), drawn, atol=1e-3)
    assert not torch.allclose(model.draw(batch._replace(rebuilt=None)), drawn, atol=1e-3)


@pytest.mark.parametrize("reduction_factor", [2, 8])
def test_units_that_last_as_long_as_told(reduction_factor):
    model = inverter(reduction_factor=reduction_factor, rate=14.0).eval()
    durations = torch.tensor([[5, 1, 12, 0, 0, 0], [2, 7, 0, 0, 0, 0]])
    batch = units(3, 2)._replace(durations=durations, rebuilt=torch.randn(2, 18, REBUILT))
    spectrum = model.log_magnitude(batch)
    assert spectrum.shape == (2, 18, 257)
    torch.testing.assert_close(spectrum[1, :9], model.log_magnitude(one_of(batch, 1, 2, 9))[0], atol=1e-4, rtol=1e-4)
    durations[0, 0] = 6
    assert model.log_magnitude(batch._replace(rebuilt=torch.randn(2, 19, REBUILT))).shape[1] == 19


def test_it_learns_how_long_units_last():
    """The length of a unit depends on its neighbour and on who speaks; what is told fixed lengths says one step."""
    model = inverter(rate=14.0)
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randint(3, (64, 12), generator=generator)
    speakers, counts = torch.arange(64) % 2, torch.arange(64) % 9 + 4
    real = torch.arange(12) < counts[:, None]
    durations = (2 + kinds * 3 + kinds.roll(1, 1) * (torch.arange(12) > 0) + 4 * speakers[:, None]) * real
    codes = torch.eye(5)[kinds]
    descend(model.durations.parameters(), lambda: model.durations.loss(codes, durations, speakers), 80, 1e-2)
    predicted = model.predict_durations(codes, counts, speakers)
    assert ((predicted == 0) == ~real).all()
    assert ((predicted - durations).abs() <= 1)[real].float().mean() > 0.95
    fixed = inverter().predict_durations(codes, counts, speakers)
    assert torch.equal(fixed, real.long())
