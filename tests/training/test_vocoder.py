"""The vocoder's task: what durations are learnt from, and that the unit encoder learns no more."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from speech2code.config import InverterConfig, LinearConfig, SegmentalConfig
from speech2code.training.vocoder import TIMED, VocoderTask
from speech2code.units.segmental import SegmentalVqVae
from speech2code.units.sequences import UnitSequences
from speech2code.vocoders.inverter import CodebookInverter
from speech2code.vocoders.linear import LinearVocoder

SPEECH = SimpleNamespace(
    bins=lambda spectrum: (torch.zeros(257), torch.ones(257)),
    waveforms=lambda side, items: (torch.randn(len(items), 1600), torch.full((len(items),), 1600)),
    speakers=lambda side, items: torch.zeros(len(items), dtype=torch.long),
)


def task(vocoder):
    """Two hundred sentences of three units, each of as many steps as the sentence's number says."""
    encoder = SegmentalVqVae(SegmentalConfig(codebook_size=9, code_dim=5, target_unit_rate=14, width=8, blocks=1))
    model = {
        "inverter": lambda: CodebookInverter(
            InverterConfig(width=16, frame_width=16, blocks=1, lstm_layers=1), encoder.spec
        ),
        "linear": lambda: LinearVocoder(LinearConfig(), encoder.spec),
    }[vocoder]()
    units = [np.arange(3) + item % 6 for item in range(200)]
    sequences = UnitSequences("", [], units, [np.full(3, 1 + item) for item in range(200)])
    return VocoderTask(model, encoder, (SPEECH, sequences), (SPEECH, sequences))


def test_durations_learn_from_more_sentences_than_spectra():
    """And from the same ones when a training is resumed: the items of a batch draw them."""
    torch.manual_seed(0)
    this = task("inverter")
    batch, again, other = (this.batch(np.array(items), 0.5)[1:] for items in ([7, 8], [7, 8], [8, 9]))
    _, _, durations, _, _, timed, _ = batch
    assert [part[:, 0].tolist() for part in (durations, other[2])] == [[8, 9], [9, 10]]  # the steps of the items
    assert all(torch.equal(*parts) for parts in zip(batch, again))
    assert timed.shape == (TIMED, 3) and len(timed[:, 0].unique()) > TIMED / 2
    assert not torch.equal(timed, other[5])


@pytest.mark.parametrize("vocoder", ["inverter", "linear"])
def test_the_unit_encoder_helps_and_learns_nothing(vocoder):
    this = task(vocoder)
    before = {name: each.clone() for name, each in this.encoder.state_dict().items()}
    adam = torch.optim.AdamW(this.model.parameters(), 1e-2, weight_decay=0.1)
    batch = this.batch(np.array([1, 2]), 0.0)
    this.model.train()
    this.step(this.model, batch)["loss"].backward()
    adam.step()
    assert all(torch.equal(each, before[name]) for name, each in this.encoder.state_dict().items())
    assert not any(each.grad is not None for each in this.encoder.parameters())
    this.model.eval()
    loss = float(this.step(this.model, batch)["loss"].detach())
    with torch.no_grad():
        this.encoder.decoder.leave.weight.mul_(2)  # what it rebuilds is another
    assert float(this.step(this.model, batch)["loss"].detach()) != pytest.approx(loss, rel=1e-5)
