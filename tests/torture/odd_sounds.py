"""Recordings, whole, damaged and odd, all made of one good one; each `write` puts one into a folder."""

import io
import random
import struct
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

RATE = 16_000  # Hz, of the good one
RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
CHANNELS = (1, 2, 3, 6)
SUFFIXES = {"AIFF": "aiff", "MPC2K": "mpc", "NIST": "sph", "OGG": "ogg", "SVX": "iff", "WAVEX": "wav", "IRCAM": "sf"}
NOT_WRITTEN = ("RAW", "SD2")  # no header; a header in another file
COMMON = [
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
OTHERS = [("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_16")]
WORDS = {"zero": 0, "ones": 0xFFFFFFFF, "largest": 0x7FFFFFFF, "big-endian one": 0x01000000, "one": 1}


class Recording(NamedTuple):
    name: str
    write: Callable[[Path, np.ndarray], Path]  # folder, good speech → where it is
    whole: bool = False  # it must be read


def whole() -> Iterator[Recording]:
    """Every format at two rates, the common ones at all of them."""
    for format, subtype in _kinds():
        sizes = [(rate, channels) for rate in RATES for channels in CHANNELS]
        sizes = [each for each in sizes if _is_kept(format, subtype, *each)]
        if (format, subtype) not in COMMON:
            sizes = random.Random(f"{format} {subtype}").sample(sizes, min(2, len(sizes)))
        for rate, channels in sizes:
            write = partial(_written, format, subtype, rate, channels)
            yield Recording(f"{format} {subtype} {rate} Hz, {channels} channels", write, whole=True)


def damaged() -> Iterator[Recording]:
    """Every format in four ways that turn with the formats, the common ones in all; and each word of their headers."""
    names = list(DAMAGES)
    for number, (format, subtype) in enumerate(_kinds()):
        some = names if (format, subtype) in COMMON else [names[(4 * number + each) % len(names)] for each in range(4)]
        yield from (_damaged(format, subtype, name) for name in some)
        yield from (_damaged(format, subtype, "ten bytes", seed) for seed in range(3))
    for format, subtype in COMMON + OTHERS:
        for place in range(0, 64, 4):
            for name in WORDS if (format, subtype) in COMMON else ("ones", "big-endian one"):
                yield _damaged(format, subtype, f"word {place}: {name}", place, WORDS[name])


def _damaged(format: str, subtype: str, name: str, *how: int) -> Recording:
    """`how`: another seed, or place and value of a word."""
    damage = partial(_with_word, place=how[0], word=how[1]) if len(how) == 2 else DAMAGES[name]
    full = f"{format} {subtype}, {name}" + (f" {how[0]}" if len(how) == 1 else "")
    return Recording(full, partial(_spoilt, format, subtype, damage, full))


def misnamed() -> Iterator[Recording]:
    """Content of one kind under the suffix of another."""
    suffixes = [
        "wav",
        "flac",
        "ogg",
        "mp3",
        "aiff",
        "au",
        "caf",
        "w64",
        "sd2",
        "raw",
        "gsm",
        "vox",
        "ul",
        "txt",
        "m4a",
        "",
    ]
    others = {"text": b"This is no sound at all.\n" * 900, "zeros": bytes(9_000), "HTML": b"<html>" * 900}
    for format, subtype in COMMON:
        for suffix in suffixes:
            write = partial(_named, format, subtype, suffix)
            yield Recording(f"{format} {subtype} named .{suffix}", write, suffix not in ("raw", "sd2"))
    for name, content in others.items():
        for suffix in suffixes:
            yield Recording(f"{name} named .{suffix}", partial(_bytes, f"a.{suffix}", content))


def tagged() -> Iterator[Recording]:
    """What programs put before and behind the sound, or say of its length while they still record."""
    for format, subtype in COMMON:
        for name, tag in TAGS.items():
            wanted = ("MP3",) if "behind" in name else ("MP3", "WAV", "FLAC")
            if format in wanted:
                yield Recording(f"{format} {subtype}, {name}", partial(_spoilt, format, subtype, tag, name), whole=True)
    for name, tag in CHUNKS.items():
        yield Recording(f"WAV, {name}", partial(_spoilt, "WAV", "PCM_16", tag, name), whole=True)


@cache
def _kinds() -> list[tuple[str, str]]:
    """(format, subtype) that this libsndfile writes and reads again."""
    formats = sorted(set(soundfile.available_formats()) - set(NOT_WRITTEN))
    every = [(format, subtype) for format in formats for subtype in soundfile.available_subtypes(format)]
    return [each for each in every if any(_is_kept(*each, rate, 1) for rate in RATES)]


@cache
def _is_kept(format: str, subtype: str, rate: int, channels: int) -> bool:
    """Whether it can be written so, and what comes back has the same rate and channels: some formats know one only."""
    try:
        found = soundfile.info(io.BytesIO(_encoded(np.zeros(rate // 10), format, subtype, rate, channels)))
    except (soundfile.LibsndfileError, ValueError, TypeError, AssertionError):
        return False
    return (found.samplerate, found.channels) == (rate, channels) and found.frames >= rate // 10


def _encoded(speech: np.ndarray, format: str, subtype: str, rate: int, channels: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.stack([speech] * channels, axis=1), rate, subtype=subtype, format=format)
    return file.getvalue()


def _written(format: str, subtype: str, rate: int, channels: int, folder: Path, speech: np.ndarray) -> Path:
    content = _encoded(soxr.resample(speech, RATE, rate), format, subtype, rate, channels)
    return _bytes(f"a.{SUFFIXES.get(format, format.lower())}", content, folder)


def _spoilt(format: str, subtype: str, damage: Callable, seed: str, folder: Path, speech: np.ndarray) -> Path:
    rate = next(each for each in (RATE, *RATES) if _is_kept(format, subtype, each, 1))
    path = _written(format, subtype, rate, 1, folder, speech)
    path.write_bytes(damage(path.read_bytes(), random.Random(seed)))
    return path


def _named(format: str, subtype: str, suffix: str, folder: Path, speech: np.ndarray) -> Path:
    return _bytes(f"a.{suffix}", _encoded(speech, format, subtype, RATE, 1), folder)


def _bytes(name: str, content: bytes, folder: Path, _: object = None) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _flipped(content: bytes, chance: random.Random, count: int, until: int | None = None) -> bytes:
    spoilt = bytearray(content)
    for _ in range(count):
        spoilt[chance.randrange(min(len(spoilt), until or len(spoilt)))] = chance.randrange(256)
    return bytes(spoilt)


def _with_word(content: bytes, _: object, place: int, word: int) -> bytes:
    return content[:place] + struct.pack("<I", word) + content[place + 4 :]


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "empty": lambda content, _: b"",
    "halved": lambda content, _: content[: len(content) // 2],
    "one byte short": lambda content, _: content[:-1],
    "the first 12 bytes": lambda content, _: content[:12],
    "the first 44 bytes": lambda content, _: content[:44],
    "the first 300 bytes": lambda content, _: content[:300],
    "without its beginning": lambda content, _: content[50:],
    "without its middle": lambda content, _: content[: len(content) // 3] + content[len(content) // 2 :],
    "one byte": lambda content, chance: _flipped(content, chance, 1),
    "ten bytes": lambda content, chance: _flipped(content, chance, 10),
    "a hundredth": lambda content, chance: _flipped(content, chance, len(content) // 100 + 1),
    "one byte of the header": lambda content, chance: _flipped(content, chance, 1, 64),
    "five bytes of the header": lambda content, chance: _flipped(content, chance, 5, 64),
    "zeros": lambda content, _: bytes(len(content)),
    "zeros behind the header": lambda content, _: content[:100] + bytes(len(content)),
    "ones behind the header": lambda content, _: content[:100] + b"\xff" * len(content),
    "garbage behind": lambda content, chance: content + chance.randbytes(50_000),
    "garbage before": lambda content, chance: chance.randbytes(10) + content,
    "garbage": lambda content, chance: chance.randbytes(len(content)),
    "twice": lambda content, _: content * 2,
    "backwards": lambda content, _: content[::-1],
    "bytes swapped": lambda content, _: bytes(np.frombuffer(content[: len(content) // 2 * 2], "<u2").byteswap()),
    "with line ends of DOS": lambda content, _: content.replace(b"\n", b"\r\n"),
    "as UTF-8": lambda content, _: content.decode("latin-1").encode(),
}


def _id3(size: int, chance: random.Random) -> bytes:
    """A tag with a picture of so many bytes."""
    return b"ID3\x04\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + chance.randbytes(size)


def _chunk(name: bytes, size: int) -> bytes:
    return name + struct.pack("<I", size) + bytes(size + size % 2)


TAGS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    **{
        f"a tag of {size} bytes": lambda content, chance, size=size: _id3(size, chance) + content for size in (9, 9_999)
    },
    "a tag of 2 MB": lambda content, chance: _id3(2_000_000, chance) + content,
    "a tag behind": lambda content, _: content + b"TAG" + bytes(125),
    "another tag behind": lambda content, _: content + b"APETAGEX" + bytes(200),
}
CHUNKS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a list before": lambda content, _: content[:36] + _chunk(b"LIST", 26) + content[36:],
    "an odd chunk before": lambda content, _: content[:12] + _chunk(b"bext", 603) + content[12:],
    "3 MB before": lambda content, _: content[:36] + _chunk(b"JUNK", 3_000_000) + content[36:],
    "a chunk behind": lambda content, _: content + _chunk(b"id3 ", 3_001),
    "a stream": lambda content, _: content[:4] + b"\xff" * 4 + content[8:40] + b"\xff" * 4 + content[44:],
    "a stream of sox": lambda content, _: (
        content[:4] + b"\x24\xf0\xff\x7f" + content[8:40] + b"\0\xf0\xff\x7f" + content[44:]
    ),
}
