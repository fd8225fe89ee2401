"""file ⇄ waveform. A waveform is float32 `(samples,)` in [−1, 1] at 16 kHz, mono."""

import os
from pathlib import Path

import numpy as np

from speech2code.errors import UserError
from speech2code.files import write_atomically

SAMPLE_RATE = 16_000  # Hz, everywhere
WRITTEN = ("WAV", "FLAC", "OGG", "MP3")  # others know no such rate, or nothing plays them


def load_waveform(
    path: Path | str, sample_rate: int = SAMPLE_RATE, *, start: float = 0.0, end: float | None = None
) -> np.ndarray:
    """Reads any recording (`reading.py` says within which limits) → float32 `(samples,)`; channels are averaged, the
    rate converted (soxr HQ). `start` and `end` in seconds: that part of it only.

    Raises UserError when the file is missing, no regular file, no audio, beyond a limit, or has no such part.
    """
    import soxr

    from speech2code.audio.reading import read_audio  # soundfile is not imported before there is something to read

    mono, rate = read_audio(path, start, end)
    return mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate).astype(np.float32)


def audio_size(path: Path | str) -> tuple[int, int]:
    """A file's own rate in Hz and its samples in each channel, counted, for headers may lie; UserError as above."""
    from speech2code.audio.reading import read_audio

    mono, rate = read_audio(path)
    return rate, len(mono)


def save_waveform(path: Path | str, waveform: np.ndarray, sample_rate: int = SAMPLE_RATE) -> None:
    """Writes float32 `(samples,)` in the format of the suffix (WAV without one), atomically; samples outside [−1, 1]
    are clipped. UserError when no format has the suffix, or something other than a regular file is there."""
    import soundfile

    format = Path(path).suffix[1:].upper() or "WAV"
    if format not in WRITTEN or format not in soundfile.available_formats():  # an older libsndfile writes no MP3
        raise UserError(f"cannot write {path}: speech is not written as {format}; use .wav, .flac, .ogg or .mp3")
    with write_atomically(path) as temporary:
        try:
            soundfile.write(os.fsencode(temporary), np.clip(waveform, -1, 1), sample_rate, format=format)
        except soundfile.LibsndfileError as error:
            raise OSError(str(error)) from error
