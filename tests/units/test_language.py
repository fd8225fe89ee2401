"""The language model of units, and the spelling it finds cheapest."""

import pytest
import torch

from speech2code.units.language import UnitLanguageModel
from speech2code.units.segments import cheapest_path

RATE = 10.0


def language(price: float = 1.0, size: int = 5) -> UnitLanguageModel:
    torch.manual_seed(0)
    model = UnitLanguageModel(size, RATE).eval().requires_grad_(False)
    for name, value in model.named_parameters():
        if "bias" not in name:
            value.normal_(std=0.5)
    model.price.fill_(price)
    return model


def forgetful(price: float) -> UnitLanguageModel:
    """Of the units before it knows the last alone, like the codebook."""
    model = language(price)
    model.recurrent.weight_hh_l0.zero_()
    model.recurrent.bias_ih_l0[320:640] = -50  # the gate that keeps the cell
    return model


def total(model: UnitLanguageModel, costs: torch.Tensor, path: list[int]) -> float:
    """What a path costs, step by step from the definition."""
    units = [unit for place, unit in enumerate(path) if place == 0 or unit != path[place - 1]]
    surprise = -model(torch.tensor([units]))[0, :-1, : model.end].log_softmax(1)
    changes = sum(float(surprise[place, unit]) + (model.staying if place else 0) for place, unit in enumerate(units))
    return float(costs[range(len(path)), path].sum()) + float(model.price) * changes


@pytest.mark.parametrize("price", [0.01, 0.1, 1.0])
def test_with_a_memory_of_one_unit_no_path_is_cheaper(price):
    model, costs = forgetful(price), torch.rand(3, 12, 5, generator=torch.Generator().manual_seed(1))
    after = -torch.stack([model(torch.tensor([[unit]]))[0, 1, :5].log_softmax(0) for unit in range(5)])
    begins = -model(torch.zeros(1, 0, dtype=torch.int64))[0, 0, :5].log_softmax(0)
    prices = price * (after + model.staying).fill_diagonal_(0)
    start = costs.clone()
    start[:, 0] += price * begins
    found, best = model.spell(costs, torch.full((3,), 12)), cheapest_path(start, prices)
    for cost, mine, theirs in zip(costs, found.tolist(), best.tolist()):
        assert total(model, cost, mine) == pytest.approx(total(model, cost, theirs), abs=1e-4)


def test_more_surprise_is_paid_for_with_less_cost_only():
    costs = torch.rand(4, 30, 5, generator=torch.Generator().manual_seed(2))
    lengths, cheap, dear = torch.full((4,), 30), language(1e-6), language(1.0)
    assert torch.equal(cheap.spell(costs, lengths), costs.argmin(2))
    for cost, free, paid in zip(costs, cheap.spell(costs, lengths), dear.spell(costs, lengths)):
        assert total(dear, cost, paid.tolist()) < total(dear, cost, free.tolist())


@pytest.mark.parametrize("length", [1, 7, 19])
def test_a_padded_batch_is_its_items(length):
    costs = torch.rand(2, 20, 5, generator=torch.Generator().manual_seed(3))
    costs[1, length:] = 0
    together = language(0.2).spell(costs, torch.tensor([20, length]))
    alone = language(0.2).spell(costs[1:, :length], torch.tensor([length]))
    assert torch.equal(together[1, :length], alone[0])


def test_the_loss_is_that_of_the_sentence_and_its_end():
    model, units = language(), torch.tensor([[1, 4, 2], [3, 0, 0]])
    counts = torch.tensor([3, 1])
    loss, accuracy = model.loss(model(units), units, counts)
    found = torch.cat([model(units[:1])[0], model(units[1:, :1])[0]]).log_softmax(1)
    wanted = torch.tensor([1, 4, 2, 5, 3, 5])
    assert float(loss) == pytest.approx(-float(found[range(6), wanted].mean()), rel=1e-5)
    assert float(accuracy) == pytest.approx(float((found.argmax(1) == wanted).float().mean()))
