"""Voices: text → waveform, for corpora that have sentences but no recordings."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.errors import UserError

ENGINES = ("espeak", "flite", "openjtalk")
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

    @abstractmethod
    def _synthesise(self, text: str) -> tuple[np.ndarray, int]:
        """Speaks one clean, non-empty line → float `(samples,)` in about [−1, 1], and its rate in Hz."""

    def speak(self, text: str) -> np.ndarray:
        """Speaks one sentence → waveform float32 `(samples,)` in [−1, 1] at 16 kHz; pauses at the ends are left in.

        Raises UserError when the text holds no word that the voice can say.
        """
        import soxr

        samples, rate = self._synthesise(self._line(text))
        if not np.any(np.abs(samples) > SILENT):
            raise self._no_speech(text)
        waveform = np.asarray(samples, dtype=np.float32)
        if rate != SAMPLE_RATE:
            waveform = soxr.resample(waveform, rate, SAMPLE_RATE)
        return np.clip(waveform, -1, 1)

    def phones(self, text: str) -> list[Phone]:
        """The phones of `speak(text)`, in order and without gaps; UserError where the engine does not tell them."""
        return self._phones(self._line(text))

    def _phones(self, text: str) -> list[Phone]:
        raise UserError(f"voice {self.name} does not tell the times of its phones; those of espeak and flite do")

    def _line(self, text: str) -> str:
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        if not any(letter.isalnum() for letter in line):
            raise self._no_speech(text)
        return line

    def _no_speech(self, text: str) -> UserError:
        return UserError(f"voice {self.name} makes no speech of the text {text!r}; correct or remove the sentence")


def load_voice(name: str) -> Voice:
    """Loads "espeak:fr-fr", "flite:slt", "openjtalk:mei", ...

    Raises UserError for an unknown engine or voice, or when the program behind it is not installed.
    """
    engine, _, speaker = name.partition(":")
    if engine == "espeak" and speaker:
        from speech2code.corpora.voices.espeak import Espeak

        return Espeak(speaker)
    if engine == "flite" and speaker:
        from speech2code.corpora.voices.flite import Flite

        return Flite(speaker)
    if engine == "openjtalk" and speaker:
        from speech2code.corpora.voices.openjtalk import OpenJTalk

        return OpenJTalk(speaker)
    raise UserError(
        f"voice {name!r} is not known: write ENGINE:SPEAKER with an engine of {', '.join(ENGINES)}, "
        "such as espeak:fr-fr, flite:slt or openjtalk:mei"
    )
