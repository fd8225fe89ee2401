"""Voices: text → waveform, for corpora that have sentences but no recordings."""

from abc import ABC, abstractmethod
from importlib import import_module
from typing import NamedTuple

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.errors import UserError

# module of this package → its class
ENGINES = {"espeak": "Espeak", "flite": "Flite", "mbrola": "Mbrola", "openjtalk": "OpenJTalk", "pico": "Pico"}
PAUSE = "pau"  # every engine's symbol of silence
SILENT = 1e-3  # peak, −60 dBFS: programs answer a text without words with this or less


class Phone(NamedTuple):
    """One sound of a sentence, pauses among them."""

    symbol: str  # in the engine's own alphabet; PAUSE
    start: float  # seconds
    end: float


class Voice(ABC):
    """One speaker. Equal texts give equal samples, whatever was spoken before. Cheap to pickle: holds names only."""

    name: str  # "engine:voice", as given to `load_voice`
    language: str  # "fr", "en", "ja", ...
    tells_phones = True  # whether its engine says what sounds when

    @abstractmethod
    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        """Speaks one clean, non-empty line → float `(samples,)` in about [−1, 1], its rate in Hz, and its phones, in
        order and without gaps; none where the engine does not tell them."""

    def speak(self, text: str) -> np.ndarray:
        """Speaks one sentence → waveform float32 `(samples,)` in [−1, 1] at 16 kHz; pauses at the ends are left in.

        Raises UserError when the text holds no word that the voice can say.
        """
        return self._say(text)[0]

    def speak_with_phones(self, text: str) -> tuple[np.ndarray, list[Phone]]:
        """The same with what sounds when; UserError also where the engine does not tell that."""
        waveform, phones = self._say(text)
        if not phones:
            raise UserError(f"voice {self.name} does not tell the times of its phones; those of the others do")
        return waveform, phones

    def _say(self, text: str) -> tuple[np.ndarray, list[Phone]]:
        import soxr

        line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        if not any(letter.isalnum() for letter in line):
            raise self._no_speech(text)
        samples, rate, phones = self._synthesise(line)
        if not np.any(np.abs(samples) > SILENT):
            raise self._no_speech(text)
        waveform = np.asarray(samples, dtype=np.float32)
        if rate != SAMPLE_RATE:
            waveform = soxr.resample(waveform, rate, SAMPLE_RATE)
        return np.clip(waveform, -1, 1), phones

    def _no_speech(self, text: str) -> UserError:
        return UserError(f"voice {self.name} makes no speech of the text {text!r}; correct or remove the sentence")


def load_voice(name: str) -> Voice:
    """Loads "espeak:fr-fr", "flite:slt", "mbrola:fr1", "openjtalk:mei", ...

    Raises UserError for an unknown engine or voice, or when the program behind it is not installed.
    """
    engine, _, speaker = name.partition(":")
    if engine in ENGINES and speaker:
        return getattr(import_module(f"{__name__}.{engine}"), ENGINES[engine])(speaker)
    raise UserError(
        f"voice {name!r} is not known: write ENGINE:SPEAKER with an engine of {', '.join(ENGINES)}, "
        "such as espeak:fr-fr, flite:slt or openjtalk:mei"
    )
