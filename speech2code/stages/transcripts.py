"""What a recogniser reads in a row of waveforms: one table a row and recogniser, kept."""

import csv
from pathlib import Path

import numpy as np

from speech2code.audio.files import load_waveform
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.evaluation.run_folder import RunFolder
from speech2code.files import read_json, write_atomically
from speech2code.stages.folders import data_folder, run_folder, speech_of
from speech2code.stages.record import RECORD


def own_recogniser(config: Config) -> AttentionRecogniser:
    """The evaluation's own recogniser, from the folder of its training."""
    folder = run_folder(config) / "recogniser"
    record, standard = read_json(folder / RECORD), speech_of(config, "train").standard("target")
    return AttentionRecogniser.load(folder, config.recogniser, record["words"], standard, record["longest"])


def store_of(config: Config, row: str) -> FeatureStore | None:
    """The sentences of a row; None where the corpus has none."""
    split = "unseen" if row == "unseen" else "test"
    return FeatureStore(data_folder(config), split) if (data_folder(config) / split).exists() else None


def waveforms_of(config: Config, row: str) -> list[np.ndarray]:
    """One waveform a sentence."""
    store, folder = store_of(config, row), RunFolder(run_folder(config)).sounds(row)
    if row == "original":
        return [store.waveform("target", item) for item in range(len(store))]
    return [load_waveform(folder / f"{key}.wav") for key in store.ids]


def transcripts(config: Config, row: str, recogniser, **options) -> list[str]:
    """One normalised transcript a sentence; where there is no table of them yet, `recogniser` listens.

    So an interrupted evaluation listens to nothing twice.
    """
    path, store = RunFolder(run_folder(config)).table(row, recogniser.name), store_of(config, row)
    if not path.exists():
        heard = recogniser.transcribe(waveforms_of(config, row), description=f"{recogniser.name}: {row}", **options)
        _write(path, zip(store.ids, map(normalise, store.texts("target")), map(normalise, heard)))
    with open(path, encoding="utf-8", newline="") as file:
        return [line["hypothesis"] for line in csv.DictReader(file, delimiter="\t")]


def _write(path: Path, lines) -> None:
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["id", "reference", "hypothesis"])
        table.writerows(lines)
