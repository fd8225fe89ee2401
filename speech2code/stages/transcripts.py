"""What the recognisers read in a row of waveforms: one table a row and recogniser, kept."""

import csv
from pathlib import Path

import numpy as np

from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.files import write_atomically
from speech2code.stages.folders import speech_of


def own_recogniser(config: Config, folder: Path, words: list[str], longest: int) -> AttentionRecogniser:
    """The evaluation's own recogniser from the folder of its training."""
    standard = speech_of(config, "train").standard("target")
    return AttentionRecogniser.load(folder, config.recogniser, words, standard, longest)


def transcripts(path: Path, recogniser, store: FeatureStore, waveforms: list[np.ndarray], **options) -> list[str]:
    """One normalised transcript a waveform, from the table at `path`; where there is none yet, `recogniser` listens.

    So an interrupted evaluation listens to nothing twice.
    """
    if not path.exists():
        heard = recogniser.transcribe(waveforms, description=f"{recogniser.name}: {path.stem}", **options)
        with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(["id", "reference", "hypothesis"])
            table.writerows(zip(store.ids, map(normalise, store.texts("target")), map(normalise, heard)))
    with open(path, encoding="utf-8", newline="") as file:
        return [row["hypothesis"] for row in csv.DictReader(file, delimiter="\t")]
