"""Stages `transcribe ROW RECOGNISER`: what a recogniser reads in a row of waveforms, one table each."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import load_waveform
from speech2code.builders import load_recogniser
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.files import write_atomically
from speech2code.registry import ROW, Stage
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import normalise
from speech2code.stages.folders import corpus_of, data_folder, run_folder
from speech2code.stages.record import fingerprints, stage


def transcribe(config: Config, this: Stage) -> None:
    """Reads one row; nothing where the corpus has no such sentences."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    settings = {"corpus": corpus_of(config, this.name), **fingerprints(run, *this.needs)}
    with stage(run, this.name, settings) as figures:
        if figures is None or not is_there(config, this.row):
            return
        recogniser, store = load_recogniser(this.recogniser, run / "recogniser"), store_of(config, this.row)
        found = recogniser.transcribe(waveforms_of(config, this.row), description=f"{this.recogniser}: {this.row}")
        texts = ([normalise(text, config.corpus.target) for text in side] for side in (store.texts("target"), found))
        rows = zip(store.ids, *texts)
        _write(RunFolder(run).table(this.row, this.recogniser), rows)


def is_there(config: Config, row: str) -> bool:
    """Whether the corpus has the sentences of a row, and a voice where it needs one."""
    there = (data_folder(config) / ROW[row].split).exists()
    return there and (row != "topline_voice" or config.corpus.target_voice is not None)


def store_of(config: Config, row: str) -> FeatureStore:
    """The sentences of a row."""
    return FeatureStore(data_folder(config), ROW[row].split)


def waveforms_of(config: Config, row: str) -> list[np.ndarray]:
    """One waveform a sentence."""
    store, folder = store_of(config, row), RunFolder(run_folder(config)).sounds(row)
    if ROW[row].made_by is None:
        return [store.waveform("target", item) for item in range(len(store))]
    return [load_waveform(folder / f"{key}.wav") for key in store.ids]


def _write(path: Path, rows: Iterable[tuple]) -> None:
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["id", "reference", "hypothesis"])
        table.writerows(rows)
