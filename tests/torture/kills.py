"""`kill -9` at any moment, then the same command: the same results, bit for bit, and no child left behind."""

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shutil import rmtree

from tests.torture.processes import (
    changes,
    children_of,
    corpus_in,
    difference,
    kill_group,
    overrides,
    results,
    run,
    start,
    wait_until,
)
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial

FILES = 60  # changes of files in it, at least
GONE = 10  # seconds after which no child may live


def trials(tiny: Tiny) -> Iterator[Trial]:
    wanted, seconds = whole(tiny)
    chance = random.Random(0)
    for number in range(26):
        moments = [chance.uniform(0.2, seconds) for _ in range(1 + number % 3)]
        yield Trial(
            f"kill after {', '.join(f'{each:.1f} s' for each in moments)}", partial(_at_moments, wanted, moments)
        )
    for number in range(26):
        counts = [chance.randint(1, FILES) for _ in range(1 + number % 2)]
        yield Trial(f"kill at the change of file {counts}", partial(_at_changes, wanted, seconds, counts))
    for _ in range(12):
        moment = chance.uniform(1, seconds)
        yield Trial(f"kill the parent alone after {moment:.1f} s", partial(_parent_alone, wanted, moment))


def whole(tiny: Tiny) -> tuple[dict[str, object], float]:
    """The results of a run that nothing disturbs, the same for all, and its seconds."""
    folder = tiny.folder / "undisturbed"
    rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    answer = run(folder, "run", *overrides(corpus_in(folder), folder))
    assert answer.code == 0, answer.err
    return results(folder), time.monotonic() - began


def _at_moments(wanted: dict[str, object], moments: list[float], folder: Path) -> str | None:
    arguments = ["run", *overrides(corpus_in(folder), folder)]
    for each in moments:
        process = start(folder, *arguments)
        wait_until(lambda process=process: process.poll() is not None, each)
        kill_group(process)
        process.wait()
    return _ends_well(wanted, folder, arguments)


def _at_changes(wanted: dict[str, object], seconds: float, counts: list[int], folder: Path) -> str | None:
    arguments = ["run", *overrides(corpus_in(folder), folder)]
    for each in counts:
        process = start(folder, *arguments)
        changes(folder, each, 2 * seconds)
        kill_group(process)
        process.wait()
    return _ends_well(wanted, folder, arguments)


def _parent_alone(wanted: dict[str, object], moment: float, folder: Path) -> str | None:
    arguments = ["run", *overrides(corpus_in(folder), folder)]
    process = start(folder, *arguments)
    wait_until(lambda: process.poll() is not None, moment)
    children = children_of(process.pid)
    process.kill()
    process.wait()
    if not wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in children), GONE):
        return f"children live on {GONE} s after their parent"
    return _ends_well(wanted, folder, arguments)


def _ends_well(wanted: dict[str, object], folder: Path, arguments: list[str]) -> str | None:
    answer = run(folder, *arguments)
    if answer.code or "Traceback" in answer.err:
        return f"exit {answer.code}: {answer.err[-2000:]}"
    return difference(wanted, folder)
