"""Weights on disk: what does not fit, cannot be read or cannot be written is one sentence."""

import errno
import os

import pytest
import torch
from torch import nn

from speech2code.errors import UserError
from speech2code.training.checkpoints import LAST, WEIGHTS, load_checkpoint, save_checkpoint, save_weights


def trained(width=4):
    model = nn.Sequential(nn.Linear(3, width), nn.BatchNorm1d(width))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model(torch.randn(5, 3)).square().sum().backward()
    optimiser.step()
    return model, optimiser


@pytest.fixture
def saved(tmp_path):
    model, optimiser = trained()
    save_weights(tmp_path / WEIGHTS, model)
    save_checkpoint(tmp_path / LAST, model, optimiser, {"step": 7, "best": float("nan")})
    return tmp_path, model, optimiser


def test_everything_comes_back(saved):
    folder, model, optimiser = saved
    numbers = torch.rand(3)
    for name in (WEIGHTS, LAST):
        other, its_optimiser = trained()
        counters = load_checkpoint(folder / name, other, its_optimiser if name == LAST else None)
        assert all(torch.equal(other.state_dict()[key], value) for key, value in model.state_dict().items())
    assert counters["step"] == 7
    for mine, theirs in zip(its_optimiser.state.values(), optimiser.state.values()):
        assert all(torch.equal(mine[key], theirs[key]) for key in ("step", "exp_avg", "exp_avg_sq"))
    load_checkpoint(folder / LAST, *trained())
    assert torch.equal(torch.rand(3), numbers)  # the generator too


@pytest.mark.parametrize("name", [WEIGHTS, LAST])
@pytest.mark.parametrize("damage", [b"", b"garbage" * 100, "cut", "missing"])
def test_a_damaged_file_is_named(saved, name, damage):
    path = saved[0] / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100] if damage == "cut" else damage)
    with pytest.raises(
        UserError, match=f"cannot read .*{name}: .*delete its folder and run that stage again"
    ) as caught:
        load_checkpoint(path, *trained()) if name == LAST else load_checkpoint(path, trained()[0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [WEIGHTS, LAST])
def test_one_bit_of_a_weight_is_missed(saved, name):
    folder, model, _ = saved
    whole = (folder / name).read_bytes()
    weight = model[0].weight.detach().numpy().tobytes()
    place = whole.index(weight) + 1
    (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
    with pytest.raises(UserError, match=f"cannot read .*{name}: .*delete its folder and run that stage again"):
        load_checkpoint(folder / name, *(trained() if name == LAST else trained()[:1]))


@pytest.mark.parametrize("name", [WEIGHTS, LAST])
def test_another_shape_is_told_from_damage(saved, name):
    with pytest.raises(UserError, match=f"{name} holds a model of another shape; .*restore the settings"):
        load_checkpoint(saved[0] / name, trained(width=5)[0])


def test_no_pickle_is_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save({"model": Trap(), "counters": {}}, tmp_path / LAST)
    with pytest.raises(UserError, match="cannot read"):
        load_checkpoint(tmp_path / LAST, trained()[0])
    assert not (tmp_path / "sprung").exists()


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def torch_full(*_, **__):
    raise RuntimeError("[enforce fail at inline_container.cc:626] . unexpected pos 64 vs 0\nframe #0")


@pytest.mark.parametrize(("name", "place", "failure"), [
    (WEIGHTS, "speech2code.training.checkpoints.save_file", full),
    (LAST, "torch.save", full),
    (LAST, "torch.save", torch_full),
    (WEIGHTS, "os.fsync", full),
    (LAST, "os.fsync", full),
])  # fmt: skip
def test_a_full_disk_keeps_the_last_good_file(saved, monkeypatch, name, place, failure):
    folder, *_ = saved
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(place, failure)
    model, optimiser = trained()
    with pytest.raises(UserError, match=f"cannot write .*{name}: .*free space or choose another folder") as caught:
        save_weights(folder / name, model) if name == WEIGHTS else save_checkpoint(folder / name, model, optimiser, {})
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
