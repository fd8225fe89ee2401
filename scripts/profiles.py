"""Where the time goes: the costliest operations of a training step of each stage.

    python scripts/profiles.py > results/profiles.txt      # after `make demo`, in the same folder

One thread, real batches of the demo; times under the profiler are longer than without it: read the shares.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch.profiler import ProfilerActivity, profile

from speech2code.compose import compose
from speech2code.corpora.batches import epoch_batches
from speech2code.evaluation.provenance import describe_run
from speech2code.stages.folders import discoverer_of, fabric_of, with_units
from speech2code.training.discover import DiscoverTask
from speech2code.training.invert import InvertTask
from speech2code.training.loop import _Run
from speech2code.training.sequences import TokensTask

STEPS = 9


def main() -> None:
    config = compose(["experiment=phrasebook", *sys.argv[1:]])
    print(f"{describe_run(config.trainer.seed)}\n")
    discoverer, record = discoverer_of(config)
    train, dev = (with_units(config, split, record["codebook"]) for split in ("train", "dev"))
    words = [np.arange(8) for _ in range(len(train[0]))], [np.arange(8) for _ in range(len(dev[0]))]
    tasks = {
        "units": lambda: DiscoverTask(config.units, train[0], dev[0]),
        "inverter": lambda: InvertTask(
            config.inverter, discoverer.codebook, config.units.time_reduction, train, dev
        ),
        "translator": lambda: TokensTask(
            "translate", "source", config.translator, config.units.codebook_size,
            (train[0], train[1].units), (dev[0], dev[1].units),
        ),
        "recogniser": lambda: TokensTask(
            "recognise", "target", config.recogniser, 100, (train[0], words[0]), (dev[0], words[1])
        ),
    }  # fmt: skip
    for name, task in tasks.items():
        _training(name, task(), config)


def _training(name, task, config) -> None:
    training = getattr(config, name).training
    with tempfile.TemporaryDirectory() as folder:
        run = _Run(task, training, config.trainer, Path(folder), fabric_of(config))
        run.began, run.writer = 0.0, None
        run._share = lambda: 0.1
        run._log = lambda figures: None
        batches = epoch_batches(task.lengths(), training.batch_size, 0, 0)
        _show(name, lambda: [run._step(items) for items in batches[:STEPS]])


def _show(name: str, work: Callable[[], object]) -> None:
    work()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        work()
    table = seen.key_averages().table(sort_by="self_cpu_time_total", row_limit=18, max_name_column_width=48)
    print(name)
    print(table)


if __name__ == "__main__":
    main()
