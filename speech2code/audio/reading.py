"""Any recording that people have → mono float32, whatever its header says, within limits: by libsndfile, else by the
program ffmpeg."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NamedTuple

import numpy as np
import soundfile

from speech2code.errors import UserError

SLOWEST, FASTEST = 4_000, 384_000  # Hz; at 1 Hz a short file would last for hours
MAX_SECONDS = 600
MAX_BYTES = 1 << 29  # of the samples of all channels as float32
LOUDEST = 100  # 40 dB above full scale: no speech
MISSING = 0.5  # seconds that the last part may lack: times are often rounded up
BLOCK = 1 << 20  # samples of all channels that are read at once
TIMEOUT = 120  # seconds that ffmpeg may need
INSTALL = "sudo apt install ffmpeg"
# what libsndfile says of itself, and of a file named .mp3 that is none, though it is there
UNCLEAR = re.compile("internal error|does not exist", re.IGNORECASE)
# what people record with; no playlists, which would open other files
FORMATS = "aac,ac3,aiff,amr,ape,asf,avi,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,w64,wav,webm,wv"

_reading = Lock()  # all threads have one standard error


class Sound(NamedTuple):
    """What a recording holds, at its own rate."""

    mono: np.ndarray  # float32 (samples,), the mean of the channels
    rate: int  # Hz
    channels: int
    peak: float  # largest magnitude in any channel: far above that of `mono` where channels cancel each other


class _Stream(soundfile.SoundFile):
    """Once it stands where it shall, read to its end: a seek, which soundfile makes after each block, fails where a
    header lies."""

    def seekable(self) -> bool:
        return False


@contextmanager
def _silence() -> Iterator[None]:
    """libmpg123 prints its remarks on a damaged file past Python: many lines, where one sentence belongs."""
    with _reading:
        try:
            kept = os.dup(2)
        except OSError:  # it is closed: nobody listens
            yield
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nothing, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nothing)


def read_audio(path: Path | str, start: float = 0.0, end: float | None = None) -> tuple[np.ndarray, int]:
    """float32 `(samples,)`, the mean of the channels, and the file's own rate in Hz. `start` and `end` in seconds: that
    part of it only.

    Raises UserError when the file is missing, no regular file, no audio, beyond a limit above, or has no such part.
    """
    sound = read_sound(path, start, end)
    return sound.mono, sound.rate


@_silence()
def read_sound(path: Path | str, start: float = 0.0, end: float | None = None) -> Sound:
    """The same with what its channels are like."""
    _check_file(path)
    try:
        sound = _Stream(os.fsencode(path))
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        reason = "it is damaged, or no recording" if UNCLEAR.search(reason) else reason
        with _decoded(path, reason, start) as sound:
            return _sound(sound, path, start, end)
    with sound:
        if start:
            _go_to(start, sound, path)
        return _sound(sound, path, start, end)


def _check_file(path: Path | str) -> None:
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise _unreadable(path, "no regular file; give a recording that is one")
        if not found.st_size:
            raise _unreadable(path, "the file is empty; copy or record it again")
        open(path, "rb").close()
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        raise _unreadable(path, (getattr(error, "strerror", None) or str(error)).lower()) from error
    if Path(path).suffix.lower() == ".raw":
        raise _unreadable(path, "it has no header that tells its rate and format; save it as WAV")


def _go_to(start: float, sound: _Stream, path: Path | str) -> None:
    left = round(start * sound.samplerate)
    try:
        if sound.format != "MP3":
            sound.seek(left)
            return
        while left and (passed := len(_next(sound, path, left))):  # libsndfile's seek misses the place, by seconds
            left -= passed
    except (OSError, RuntimeError, OverflowError):
        pass
    if left:
        raise _unreadable(path, f"it has no part that begins at {start:g} s; correct the times")


def _sound(sound: _Stream, path: Path | str, start: float, end: float | None) -> Sound:
    """From where the stream stands, which is `start`."""
    if not SLOWEST <= sound.samplerate <= FASTEST:
        raise _unreadable(path, f"its sample rate is {sound.samplerate} Hz, not {SLOWEST} to {FASTEST}; convert it")
    most = min(MAX_SECONDS * sound.samplerate, MAX_BYTES // (4 * sound.channels))
    wanted = None if end is None else round((end - start) * sound.samplerate)
    blocks, samples, loudest = [np.zeros(0, np.float32)], 0, 0.0
    while len(block := _next(sound, path, None if wanted is None else wanted - samples)):
        samples += len(block)
        if samples > most:
            seconds = most // sound.samplerate
            raise _unreadable(path, f"it lasts longer than {seconds} s; cut it into one file for each sentence")
        peak = float(np.abs(block).max())
        if not np.isfinite(peak):
            raise _unreadable(path, "not a number in it (NaN or infinite); save it anew as 16-bit WAV")
        if peak > LOUDEST:
            raise _unreadable(path, f"samples up to {peak:.3g}, where 1 is full scale; save it anew as 16-bit WAV")
        blocks.append(block.mean(axis=1))
        loudest = max(loudest, peak)
    if wanted is not None and samples < wanted - MISSING * sound.samplerate:
        last = start + samples / sound.samplerate
        raise _unreadable(path, f"it ends at {last:.2f} s, and a part up to {end:.2f} s is wanted; correct the times")
    return Sound(np.concatenate(blocks), sound.samplerate, sound.channels, loudest)


def _next(sound: _Stream, path: Path | str, left: int | None) -> np.ndarray:
    most = max(1, BLOCK // sound.channels)
    try:
        return sound.read(most if left is None else min(most, left), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        reason = str(error).rstrip(".").removeprefix("Error : ")
        raise _unreadable(path, f"the file is damaged ({reason}); copy or record it again") from error


@contextmanager
def _decoded(path: Path | str, reason: str, start: float) -> Iterator[_Stream]:
    """What ffmpeg makes of a file that libsndfile does not know for this `reason`; from `start` on, in seconds."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise _unreadable(path, f"{reason}; to read other formats (m4a, wma, video), install ffmpeg ({INSTALL})")
    try:
        with TemporaryDirectory(prefix="speech2code-") as folder:
            wav = os.path.join(folder, "decoded.wav")
            run = subprocess.run(
                _command(ffmpeg, path, wav, start),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
            if run.returncode:
                complaint = re.sub(r"\[[^]]*\] *", "", run.stderr.decode(errors="replace")).strip().partition("\n")[0]
                raise _unreadable(path, f"{reason}; nor does ffmpeg read it ({complaint or f'exit {run.returncode}'})")
            with _Stream(wav) as sound:
                yield sound
    except subprocess.TimeoutExpired as error:
        raise _unreadable(path, f"ffmpeg needs more than {TIMEOUT} s for it; save it as WAV") from error
    except (OSError, soundfile.LibsndfileError) as error:  # it does not run, no folder for its output, no sound in that
        raise _unreadable(path, f"{reason}; nor does ffmpeg read it ({error})") from error


def _command(ffmpeg: str, path: Path | str, wav: str, start: float) -> list[str]:
    """The first sound of the file, as it is; a little beyond the limits, so that what is longer is refused, not cut."""
    read = ["-threads", "1", "-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-ss", str(start), "-i"]
    write = ["-map", "0:a:0", "-t", str(MAX_SECONDS + 1), "-fs", str(MAX_BYTES + BLOCK), "-c:a", "pcm_f32le"]
    return [ffmpeg, "-nostdin", "-v", "error", *read, f"file:{os.path.abspath(path)}", *write, "-f", "wav", wav]


def _unreadable(path: Path | str, reason: str) -> UserError:
    return UserError(f"cannot read audio {path}: {reason}")
