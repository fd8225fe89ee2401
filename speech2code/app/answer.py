"""A recording → its translation, and all that the page tells of both."""

import time
import warnings
from math import inf
from pathlib import Path
from typing import NamedTuple

import numpy as np

from speech2code.audio.files import SAMPLE_RATE, load_waveform
from speech2code.corpora.checks import FULL_SCALE, reason_to_reject
from speech2code.errors import UserError
from speech2code.pipeline import Sentence, SpeechTranslator, joined
from speech2code.sentences import InputWarning

LONGEST = 120.0  # seconds that a visitor may speak at once: nobody else is answered meanwhile
QUIET = -30.0  # dBFS of the peak below which a microphone's noise is heard beside the speech
CLIPPED = 1e-3  # share of samples at full scale that is audible


class Answer(NamedTuple):
    """What a visitor gets."""

    recording: np.ndarray  # float32 (samples,)
    sentences: list[Sentence]
    sound: np.ndarray  # the translation
    warnings: list[str]
    seconds: float  # that it took


class Level(NamedTuple):
    """How loud a recording is."""

    peak: float  # dBFS
    mean: float  # dBFS, root mean square
    advice: str  # to the visitor


def answer(system: SpeechTranslator, recording: Path | str | None) -> Answer:
    """Translates a file; UserError, which names no path of this machine, where that cannot be done."""
    waveform = _read(recording)
    began = time.monotonic()
    with warnings.catch_warnings(record=True, action="always", category=InputWarning) as said:
        sentences = system.translate_sentences(waveform)
        sound = joined(sentences) if sentences else np.zeros(len(waveform), np.float32)
    told = [str(each.message) for each in said if issubclass(each.category, InputWarning)]
    return Answer(waveform, sentences, sound, told, time.monotonic() - began)


def _read(recording: Path | str | None) -> np.ndarray:
    if recording is None:
        raise UserError("there is no recording yet: speak into the microphone, upload a file or click an example")
    try:
        waveform = load_waveform(recording)
    except UserError as error:
        raise UserError(
            str(error).replace(f"audio {recording}", "the recording").replace(str(recording), "it")
        ) from error
    if len(waveform) > LONGEST * SAMPLE_RATE:
        raise UserError(f"the recording lasts more than {LONGEST:.0f} s; upload a shorter one")
    if reason := reason_to_reject(waveform, longest=inf):
        raise UserError(f"the recording cannot be translated: {reason}")
    return waveform


def level_of(waveform: np.ndarray) -> Level:
    """Of float32 `(samples,)`, with advice."""
    size = np.abs(waveform)
    peak, mean = (20 * np.log10(max(float(each), 1e-6)) for each in (size.max(), np.sqrt(np.square(size).mean())))
    if np.mean(size >= FULL_SCALE) > CLIPPED:
        return Level(peak, mean, "too loud, it is clipped: speak more softly or farther from the microphone")
    if peak < QUIET:
        return Level(peak, mean, "very quiet: speak louder or nearer to the microphone")
    return Level(peak, mean, "a good level")
