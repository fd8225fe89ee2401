"""A recording → the sentences in it, as long as those of training; what training never had is told in a warning."""

import warnings

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.pauses import split_at_pauses
from speech2code.corpora.checks import LONGEST
from speech2code.corpora.statistics import SourceRange, distance
from speech2code.errors import UserError

FARTHER = 1.25  # times as far from the average as training's sentences: people differ a little more
SHORTER = 0.5  # times as short as training's shortest sentence: a click, a breath, no sentence
SLOWER = 1.25  # a sentence may last so many times as long as training's: people speak faster and slower


class InputWarning(UserWarning):
    """The input is not like the speech that a system has learnt from."""


def warn(sentence: str) -> None:
    warnings.warn(sentence, InputWarning, stacklevel=5)  # where `translate` was called


def sentences_of(waveform: np.ndarray, usual: SourceRange | None) -> list[tuple[int, int]]:
    """`(samples,)` → first sample of each sentence, and the one behind its last; warns of a split. All is one sentence
    where nothing is known of the training."""
    whole = [(0, len(waveform))]
    if usual is None:
        return whole
    sentences = split_at_pauses(waveform, usual.longest * SLOWER, usual.pause) or whole
    if (cuts := len(sentences) - 1) > 0:
        warn(f"split at {cuts} pause{'s' * (cuts > 1)}, for {_told(usual)}")
    return sentences


def is_scrap(sentence: np.ndarray, where: str, usual: SourceRange | None) -> bool:
    """Whether the sentence `(samples,)` is too short to be one; then it warns."""
    scrap = bool(usual and usual.shortest and len(sentence) / SAMPLE_RATE < usual.shortest * SHORTER)
    if scrap:
        warn(f"{where} are too short for a sentence: answered by silence")
    return scrap


def check_length(sentence: np.ndarray, where: str, usual: SourceRange | None) -> None:
    """Warns where the sentence `(samples,)` is longer than training's; UserError beyond 30 s."""
    seconds = len(sentence) / SAMPLE_RATE
    if seconds > LONGEST:
        raise UserError(
            f"{where} are too long a sentence, at most {LONGEST:.0f} s are translated at once; pause between "
            "sentences, or cut the recording"
        )
    if usual and seconds > usual.longest * SLOWER:
        warn(
            f"{where} have no pause, and {_told(usual)}: words may be missing; speak in shorter sentences, or pause "
            "between them"
        )


def check_distance(features: np.ndarray, where: str, usual: SourceRange | None) -> None:
    """Warns where standardised MFCC `(time, 39)` are farther from training's average than its sentences were."""
    if usual and usual.distance and (times := distance(features) / usual.distance) > FARTHER:
        warn(
            f"{where} do not sound like the training's speech ({times:.1f} times as far from its average as its own "
            "sentences): another voice, microphone or room, so words may be wrong"
        )


def _told(usual: SourceRange) -> str:
    return f"the sentences of the training last up to {usual.longest:.1f} s and pause up to {usual.pause:.1f} s"


def span(start: int, end: int) -> str:
    """Samples → "seconds 0.0 to 2.5"."""
    return f"seconds {start / SAMPLE_RATE:.1f} to {end / SAMPLE_RATE:.1f}"
