"""waveform → where somebody speaks, whatever the noise: by silero-vad, whose network comes with its package."""

from functools import cache
from typing import Any

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE


def active_bounds(waveform: np.ndarray) -> tuple[int, int]:
    """`(samples,)` → first sample of speech, and the one behind its last; (0, 0) where nobody speaks."""
    from silero_vad import get_speech_timestamps

    found = get_speech_timestamps(torch.from_numpy(waveform), _network(), sampling_rate=SAMPLE_RATE)
    return (found[0]["start"], found[-1]["end"]) if found else (0, 0)


@cache
def _network() -> Any:
    from silero_vad import load_silero_vad

    return load_silero_vad()
