"""The codebook inverter: both target scales, both grids, no leak from padding, and that it can learn."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import descend

from speech2code.audio.features import LOG_FLOOR, LogMagnitude, frame_count
from speech2code.config import InverterConfig, UnitsConfig
from speech2code.inversion.inverter import CodebookInverter
from speech2code.layers import MaskedBatchNorm, channel_mask
from speech2code.training.invert import TIMED, InvertTask
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDecoder, UnitDiscoverer

GRIDS = [("log", 512), ("log", 2048), ("linear", 512), ("linear", 2048)]
REDUCTION = 4


def decoder(dim, speakers=1, rate=None):
    reduction = 1 if rate else REDUCTION
    return UnitDecoder(UnitsConfig(code_dim=dim, time_reduction=reduction, rate=rate, width=8, blocks=1), speakers)


def inverter(scale="log", fft_size=512, speakers=2, at_once=1, loss="l2", rate=None):
    torch.manual_seed(0)
    small = {"width": 16, "frame_width": 16, "blocks": 1, "lstm_layers": 1, "frames_at_once": at_once}
    config = InverterConfig(**small, fft_size=fft_size, target_scale=scale, loss=loss)
    model = CodebookInverter(config, decoder(5, speakers, rate))
    model.mean.normal_()
    model.std.uniform_(0.5, 2)
    model.spread.uniform_(0.5, 1)
    return model


def codes(*counts):
    """Codes `(batch, units, 5)` with garbage beyond each end, one step each, speakers."""
    generator = torch.Generator().manual_seed(1)
    made = torch.randn(len(counts), max(counts) + 3, 5, generator=generator)
    steps = (torch.arange(max(counts) + 3) < torch.tensor(counts)[:, None]).long()
    return made, steps, torch.arange(len(counts)) % 2


@pytest.mark.parametrize("at_once", [1, 2, 4])
@pytest.mark.parametrize(("scale", "fft_size"), GRIDS)
def test_a_padded_batch_is_its_items(scale, fft_size, at_once):
    model = inverter(scale, fft_size, at_once=at_once).eval()
    batch, steps, speakers = codes(9, 4, 1)
    together, whole = model(batch, steps, speakers), model.invert(batch, steps, speakers)
    assert together.shape == whole.shape == (3, 9 * REDUCTION, fft_size // 2 + 1)
    for row, count in enumerate(steps.sum(1)):
        one = batch[row : row + 1, :count], steps[row : row + 1, :count], speakers[row : row + 1]
        frames = count * REDUCTION
        torch.testing.assert_close(together[row, :frames], model(*one)[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(whole[row, :frames], model.invert(*one)[0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("scale", "fft_size"), GRIDS)
def test_invert_undoes_the_standardisation_and_gives_a_log(scale, fft_size):
    model = inverter(scale, fft_size).eval()
    item = codes(3)
    spectrum = model(*item) / model.spread * model.std + model.mean
    wanted = spectrum if scale == "log" else spectrum.clamp_min(LOG_FLOOR).log()
    torch.testing.assert_close(model.invert(*item), wanted.detach(), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(("scale", "fft_size"), GRIDS)
def test_the_target_is_what_the_scale_says(scale, fft_size):
    waveform = torch.randn(1, 4000) * 0.1
    model = inverter(scale, fft_size)
    target, log = model.target(waveform), LogMagnitude(fft_size)(waveform)
    torch.testing.assert_close(target.clamp_min(LOG_FLOOR).log() if scale == "linear" else target, log)


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
    assert model.spread.mean() == pytest.approx(0.8, abs=0.01) and model.spread.std() < 0.02
    before = model.spread.clone()
    model.eval().loss(predicted, torch.zeros(2, 300, 257), lengths)
    assert torch.equal(model.spread, before)


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
    batch, steps, speakers = codes(9, 4)
    first, second = inverter().train(), inverter().train()
    tight, loose = first(batch[:, :9], steps[:, :9], speakers), second(batch, steps, speakers)
    for row, frames in enumerate(steps.sum(1) * REDUCTION):
        torch.testing.assert_close(tight[row, :frames], loose[row, :frames], atol=1e-5, rtol=1e-5)
    for (name, one), two in zip(first.named_buffers(), second.buffers()):
        torch.testing.assert_close(one, two, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_it_learns_eight_utterances(scale):
    torch.manual_seed(0)
    time = torch.arange(16_000 // 4) / 16_000
    tones = torch.stack([0.5 * torch.sin(2 * torch.pi * 300 * (row + 1) * time) for row in range(8)])
    model = CodebookInverter(
        InverterConfig(width=32, frame_width=32, blocks=1, lstm_layers=1, fft_size=512, target_scale=scale),
        decoder(8),
    )
    target, frames = model.target(tones), torch.full((8,), int(frame_count(tones.shape[1])))
    model.mean.copy_(target.mean((0, 1)))
    model.std.copy_(target.std((0, 1)).clamp_min(1e-3))
    counts = (frames + REDUCTION - 1) // REDUCTION
    steps = torch.ones(8, int(counts[0]), dtype=torch.int64)
    batch = torch.eye(8)[:, None, :].expand(-1, int(counts[0]), -1), steps, torch.zeros(8, dtype=torch.int64)
    losses = descend(model.parameters(), lambda: model.loss(model(*batch), target, frames), 100, 5e-3)
    assert losses[-1] < 0.2 * losses[0]
    loudest = model.eval().invert(*batch)[:, frames[0] // 2].argmax(1)
    expected = torch.arange(1, 9) * 300 / (16_000 / 512)
    assert (loudest - expected).abs().max() <= 1  # bins: each utterance has its own tone


def test_what_the_decoder_has_rebuilt_is_heard_and_learns_no_more():
    model, batch = inverter().train(), codes(6)
    before = {name: each.clone() for name, each in model.decoder.state_dict().items()}
    adam = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=0.1)
    model.loss(model(*batch), torch.zeros(1, 24, 257), torch.tensor([24])).backward()
    adam.step()
    for name, each in model.decoder.state_dict().items():
        assert torch.equal(each, before[name])
    said = model.eval()(*batch)
    with torch.no_grad():
        model.decoder.leave.weight.mul_(2)
    assert not torch.allclose(model(*batch), said, atol=1e-3)


@pytest.mark.parametrize("at_once", [2, 8])
def test_units_that_last_as_long_as_told(at_once):
    model = inverter(at_once=at_once, rate=14.0).eval()
    batch, _, speakers = codes(3, 2)
    steps = torch.tensor([[5, 1, 12, 0, 0, 0], [2, 7, 0, 0, 0, 0]])
    spectrum = model.invert(batch, steps, speakers)
    assert spectrum.shape == (2, 18, 257)
    alone = model.invert(batch[1:, :2], steps[1:, :2], speakers[1:])
    torch.testing.assert_close(spectrum[1, :9], alone[0], atol=1e-4, rtol=1e-4)
    steps[0, 0] = 6
    assert model.invert(batch, steps, speakers).shape[1] == 19


def test_it_learns_how_long_units_last():
    """The length of a unit depends on its neighbour and on who speaks; what is told fixed lengths says one step."""
    model = inverter(rate=14.0)
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randint(3, (64, 12), generator=generator)
    speakers, counts = torch.arange(64) % 2, torch.arange(64) % 9 + 4
    real = torch.arange(12) < counts[:, None]
    steps = (2 + kinds * 3 + kinds.roll(1, 1) * (torch.arange(12) > 0) + 4 * speakers[:, None]) * real
    batch = torch.eye(5)[kinds]
    descend(model.durations.parameters(), lambda: model.durations.loss(batch, steps, speakers), 80, 1e-2)
    predicted = model.lasting(batch, counts, speakers)
    assert ((predicted == 0) == ~real).all()
    assert ((predicted - steps).abs() <= 1)[real].float().mean() > 0.95
    fixed = inverter().lasting(batch, counts, speakers)
    assert torch.equal(fixed, real.long())


def test_durations_learn_from_more_sentences_than_spectra():
    """And from the same ones when a training is resumed: the items of a batch draw them."""
    discoverer = UnitDiscoverer(UnitsConfig(codebook_size=9, code_dim=5, time_reduction=1, rate=14, width=8, blocks=1))
    units = [np.arange(3) + item % 6 for item in range(200)]
    sequences = UnitSequences("", [], units, [np.full(3, 1 + item) for item in range(200)])
    speech = SimpleNamespace(
        bins=lambda target: (torch.zeros(257), torch.ones(257)),
        waveforms=lambda side, items: (torch.zeros(len(items), 1600), torch.full((len(items),), 1600)),
        speakers=lambda side, items: torch.zeros(len(items), dtype=torch.long),
    )
    task = InvertTask(InverterConfig(fft_size=512, width=16), discoverer, (speech, sequences), (speech, sequences))
    batch, again, other = (task.batch(np.array(items), 0.5) for items in ([7, 8], [7, 8], [8, 9]))
    assert [part[:, 0].tolist() for part in (batch[3], other[3])] == [[8, 9], [9, 10]]  # the steps of the items
    assert all(torch.equal(*parts) for parts in zip(batch, again))
    assert batch[6].shape == (TIMED, 3) and len(batch[6][:, 0].unique()) > TIMED / 2
    assert not torch.equal(batch[6], other[6])
