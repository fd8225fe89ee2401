"""What the report reads from `runs/<name>/`. A part may be missing: then None or nothing is given, never a guess."""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from speech2code.audio.files import load_waveform
from speech2code.errors import UserError
from speech2code.files import safe_name, sound_file
from speech2code.npz import read_npz
from speech2code.records import read_record
from speech2code.registry import BY_NAME, ROW, ROWS
from speech2code.seals import digest, read_sealed

MADE_BY = {  # sealed file → the stage that writes it
    "scores.json": "scores", "scores/detectors.json": "scores", "units.json": "quality",
    "decoding/units.json": "decoding", "decoding/ended.json": "decoding",
    "baselines/scores.json": "baseline_scores", "baselines/topline_texts.json": "baselines",
}  # fmt: skip


def check_table(path: Path, record: dict) -> None:
    """UserError where a table of transcripts is not the one that its stage wrote, by the stage's record."""
    if record.get("tables", {}).get(path.name) != (digest(path) if path.is_file() else None):
        raise UserError(f"{path} is not what its stage wrote; delete {path.parent} and run `transcribe` again")


@dataclass(frozen=True)
class RunFolder:
    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            raise UserError(f"there is no run folder {self.path}; give the folder of a run, such as runs/best_fr_en")

    def sealed(self, name: str) -> dict:
        """A file in MADE_BY; {} where there is none. UserError where it was changed by hand."""
        path, stage = self.path / name, MADE_BY[name]
        remedy = f"delete it and {self.path / stage}, and run `speech2code {BY_NAME[stage].verb}` again"
        return read_sealed(path, remedy) if os.path.lexists(path) else {}

    def scores(self, split: str = "test") -> dict[str, dict]:
        """Row → recogniser → figures, of all rows of this split that have been scored, baseline and topline too."""
        found: dict[str, dict] = {}
        for name in ("scores.json", "baselines/scores.json"):
            found |= self.sealed(name).get("splits", {}).get(split, {})
        return {row.name: found[row.name] for row in ROWS if row.name in found}

    def speakers(self, split: str = "test") -> dict[str, dict]:
        """Recogniser → source speaker → figures of the translation; {} where there is one speaker only."""
        return self.sealed("scores.json").get("speakers", {}).get(split, {}).get("translation", {})

    def text_bleu(self, row: str, split: str) -> float | None:
        """BLEU of what a topline writes, before it is spoken; None of any other row."""
        found = self.sealed("baselines/scores.json").get("splits", {}).get(split, {}).get(f"{row}_text")
        return found["as text"]["bleu"] if found else None

    def config(self) -> str | None:
        path = self.path / "config.yaml"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def language(self) -> str | None:
        """Of the target; None where the run has no settings yet. UserError where `config.yaml` is damaged."""
        try:
            known = yaml.safe_load(self.config() or "") or {}
            return known.get("corpus", {}).get("target")
        except (yaml.YAMLError, AttributeError, UnicodeDecodeError) as error:
            raise UserError(
                f"{self.path / 'config.yaml'} is damaged; delete it and run `speech2code report` with the same settings"
            ) from error

    def shown_ids(self) -> list[str]:
        """The sentences to listen to: those of the test list whose source speech was kept."""
        ids = {safe_name(each): each for each in self.units().get("translation", {})}
        return sorted(ids.get(path.stem, path.stem) for path in self.sounds("source").glob("*.wav"))

    def sounds(self, row: str, split: str = "test") -> Path:
        """Where the waveforms of a row are; "source" has those that `decode` keeps."""
        return self.path / (ROW[row].folder if row in ROW else f"decoding/{row}") / split

    def waveform(self, row: str, sentence: str) -> np.ndarray | None:
        """Of the test list."""
        path = sound_file(self.sounds(row), sentence)
        return load_waveform(path) if path.is_file() else None

    def table(self, row: str, recogniser: str, split: str = "test") -> Path:
        """Where the transcripts of a row are."""
        return self.path / "transcripts" / f"{row}.{recogniser}" / f"{split}.tsv"

    def transcripts(self, row: str, recogniser: str, split: str = "test") -> dict[str, tuple[str, str]]:
        """id → (reference, hypothesis), both normalised; {} where the stage has not read them, or not to its end.

        UserError where the file is not the one that the stage wrote."""
        path = self.table(row, recogniser, split)
        record = read_record(self.path, f"transcripts/{row}.{recogniser}")
        if not record or not record["done"]:
            return {}
        check_table(path, record)
        if not path.is_file():  # another split was read, or there is no such row
            return {}
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return {line["id"]: (line["reference"], line["hypothesis"]) for line in lines}

    def units(self) -> dict[str, dict[str, list[int]]]:
        """{"reference": {id: units}, "translation": {id: units}}, sentences of all splits."""
        return self.sealed("decoding/units.json")

    def alignments(self) -> dict[str, np.ndarray]:
        """id → attention float32 `(units, source frames)`."""
        path = self.path / "decoding" / "alignments.npz"
        if not path.is_file():
            return {}
        archive = read_npz(path)
        return {name: archive[safe_name(name)] for name in self.shown_ids() if safe_name(name) in archive}

    def phones(self) -> dict | None:
        """What `measure` wrote of a codebook: "counts" `(codebook_size, phones)`, "phones", "codes"."""
        path = self.path / "quality" / "phones.npz"
        if not path.is_file():
            return None
        return read_npz(path)

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


def as_text(value: object) -> str:
    """A figure as the report prints it: floats with 4 significant digits, whole numbers in groups of three."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
