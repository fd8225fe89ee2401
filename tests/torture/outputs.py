"""Names for the output of `translate`: a whole recording there, or a sentence and nothing replaced."""

import os
import socket
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import soundfile

from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, speech2code, told

SUFFIXES = (
    "wav",
    "flac",
    "ogg",
    "mp3",
    "WAV",
    "Flac",
    "oGG",
    "wave",
    "raw",
    "wve",
    "xi",
    "sd2",
    "txt",
    "json",
    "m4a",
    "",
)
STEMS = (
    "a",
    "é ñ",
    "语音",
    "a=b",
    "{x}",
    "[0,1]",
    "a'b\"c",
    "$HOME",
    "~",
    "-a",
    "a\nb",
    "a\tb",
    ".hidden",
    "a.b.c",
    "x" * 250,
    "x" * 256,
)
PLACES = ("fifo", "socket", "device", "folder", "link", "dead link", "loop", "unwritable", "file as folder", "proc")


def trials(tiny: Tiny) -> Iterator[Trial]:
    for name in [f"{stem}.{suffix}" for stem in STEMS for suffix in SUFFIXES] + [
        ".",
        "..",
        "/",
        "",
        "none/a.wav",
        "a/",
    ]:
        yield Trial(f"output {name[:40]!r}", partial(_named, tiny, name))
    for kind in PLACES:
        yield Trial(f"output is a {kind}", partial(_occupied, tiny, kind))


def _named(tiny: Tiny, name: str, folder: Path) -> str | None:
    answer = speech2code("translate", tiny.source, name, f"model={tiny.model}")
    if wrong := told(answer):
        return wrong
    made = [each for each in folder.rglob("*") if each.is_file()]
    if answer.code == 2:
        return f"refused, and left {made}" if made else None
    if len(made) != 1 or soundfile.info(made[0]).samplerate != 16_000 or not soundfile.info(made[0]).frames:
        return f"exit 0, and left {made}"
    return None


def _occupied(tiny: Tiny, kind: str, folder: Path) -> str | None:
    path = folder / "out.wav"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind("out.wav")
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    elif kind == "folder":
        path.mkdir()
    elif kind in ("link", "dead link"):
        (folder / "mine").write_text("mine") if kind == "link" else None
        path.symlink_to(folder / "mine")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "file as folder":
        (folder / "file").write_text("mine")
        path = folder / "file" / "out.wav"
    elif kind == "proc":
        path = Path("/proc/out.wav")
    elif kind == "unwritable":
        path = Path("/proc/self/out.wav")
    before = os.lstat(path) if os.path.lexists(path) else None
    answer = speech2code("translate", tiny.source, path, f"model={tiny.model}")
    if wrong := told(answer, may_work=False):
        return wrong
    after = os.lstat(path) if os.path.lexists(path) else None
    return None if after == before else f"{path} was replaced"
