"""What the recognisers read in a row of waveforms: one table a row and recogniser, kept."""

import csv
import os
from pathlib import Path

import numpy as np

from speech2code.audio.files import load_waveform
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.run_folder import RunFolder
from speech2code.files import write_atomically
from speech2code.stages.folders import data_folder, run_folder, speech_of

ROWS = ("original", "resynthesis", "translation", "unseen")


def own_recogniser(config: Config, folder: Path, words: list[str], longest: int) -> AttentionRecogniser:
    """The evaluation's own recogniser from the folder of its training."""
    standard = speech_of(config, "train").standard("target")
    return AttentionRecogniser.load(folder, config.recogniser, words, standard, longest)


def store_of(config: Config, row: str) -> FeatureStore | None:
    """The sentences of a row; None where the corpus has none."""
    split = "unseen" if row == "unseen" else "test"
    return FeatureStore(data_folder(config), split) if (data_folder(config) / split).exists() else None


def waveforms_of(config: Config, row: str, store: FeatureStore) -> list[np.ndarray]:
    """One waveform a sentence."""
    if row == "original":
        return [store.waveform("target", item) for item in range(len(store))]
    folder = RunFolder(run_folder(config)).sounds(row)
    return [load_waveform(folder / f"{key}.wav") for key in store.ids]


def read_row(config: Config, row: str, own: AttentionRecogniser, beside: bool = False) -> dict[str, list[str]]:
    """Recogniser → one normalised transcript a sentence; what was read before is not read again.

    `beside`: another stage is at work on the other cores. PocketSphinx leaves the unseen list to the own recogniser: it
    would take half a minute more.
    """
    store, run = store_of(config, row), RunFolder(run_folder(config))
    tables = {each.name: run.table(row, each.name) for each in ([own] if row == "unseen" else [own, PocketSphinx()])}
    if not all(path.exists() for path in tables.values()):
        waveforms = waveforms_of(config, row, store)
        _read(tables[own.name], own, store, waveforms)
        if row != "unseen":
            jobs = max(1, (os.cpu_count() or 1) // config.trainer.jobs) if beside else None
            _read(tables[PocketSphinx.name], PocketSphinx(), store, waveforms, processes=jobs)
    return {name: _hypotheses(path) for name, path in tables.items()}


def _read(path: Path, recogniser, store: FeatureStore, waveforms: list[np.ndarray], **options) -> None:
    if path.exists():
        return
    heard = recogniser.transcribe(waveforms, description=f"{recogniser.name}: {path.stem}", **options)
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["id", "reference", "hypothesis"])
        table.writerows(zip(store.ids, map(normalise, store.texts("target")), map(normalise, heard)))


def _hypotheses(path: Path) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        return [row["hypothesis"] for row in csv.DictReader(file, delimiter="\t")]
