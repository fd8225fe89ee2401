"""file ⇄ waveform. A waveform is float32 `(samples,)` in [−1, 1] at 16 kHz, mono."""

from pathlib import Path

import numpy as np

from speech2code.errors import UserError
from speech2code.files import write_atomically

SAMPLE_RATE = 16_000  # Hz, everywhere


def load_waveform(path: Path | str, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Reads any file soundfile reads → float32 `(samples,)`; channels are averaged, the rate converted (soxr HQ).

    Raises UserError when the file is missing or is no audio.
    """
    import soundfile
    import soxr

    try:
        waveform, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise UserError(f"cannot read audio {path}: {_reason(path, error)}") from error
    mono = waveform.mean(axis=1)
    return mono if rate == sample_rate else soxr.resample(mono, rate, sample_rate).astype(np.float32)


def audio_size(path: Path | str) -> tuple[int, int]:
    """A file's own rate in Hz and its samples in each channel; UserError as above."""
    import soundfile

    try:
        known = soundfile.info(str(path))
    except (OSError, RuntimeError) as error:
        raise UserError(f"cannot read audio {path}: {_reason(path, error)}") from error
    return known.samplerate, known.frames


def save_waveform(path: Path | str, waveform: np.ndarray, sample_rate: int = SAMPLE_RATE) -> None:
    """Writes float32 `(samples,)` in the format of the suffix (wav, flac, ogg), atomically; samples outside [−1, 1]
    are clipped."""
    import soundfile

    format = Path(path).suffix[1:].upper() or "WAV"
    if format not in soundfile.available_formats():
        raise UserError(f"cannot write {path}: no audio format is called {format}; use .wav, .flac or .ogg")
    with write_atomically(path) as temporary:
        try:
            soundfile.write(str(temporary), np.clip(waveform, -1, 1), sample_rate, format=format)
        except soundfile.LibsndfileError as error:
            raise OSError(str(error)) from error


def _reason(path: Path | str, error: Exception) -> str:
    return str(error).rstrip(".") if Path(path).exists() else "no such file"
