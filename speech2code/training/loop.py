"""The one training loop: any task, any device (Fabric), budget in steps, epochs or processor minutes, exact resume."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.config import TrainerConfig, TrainingConfig
from speech2code.corpora.batches import epoch_batches
from speech2code.errors import UserError
from speech2code.training.checkpoints import LAST, WEIGHTS, load_checkpoint, save_checkpoint, save_weights
from speech2code.training.curves import Curves
from speech2code.training.progress import Progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CLEARLY_AHEAD = 0.05  # of the budget


class Task(Protocol):
    """What the loop has to know of a stage."""

    name: str

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    def lengths(self) -> np.ndarray:
        """Length of each training item, for batches of similar length."""

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        """Training items → tensors; `share` of the training is over, 0 to 1."""

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Scalars of this batch; "loss" is the one that is minimised."""

    def epoch_figures(self) -> dict[str, float]:
        """Figures over a whole epoch of training."""

    def validate(self) -> dict[str, float]:
        """Figures on the dev split, "dev/loss" among them."""

    def show(self, writer: SummaryWriter, step: int) -> None:
        """Pictures and sounds for TensorBoard."""


def fit(task: Task, training: TrainingConfig, trainer: TrainerConfig, folder: Path, fabric: "Fabric") -> dict:
    """Trains until the budget ends; the weights of the end stay in the model and in `folder`. Returns figures.

    The figures on dev choose nothing: by then the learning rate has fallen to zero, and a translator goes on getting
    better at translating after it has begun to get worse at guessing the next unit (docs/lab-notes.md).

    Run again after an interruption it goes on from the last checkpoint: same batches, same random numbers.
    """
    if not (training.steps or training.epochs or trainer.minutes):
        raise UserError(f"{task.name} has no end: set its training.steps or training.epochs, or trainer.minutes")
    with _lstm_in(trainer.precision, fabric.device):
        return _Run(task, training, trainer, folder, fabric).go()


@contextmanager
def _lstm_in(precision: str, device: torch.device) -> Iterator[None]:
    """oneDNN's LSTM stops in bf16 on processors without AVX-512; torch's own does not."""
    if precision != "bf16-mixed" or device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        yield
        return
    before, *_ = torch.backends.mkldnn.set_flags(False)
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(before)


def clock_of(device: torch.device) -> Callable[[], float]:
    """What a budget counts: seconds of the processor, of which other jobs take nothing; where an accelerator works and
    the processor waits, seconds of the clock."""
    return time.process_time if device.type == "cpu" else time.monotonic


@contextmanager
def _between_steps(ask: Callable) -> Iterator[None]:
    """Ctrl-C (and SIGTERM through it) waits for the end of a step: from inside of one, nothing could resume exactly."""
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Run:
    def __init__(self, task: Task, training: TrainingConfig, trainer: TrainerConfig, folder: Path, fabric: "Fabric"):
        self.task, self.training, self.trainer, self.folder, self.fabric = task, training, trainer, folder, fabric
        decay = training.weight_decay
        optimiser = torch.optim.AdamW(
            task.model.parameters(), lr=training.learning_rate, betas=(0.9, 0.98), weight_decay=decay, fused=True
        )
        self.model, self.optimiser = fabric.setup(task.model, optimiser)
        self.step, self.epoch, self.position, self.validated, self.elapsed = 0, 0, 0, 0, 0.0
        self.clock = clock_of(fabric.device)

    def go(self) -> dict:
        self._resume()
        leads = self.fabric.is_global_zero
        self.writer = Curves(self.folder, self.step, self.trainer.tracker) if leads else None
        self.began, self.saved = self.clock() - self.elapsed, time.monotonic()
        self.share = self._share()
        self.progress = Progress(self.task.name, self.share, self.fabric.is_global_zero)
        try:
            with _between_steps(self._ask_to_stop):
                while self.share < 1:
                    self._epoch()
        finally:
            self.progress.close()
        metrics = self._validate()
        self._save()
        if self.writer:
            save_weights(self.folder / WEIGHTS, self.task.model)
            self.writer.close()
        parameters = sum(each.numel() for each in self.task.model.parameters())
        return {
            "steps": self.step,
            "epochs": self.epoch,
            "training_seconds": round(self._seconds(), 2),
            "parameters": parameters,
            "metrics": {**metrics, **self.last_epoch},
        }

    def _epoch(self) -> None:
        batches = epoch_batches(
            self.task.lengths(), self.training.batch_size, self.trainer.seed, self.epoch,
            self.fabric.global_rank, self.fabric.world_size,
        )  # fmt: skip
        for items in batches[self.position :]:
            self._step(items)
            if self.share * self.training.validations >= self.validated + 1:
                self._validate()
            if self._asked_to_stop():
                self._save()
                raise KeyboardInterrupt
            if time.monotonic() - self.saved > self.trainer.checkpoint_seconds:
                self._save()
            if self.share >= 1:
                break
        if self.position == len(batches):
            self.epoch, self.position = self.epoch + 1, 0
            self.last_epoch = self.task.epoch_figures()
            self._log({f"train/{key}": value for key, value in self.last_epoch.items()})

    def _step(self, items: np.ndarray) -> None:
        rate = self.training.learning_rate * min(1.0, (self.step + 1) / self.training.warmup) * (1 - self.share)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = self.fabric.to_device(self.task.batch(items, self.share))
        self.task.model.train()
        figures = self.task.step(self.model, batch)
        self.optimiser.zero_grad()
        self.fabric.backward(figures["loss"])
        # Fabric's error is off: half precision meets infinities, which its scaler skips; a divergence shows in the loss
        self.fabric.clip_gradients(self.model, self.optimiser, max_norm=self.training.clip, error_if_nonfinite=False)
        self.optimiser.step()
        self.step, self.position = self.step + 1, self.position + 1
        self.share = self._share()
        if self.step % 20 == 0:  # a look costs a wait for the device
            values = {key: float(value.detach()) for key, value in figures.items()}
            if not np.isfinite(values["loss"]):
                raise UserError(
                    f"{self.task.name} diverged at step {self.step} (loss {values['loss']}); lower its "
                    "training.learning_rate"
                )
            self._log({f"train/{key}": value for key, value in values.items()} | {"train/learning_rate": rate})
            self.progress.show(self.step, self.share, len(items), values)

    def _share(self) -> float:
        """How much of the budget is used, 0 to 1: the limit that is nearest counts. All processes get the same, or they
        would learn at different rates.

        Seconds count only where they will run out, clearly ahead of steps and epochs: else the learning rate, and so
        every weight, would depend on how busy the machine was.
        """
        shares = [0.0]
        if self.training.steps:
            shares.append(self.step / self.training.steps)
        if self.training.epochs:
            batches = -(-len(self.task.lengths()) // (self.training.batch_size * self.fabric.world_size))
            shares.append((self.epoch + self.position / batches) / self.training.epochs)
        if self.trainer.minutes:
            time_share = self._seconds() / 60 / self.trainer.minutes
            if len(shares) == 1 or time_share >= min(1.0, max(shares) + CLEARLY_AHEAD):
                shares.append(time_share)
        share = min(1.0, max(shares))
        return self.fabric.broadcast(share) if self.fabric.world_size > 1 else share

    def _seconds(self) -> float:
        return self.clock() - self.began

    stopping = False

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    def _asked_to_stop(self) -> bool:
        return self.fabric.broadcast(self.stopping) if self.fabric.world_size > 1 else self.stopping

    def _validate(self) -> dict[str, float]:
        self.task.model.eval()
        with torch.inference_mode():
            figures = self.task.validate()
            if self.writer:
                self.task.show(self.writer, self.step)
        self.validated += 1
        self._log(figures)
        if not np.isfinite(figures["dev/loss"]):
            raise UserError(
                f"{self.task.name} diverged by step {self.step} (loss on dev {figures['dev/loss']}); lower its "
                "training.learning_rate"
            )
        return figures

    def _log(self, figures: dict[str, float]) -> None:
        if self.writer:
            for key, value in figures.items():
                self.writer.add_scalar(key, value, self.step)

    COUNTERS = ("step", "epoch", "position", "validated", "last_epoch")
    last_epoch: dict[str, float] = {}  # noqa: RUF012 (replaced, never changed)

    def _save(self) -> None:
        self.saved = time.monotonic()
        counters = {name: getattr(self, name) for name in self.COUNTERS} | {"elapsed": self._seconds()}
        counters["processes"] = self.fabric.world_size
        if self.fabric.is_global_zero:
            save_checkpoint(self.folder / LAST, self.task.model, self.optimiser, counters)
        if self.writer:
            self.writer.flush()  # the curves up to here belong to the checkpoint

    def _resume(self) -> None:
        if (self.folder / LAST).exists():
            counters = load_checkpoint(self.folder / LAST, self.task.model, self.optimiser)
            then, now = counters.pop("processes", self.fabric.world_size), self.fabric.world_size
            if then != now:  # batches are counted for each process
                raise UserError(
                    f"{self.folder / LAST} is of a training with {then} processes, and now there are {now}; go on with "
                    f"trainer.devices={then}, or delete its folder"
                )
            for name in (*self.COUNTERS, "elapsed"):
                setattr(self, name, counters[name])
            self.fabric.print(f"{self.task.name}: going on from step {self.step}")
