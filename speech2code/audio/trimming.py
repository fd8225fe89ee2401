"""waveform → waveform without the silence at both ends."""

import numpy as np

TRIM_DB = 40  # silence: frames this far below the loudest frame of the utterance
TRIM_FRAME, TRIM_HOP = 400, 160  # samples


def trim_silence(waveform: np.ndarray) -> np.ndarray:
    """Drops the leading and trailing frames (25 ms, each 10 ms) more than 40 dB below the loudest; an all-zero input
    stays as it is."""
    first, last = speech_bounds(waveform)
    return waveform[first:last]


def speech_bounds(waveform: np.ndarray) -> tuple[int, int]:
    """First sample that `trim_silence` keeps, and the one behind its last."""
    if not np.any(waveform):
        return 0, len(waveform)
    power = frame_power(waveform)
    loud = np.flatnonzero(power > power.max() * 10 ** (-TRIM_DB / 10))
    return int(loud[0]) * TRIM_HOP, min(len(waveform), (int(loud[-1]) + 1) * TRIM_HOP)


def frame_power(waveform: np.ndarray) -> np.ndarray:
    """Energy of each frame, float32 `(time,)`; frame k has its centre at sample 160 k."""
    # librosa.effects itself needs two seconds of imports
    padded = np.pad(np.asarray(waveform, np.float32), TRIM_FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, TRIM_FRAME)[::TRIM_HOP]
    return np.einsum("tw,tw->t", frames, frames)
