"""What can be wrong with a model's file of weights: each change works on the folder of a model."""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from speech2code.training.checkpoints import WEIGHTS

BIG = 10**12
DTYPES = ("float16", "bfloat16", "float64", "int64", "int8", "uint8", "bool", "complex64", "float8_e4m3fn")
NUMBERS = (float("nan"), float("inf"), -float("inf"), 0.0, 1e38, -1e38, 1e-45, 1.0)
FLIPS, CUTS = 60, 20
SPRUNG = "sprung"  # the folder that a trap makes
HEADS: dict[str, Any] = {  # of one tensor
    "shape": {"shape": [BIG, BIG]}, "shape below zero": {"shape": [-1]}, "shape of texts": {"shape": ["x"]},
    "empty shape": {"shape": []},
    "offsets": {"data_offsets": [0, BIG]}, "offsets backwards": {"data_offsets": [64, 0]},
    "no offsets": {"data_offsets": None},
    "dtype": {"dtype": "X64"}, "dtype F64": {"dtype": "F64"}, "dtype number": {"dtype": 3}, "more": {"more": 1},
}  # fmt: skip
DOCUMENTS = {
    "{}": b"{}", "[]": b"[]", "null": b"null", "nested": b"[" * 100_000, "metadata": b'{"__metadata__": {"a": "b"}}',
    "metadata number": b'{"__metadata__": 3}', "nothing": b"", "text": b'"x"', "no UTF-8": b"\xff\xfe", "NaN": b"NaN",
    "nested objects": b'{"a":' * 100_000,
}  # fmt: skip
SIZES = (0, 1, 7, 2**31 - 1, 2**31, 2**32, 2**62, 2**63, 2**64 - 1)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, model: Path):
        self.path = str(model.parent / SPRUNG)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def changes(model: Path) -> Iterator[tuple[str, Callable[[Path], None]]]:
    path = model / WEIGHTS
    size, names = path.stat().st_size, list(load_file(path))
    for number in range(FLIPS):
        for part, end in (("head", 4000), ("body", size)):
            place = number * end // FLIPS
            yield f"bit of the {part} at {place}", partial(_flipped, place, number % 8)
    for share in range(CUTS):
        yield f"weights cut to {share}/{CUTS}", partial(_cut, size * share // CUTS)
    yield from _tensors(names)
    for dtype in DTYPES:
        yield f"weights as {dtype}", partial(_as, dtype)
    for name in ("of nobody", "", "../x", "x" * 10_000, "a\nb", "__class__"):
        yield f"one more called {name[:20]!r}", partial(_more, name)
    for what, value in HEADS.items():
        yield f"head with {what}", partial(_headed, names[3], value)
    for what, content in DOCUMENTS.items():
        yield f"head is {what}", partial(_document, content)
    for number in SIZES:
        yield f"head of {number} bytes", partial(_sized, number)
    for kind in ("pickle", "torch", "old torch", "zip", "beside it", "config", "numpy"):
        yield f"trap as {kind}", partial(_trap, kind)


def _tensors(names: list[str]) -> Iterator[tuple[str, Callable[[Path], None]]]:
    for name in names[::4]:
        for value in NUMBERS[:6]:
            yield f"{name}={value}", partial(_numbers, name, value)
        for what in ("missing", "flat", "longer", "double"):
            yield f"{name} is {what}", partial(_other, name, what)
    for value in NUMBERS:
        yield f"all weights {value}", partial(_numbers, "", value)


def _flipped(place: int, bit: int, model: Path) -> None:
    content = bytearray((model / WEIGHTS).read_bytes())
    content[place] ^= 1 << bit
    (model / WEIGHTS).write_bytes(content)


def _cut(size: int, model: Path) -> None:
    os.truncate(model / WEIGHTS, size)


def _numbers(name: str, value: float, model: Path) -> None:
    weights = load_file(model / WEIGHTS)
    for each in [name] if name else list(weights):
        if weights[each].is_floating_point():
            weights[each].fill_(value)
    save_file(weights, model / WEIGHTS)


def _other(name: str, what: str, model: Path) -> None:
    weights = load_file(model / WEIGHTS)
    value = weights.pop(name)
    if what != "missing":
        weights[name] = {"flat": value[None], "longer": torch.cat([value.reshape(-1)] * 2), "double": value.double()}[
            what
        ]
    save_file(weights, model / WEIGHTS)


def _as(dtype: str, model: Path) -> None:
    kind = getattr(torch, dtype)
    save_file({name: value.to(kind) for name, value in load_file(model / WEIGHTS).items()}, model / WEIGHTS)


def _more(name: str, model: Path) -> None:
    save_file(load_file(model / WEIGHTS) | {name: torch.ones(2)}, model / WEIGHTS)


def _parts(model: Path) -> tuple[dict, bytes]:
    content = (model / WEIGHTS).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def _headed(name: str, value: dict, model: Path) -> None:
    head, rest = _parts(model)
    head[name] |= value
    _document(json.dumps(head).encode(), model, rest)


def _document(content: bytes, model: Path, rest: bytes | None = None) -> None:
    rest = _parts(model)[1] if rest is None else rest
    (model / WEIGHTS).write_bytes(struct.pack("<Q", len(content)) + content + rest)


def _sized(size: int, model: Path) -> None:
    (model / WEIGHTS).write_bytes(struct.pack("<Q", size) + (model / WEIGHTS).read_bytes()[8:])


def _trap(kind: str, model: Path) -> None:
    path = model / WEIGHTS
    if kind in ("pickle", "numpy"):
        path.write_bytes((b"\x93NUMPY\1\0" if kind == "numpy" else b"") + pickle.dumps(Trap(model)))
    elif kind in ("torch", "old torch"):
        torch.save({"model": Trap(model)}, path, _use_new_zipfile_serialization=kind == "torch")
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Trap(model)))
    elif kind == "config":
        (model / "config.json").write_bytes(pickle.dumps(Trap(model)))
    else:
        for name in ("pytorch_model.bin", "model.pt", "last.ckpt", "model.pkl"):
            (model / name).write_bytes(pickle.dumps(Trap(model)))
        for name in ("__init__.py", "modeling.py", "config.py", "sitecustomize.py"):
            (model / name).write_text(f"import os; os.mkdir({str(model.parent / SPRUNG)!r})")
