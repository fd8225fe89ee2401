"""Trained units are spelt anew: a language model learns from them as they stand, and what it finds usual is written."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.config import TrainerConfig, UnitsConfig
from speech2code.corpora.batches import in_order, pad
from speech2code.training.discover import DiscoverTask, written
from speech2code.training.loop import fit
from speech2code.training.validation import averages
from speech2code.units.language import UnitLanguageModel

if TYPE_CHECKING:
    from lightning_fabric import Fabric

READ = 20_000  # sentences at most that the next model learns from
DEARER = 1.6  # than a nat of the codebook's surprise: who has read more may ask more for what he does not expect


class LanguageTask:
    name = "language"
    lower_is_better = True

    def __init__(self, config: UnitsConfig, train: list[np.ndarray], dev: list[np.ndarray]):
        self.train, self.dev = train, dev
        self.model = UnitLanguageModel(config.codebook_size, config.rate)

    def lengths(self) -> np.ndarray:
        return np.array([len(units) for units in self.train])

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        return pad([self.train[item] for item in items], torch.int64)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        loss, accuracy = self.model.loss(model(batch[0]), *batch)
        return {"loss": loss, "accuracy": accuracy}

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        batches = (pad([self.dev[item] for item in items], torch.int64) for items in in_order(_lengths(self.dev), 64))
        return averages(self.step, self.model, ((batch, int((batch[1] + 1).sum())) for batch in batches))

    def show(self, writer, step: int) -> None:
        """Nothing to be seen."""


def respell(
    discovered: DiscoverTask, config: UnitsConfig, trainer: TrainerConfig, folder: Path, fabric: "Fabric"
) -> list[dict]:
    """`config.respell` times: a language model learns from the training speech as the discovered model writes it now,
    and from then on that writes what is cheapest under it. Gives the figures of each training; resumes."""
    model, speech = discovered.model, (discovered.train, discovered.dev)
    figures = []
    for turn in range(config.respell):
        steps = (written(model, each, READ if turn else len(each)) for each in speech)
        task = LanguageTask(config, *([model.write(item)[0].cpu().numpy() for item in split] for split in steps))
        figures.append(fit(task, config.language, trainer, folder / f"language-{turn + 1}", fabric))
        task.model.price.copy_(DEARER * model.codebook.price)
        model.language.load_state_dict(task.model.state_dict())
    return figures


def _lengths(sequences: list[np.ndarray]) -> np.ndarray:
    return np.array([len(units) for units in sequences])
