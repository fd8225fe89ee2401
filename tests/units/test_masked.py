"""Units by masked prediction: what is hidden is not heard, no padding leaks, and it learns to guess."""

import numpy as np
import pytest
import torch
from conftest import noise
from lightning_fabric import Fabric

from speech2code.config import MaskedConfig, TrainerConfig, TrainingConfig
from speech2code.corpora.speech import Speech
from speech2code.training.loop import fit
from speech2code.training.masked import NO_SOUND, SPAN, MaskedTask, hide_stretches, learn_masked
from speech2code.training.units import encode_split
from speech2code.units.masked import MaskedUnits

SMALL = {
    "codebook_size": 8,
    "code_dim": 6,
    "sounds": 12,
    "width": 16,
    "layers": 2,
    "layer": 1,
    "target_unit_rate": 12.0,
}


def masked(**settings):
    torch.manual_seed(0)
    model = MaskedUnits(MaskedConfig(**SMALL | settings)).eval()
    for buffer in (model.mean, model.projection, model.inventory.codes):
        buffer.normal_()
    return model


@pytest.mark.parametrize("length", [1, 3, 57, 64])
@pytest.mark.parametrize(("rate", "reduction"), [(None, 4), (14.0, 1)])
def test_a_padded_batch_is_its_items(rate, reduction, length):
    model, (features, lengths) = masked(target_unit_rate=rate, time_reduction=reduction), noise(64, length)
    together = model.encode(features, lengths)
    (alone,) = model.encode(features[1:, :length], lengths[1:])
    assert torch.equal(together[1], alone) and len(alone) == -(-length // reduction)


def test_what_is_hidden_is_not_heard():
    model, features, lengths = masked(), torch.randn(2, 40, 39), torch.tensor([40, 40])
    hide = torch.zeros(2, 20, dtype=torch.bool)
    hide[:, 5:9] = True
    other = features.clone()
    other[:, 10:18] = torch.randn_like(other[:, 10:18])
    assert torch.equal(model(features, lengths, hide), model(other, lengths, hide))
    assert not torch.equal(model(features, lengths, None), model(other, lengths, None))


@pytest.mark.parametrize("share", [0.1, 0.55, 0.9])
def test_about_the_wanted_share_is_hidden_in_stretches(share):
    torch.manual_seed(0)
    hide = hide_stretches(torch.Size([50, 400]), share)
    assert hide[:, SPAN:].float().mean() == pytest.approx(share, abs=0.03)
    inside = hide[:, SPAN:-SPAN]
    ends = inside[:, :-1] & ~inside[:, 1:]
    for item, step in ends.nonzero():
        assert hide[item, step + 1 : step + 1 + SPAN].all()  # the stretch that ends here began SPAN steps ago


def learnt(corpus, folder, **settings):
    training = TrainingConfig(steps=80, batch_size=8, learning_rate=5e-3, warmup=10)
    config = MaskedConfig(**SMALL | settings, training=training)
    train, dev = (Speech(corpus.folder, split) for split in ("train", "dev"))
    fabric, trainer = Fabric(accelerator="cpu", devices=1), TrainerConfig(minutes=None)
    torch.manual_seed(0)
    model = MaskedUnits(config, train.speaker_count("target"))
    figures = learn_masked(model, config, train, dev, lambda task, budget: fit(task, budget, trainer, folder, fabric))
    return model.eval(), figures, train


def test_it_learns_to_guess_and_clusters_what_it_has_learnt(textless, tmp_path):
    model, figures, train = learnt(textless, tmp_path)
    assert figures["metrics"]["dev/accuracy"] > 2 / SMALL["sounds"]
    assert 1 < figures["metrics"]["dev/perplexity"] <= 8 and figures["steps"] == 80
    found = encode_split(model, train)
    seconds = train.store.lengths("target_mfcc").sum() / 100
    assert sum(map(len, found.units)) / seconds == pytest.approx(12, rel=0.35)
    again, _, _ = learnt(textless, tmp_path / "again")
    assert again.inventory.fingerprint() == model.inventory.fingerprint()


def test_padding_counts_in_no_figure(textless):
    """A batch of two has the loss of its items, weighed by their steps."""
    train = Speech(textless.folder, "train")
    sounds = [np.arange(-(-length // 2)) % 12 for length in train.store.lengths("target_mfcc")]
    config = MaskedConfig(**SMALL, dropout=0, vtlp=0)
    task = MaskedTask(masked(dropout=0), config, (train, sounds), (train, sounds))
    features, lengths, padded, _ = task.batch(np.array([0, 1]), 0.0)
    assert (padded != NO_SOUND).sum(1).tolist() == [len(sounds[0]), len(sounds[1])]
    nothing = torch.zeros_like(padded, dtype=torch.bool)
    together = task.step(task.model, (features, lengths, padded, nothing))["loss"]
    each = [
        task.step(task.model, (*task.batch(np.array([item]), 0.0)[:3], nothing[:1, : len(sounds[item])]))["loss"]
        for item in (0, 1)
    ]
    weights = torch.tensor([len(sounds[0]), len(sounds[1])], dtype=torch.float32)
    assert together.item() == pytest.approx(float((torch.stack(each) * weights).sum() / weights.sum()), rel=1e-4)
