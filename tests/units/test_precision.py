"""Whatever the precision of training, vectors find the codes that float32 finds: under autocast as without it."""

import copy

import pytest
import torch

from speech2code.cli import main
from speech2code.config import KMeansConfig
from speech2code.units.clusters import SegmentClusters
from speech2code.units.codebook import Codebook, nearest
from speech2code.units.kmeans import KMeansUnits
from speech2code.units.transitions import SegmentCodebook

OFFSET = 20.0  # common to all codes and vectors, which lie within one of each other: bfloat16 hardly tells them apart
MASK = torch.arange(300) < torch.tensor([300, 250, 180])[:, None]


@pytest.fixture(params=[torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
def mixed(request):
    """Enters autocast as Lightning Fabric's `bf16-mixed` and `16-mixed` do."""
    return lambda: torch.autocast("cpu", request.param)


def spread(*shape):
    return OFFSET + torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def book(kind=Codebook, **settings):
    codebook = kind(64, 16, 0.99, **settings)
    codebook.codes.copy_(spread(64, 16))
    codebook.ema_sum.copy_(codebook.codes)
    return codebook


def segmental():
    codebook = book(SegmentCodebook, target_unit_rate=20.0)
    codebook.transition_cost.fill_(0.01)
    return codebook


def test_bfloat16_tells_them_apart_badly():
    """Without this, the tests below could not fail."""
    vectors, codes = spread(900, 16), spread(64, 16)
    rough = (codes.square().sum(1) - 2 * (vectors.bfloat16() @ codes.bfloat16().T)).argmin(1)
    assert (rough != nearest(vectors, codes)).float().mean() > 0.1


def test_nearest(mixed):
    vectors, codes = spread(3, 300, 16), spread(64, 16)
    wanted = nearest(vectors, codes)
    with mixed():
        assert torch.equal(nearest(vectors, codes), wanted)


@pytest.mark.parametrize("make", [book, segmental])
def test_encode(make, mixed):
    vectors = spread(3, 300, 16)
    wanted = make().encode(vectors, MASK)
    with mixed():
        assert torch.equal(make().encode(vectors, MASK), wanted)


@pytest.mark.parametrize("make", [book, segmental])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])  # bfloat16: what a layer under autocast gives
def test_training(make, dtype, mixed):
    """Start by k-means, codes, loss, averages and the transition cost, for some steps."""
    plain, vectors = make(), spread(3, 300, 16).to(dtype)
    other = copy.deepcopy(plain)
    for _ in range(3):
        torch.manual_seed(0)
        wanted = plain.train()(vectors.float(), MASK)
        torch.manual_seed(0)
        with mixed():
            found = other.train()(vectors, MASK)
        assert torch.equal(found.units, wanted.units)
        assert found.distance.dtype == torch.float32 and torch.equal(found.distance, wanted.distance)
    for name, value in plain.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_clusters_of_segments(mixed):
    clusters = SegmentClusters(32, 4)
    features, steps = spread(400, 39), torch.arange(400) // 4 % 3
    clusters.means.copy_(spread(32, 39) * clusters.weights)
    wanted = clusters(features, steps)
    with mixed():
        assert torch.equal(clusters(features, steps), wanted)


@pytest.mark.parametrize("rate", [None, 20.0])
def test_kmeans(rate, mixed):
    model = KMeansUnits(KMeansConfig(codebook_size=32, time_reduction=4, target_unit_rate=rate))
    model.centres.codes.copy_(spread(32, 39) * model.weights)
    features, lengths = spread(2, 120, 39), torch.tensor([120, 77])
    wanted = model.encode(features, lengths)
    with mixed():
        assert all(map(torch.equal, model.encode(features, lengths), wanted))


@pytest.mark.parametrize("verb", ["train units", "train vocoder"])
def test_every_training_knows_mixed_precision(verb, textless, tmp_path):
    overrides = textless.overrides(tmp_path, "trainer.precision=bf16-mixed", units="segmental")
    for each in dict.fromkeys(("train units", verb)):
        main([*each.split(), *overrides])


def test_a_precision_that_would_round_the_codes_is_refused(textless, tmp_path, refused):
    said = refused("train", "units", *textless.overrides(tmp_path, "trainer.precision=bf16-true"))
    assert "trainer.precision=bf16-true is not possible; choose one of 32-true, bf16-mixed, 16-mixed" in said
