"""Discriminant units: what they see of a frame's neighbours, and that they find what tells sounds apart."""

import numpy as np
import pytest
import torch
from conftest import noise

from speech2code.config import DiscriminantConfig
from speech2code.corpora.speech import Speech
from speech2code.training.discriminant import learn_discriminant
from speech2code.training.units import encode_split
from speech2code.units.discriminant import DiscriminantUnits


def learnt(corpus, seed=0, **settings):
    """→ a model of the corpus's training speech, the figures of its record, that speech."""
    config = DiscriminantConfig(**{"codebook_size": 16, "code_dim": 6, "target_unit_rate": 12.0} | settings)
    train, dev = (Speech(corpus.folder, split) for split in ("train", "dev"))
    model = DiscriminantUnits(config, train.speaker_count("target"))
    torch.manual_seed(seed)
    return model, learn_discriminant(model, config, train, dev, fit=None), train


@pytest.mark.parametrize("context", [0, 1, 5])
def test_a_frame_is_seen_with_its_neighbours(context):
    model, (features, lengths) = DiscriminantUnits(DiscriminantConfig(context=context)), noise(20, 7)
    seen = model.seen(features, lengths)
    for item, length, found in zip(features, lengths.tolist(), seen):
        for time in range(length):
            places = [min(max(time + each, 0), length - 1) for each in range(-context, context + 1) if each]
            assert torch.equal(found[time], torch.cat([item[time], *(item[place, :13] for place in places)]))


@pytest.mark.parametrize("length", [1, 3, 57, 64])
@pytest.mark.parametrize(("rate", "reduction"), [(None, 4), (14.0, 1)])
def test_a_padded_batch_is_its_items(rate, reduction, length):
    torch.manual_seed(0)
    model = DiscriminantUnits(DiscriminantConfig(12, target_unit_rate=rate, time_reduction=reduction, code_dim=8))
    for buffer in (model.mean, model.projection, model.inventory.codes):
        buffer.normal_()
    features, lengths = noise(64, length)
    together = model.encode(features, lengths)
    (alone,) = model.encode(features[1:, :length], lengths[1:])
    assert torch.equal(together[1], alone) and len(alone) == -(-length // reduction)


def test_directions_that_tell_sounds_apart_count_more(textless):
    """Of what is described the variance within a cluster is 1 in each direction, and between clusters far more."""
    model, figures, train = learnt(textless)
    features, lengths, _ = train.target_features(np.arange(len(train)))
    points = torch.cat([item[:length] for item, length in zip(model.described(features, lengths), lengths.tolist())])
    assert points.mean(0).abs().max() < 1e-2 * points.std(0).max()
    assert (points.var(0).diff() < 1e-3 * points.var(0)[0]).all() and points.var(0)[0] > 5  # the strongest first
    assert 1 < figures["metrics"]["dev/perplexity"] <= 16


@pytest.mark.parametrize("rate", [6.0, 11.0])
def test_units_come_at_the_wanted_rate(textless, rate):
    model, _, train = learnt(textless, target_unit_rate=rate)
    found = encode_split(model, train)
    seconds = train.store.lengths("target_mfcc").sum() / 100
    assert sum(map(len, found.units)) / seconds == pytest.approx(rate, rel=0.3)


def test_chance_is_torchs_alone(textless):
    first, again, other = (learnt(textless, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first.inventory.codes, again.inventory.codes)
    assert not torch.equal(first.inventory.codes, other.inventory.codes)
