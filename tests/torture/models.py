"""Models of strangers and damaged ones, and names of models, through `translate` and `encode`: speech or a sentence,
and nothing executed."""

import json
import os
import pickle
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from speech2code.training.checkpoints import WEIGHTS
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, speech2code, told
from tests.torture.weights import BIG, SPRUNG, changes

CONFIG = "config.json"
VALUES = (
    BIG, -1, 0, 1, 0.5, float("nan"), float("inf"), 10**400, None, True, "x" * 200, "1", "", [], [[1]], {"a": {}},
)  # fmt: skip
GARBAGE: dict[str, bytes] = {
    "empty": b"", "nul": b"\0", "nested lists": b"[" * 100_000, "nested objects": b'{"a":' * 100_000,
    "number": b"9" * 10_000, "null": b"null", "list": b"[]", "object": b"{}", "text": b'"x"',
    "utf-16": "{}".encode("utf-16"), "bom": b"\xef\xbb\xbf{}", "latin": b'{"a": "\xe9"}',
    "surrogate": b'{"a": "\\ud800"}', "yaml": b"a: 1",
    "60,000 keys": json.dumps({str(each): 0 for each in range(60_000)}).encode(), "NaN": b"NaN", "twice": b"{}{}",
    "elf": b"\x7fELF" * 9, "pickle": pickle.dumps({"a": 1}), "zip": b"PK\3\4" * 9, "html": b"<html></html>",
    "line breaks": b"\n" * 9999, "control": bytes(range(32)), "true": b"true", "older": b'{"inverter": {}}',
    "format": b'{"format": 1e999}',
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
}  # fmt: skip
NAMES = (
    "", " ", ".", "..", "/", "//", "a", "a/b", "a/b/c", "a//b", "/a/b", "a/", "/a", "../x", "../../etc", "~", "~/m",
    "-a", "--help", "a b/c", "é/ñ", "语/音", "a/b@main", "a/b:c", "https://huggingface.co/a/b", "hf://a/b",
    "file:///etc", "http://[", "s3://a", "git@github.com:a/b", "a\\b", "C:\\m", "a\nb", "a\x00b", "\udcff", "x" * 300,
    "a/" + "x" * 300, "a/" * 200, "${HOME}", "$HOME", "`id`", "$(id)", "; id", "| id", "a/b.git", ".a/b", "a./b",
    "a..b/c", "a--b/c", "a/b--c", "a-/b", "_/_", "1/2", "NaN", "null", "True", "datasets/a/b", "spaces/a/b",
    "models--a--b", "a/b?x=1", "a/b#c", "%2e%2e/%2f", "*", "a/*", "?", "/dev/null", "/dev/zero", "/dev/stdin",
    "/proc/self", "/proc/self/fd/0", "/etc/passwd", "/root", "/tmp", "model=a", "=", "==",
)  # fmt: skip
KINDS = (
    "fifo",
    "folder",
    "link out",
    "link in",
    "dead link",
    "loop",
    "missing",
    "device",
    "socket",
    "hard link",
    "closed",
)


def trials(tiny: Tiny) -> Iterator[Trial]:
    for keys, change in _places(json.loads((tiny.model / CONFIG).read_text())):
        yield _trial(tiny, f"{'.'.join(map(str, keys[0]))}={repr(keys[1])[:30]}", change)
    for name, content in GARBAGE.items():
        for file in (CONFIG, WEIGHTS):
            yield _trial(tiny, f"{file} is {name}", partial(_written, file, content))
    for kind in KINDS:
        for file in (CONFIG, WEIGHTS, "."):
            yield _trial(tiny, f"{file} is a {kind}", partial(_replaced, file, kind))
    yield from (_trial(tiny, name, change) for name, change in changes(tiny.model))
    for verb in ("translate", "encode"):
        for name in NAMES:
            yield Trial(f"{verb} model={name[:40]!r}", partial(_named, tiny, verb, name))


def _trial(tiny: Tiny, name: str, change: Callable[[Path], None]) -> Trial:
    return Trial(name, partial(_used, tiny, change))


def _used(tiny: Tiny, change: Callable[[Path], None], folder: Path) -> str | None:
    model = Path(shutil.copytree(tiny.model, folder / "model"))
    change(model)
    for verb in (("translate", tiny.source, "out.wav"), ("encode", tiny.source)):
        answer = speech2code(*verb, f"model={model}")
        if wrong := told(answer):
            return wrong
        if answer.code == 0 and verb[0] == "translate":
            speech, rate = soundfile.read("out.wav")
            if rate != 16_000 or not np.isfinite(speech).all() or len(speech) > 60 * rate:
                return f"exit 0, and {len(speech)} samples"
    return "executed" if (folder / SPRUNG).exists() else None


def _named(tiny: Tiny, verb: str, name: str, folder: Path) -> str | None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = True  # was read when it was imported
    files = (tiny.source, "out.wav") if verb == "translate" else (tiny.source,)
    wrong = told(speech2code(verb, *files, f"model={name}"), may_work=False)
    return wrong or (f"it left {list(folder.iterdir())}" if list(folder.iterdir()) else None)


def _places(config: dict) -> Iterator[tuple[tuple, Callable[[Path], None]]]:
    """Every place of config.json × every value; each left out; another one beside it."""
    paths = [(key,) for key in config]
    paths += [(key, inner) for key, value in config.items() if isinstance(value, dict) for inner in value]
    for path in [*paths, ("vtln", 0), ("new",), ("units", "__class__"), ("limits", "new"), ("source_range", "new")]:
        for value in VALUES if len(path) == 1 or path[1] != "new" else VALUES[:4]:
            yield (path, value), partial(_set, path, value)
        yield (path, "left out"), partial(_left_out, path)


def _set(path: tuple, value: Any, model: Path) -> None:
    config = json.loads((model / CONFIG).read_text())
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (model / CONFIG).write_text(json.dumps(config))


def _left_out(path: tuple, model: Path) -> None:
    config = json.loads((model / CONFIG).read_text())
    place = config
    for key in path[:-1]:
        place = place[key]
    place.pop(path[-1]) if isinstance(place, list) else place.pop(path[-1], None)
    (model / CONFIG).write_text(json.dumps(config))


def _written(file: str, content: bytes, model: Path) -> None:
    (model / file).write_bytes(content)


def _replaced(file: str, kind: str, model: Path) -> None:
    path, aside = model / file, model.parent / "aside"
    if file == ".":
        path = model
    path.rename(aside)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link out":
        path.symlink_to(aside)
    elif kind == "link in" and file != ".":
        aside.rename(model / "inner")
        path.symlink_to("inner")
    elif kind == "dead link":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
    elif kind == "hard link" and file != ".":
        os.link(aside, path)
    elif kind == "closed":
        aside.rename(path)
        path.chmod(0)
