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
from speech2code.registry import BY_NAME, STAGES

RECORD = "stage.json"


def fingerprint(settings: dict) -> str:
    """A short name of these settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def stage(run: Path, name: str, settings: dict) -> Iterator[dict | None]:
    """Yields None when the stage is done, else a dictionary for its figures; on leaving the record says that it is
    done.

    The record keeps the settings, and the seconds of all attempts. UserError when the folder was made with other
    settings.
    """
    folder, settings = run / name, json.loads(json.dumps(settings))
    record = {"settings": settings, "seconds": 0.0} | record_of(run, name)
    _check_same(folder, record["settings"], settings)
    if record["done"]:
        print(f"{name}: done already ({folder})", flush=True)
        yield None
        return
    record["fingerprint"] = fingerprint(settings)
    write_json(folder / RECORD, record)
    began, before = time.monotonic(), record["seconds"]
    figures: dict = {}
    try:
        yield figures
        record |= figures | {"done": True}
    finally:
        record["seconds"] = round(before + time.monotonic() - began, 2)
        write_json(folder / RECORD, record)
    print(f"{name}: {record['seconds']:.0f} s", flush=True)


def fingerprints(run: Path, *names: str) -> dict[str, str]:
    """Stage → the fingerprint of the settings it was made with; UserError where it is not finished."""
    return {name: finished(run, name)["fingerprint"] for name in names}


def record_of(run: Path, name: str) -> dict:
    """What is known of a stage; of one that never began, that it is not done."""
    path = run / name / RECORD
    return read_json(path) if path.exists() else {"done": False}


def finished(run: Path, name: str) -> dict:
    """The record of a stage that must be done; UserError names the command that does it."""
    record = record_of(run, name)
    if not record["done"]:
        verb = BY_NAME[name].verb
        raise UserError(f"{run / name} is not finished; run `speech2code {verb}` with the same settings first")
    return record


def reuse(run: Path, donor: Path, stages: Iterable[str]) -> None:
    """Links those of the `stages` that `donor` has finished into `run`, where that has none of its own."""
    for name in stages:
        if record_of(donor, name)["done"] and not os.path.lexists(run / name):
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).symlink_to(os.path.relpath(donor / name, (run / name).parent))


def seconds_of(run: Path) -> dict[str, float]:
    """Seconds of each stage of a run, in the order of the registry."""
    there = [stage.name for stage in STAGES if (run / stage.name / RECORD).exists()]
    return {name: record_of(run, name)["seconds"] for name in there}


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
    flat: dict = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
