"""A stage's folder: done, half done or new; made with these settings or with others."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from speech2code.errors import UserError
from speech2code.files import left_overs, write_json
from speech2code.locks import hold
from speech2code.provenance import attempt
from speech2code.records import RECORD, read_record
from speech2code.registry import BY_NAME, ROW, descendants
from speech2code.report.run_folder import RunFolder
from speech2code.seals import digest_of_sounds, sealed


def fingerprint(settings: dict) -> str:
    """A short name of these settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def stage(run: Path, name: str, settings: dict) -> Iterator[dict | None]:
    """Yields None when the stage is done, else a dictionary for its figures; on leaving the record says that it is
    done.

    The record keeps the settings and every attempt (`provenance.attempt`); one that was killed has no end. Of several
    processes of a training the first one writes. A derived stage that was made with other settings is made anew.
    UserError when the folder was made with other settings, its record was changed by hand, or another process works
    on it.
    """
    settings = json.loads(json.dumps(settings))
    record = _checked(run, name, settings)
    if not record["done"] and not leads():
        yield {}
        return
    with nullcontext() if record["done"] else hold(run / name):
        record = _checked(run, name, settings)  # again: who held it until now may have ended it
        if record["done"]:
            print(f"{name}: done already ({run / name})", flush=True)
            yield None
        else:
            for each in left_overs(run / name):
                each.unlink()
            yield from _attempt(run / name, name, settings, record)


def _checked(run: Path, name: str, settings: dict) -> dict:
    record = record_of(run, name)
    then = record.get("settings", settings)
    if BY_NAME[name].derived and _difference(then, settings):
        return {"done": False}
    check_same(run, name, then, settings)
    return record


def _attempt(folder: Path, name: str, settings: dict, record: dict) -> Iterator[dict]:
    figures: dict = {}
    record = {"settings": settings, "fingerprint": fingerprint(settings)} | record
    try:
        with attempt(settings.get("seed", settings.get("trainer", {}).get("seed"))) as this:
            record["attempts"] = [*record.get("attempts", []), this]
            _write(folder, record)
            yield figures
            record |= figures | {"done": True}
    finally:
        _write(folder, record)
    print(f"{name}: {_total(record, 'seconds'):.0f} s", flush=True)


def _write(folder: Path, record: dict) -> None:
    totals = {name: _total(record, name) for name in ("seconds", "processor_seconds")}
    write_json(folder / RECORD, sealed(record | totals))


def _total(record: dict, name: str) -> float:
    """Of all attempts; what a killed one took nobody knows."""
    return round(sum(each.get(name, 0.0) for each in record.get("attempts", [])), 2)


def leads() -> bool:
    """Whether this is the only process of its stage, or the first (torchrun and Fabric number them so)."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


def of_several() -> bool:
    """Whether torchrun or Fabric started this process, and others beside it."""
    return bool({"RANK", "LOCAL_RANK"} & os.environ.keys())


def fingerprints(run: Path, *names: str) -> dict[str, str]:
    """Stage → the fingerprint of the settings it was made with; UserError where it is not finished."""
    return {name: finished(run, name)["fingerprint"] for name in names}


def record_of(run: Path, name: str) -> dict:
    """What is known of a stage; of one that never began, that it is not done."""
    return read_record(run, name) or {"done": False}


def finished(run: Path, name: str) -> dict:
    """The record of a stage that must be done; UserError names the command that does it."""
    record = record_of(run, name)
    if not record["done"]:
        verb = BY_NAME[name].verb
        raise UserError(f"{run / name} is not finished; run `speech2code {verb}` with the same settings first")
    return record


def sealed_sounds(run: RunFolder, row: str, splits: Iterable[str]) -> dict[str, str]:
    """Split → what the waveforms of a row are known by, for the record of the stage that has made them."""
    return {f"{row}/{split}": digest_of_sounds(run.sounds(row, split)) for split in splits}


def check_sounds(run: RunFolder, row: str, split: str) -> None:
    """UserError where the waveforms of a row are not those that its stage has made."""
    stage = str(ROW[row].made_by)
    made = finished(run.path, stage).get("sounds", {}).get(f"{row}/{split}")
    if made != digest_of_sounds(run.sounds(row, split)):
        raise UserError(
            f"{run.sounds(row, split)} holds other sounds than its stage has made; delete {run.path / stage} and run "
            f"`speech2code {BY_NAME[stage].verb}` again"
        )


def reuse(run: Path, donor: Path, stages: Iterable[str]) -> None:
    """Links those of the `stages` that `donor` has finished into `run`, where that has none of its own."""
    for name in stages:
        if record_of(donor, name)["done"] and not os.path.lexists(run / name):
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).symlink_to(os.path.relpath(donor / name, (run / name).parent))


def check_same(run: Path, name: str, then: dict, now: dict) -> None:
    """UserError where these settings of a stage differ; it names the first one that does, and all that was made of
    it."""
    different = _difference(then, now)
    if different is None:
        return
    key, old, new = different
    made_of_it = [each for each in (name, *descendants(name)) if os.path.lexists(run / each)]
    raise UserError(
        f"{run / name} was made with {key}={old}, now it is {new}; give the new experiment a name "
        f"(name=…), or delete in {run} what was made so: {', '.join(made_of_it)}"
    )


def _difference(then: dict, now: dict) -> tuple[str, Any, Any] | None:
    """The first setting that differs, as it was and as it is; one that is null is one that is not there."""
    old, new = _flat(then), _flat(now)
    return next(((key, old.get(key), new.get(key)) for key in [*old, *new] if old.get(key) != new.get(key)), None)


def _flat(settings: dict, prefix: str = "") -> dict:
    flat: dict = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat
