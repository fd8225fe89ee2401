"""Curves go to TensorBoard, and to a tracker that is asked for."""

import sys
from types import SimpleNamespace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.training.curves import Curves


def scalars(folder) -> set[str]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return set(events.Tags()["scalars"])


def test_trackio_gets_every_scalar_and_no_network(textless, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # read when it is imported
    trackio = pytest.importorskip("trackio")
    main(["train", "units", *textless.overrides(tmp_path / "runs", "trainer.tracker=trackio")])
    told = trackio.SQLiteStorage.get_logs("speech2code", "tiny.units")
    assert scalars(tmp_path / "runs" / "tiny" / "units") <= {name for each in told for name in each}


def test_w_and_b_is_told_the_same(tmp_path, monkeypatch):
    told = []
    wandb = SimpleNamespace(
        __spec__=SimpleNamespace(name="wandb"),
        init=lambda **known: told.append(known),
        log=lambda values, step: told.append((values, step)),
        finish=lambda: told.append("finished"),
    )
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    with Curves(tmp_path / "mine" / "units", 0, "wandb") as curves:
        curves.add_scalar("train/loss", 1.5, 20)
    place = {"name": "mine.units", "id": "mine.units", "dir": str(tmp_path / "mine" / "units")}
    assert told == [{"project": "speech2code", "resume": "allow"} | place, ({"train/loss": 1.5}, 20), "finished"]
    assert scalars(tmp_path / "mine" / "units") == {"train/loss"}


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=r"trainer\.tracker=wandb needs the package wandb: pip install wandb"):
        Curves(tmp_path, 0, "wandb")
    assert not list(tmp_path.iterdir())
