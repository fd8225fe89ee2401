"""What is known of each unit of a trained system: how it sounds, which phones stand behind it, where it occurs."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.audio.files import SAMPLE_RATE
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator
from speech2code.report.run_folder import RunFolder

ROW = "resynthesis"  # the sentences of the test list that occurrences are heard in
SHOWN = 5  # occurrences
AROUND = 0.25  # seconds of the sentence heard before and behind a unit
REPEATED = 6  # times a unit is said alone, where `measure` has not said it


class Occurrence(NamedTuple):
    """A unit in a sentence of the test list."""

    sentence: str
    start: float  # seconds
    sound: np.ndarray  # the unit with what is around it


class Unit(NamedTuple):
    """All that is known of one."""

    number: int
    uses: int  # in the true units of the judged sentences
    sound: np.ndarray
    phones: list[tuple[str, float]]  # the most frequent ones behind it, with their shares
    occurrences: list[Occurrence]


def run_of(model: Path) -> RunFolder | None:
    """The run that a model was trained in, `runs/NAME/model`; None of an id of the hub."""
    return RunFolder(model.resolve().parent) if model.is_dir() else None


class Inventory:
    """The units of a model, with what its run, if there is one, tells of them."""

    def __init__(self, system: SpeechTranslator, run: RunFolder | None):
        self.system, self.size, self.run = system, system.unit_encoder.spec.codebook_size, run
        self.sentences: dict[str, list[int]] = {}
        self.sounds: dict[int, np.ndarray] = {}
        self.phones: dict[str, Any] | None = None
        if run:
            self._read(run)
        everything = [unit for units in self.sentences.values() for unit in units if unit < self.size]
        self.counts = np.bincount(np.array(everything, int), minlength=self.size)

    def _read(self, run: RunFolder) -> None:
        try:
            self.sentences, self.sounds = run.units().get("reference", {}), run.unit_sounds()
            phones = run.phones()
            self.phones = phones if phones and len(phones["counts"]) == self.size else None
        except (UserError, ValueError) as error:
            print(f"speech2code: {run.path} tells less of its units: {error}", file=sys.stderr)

    def unit(self, number: int) -> Unit:
        """UserError where the codebook has no such unit."""
        if not 0 <= number < self.size:
            raise UserError(f"there is no unit {number}: this system has units 0 to {self.size - 1}")
        sound = self.sounds.get(number)
        if sound is None:
            sound = self.system.speak([[number] * REPEATED])[0]
        return Unit(number, int(self.counts[number]), sound, self._phones(number), self._occurrences(number))

    def _phones(self, number: int) -> list[tuple[str, float]]:
        if self.phones is None or not (frames := self.phones["counts"][number]).sum():
            return []
        shares = frames / frames.sum()
        return [
            (str(self.phones["phones"][each]), float(shares[each])) for each in np.argsort(-shares)[:3] if shares[each]
        ]

    def _occurrences(self, number: int) -> list[Occurrence]:
        """None where how long a unit lasts depends on who says it: a run does not tell who says which sentence."""
        found: list[Occurrence] = []
        spec = self.system.unit_encoder.spec
        if self.run is None or (spec.unit_rate and spec.speakers > 1):
            return found
        for sentence, units in self.sentences.items():
            if number in units and (sound := self._sound(self.run, sentence)) is not None:
                start, end = self._times(units, units.index(number))
                first, last = (max(0, int(each * SAMPLE_RATE)) for each in (start - AROUND, end + AROUND))
                found.append(Occurrence(sentence, start, sound[first:last]))
            if len(found) == SHOWN:
                break
        return found

    @staticmethod
    def _sound(run: RunFolder, sentence: str) -> np.ndarray | None:
        try:
            return run.waveform(ROW, sentence)
        except UserError:  # damaged: another sentence will do
            return None

    def _times(self, units: list[int], place: int) -> tuple[float, float]:
        """When a unit of a sentence begins and ends, in seconds, as the vocoder says it."""
        ends = np.cumsum(self.system.unit_frames(units)) / FRAMES_A_SECOND
        return float(ends[place - 1]) if place else 0.0, float(ends[place])
