"""waveform → where it pauses, and the sentences between pauses."""

from bisect import bisect

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import TRIM_DB, TRIM_HOP, frame_power, speech_bounds

QUIET = 0.25  # a pause lies in the lowest quarter, in dB, from the noise to the loudest frame
FAINTEST = TRIM_DB / (1 - QUIET)  # dB below the loudest: where there is no noise, a pause is what `trim_silence` cuts
NOISE = 5  # percent of the frames have no speech: they tell how loud the noise is
KEPT = 0.1  # seconds of a pause that stay at the sentence, where noise keeps it from being trimmed
CLEAR = 0.4  # seconds; no prompt of two professional speakers (1,020, at most 12 s) pauses for longer than 0.34
SHORTEST_PAUSE = 0.2  # seconds; shorter ones are closures within words
SHORTEST_SOUND = 0.1  # seconds; a click between two pauses is no sentence


def find_pauses(waveform: np.ndarray) -> np.ndarray:
    """`(samples,)` → int64 `(pauses, 2)`: the first sample of each quiet stretch, at the ends too, and the one behind
    its last. What is quiet depends on the noise of the recording."""
    level = 10 * np.log10(np.maximum(frame_power(waveform), 1e-12))
    floor = max(np.percentile(level, NOISE), level.max() - FAINTEST)
    loud = np.flatnonzero(level > floor + QUIET * (level.max() - floor))
    loud = np.concatenate([[-1], loud, [len(level)]])
    gaps = np.flatnonzero(np.diff(loud) > 1)
    return np.minimum(np.stack([loud[gaps] + 1, loud[gaps + 1]], axis=1) * TRIM_HOP, len(waveform))


def longest_pause(waveform: np.ndarray) -> float:
    """Seconds."""
    return float(np.diff(find_pauses(waveform)).max(initial=0)) / SAMPLE_RATE


def split_at_pauses(waveform: np.ndarray, longest: float, pause: float) -> list[tuple[int, int]]:
    """`(samples,)` → first sample of each sentence, and the one behind its last; silence at its ends is trimmed.

    It is split at every pause that is clear and longer than `pause` seconds, and what is then longer than `longest`
    seconds at its widest pauses. Where there is none, it is one sentence, as it was.
    """
    sentences = [(0, len(waveform))]
    for first, last in sorted(find_pauses(waveform).tolist(), key=lambda each: each[0] - each[1]):  # the widest first
        place = bisect(sentences, (first, len(waveform))) - 1
        start, end = sentences[place]
        seconds = (last - first) / SAMPLE_RATE
        if seconds > max(pause, CLEAR) or (seconds > SHORTEST_PAUSE and end - start > longest * SAMPLE_RATE):
            sentences[place : place + 1] = [(start, first), (last, end)]
    if len(sentences) == 1:
        return sentences
    return [_trimmed(waveform, *each) for each in sentences if each[1] - each[0] >= SHORTEST_SOUND * SAMPLE_RATE]


def _trimmed(waveform: np.ndarray, start: int, end: int) -> tuple[int, int]:
    kept = int(KEPT * SAMPLE_RATE)
    start = max(0, start - kept)
    first, last = speech_bounds(waveform[start : end + kept])
    return start + first, start + last
