"""waveform → waveform without the silence at both ends."""

import numpy as np

LEVEL, ACTIVITY = "level", "activity"  # how to tell silence: a studio's by level, a field's by speech activity
TRIM_DB = 40  # silence: frames this far below the loudest frame of the utterance
TRIM_FRAME, TRIM_HOP = 400, 160  # samples


def trim_silence(waveform: np.ndarray, trimming: str = LEVEL) -> np.ndarray:
    """Drops the silence at both ends: by LEVEL the frames (25 ms, each 10 ms) more than 40 dB below the loudest, where
    an all-zero input stays as it is; by ACTIVITY all before and behind the speech, whatever it is."""
    first, last = speech_bounds(waveform, trimming)
    return waveform[first:last]


def speech_bounds(waveform: np.ndarray, trimming: str = LEVEL) -> tuple[int, int]:
    """First sample that `trim_silence` keeps, and the one behind its last."""
    if trimming == ACTIVITY:
        from speech2code.audio.activity import active_bounds  # its network is needed for field recordings only

        return active_bounds(waveform)
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
