"""What is known of each unit of a trained system: how it sounds, which phones stand behind it, where it occurs."""

from pathlib import Path
from typing import NamedTuple

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
    uses: int  # in the true units of dev and test
    sound: np.ndarray
    phones: list[tuple[str, float]]  # the most frequent ones behind it, with their shares
    occurrences: list[Occurrence]


class Inventory:
    """The units of a model, from the folder of the run that it was trained in, if that is there: `runs/NAME/model`."""

    def __init__(self, system: SpeechTranslator, model: Path):
        self.system, self.size = system, system.unit_encoder.spec.codebook_size
        self.run = RunFolder(model.resolve().parent)
        try:
            self.sentences = self.run.units().get("reference", {})
        except UserError:  # changed by hand: it tells nothing that is true
            self.sentences = {}
        everything = [unit for units in self.sentences.values() for unit in units if unit < self.size]
        self.counts = np.bincount(np.array(everything, int), minlength=self.size)

    def unit(self, number: int) -> Unit:
        """UserError where the codebook has no such unit."""
        if not 0 <= number < self.size:
            raise UserError(f"there is no unit {number}: this system has units 0 to {self.size - 1}")
        sound = self.run.unit_sounds().get(number)
        if sound is None:
            sound = self.system.speak([[number] * REPEATED])[0]
        return Unit(number, int(self.counts[number]), sound, self._phones(number), self._occurrences(number))

    def _phones(self, number: int) -> list[tuple[str, float]]:
        known = self.run.phones()
        if known is None or not (frames := known["counts"][number]).sum():
            return []
        shares = frames / frames.sum()
        return [(str(known["phones"][each]), float(shares[each])) for each in np.argsort(-shares)[:3] if shares[each]]

    def _occurrences(self, number: int) -> list[Occurrence]:
        found = []
        for sentence, units in self.sentences.items():
            if number in units and (sound := self.run.waveform(ROW, sentence)) is not None:
                ends = self.ends(units)
                place = units.index(number)
                start, end = (ends[place - 1] if place else 0.0), ends[place]
                first, last = (max(0, int(each * SAMPLE_RATE)) for each in (start - AROUND, end + AROUND))
                found.append(Occurrence(sentence, start, sound[first:last]))
            if len(found) == SHOWN:
                break
        return found

    def ends(self, units: list[int]) -> list[float]:
        """Where each unit of a sentence ends, in seconds, as the vocoder says them."""
        frames = self.system.unit_frames(units)
        return (np.cumsum(frames) / FRAMES_A_SECOND).tolist()
