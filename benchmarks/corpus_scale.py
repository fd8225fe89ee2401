"""Training as the corpus grows: seconds a thousand utterances and memory, with 1k to 164k pairs in the store.

1,024 spoken pairs, repeated: what is measured is the cost of size, not of variety. 164k pairs take 30 GB of disk.
"""

import os
import resource
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from benchmarks.timing import Line
from speech2code.builders import build_translator, build_unit_encoder, build_vocoder
from speech2code.compose import compose
from speech2code.config import Config
from speech2code.corpora.batches import epoch_batches
from speech2code.corpora.prepare import prepare
from speech2code.corpora.speech import Speech
from speech2code.corpora.store import FeatureStore, write_split
from speech2code.training.loop import Task
from speech2code.training.tokens import TokensTask
from speech2code.training.units import CodebookTask, encode_split
from speech2code.training.vocoder import VocoderTask
from speech2code.units.sequences import UnitSequences

SIZES = (1024, 4096, 16_384, 65_536, 164_064)
STEPS = 30


def measure() -> Line:
    config = compose(
        ["experiment=phrasebook", "corpus.train=1024", "corpus.dev=32", "corpus.test=32", "corpus.unseen=2"]
    )
    table = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", ".")) as folder:
        spoken, grown = Path(folder) / "spoken", Path(folder) / "grown"
        prepare(config.corpus, spoken, len(os.sched_getaffinity(0)))
        for size in SIZES:
            _repeat(spoken, grown, size)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:  # a process of its own: its memory
                table[size] = fresh.submit(_train, config, grown).result()
            print(
                f"corpus_scale: {size} pairs: " + ", ".join(f"{k} {v:.3g}" for k, v in table[size].items()), flush=True
            )
    rates = [line["s a 1000 utterances"] for line in table.values()]
    memory, growth = max(line["GB"] for line in table.values()), rates[-1] / rates[0]
    notes = {f"{what} ({size})": value for size, line in table.items() for what, value in line.items()}
    met = memory <= 4 and growth <= 1.15
    return Line("corpus_scale", memory, 4.0, "GB", 4 / memory, "≤ 4 GB, linear cost", met, {"growth": growth} | notes)


def _repeat(spoken: Path, grown: Path, size: int) -> None:
    shutil.rmtree(grown, ignore_errors=True)
    shutil.copytree(spoken, grown, ignore=shutil.ignore_patterns("train"))
    store, times = FeatureStore(spoken, "train"), size // 1024
    shard = grown / "shard.npz"
    arrays = {}
    for kind in ("source_mfcc", "target_mfcc", "source_waveform", "target_waveform"):
        arrays |= {kind: np.load(store.folder / f"{kind}.npy"), f"{kind}_lengths": store.lengths(kind)}
    np.savez(shard, **arrays)
    items = {"ids": [f"{turn}-{name}" for turn in range(times) for name in store.ids]}
    items |= {f"{side}_speakers": list(store.speakers[side]) * times for side in ("source", "target")}
    write_split(grown, "train", items, None, [shard] * times)


def _train(config: Config, folder: Path) -> dict[str, float]:
    """A few steps of the three trainings, their start and an epoch's order included."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    began = time.perf_counter()
    train, dev = Speech(folder, "train"), Speech(folder, "dev")
    encoder, size = build_unit_encoder(config.units, train.speaker_count("target")), config.units.codebook_size
    seconds = _steps(CodebookTask(encoder, config.units, train, dev), config.units.training.batch_size)
    known = encode_split(encoder.eval(), dev)
    short = [np.arange(24) % size for _ in range(len(train))]
    drawn = UnitSequences(known.codebook, train.store.ids, short, [np.ones_like(each) for each in short])
    start = time.perf_counter() - began - seconds
    settings, lists = config.translator, ((train, short), (dev, known.units))
    for make in (
        lambda: VocoderTask(build_vocoder(config.vocoder, encoder.spec), encoder, (train, drawn), (dev, known)),
        lambda: TokensTask("translator", "source", settings, build_translator(settings, size), *lists),
    ):
        began = time.perf_counter()
        task = make()
        start += time.perf_counter() - began
        seconds += _steps(task, 16)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    hours = float(train.store.lengths("source_waveform").sum() / 16_000 / 3600)
    return {"hours": hours, "s a 1000 utterances": seconds / (STEPS * 16) * 1000, "start": start, "GB": memory}


def _steps(task: Task, batch_size: int) -> float:
    optimiser = torch.optim.AdamW(task.model.parameters(), 1e-3, fused=True)
    batches = epoch_batches(task.lengths(), batch_size, 0, 0)
    # batches from all over the corpus: the store must be as good at its end as at its beginning
    chosen = [batches[index] for index in np.linspace(0, len(batches) - 1, STEPS).astype(int)]
    task.model.train()
    began = time.perf_counter()
    for items in chosen:
        optimiser.zero_grad()
        task.step(task.model, task.batch(items, 0.5))["loss"].backward()
        optimiser.step()
    return time.perf_counter() - began
