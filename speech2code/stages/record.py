"""A stage's folder: done, half done or new; made with these settings or with others."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from speech2code.errors import UserError
from speech2code.files import read_json, write_json

RECORD = "stage.json"
# folder of a stage → its verb, where that is another word
VERBS = {
    "units": "discover",
    "inverter": "invert",
    "translator": "translate",
    "recogniser": "recognise",
    "synthesis": "synthesise",
    "speller": "spell",
    "comparisons": "compare",
}


def fingerprint(settings: dict) -> str:
    """A short name of these settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def stage(folder: Path, settings: dict) -> Iterator[dict | None]:
    """Yields None when the stage is done, else a dictionary for its figures; on leaving the record says that it is
    done.

    The record keeps the settings, and the seconds of all attempts. UserError when the folder was made with other
    settings.
    """
    settings = json.loads(json.dumps(settings))
    record = {"settings": settings, "seconds": 0.0} | record_of(folder)
    _check_same(folder, record["settings"], settings)
    if record["done"]:
        print(f"{folder.name}: done already ({folder})", flush=True)
        yield None
        return
    record["fingerprint"] = fingerprint(settings)
    write_json(folder / RECORD, record)
    began, before, figures = time.monotonic(), record["seconds"], {}
    try:
        yield figures
        record |= figures | {"done": True}
    finally:
        record["seconds"] = round(before + time.monotonic() - began, 2)
        write_json(folder / RECORD, record)
    print(f"{folder.name}: {record['seconds']:.0f} s", flush=True)


def verb_of(folder: str) -> str:
    """A stage's folder in a run → the verb that fills it."""
    return VERBS.get(folder, folder.replace("listening-", "listen "))


def fingerprints(run: Path, *folders: str) -> dict[str, str]:
    """Folder → the fingerprint of the settings it was made with; UserError where that stage is not finished."""
    return {name: finished(run / name)["fingerprint"] for name in folders}


def record_of(folder: Path) -> dict:
    """What is known of a stage; of one that never began, that it is not done."""
    return read_json(folder / RECORD) if (folder / RECORD).exists() else {"done": False}


def finished(folder: Path) -> dict:
    """The record of a stage that must be done; UserError names the command that does it."""
    record = record_of(folder)
    if not record["done"]:
        raise UserError(
            f"{folder} is not finished; run `speech2code {verb_of(folder.name)}` with the same settings first"
        )
    return record


def borrow(run: Path, lender: Path, stages: Iterable[str]) -> None:
    """Links those of the `stages` that `lender` has finished into `run`, where that has none of its own."""
    run.mkdir(parents=True, exist_ok=True)
    for name in stages:
        if record_of(lender / name)["done"] and not os.path.lexists(run / name):
            (run / name).symlink_to(os.path.relpath(lender / name, run))


def seconds_of(run: Path) -> dict[str, float]:
    """Seconds of each stage of a run."""
    return {path.parent.name: read_json(path)["seconds"] for path in sorted(run.glob(f"*/{RECORD}"))}


def _check_same(folder: Path, then: dict, now: dict) -> None:
    if then == now:
        return
    old, new = _flat(then), _flat(now)
    key = next(key for key in [*old, *new] if old.get(key) != new.get(key))
    raise UserError(
        f"{folder} was made with {key}={old.get(key)}, now it is {new.get(key)}; "
        f"give the new experiment a name (name=…) or delete that folder and those of the stages after it"
    )


def _flat(settings: dict, prefix: str = "") -> dict:
    flat = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
