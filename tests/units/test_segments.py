"""Units that last as long as their sound: the path, the rate, and that later is the same."""

import math
from itertools import pairwise, product

import pytest
import torch
from conftest import descend

from speech2code.config import UnitsConfig
from speech2code.units.segments import UNHEARD, SegmentCodebook, cheapest_path
from speech2code.units.vqvae import UnitDiscoverer

RATE = 10.0


def discoverer(speakers=1):
    torch.manual_seed(0)
    model = UnitDiscoverer(
        UnitsConfig(codebook_size=8, time_reduction=1, rate=RATE, code_dim=6, width=32, blocks=1), speakers
    )
    for block in model.modules():
        if hasattr(block, "second"):
            torch.nn.init.normal_(block.second.weight, std=0.2)
    return model


def speech(*lengths, seed=0):
    """Smooth noise `(batch, time, 39)`, garbage beyond each end."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(lengths), 39, max(lengths) + 16, generator=generator)
    return torch.nn.functional.avg_pool1d(noise, 9, 1).transpose(1, 2) * 3, torch.tensor(lengths)


@pytest.mark.parametrize("price", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_no_path_is_cheaper(seed, price):
    generator = torch.Generator().manual_seed(seed)
    costs = torch.rand(2, 5, 3, generator=generator)
    prices = (2 * price * torch.rand(3, 3, generator=generator)).fill_diagonal_(0)
    for item, found in zip(costs, cheapest_path(costs, prices)):

        def total(path, item=item):
            return float(item[range(5), list(path)].sum() + sum(prices[change] for change in pairwise(path)))

        assert total(found.tolist()) == pytest.approx(min(map(total, product(range(3), repeat=5))), abs=1e-5)


def settled(*sentences):
    codebook = SegmentCodebook(3, 1, 0.99, RATE)
    codebook.codes.copy_(torch.tensor([[0.0], [10.0], [11.0]]))
    codebook.price.fill_(0.1)
    codebook.settle([torch.tensor(each) for each in sentences])
    return codebook


def test_of_two_codes_that_fit_alike_the_usual_one_is_written():
    between = torch.tensor([0.0, 0.0, 10.5, 10.5])[None, :, None]
    for usual in (1, 2):
        codebook = settled([0] * 10 + [usual] * 10, [0] * 5 + [usual] * 5)
        assert codebook.encode(between, torch.ones(1, 4, dtype=torch.bool)).tolist() == [[0, 0, usual, usual]]


def test_surprise_is_the_negative_logarithm_of_how_often_a_unit_has_followed():
    """Pairs by hand: 0 is followed by 1 three times in four, 1 by 0 only; nobody has heard what follows 2."""
    surprise = settled([0, 0, 1, 0, 1, 1, 0, 2], [0, 1]).surprise()
    staying = math.log(100 / RATE - 1)
    for before, after, share in ((0, 1, 3 / 4), (0, 2, 1 / 4), (1, 0, 1), (1, 2, 0), (2, 0, 1 / 3), (2, 1, 1 / 3)):
        likely = (1 - UNHEARD) * share + UNHEARD / 3
        assert float(surprise[before, after]) == pytest.approx(staying - math.log(likely), rel=1e-5)
    assert surprise.diagonal().tolist() == [0, 0, 0]


def test_settling_moves_the_price_towards_the_rate():
    few, many = settled([0] * 90 + [1] * 90), settled([0, 1] * 90)
    assert few.price < 0.1 < many.price


def test_training_comes_to_the_wanted_rate():
    codebook = SegmentCodebook(16, 4, 0.99, RATE).train()
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(6, 4, 404, generator=generator)
    vectors = torch.nn.functional.avg_pool1d(noise, 5, 1).transpose(1, 2)
    mask = torch.arange(400) < torch.tensor([400, 380, 200, 400, 90, 300])[:, None]
    for _ in range(120):
        units = codebook(vectors, mask).units
    changes = sum(len(torch.unique_consecutive(row[real])) for row, real in zip(units, mask))
    assert changes / float(mask.sum()) * 100 == pytest.approx(RATE, rel=0.15)


@pytest.mark.parametrize("length", [1, 3, 57, 64])
def test_a_padded_batch_is_its_items(length):
    features, lengths = speech(64, length)
    speakers = torch.tensor([0, 1])
    model = discoverer(2).eval()
    model.codebook.price.fill_(0.05)
    together = model(features, lengths, speakers)
    alone = model(features[1:, :length], lengths[1:], speakers[1:])
    assert torch.equal(alone.quantised.units[0], together.quantised.units[1, :length])
    codes = model.codebook.decode(together.quantised.units)
    drawn, one = model.decoder(codes, lengths, speakers), model.decoder(codes[1:, :length], lengths[1:], speakers[1:])
    assert drawn.shape == (2, features.shape[1], 39)
    torch.testing.assert_close(drawn[1, :length], one[0], atol=1e-5, rtol=1e-4)


def test_what_stands_alike_in_a_row_is_one_unit():
    steps = torch.tensor([4, 4, 4, 1, 4, 4, 0])
    units, lasting = discoverer().write(steps)
    assert units.tolist() == [4, 1, 4, 0] and lasting.tolist() == [3, 1, 2, 1]
    fixed, ones = UnitDiscoverer(UnitsConfig()).write(steps)
    assert torch.equal(fixed, steps) and ones.tolist() == [1] * 7


def test_speech_begun_later_is_written_alike():
    """The reason for all this: frames cut off in front change nothing behind the first unit."""
    torch.manual_seed(0)
    sounds = torch.randn(6, 39)
    order = torch.randint(6, (8, 9), generator=torch.Generator().manual_seed(3))
    features = sounds[order].repeat_interleave(10, dim=1) + 0.1 * torch.randn(8, 90, 39)
    lengths, speakers = torch.full((8,), 90), torch.zeros(8, dtype=torch.int64)
    model = discoverer().train()
    losses = descend(model.parameters(), lambda: model.loss(model(features, lengths, speakers)), 150, 3e-3)
    assert losses[-1] < 0.3 * losses[0]
    model.eval()
    for offset in (3, 7):
        for whole, cut in zip(model.encode(features, lengths), model.encode(features[:, offset:], lengths - offset)):
            assert torch.equal(whole[10:], cut[10 - offset :])
    wanted = [len(torch.unique_consecutive(row)) for row in order]
    found = [len(model.write(steps)[0]) for steps in model.encode(features, lengths)]
    assert sum(found) == pytest.approx(sum(wanted), rel=0.3)  # ten a second was asked for, and is what there is
