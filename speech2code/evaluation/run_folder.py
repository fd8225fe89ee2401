"""What the report reads from `runs/<name>/`. A part may be missing: then None or nothing is given, never a guess."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech2code.audio.files import load_waveform
from speech2code.errors import UserError
from speech2code.files import read_json

STAGES = ("units", "inverter", "translator", "recogniser")
ROWS = ("original", "resynthesis", "translation")
RECOGNISERS = ("own", "pocketsphinx")
RIVALS = ("baseline", "topline", "topline_voice")  # what ours is compared with
SOUNDS = ("source", "original", "resynthesis", "translation")


@dataclass(frozen=True)
class RunFolder:
    path: Path

    def __post_init__(self):
        if not self.path.is_dir():
            raise UserError(f"there is no run folder {self.path}; give the folder of a run, such as runs/best_fr_en")

    def json(self, name: str) -> dict | None:
        return read_json(self.path / name) if (self.path / name).is_file() else None

    def rivals(self) -> dict[str, dict]:
        """Row → recogniser → scores of what stage `compare` has heard."""
        scores = self.json("comparisons/scores.json") or {}
        return {row: scores[row] for row in RIVALS if row in scores}

    def config(self) -> str | None:
        path = self.path / "config.yaml"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def shown_ids(self) -> list[str]:
        """The sentences to listen to: those whose source speech was kept."""
        return sorted(path.stem for path in self.sounds("source").glob("*.wav"))

    def sounds(self, row: str) -> Path:
        """Where the waveforms of a row are: the inverter's stage ends with the resynthesis."""
        stage = "comparisons" if row in RIVALS else "inverter" if row == "resynthesis" else "synthesis"
        return self.path / stage / row

    def waveform(self, row: str, sentence: str) -> np.ndarray | None:
        path = self.sounds(row) / f"{sentence}.wav"
        return load_waveform(path) if path.is_file() else None

    def table(self, row: str, recogniser: str) -> Path:
        """Where the transcripts of a row are."""
        stage = "comparisons" if row in RIVALS else "evaluation" if recogniser == "own" else f"listening-{row}"
        return self.path / stage / f"{row}.{recogniser}.tsv"

    def transcripts(self, row: str, recogniser: str) -> dict[str, tuple[str, str]]:
        """id → (reference, hypothesis), both normalised."""
        path = self.table(row, recogniser)
        if not path.is_file():
            return {}
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
            if lines.fieldnames != ["id", "reference", "hypothesis"]:
                raise UserError(
                    f"{path} has columns {lines.fieldnames}, not id, reference, hypothesis; run `evaluate` again"
                )
            return {line["id"]: (line["reference"], line["hypothesis"]) for line in lines}

    def units(self) -> dict[str, dict[str, list[int]]]:
        """{"reference": {id: units}, "translation": {id: units}}"""
        return self.json("synthesis/units.json") or {}

    def alignments(self) -> dict[str, np.ndarray]:
        """id → attention float32 `(units, source frames)`."""
        path = self.path / "synthesis" / "alignments.npz"
        if not path.is_file():
            return {}
        with np.load(path) as archive:
            return dict(archive)

    def phones(self) -> dict | None:
        """What `units` wrote of a codebook: "counts" `(codebook_size, phones)`, "phones", "codes"."""
        path = self.path / "quality" / "phones.npz"
        if not path.is_file():
            return None
        with np.load(path) as archive:
            return dict(archive)

    def unit_sounds(self) -> dict[int, np.ndarray]:
        """Unit → how it sounds when it is spoken some times in a row."""
        paths = sorted((self.path / "quality" / "sounds").glob("*.wav"))
        return {int(path.stem): load_waveform(path) for path in paths}

    def curves(self, stage: str) -> dict[str, tuple[list[int], list[float]]]:
        """Scalar name → (steps, values), for train/loss and all dev scalars in the stage's TensorBoard events."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        curves = {}
        for folder in sorted({path.parent for path in (self.path / stage).rglob("events.out.tfevents*")}):
            events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 1, "audio": 1, "tensors": 1})
            events.Reload()
            for tag in events.Tags()["scalars"]:
                if tag == "train/loss" or tag.startswith("dev/"):
                    # A resumed stage writes a second event file: the later value of a step counts.
                    points = dict(sorted((event.step, event.value) for event in events.Scalars(tag)))
                    curves[tag] = (list(points), list(points.values()))
        return curves


def as_text(value) -> str:
    """A figure as the report prints it: floats with 4 significant digits, whole numbers in groups of three."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
