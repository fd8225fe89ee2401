"""Recordings in formats without fault whose sound is odd."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from tests.torture.odd_sounds import RATE, Recording

CHANCE = 0  # seed of all noise
WAYS = [("wav", "FLOAT", RATE), ("wav", "PCM_16", RATE), ("flac", "PCM_16", 44_100), ("ogg", "VORBIS", 8_000)]
WAYS += [("wav", "DOUBLE", 4_000), ("mp3", "MPEG_LAYER_III", 48_000)]


def contents() -> Iterator[Recording]:
    for name, sound in SOUNDS.items():
        for suffix, subtype, rate in WAYS:
            yield Recording(f"{name} as {suffix} {subtype}, {rate} Hz", partial(_written, sound, suffix, subtype, rate))
    for name, sound in LONG.items():
        for suffix, subtype, rate in (("wav", "PCM_U8", 8_000), ("flac", "PCM_16", RATE)):
            yield Recording(f"{name} as {suffix} {subtype}, {rate} Hz", partial(_written, sound, suffix, subtype, rate))
    for rate in (1, 100, 3_999, 4_000, 7_919, 384_000, 384_001, 655_350):
        for suffix in ("wav", "flac", "au"):
            yield Recording(f"{rate} Hz as {suffix}", partial(_written, lambda speech: speech, suffix, "PCM_16", rate))
    for count in (7, 8, 255, 1_000, 1_024):
        yield Recording(f"{count} channels", partial(_written, partial(_channels, count), "wav", "PCM_16", RATE))
    for seconds in (1, 3_000, 100_000):
        yield Recording(f"a sparse file of {seconds} s", partial(_sparse, seconds))


def _written(sound: Callable, suffix: str, subtype: str, rate: int, folder: Path, speech: np.ndarray) -> Path:
    path, samples = folder / f"a.{suffix}", sound(speech)
    if subtype not in ("FLOAT", "DOUBLE"):
        samples = np.nan_to_num(samples).clip(-1, 1)
    try:
        soundfile.write(path, samples, rate, subtype=subtype)
    except soundfile.LibsndfileError:  # nothing is written at such a rate: then a header that lies
        soundfile.write(path, samples, RATE, subtype=subtype)
        content = bytearray(path.read_bytes())
        content[24:28] = rate.to_bytes(4, "little")
        path.write_bytes(content)
    return path


def _sparse(seconds: int, folder: Path, speech: np.ndarray) -> Path:
    """A WAV that says it is as long as a header can say, with a hole behind the speech."""
    soundfile.write(folder / "a.wav", speech, RATE)
    content = bytearray((folder / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xf0\xff\xff\xff"
    (folder / "a.wav").write_bytes(content)
    with open(folder / "a.wav", "r+b") as file:
        file.truncate(len(content) + seconds * RATE * 2)
    return folder / "a.wav"


def _channels(count: int, speech: np.ndarray) -> np.ndarray:
    return np.stack([speech] * count, axis=1)


def _noise(count: int, speech: np.ndarray | None = None) -> np.ndarray:
    return np.random.default_rng(CHANCE).standard_normal(count).clip(-4, 4) / 4


def _tone(hertz: float, seconds: float) -> np.ndarray:
    return 0.5 * np.sin(np.arange(int(seconds * RATE)) * hertz * 2 * np.pi / RATE)


def _with(value: float, where: slice, speech: np.ndarray) -> np.ndarray:
    spoilt = speech.astype(np.float64)
    spoilt[where] = value
    return spoilt


def _said_for(seconds: float, pause: float, speech: np.ndarray) -> np.ndarray:
    """The same words again and again."""
    one = np.concatenate([speech, np.zeros(int(pause * RATE))])
    return np.resize(one, int(seconds * RATE))


SOMEWHERE = slice(500, 540)
SOUNDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": lambda speech: speech * 0,
    "nothing": lambda speech: speech[:0],
    "one sample": lambda speech: speech[:1] + 0.5,
    "two samples": lambda speech: speech[:2] + 0.5,
    "50 ms": lambda speech: speech[2_000:2_800],
    "100 ms": lambda speech: speech[2_000:3_600],
    "110 ms": lambda speech: speech[2_000:3_760],
    "one sample among silence": lambda speech: _with(0.5, slice(9_000, 9_001), speech * 0),
    "clicks": lambda speech: _with(0.9, slice(0, None, 1_600), speech * 0),
    "every other sample": lambda speech: _with(0.9, slice(0, None, 2), speech * 0),
    "a constant": lambda speech: speech * 0 + 0.5,
    "a constant at full scale": lambda speech: speech * 0 + 1,
    "speech on a constant": lambda speech: speech * 0.1 + 0.85,
    "NaN": partial(_with, np.nan, SOMEWHERE),
    "NaN alone": partial(_with, np.nan, slice(None)),
    "infinite": partial(_with, np.inf, SOMEWHERE),
    "minus infinite": partial(_with, -np.inf, SOMEWHERE),
    "1e20": partial(_with, 1e20, SOMEWHERE),
    "3e38": partial(_with, 3e38, SOMEWHERE),
    "1e300": partial(_with, 1e300, SOMEWHERE),
    "99": partial(_with, 99, SOMEWHERE),
    "as integers": lambda speech: speech * 32_767,
    "50 times too loud": lambda speech: speech * 50,
    "clipped": lambda speech: (speech * 1_000).clip(-1, 1),
    "square": np.sign,
    "very faint": lambda speech: speech * 2e-3,
    "beyond hearing": lambda speech: speech * 1e-7,
    "denormal": lambda speech: speech.astype(np.float64) * 1e-42,
    "white noise": lambda speech: _noise(32_000),
    "noise of 0.2 s": lambda speech: _noise(3_200),
    "faint noise": lambda speech: _noise(32_000) * 0.01,
    "noise, then speech": lambda speech: np.concatenate([_noise(32_000), speech]),
    "speech in noise": lambda speech: speech + 0.5 * _noise(len(speech)),
    "tone of 100 Hz": lambda speech: _tone(100, 2),
    "tone of 1 Hz": lambda speech: _tone(1, 2),
    "tone of 7999 Hz": lambda speech: _tone(7_999, 2),
    "backwards": lambda speech: speech[::-1],
    "the other phase": lambda speech: np.stack([speech, -speech], axis=1),
    "the right side silent": lambda speech: np.stack([speech, speech * 0], axis=1),
    "0.2 s and 10 s of silence": lambda speech: np.concatenate([speech[2_000:5_200], np.zeros(160_000)]),
    "31 s without pause": partial(_said_for, 31, 0),
    "29 s without pause": partial(_said_for, 29, 0),
    "40 s with pauses": partial(_said_for, 40, 1.0),
}
LONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "601 s of silence": lambda speech: np.zeros(601 * RATE),
    "599 s of noise": lambda speech: _noise(599 * RATE),
    "590 s of a tone": lambda speech: _tone(300, 590),
    "601 s with pauses": partial(_said_for, 1_202, 1.0),
    "290 s with pauses": partial(_said_for, 290, 1.5),
    "290 s of one click a second": lambda speech: _with(0.9, slice(0, None, RATE), np.zeros(290 * RATE)),
    "598 s of silence, then speech": lambda speech: np.concatenate([np.zeros(298 * RATE), speech]),
}
