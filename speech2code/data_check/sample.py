"""Some pairs of a corpus, prepared in a folder of their own, and a training on them that is only timed."""

import time
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.corpora.joining import join, plan
from speech2code.corpora.pairs import Pair
from speech2code.corpora.shards import make_shard
from speech2code.corpora.speech import Speech
from speech2code.corpora.statistics import statistics_of
from speech2code.files import write_json
from speech2code.seals import sealed
from speech2code.training.loop import Task, clock_of

SAMPLE = 64  # training pairs, from all over the list, for they shall have its lengths
DEV = 4  # pairs; a prepared corpus has some
STEPS = 16  # behind the first one, which warms up; more where a pass over the sample takes more


def prepared(train: list[Pair], trimming: str, folder: Path) -> tuple[Speech, Speech, float]:
    """Some of the training pairs as training and dev speech, and the processor seconds that one of them took."""
    chosen = [train[place] for place in np.linspace(0, len(train) - 1, min(SAMPLE, len(train))).astype(int)]
    pairs = [replace(pair, id=str(number), split="train") for number, pair in enumerate(chosen)]
    pairs += [replace(pair, id=f"dev {pair.id}", split="dev") for pair in pairs[:DEV]]
    make_shard(folder / "warm-up.npz", pairs[:1], trimming)  # the first one loads and compiles
    began = time.process_time()
    for path, some in plan(pairs, folder / "shards"):
        make_shard(path, some, trimming)
    seconds = (time.process_time() - began) / len(pairs)
    join(pairs, folder, folder / "shards")
    write_json(folder / "corpus.json", sealed({"splits": ["dev", "train"]} | statistics_of(folder)))
    return Speech(folder, "train"), Speech(folder, "dev"), seconds


class TimedTask:
    """A task whose batches note when they begin. After so few steps a look at dev is worth nothing."""

    def __init__(self, task: Task, device: torch.device):
        self.task, self.device, self.name, self.clock = task, device, task.name, clock_of(device)
        self.began: list[float] = []

    @property
    def model(self) -> nn.Module:
        return self.task.model

    def lengths(self) -> np.ndarray:
        return self.task.lengths()

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        self._note()
        return self.task.batch(items, share)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return self.task.step(model, batch)

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        self._note()  # the first one ends the last step
        return {"dev/loss": 0.0, "dev/perplexity": inf, "dev/units": 0.0}

    def show(self, writer: SummaryWriter, step: int) -> None:
        pass

    def _note(self) -> None:
        if self.device.type == "cuda":  # else it has only been told what to do
            torch.cuda.synchronize(self.device)
        self.began.append(self.clock())
