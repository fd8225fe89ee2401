"""Stages `transcribe ROW RECOGNISER`: what a recogniser reads in a row of waveforms, one table each."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import load_waveform
from speech2code.builders import RECOGNISERS, load_recogniser
from speech2code.config import Config
from speech2code.files import sound_file, write_atomically
from speech2code.registry import ROW, Stage
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import normalise
from speech2code.seals import digest
from speech2code.stages.folders import corpus_of, run_folder, splits_of, text_of
from speech2code.stages.record import check_sounds, fingerprints, stage
from speech2code.stages.texts import check_words, scorable


def transcribe(config: Config, this: Stage) -> None:
    """Reads those sentences of one row that can be scored, in the splits that this recogniser judges; nothing where the
    corpus has none. UserError where the test list has none."""
    run, splits = run_folder(config), splits_of(config, this.recogniser, target_only=this.target_only)
    torch.set_num_threads(config.trainer.threads)
    section = RECOGNISERS[this.recogniser].section
    settings = {"corpus": corpus_of(config, this.name), "splits": splits, **fingerprints(run, *this.needs)}
    settings |= text_of(config)
    settings |= {section: vars(getattr(config, section))} if section else {}
    with stage(run, this.name, settings) as figures:
        if figures is None or not is_there(config, this.row):
            return
        check_words(config, "test")
        recogniser, language = load_recogniser(this.recogniser, run, config), config.corpus.target
        figures |= {"signature": recogniser.signature, "tables": {}}
        for split in splits:
            store, sounds = scorable(config, split).store, waveforms_of(config, this.row, split)
            if not sounds:
                continue
            found = recogniser.transcribe(sounds, description=f"{this.recogniser}: {this.row}, {split}")
            texts = zip(store.texts("target"), found)
            rows = [(normalise(meant, language), normalise(read, language)) for meant, read in texts]
            path = RunFolder(run).table(this.row, this.recogniser, split)
            _write(path, zip(store.ids, *zip(*rows)))
            figures["tables"][path.name] = digest(path)


def is_there(config: Config, row: str) -> bool:
    """Whether a row is spoken: some need a voice."""
    return not ROW[row].voiced or config.corpus.target_voice is not None


def waveforms_of(config: Config, row: str, split: str) -> list[np.ndarray]:
    """One waveform for each sentence that can be scored."""
    store, folder = scorable(config, split).store, RunFolder(run_folder(config)).sounds(row, split)
    if ROW[row].made_by is None:
        return [store.waveform("target", item) for item in range(len(store))]
    check_sounds(RunFolder(run_folder(config)), row, split)
    return [load_waveform(sound_file(folder, key)) for key in store.ids]


def _write(path: Path, rows: Iterable[tuple]) -> None:
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        table.writerow(["id", "reference", "hypothesis"])
        table.writerows(rows)
