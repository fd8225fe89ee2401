"""Contrastive units: the loss is that of its definition, no padding leaks, the speaker goes."""

import numpy as np
import pytest
import torch
from conftest import noise
from lightning_fabric import Fabric
from torch.nn import functional as F

from speech2code.config import ContrastiveConfig, TrainerConfig, TrainingConfig
from speech2code.corpora.speech import Speech
from speech2code.training.contrastive import CROP, ContrastiveTask, cropped, learn_contrastive
from speech2code.training.loop import fit
from speech2code.training.units import encode_split
from speech2code.units.contrastive import TEMPERATURE, ContrastiveUnits

SMALL = {"codebook_size": 8, "code_dim": 8, "width": 32, "steps_ahead": 3, "target_unit_rate": 12.0}


def contrastive(**settings):
    """Units drawn by lot."""
    torch.manual_seed(0)
    model = ContrastiveUnits(ContrastiveConfig(**SMALL | settings)).eval()
    model.projection.normal_()
    model.inventory.codes.normal_()
    return model


@pytest.mark.parametrize("length", [1, 2, 57, 64])
@pytest.mark.parametrize("rate", [12.0, None])
def test_a_padded_batch_is_its_items(rate, length):
    model, (features, lengths) = contrastive(target_unit_rate=rate, time_reduction=4), noise(64, length)
    together = model.encode(features, lengths)
    (alone,) = model.encode(features[1:, :length], lengths[1:])
    assert torch.equal(together[1], alone) and len(alone) == (length if rate else -(-length // 4))


@torch.no_grad()
def test_the_loss_is_that_of_its_definition():
    """One utterance after the other, one step after the other: which of its steps comes so much later?"""
    model, (features, lengths) = contrastive(), noise(21, 40)
    heard = features.flip(0).roll(1, 1)[[1, 0]] + 0.1
    found = model(features, heard, lengths)
    losses, hits = [], []
    for far, ahead in enumerate(model.network.ahead, 1):
        each, right = [], []
        for item, other, length in zip(features, heard, lengths.tolist()):
            one = torch.tensor([length])
            keys = F.normalize(model.network.key(model.network.sounds(item[None, :length], one)[0]), dim=1)
            contexts = model.network.contexts(other[None, :length], one)[0]
            for now in range(len(keys) - far):
                scores = keys @ F.normalize(ahead(contexts[now]), dim=0) / TEMPERATURE
                each.append(float(-scores.log_softmax(0)[now + far]))
                right.append(int(scores.argmax()) == now + far)
        losses.append(np.mean(each))
        hits.append(np.mean(right))
    assert float(found["loss"]) == pytest.approx(np.mean(losses), rel=1e-4)
    assert float(found["accuracy"]) == pytest.approx(np.mean(hits), rel=1e-4)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_what_is_too_short_to_foretell_costs_nothing(length):
    model, (features, lengths) = contrastive(steps_ahead=6), noise(length)
    found = model(features, features, lengths)
    assert torch.isfinite(found["loss"])
    found["loss"].backward()
    assert all(torch.isfinite(each.grad).all() for each in model.parameters() if each.grad is not None)


def test_pieces_are_parts_of_their_utterances():
    features = torch.arange(600.0).reshape(2, 300, 1)
    pieces, lengths = cropped(features, torch.tensor([300, 100]), torch.tensor([0.999, 0.999]))
    assert pieces.shape == (2, CROP, 1) and lengths.tolist() == [CROP, 100]
    assert pieces[0, :, 0].tolist() == list(range(300 - CROP, 300))
    assert pieces[1, :, 0].tolist() == [*range(300, 400), *[0] * (CROP - 100)]
    first, _ = cropped(features, torch.tensor([300, 100]), torch.zeros(2))
    assert first[0, :, 0].tolist() == list(range(CROP))


def test_the_directions_of_speakers_are_cut_out():
    """Three speakers who say the same, each moved in a direction of its own."""
    model, width = contrastive(), 32
    said, where = torch.randn(500, width), 5 * torch.randn(3, width)
    contexts = torch.cat([said + each for each in where])
    model.learn_projection(contexts, torch.arange(3).repeat_interleave(500))
    projected = ((contexts - model.mean) @ model.projection).reshape(3, 500, -1)
    assert (projected[0] - projected[1:]).abs().max() < 1e-3 < projected.std(1).min()
    alone = contrastive()
    alone.learn_projection(said, torch.zeros(500, dtype=torch.int64))
    deviations = ((said - alone.mean) @ alone.projection).std(0)
    assert (deviations[:-1] >= deviations[1:] - 1e-4).all()  # what varies most comes first


def learnt(corpus, folder, **settings):
    config = ContrastiveConfig(**SMALL | settings, training=TrainingConfig(steps=60, batch_size=8, learning_rate=3e-3))
    train, dev = (Speech(corpus.folder, split) for split in ("train", "dev"))
    fabric = Fabric(accelerator="cpu", devices=1)
    torch.manual_seed(0)
    model = ContrastiveUnits(config, train.speaker_count("target"))
    trainer = TrainerConfig(minutes=None)
    return (
        model,
        learn_contrastive(
            model, config, train, dev, lambda task, training: fit(task, training, trainer, folder, fabric)
        ),
        train,
    )


def test_it_learns_what_comes_next_and_clusters_that(textless, tmp_path):
    model, figures, train = learnt(textless, tmp_path)
    untrained = ContrastiveTask(ContrastiveUnits(ContrastiveConfig(**SMALL)), ContrastiveConfig(**SMALL), train, train)
    before = untrained.validate()
    assert figures["metrics"]["dev/loss"] < before["dev/loss"] - 0.3
    assert figures["metrics"]["dev/accuracy"] > before["dev/accuracy"] + 0.05
    assert 1 < figures["metrics"]["dev/perplexity"] <= 8 and figures["steps"] == 60
    found = encode_split(model.eval(), train)
    seconds = train.store.lengths("target_mfcc").sum() / 100
    assert sum(map(len, found.units)) / seconds == pytest.approx(12, rel=0.3)
    again, _, _ = learnt(textless, tmp_path / "again")
    assert again.inventory.fingerprint() == model.inventory.fingerprint()
