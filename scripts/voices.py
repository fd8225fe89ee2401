"""The same sentence by different voices: do the units agree more when the model is told who speaks?

    python scripts/voices.py      # in a folder with data/ of experiment=voices prepared; 40 minutes of one core

Trains the units of experiment=voices twice, alike but for the speakers: once nobody tells them apart, once the decoder
is told the speaker and the encoder hears everybody through one throat (VTLN, and a little warp while training).
Writes `results/voices.json`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from speech2code.compose import compose
from speech2code.evaluation.phonetic import phonetic
from speech2code.evaluation.provenance import describe_run
from speech2code.files import write_json
from speech2code.stages.folders import data_folder
from speech2code.training.discover import DiscoverTask
from speech2code.training.loop import fit
from speech2code.training.speech import Speech

RESULTS = Path(__file__).resolve().parents[1] / "results" / "voices.json"
SENTENCES = 150
SEEDS = (0, 1)


class Mixed(Speech):
    """Nobody tells the speakers apart."""

    def speaker_count(self, side: str) -> int:
        return 1

    def speakers(self, side: str, items: np.ndarray) -> Tensor:
        return torch.zeros(len(items), dtype=torch.int64)

    def warps(self, items: np.ndarray) -> Tensor:
        return torch.ones(len(items))


def main(overrides: list[str]) -> None:
    torch.set_num_threads(1)
    lines, origin = [], describe_run(SEEDS[0])
    for seed in SEEDS:
        for told in (False, True):
            found = measure(told, seed, overrides)
            lines.append({"speakers": "told" if told else "mixed", "seed": seed} | found)
            print(lines[-1], flush=True)
            write_json(RESULTS, {"lines": lines, "sentences": SENTENCES, **origin})


def measure(told: bool, seed: int, overrides: list[str]) -> dict[str, float]:
    config = compose(["experiment=voices", "trainer.minutes=null", *overrides])
    speech, units = (Speech, config.units) if told else (Mixed, replace(config.units, warp=0.0))
    train, dev, test = (speech(data_folder(config), split) for split in ("train", "dev", "test"))
    fabric = Fabric(accelerator="cpu")
    fabric.launch()
    torch.manual_seed(seed)
    began, task = time.process_time(), DiscoverTask(units, train, dev)
    trainer = replace(config.trainer, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        figures = fit(task, units.training, trainer, Path(folder), fabric)
    taken, voices = time.process_time() - began, config.corpus.target_voice.split("+")
    warps = train.statistics["target_warps"] if told else dict.fromkeys(voices, 1.0)
    texts = test.store.texts("target")[:SENTENCES]
    found = phonetic(task.model.eval(), train.standard("target"), texts, voices, warps, 1).measures
    return found | {"core_seconds": taken, "reconstruction": figures["metrics"]["dev/loss"]}


if __name__ == "__main__":
    main(sys.argv[1:])
