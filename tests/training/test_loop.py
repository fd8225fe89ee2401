"""The loop on a network of a few numbers: budgets, what is kept, and that an interruption changes nothing."""

import signal
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from speech2code.config import TrainerConfig, TrainingConfig
from speech2code.errors import UserError
from speech2code.training.checkpoints import LAST, WEIGHTS
from speech2code.training.loop import clock_of, fit
from speech2code.units.codebook import Codebook

ITEMS = 26
QUIET = {"accelerator": "cpu", "checkpoint_seconds": 1e9}


class Toy:
    """Random noise in the batch, dropout, a codebook with its own generator use: all that a resume could get wrong."""

    name = "toy"

    def __init__(self, on_step=None, scores=None):
        torch.manual_seed(5)
        self.model = nn.ModuleDict(
            {"in": nn.Linear(3, 8), "drop": nn.Dropout(0.3), "book": Codebook(4, 8), "out": nn.Linear(8, 1)}
        )
        self.seen, self.on_step, self.scores = [], on_step, scores
        self.data = torch.randn(ITEMS, 3, generator=torch.Generator().manual_seed(1))

    def lengths(self):
        return np.arange(ITEMS) % 7 + 1

    def batch(self, items, share):
        self.seen.append(items.tolist())
        return (self.data[items] + 0.1 * torch.randn(len(items), 3),)

    def step(self, model, batch):
        hidden = self.model["drop"](self.model["in"](batch[0]))[:, None, :]
        quantised = self.model["book"](hidden, torch.ones(hidden.shape[:2], dtype=torch.bool))
        loss = (
            self.model["out"](quantised.codes) - batch[0].sum(1)[:, None, None]
        ).square().mean() + quantised.distance
        if self.on_step:
            self.on_step(len(self.seen), loss)
        return {"loss": loss}

    def epoch_figures(self):
        _, perplexity = self.model["book"].usage()
        self.model["book"].reset_usage()
        return {"perplexity": perplexity}

    def validate(self):
        score = self.scores.pop(0) if self.scores else float(self.model["out"].weight.detach().square().sum())
        return {"dev/loss": score}

    def show(self, writer, step):
        pass


def train(task, folder, trainer=None, **training):
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    limits = TrainingConfig(**{"batch_size": 4, "learning_rate": 1e-2, "warmup": 3, "validations": 3, **training})
    return fit(
        task, limits, TrainerConfig(**{**QUIET, **(trainer or {})}), folder, Fabric(accelerator="cpu", devices=1)
    )


def state(folder):
    """The last checkpoint without what time alone decides."""
    loaded = torch.load(folder / LAST, weights_only=True)
    loaded["counters"].pop("elapsed")
    return loaded


def flat(value, name=""):
    if isinstance(value, dict):
        return {key: leaf for part, inner in value.items() for key, leaf in flat(inner, f"{name}/{part}").items()}
    if isinstance(value, list | tuple):
        return flat(dict(enumerate(value)), name)
    return {name: value.tolist() if isinstance(value, torch.Tensor) else value}


def scalars(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def interrupt(ninth, _):
    if ninth == 9:
        signal.raise_signal(signal.SIGINT)


def interrupt_twice(ninth, loss):
    """What Ctrl-C on `run` does: the terminal's signal, and that of the parent, while the step still goes on."""
    interrupt(ninth, loss)
    interrupt(ninth, loss)


@pytest.mark.parametrize("signals", [interrupt, interrupt_twice])
def test_nine_and_nine_steps_are_eighteen_bit_for_bit(tmp_path, signals):
    whole = Toy()
    train(whole, tmp_path / "whole", steps=18)
    first, second = Toy(signals), Toy()
    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path / "halves", steps=18)
    assert state(tmp_path / "halves")["counters"]["step"] == 9  # the step that was interrupted is done and kept
    torch.manual_seed(99)
    time.sleep(1)  # TensorBoard puts the files of one second in the order of a number's text: 10 before 9
    train(second, tmp_path / "halves", steps=18)
    assert (
        len(first.seen) == len(second.seen) == 9
    )  # neither repeated nor skipped: 18 steps are 2.5 epochs of 7 batches
    assert first.seen + second.seen == whole.seen
    one, two = (flat(state(tmp_path / name)) for name in ("whole", "halves"))
    assert one.keys() == two.keys() and [key for key in one if one[key] != two[key]] == []
    assert (tmp_path / "whole" / WEIGHTS).read_bytes() == (tmp_path / "halves" / WEIGHTS).read_bytes()
    one, two = (scalars(tmp_path / name) for name in ("whole", "halves"))
    assert one == two  # dev/loss, and the figures of an epoch that was interrupted


def test_a_crash_within_a_step_goes_on_from_the_checkpoint(tmp_path):
    """An exception inside a step, after random numbers were drawn: the half step must not reach the disk."""

    def crash(count, _):
        if count == 9:
            raise KeyboardInterrupt

    whole, first, second = Toy(), Toy(crash), Toy()
    train(whole, tmp_path / "whole", steps=18)
    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path / "halves", {"checkpoint_seconds": 0.0}, steps=18)
    train(second, tmp_path / "halves", steps=18)
    assert first.seen[:8] + second.seen == whole.seen
    assert flat(state(tmp_path / "whole")) == flat(state(tmp_path / "halves"))


def test_ctrl_c_works_as_before_once_training_is_over(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    train(Toy(), tmp_path / "a", steps=2)
    assert signal.getsignal(signal.SIGINT) is before


def test_every_epoch_sees_every_item_once_in_another_order(tmp_path):
    task = Toy()
    figures = train(task, tmp_path / "a", epochs=3)
    epochs = [[item for batch in task.seen[start : start + 7] for item in batch] for start in (0, 7, 14)]
    assert figures["steps"] == 21 and figures["epochs"] == 3
    assert all(sorted(epoch) == list(range(ITEMS)) for epoch in epochs)
    assert all(one != two for one, two in pairwise(epochs))
    other = Toy()
    train(other, tmp_path / "b", {"seed": 1}, epochs=3)
    assert other.seen != task.seen


def test_minutes_end_a_training_and_count_over_interruptions(tmp_path, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("time.process_time", lambda: clock[0])

    def tick(count, _):
        clock[0] += 6
        if count == 4 and clock[0] < 1030:
            signal.raise_signal(signal.SIGINT)

    task = Toy(tick)
    with pytest.raises(KeyboardInterrupt):
        train(task, tmp_path / "a", {"minutes": 1})
    clock[0] += 5000  # nobody trained in that time
    figures = train(Toy(tick), tmp_path / "a", {"minutes": 1})
    assert figures["steps"] == 10 and figures["training_seconds"] == pytest.approx(60)


def test_a_budget_is_of_the_processor_and_of_the_clock_where_an_accelerator_works():
    began = {device: clock_of(torch.device(device))() for device in ("cpu", "cuda", "mps")}
    time.sleep(0.3)  # other jobs have the processor
    used = {device: clock_of(torch.device(device))() - before for device, before in began.items()}
    assert used["cpu"] < 0.1 and used["cuda"] >= 0.3 and used["mps"] >= 0.3


def test_other_jobs_take_nothing_of_a_budget(tmp_path):
    figures = train(Toy(lambda *_: time.sleep(0.05)), tmp_path / "a", {"minutes": 0.5 / 60}, steps=20)
    assert figures["steps"] == 20 and figures["training_seconds"] < 0.8  # a second of sleep


def test_the_processes_of_a_training_learn_at_one_rate(tmp_path):
    """Each has used its own time; that of the first counts for all."""

    class Second(Fabric):
        """The second of two processes, as far as the budget is concerned: the first tells it that it is over."""

        shares = 0

        @property
        def world_size(self):
            return 2

        def broadcast(self, what, src=0):
            self.shares += isinstance(what, float)
            return 1.0 if isinstance(what, float) and self.shares == 5 else what

    (tmp_path / "a").mkdir()
    trainer, fabric = TrainerConfig(**QUIET, minutes=60), Second(accelerator="cpu", devices=1)
    figures = fit(Toy(), TrainingConfig(batch_size=2), trainer, tmp_path / "a", fabric)
    assert figures["steps"] == 4  # told once before the first step, and behind each


def test_the_nearest_limit_counts(tmp_path):
    assert train(Toy(), tmp_path / "a", {"minutes": 60}, steps=5, epochs=100)["steps"] == 5
    assert train(Toy(), tmp_path / "b", {"minutes": 60}, steps=5000, epochs=1)["steps"] == 7
    with pytest.raises(
        UserError, match=r"toy has no end: set its training\.steps or training\.epochs, or trainer\.minutes"
    ):
        train(Toy(), tmp_path / "c")


def test_the_weights_of_the_end_are_kept_however_they_guess_on_dev(tmp_path):
    task = Toy(scores=[1.0, 5.0, 9.0, 9.0])
    figures = train(task, tmp_path / "a", steps=9)
    assert figures["metrics"]["dev/loss"] == 9.0
    kept, last = load_file(tmp_path / "a" / WEIGHTS), torch.load(tmp_path / "a" / LAST, weights_only=True)["model"]
    for name, value in task.model.state_dict().items():
        assert torch.equal(kept[name], value) and torch.equal(last[name], value), name


@pytest.mark.parametrize("steps", [10, 60])
def test_a_diverging_training_is_one_sentence(tmp_path, steps):
    """Also a short one, whose losses nobody looks at before it ends."""
    task = Toy()
    real = task.step

    def step(model, batch):
        figures = real(model, batch)
        return {"loss": figures["loss"] * (float("nan") if len(task.seen) >= 3 else 1.0)}

    task.step = step
    with pytest.raises(UserError, match=r"toy diverged .*lower its training\.learning_rate"):
        train(task, tmp_path / "a", steps=steps, validations=1)


def test_curves_and_progress_are_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("speech2code.training.progress.LINE_SECONDS", 0)
    train(Toy(), tmp_path / "a", steps=42)
    curves = scalars(tmp_path / "a")
    assert {"train/loss", "train/learning_rate", "train/perplexity", "dev/loss"} <= curves.keys()
    assert [step for step, _ in curves["train/loss"]] == [20, 40]
    assert [step for step, _ in curves["train/perplexity"]] == [7, 14, 21, 28, 35, 42]
    rates = dict(curves["train/learning_rate"])
    assert rates[20] > rates[40] > 0  # falls to zero by the end of the budget
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("toy:  48% step 20, loss ") and line.endswith("min left") for line in lines), lines


def test_a_time_limit_that_is_never_near_changes_nothing(tmp_path):
    train(Toy(), tmp_path / "free", steps=18)
    train(Toy(), tmp_path / "bounded", {"minutes": 2}, steps=18)
    assert (tmp_path / "free" / WEIGHTS).read_bytes() == (tmp_path / "bounded" / WEIGHTS).read_bytes()
