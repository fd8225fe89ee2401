"""What a change of unit costs: the path, the bigrams, the rate."""

import math
from itertools import pairwise, product

import pytest
import torch

from speech2code.units.transitions import UNSEEN, SegmentCodebook, cheapest_path

RATE = 10.0


@pytest.mark.parametrize("cost", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_no_path_is_cheaper(seed, cost):
    generator = torch.Generator().manual_seed(seed)
    costs = torch.rand(2, 5, 3, generator=generator)
    transition_costs = (2 * cost * torch.rand(3, 3, generator=generator)).fill_diagonal_(0)
    for item, found in zip(costs, cheapest_path(costs, transition_costs)):

        def total(path, item=item):
            return float(item[range(5), list(path)].sum() + sum(transition_costs[change] for change in pairwise(path)))

        assert total(found.tolist()) == pytest.approx(min(map(total, product(range(3), repeat=5))), abs=1e-5)


@pytest.mark.parametrize("classes", [1, 2, 7])
@pytest.mark.parametrize("cost", [0.0, 0.3, 2.0])
def test_changes_that_all_cost_alike_need_one_number(classes, cost):
    costs = torch.rand(4, 30, classes, generator=torch.Generator().manual_seed(classes))
    pairs = torch.full((classes, classes), cost).fill_diagonal_(0)
    assert torch.equal(cheapest_path(costs, torch.tensor(cost)), cheapest_path(costs, pairs))


def with_bigrams(*sentences):
    codebook = SegmentCodebook(3, 1, 0.99, RATE)
    codebook.codes.copy_(torch.tensor([[0.0], [10.0], [11.0]]))
    codebook.transition_cost.fill_(0.1)
    codebook.learn_bigrams([torch.tensor(each) for each in sentences])
    return codebook


def test_of_two_codes_that_fit_alike_the_usual_one_is_chosen():
    between = torch.tensor([0.0, 0.0, 10.5, 10.5])[None, :, None]
    for usual in (1, 2):
        codebook = with_bigrams([0] * 10 + [usual] * 10, [0] * 5 + [usual] * 5)
        for mask in (torch.ones(1, 4, dtype=torch.bool), None):
            assert codebook.encode(between, mask).tolist() == [[0, 0, usual, usual]]


def test_surprisal_is_the_negative_logarithm_of_how_often_a_unit_has_followed():
    """Pairs by hand: 0 is followed by 1 three times in four, 1 by 0 only; nothing was seen behind 2."""
    surprisal = with_bigrams([0, 0, 1, 0, 1, 1, 0, 2], [0, 1]).surprisal()
    staying = math.log(100 / RATE - 1)
    for before, after, share in ((0, 1, 3 / 4), (0, 2, 1 / 4), (1, 0, 1), (1, 2, 0), (2, 0, 1 / 3), (2, 1, 1 / 3)):
        likely = (1 - UNSEEN) * share + UNSEEN / 3
        assert float(surprisal[before, after]) == pytest.approx(staying - math.log(likely), rel=1e-5)
    assert surprisal.diagonal().tolist() == [0, 0, 0]


def test_bigrams_move_the_transition_cost_towards_the_rate():
    few, many = with_bigrams([0] * 90 + [1] * 90), with_bigrams([0, 1] * 90)
    assert few.transition_cost < 0.1 < many.transition_cost


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
