"""Records of stages, `runs/<name>/<stage>/stage.json`: read here, written by `stages/record.py` alone."""

import os
from collections.abc import Iterable
from pathlib import Path

from speech2code.registry import STAGES
from speech2code.seals import read_sealed

RECORD = "stage.json"


def read_record(run: Path, name: str) -> dict | None:
    """What is known of a stage, None of one that never began. UserError where the record was changed by hand."""
    path = run / name / RECORD
    if not os.path.lexists(path):  # a link that leads nowhere is a damaged record
        return None
    return read_sealed(path, f"delete {path.parent} and run that stage again")


def records_of(run: Path) -> dict[str, dict]:
    """The records of a run by their stages, those that it reuses too, in the order of the registry."""
    records = {stage.name: read_record(run, stage.name) for stage in STAGES}
    return {name: record for name, record in records.items() if record is not None}


def seconds_of(run: Path) -> dict[str, float]:
    """Wall-clock seconds of each stage of a run, all attempts together."""
    return {name: record["seconds"] for name, record in records_of(run).items()}


def origin_of(run: Path) -> dict:
    """How a run was made, out of all attempts of all its stages; {} where none has worked.

    "commands", "seeds", "commits", "machines" and "versions" list what there was, each once, in the order of time;
    "clean" says whether every attempt ran the code of its commit; "began", "ended"; "seconds" and "processor_seconds"
    of all stages.
    """
    records = records_of(run).values()
    attempts = sorted((each for record in records for each in record["attempts"]), key=lambda each: each["began"])
    if not attempts:
        return {}
    lists = {
        f"{name}s": _distinct(each[name] for each in attempts) for name in ("command", "seed", "commit", "machine")
    }
    return lists | {
        "versions": _distinct(each["versions"] for each in attempts),
        "clean": all(each["clean"] for each in attempts),
        "began": attempts[0]["began"],
        "ended": max((each["ended"] for each in attempts if "ended" in each), default=None),
        **{name: round(sum(each[name] for each in records), 2) for name in ("seconds", "processor_seconds")},
    }


def _distinct(values: Iterable) -> list:
    """Each value once, None never."""
    found: list = []
    for value in values:
        if value is not None and value not in found:
            found.append(value)
    return found
