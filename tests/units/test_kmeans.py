"""k-means units: nearest means, no leak from padding, the wanted rate, and chance from torch's generator alone."""

import numpy as np
import pytest
import torch
from conftest import noise

from speech2code.config import KMeansConfig
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.training.kmeans import learn_kmeans
from speech2code.training.units import encode_split
from speech2code.units.kmeans import KMeansUnits

REDUCTIONS = [1, 4, 12]


def kmeans(reduction=4, rate=None):
    """Twelve units whose means are drawn by lot."""
    torch.manual_seed(0)
    model = KMeansUnits(KMeansConfig(codebook_size=12, time_reduction=reduction, target_unit_rate=rate))
    model.inventory.codes.normal_()
    return model


def learnt(corpus, seed=0, **settings):
    """→ a model of the corpus's training speech, the figures of its record, that speech."""
    config = KMeansConfig(**{"codebook_size": 8, "time_reduction": 4, **settings})
    train, dev = (Speech(corpus.folder, split) for split in ("train", "dev"))
    model = KMeansUnits(config, train.speaker_count("target"))
    torch.manual_seed(seed)
    return model, learn_kmeans(model, config, train, dev, fit=None), train


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_unit_is_the_nearest_mean(reduction):
    """One step after the other, as the definition says it: coefficients count whole, derivatives 0.3 each."""
    model, (features, lengths) = kmeans(reduction), noise(50, 23)
    weights = torch.tensor([1.0] * 13 + [0.3] * 26)
    for item, length, units in zip(features, lengths.tolist(), model.encode(features, lengths)):
        steps = item[:length].split(reduction)  # the last one may be shorter
        wanted = [int((step.mean(0) * weights - model.inventory.codes).norm(dim=1).argmin()) for step in steps]
        assert units.tolist() == wanted and units.dtype == torch.int64


@pytest.mark.parametrize("length", [1, 3, 57, 64])
@pytest.mark.parametrize(("reduction", "rate"), [*((reduction, None) for reduction in REDUCTIONS), (1, 14.0)])
def test_a_padded_batch_is_its_items(reduction, rate, length):
    model, (features, lengths) = kmeans(reduction, rate), noise(64, length)
    together = model.encode(features, lengths)
    (alone,) = model.encode(features[1:, :length], lengths[1:])
    assert torch.equal(together[1], alone) and len(alone) == -(-length // reduction)


def test_the_means_of_the_corpus_are_learnt(textless):
    """Each mean is that of the steps whose unit it is: k-means has come to rest."""
    model, figures, train = learnt(textless)
    features, lengths, _ = train.target_features(np.arange(len(train)))
    vectors, counts = model.vectors(features, lengths)
    points = torch.cat([item[:count] for item, count in zip(vectors, counts.tolist())])
    units = torch.cat(model.encode(features, lengths))
    means = torch.stack([points[units == unit].mean(0) for unit in range(8)])
    torch.testing.assert_close(model.inventory.codes, means, atol=1e-3, rtol=1e-3)
    assert figures["points"] == len(points) == len(units)
    distance = (points - means[units]).square().sum(1).mean()
    assert figures["metrics"]["train/distance"] == pytest.approx(float(distance), rel=1e-3)
    assert 1 < figures["metrics"]["dev/perplexity"] <= 8


@pytest.mark.parametrize("rate", [8.0, 12.0, 20.0])
@pytest.mark.parametrize("corpus", ["textless", "transcribed"])
def test_units_come_at_the_wanted_rate_and_neighbours_differ(corpus, rate, request):
    model, _, train = learnt(request.getfixturevalue(corpus), codebook_size=16, target_unit_rate=rate)
    found = encode_split(model, train)
    seconds = train.store.lengths("target_mfcc").sum() / 100
    assert sum(map(len, found.units)) / seconds == pytest.approx(rate, rel=0.3)
    assert all((np.diff(units) != 0).all() for units in found.units)
    frames = train.store.lengths("target_mfcc").tolist()
    assert [int(durations.sum()) for durations in found.durations] == frames  # a step is a frame


def test_units_of_a_fixed_length_last_one_step_each(textless):
    model, _, train = learnt(textless)
    found = encode_split(model, train)
    assert [len(units) for units in found.units] == [-(-frames // 4) for frames in train.store.lengths("target_mfcc")]
    assert all((durations == 1).all() for durations in found.durations)
    assert found.codebook == model.inventory.fingerprint()


def test_fewer_steps_than_units_are_refused(textless):
    with pytest.raises(UserError, match=r"5000 units cannot be told apart in \d+ steps.*units\.codebook_size"):
        learnt(textless, codebook_size=5000)


def test_one_seed_gives_one_codebook_and_another_another(textless):
    first, again, other = (learnt(textless, seed)[0].inventory for seed in (3, 3, 4))
    assert torch.equal(first.codes, again.codes) and first.fingerprint() == again.fingerprint()
    assert not torch.allclose(first.codes, other.codes, atol=1e-2)


def test_it_has_nothing_to_add_for_the_vocoder():
    model = kmeans()
    codes, durations = model.inventory.decode(torch.tensor([[3, 1, 4]])), torch.ones(1, 3, dtype=torch.int64)
    assert model.rebuild(codes, durations, torch.zeros(1, dtype=torch.int64)) is None and not model.spec.rebuilt_dim


def test_centres_move_to_what_they_last_for(textless):
    """With a path each centre is a mean of single steps at first, then nearer to that of what the path gives it."""
    distances = []
    for rounds in (0, 3):
        model, _, train = learnt(textless, codebook_size=16, target_unit_rate=8.0, path_rounds=rounds, bigram_rounds=0)
        features, lengths, _ = train.target_features(np.arange(len(train)))
        vectors, counts = model.vectors(features, lengths)
        points = torch.cat([item[:count] for item, count in zip(vectors, counts.tolist())])
        units = torch.cat(model.encode(features, lengths))
        used = units.unique()
        means = torch.stack([points[units == unit].mean(0) for unit in used])
        distances.append(float((means - model.inventory.codes[used]).square().sum(1).mean()))
    assert distances[1] < 0.5 * distances[0]
