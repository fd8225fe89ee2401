"""One fault tried in a process of its own: right, or what was wrong; and how much memory it took."""

import os
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

SENTENCE = re.compile(r"speech2code: \S.{5,1500}")
POLL = 0.01  # seconds
PROGRESS = re.compile(  # lines that are no mistake's
    r"prepare: |.*: +\d+%\||METEOR is not available: left out|"
    r"speech2code: .* (split at|no pause|no speech in|nobody speaks)"
)


class Trial(NamedTuple):
    """`run` gets an empty folder of its own and gives what is wrong, or None; it may call `told`, `speech2code`, and
    whatever is public."""

    name: str
    run: Callable[[Path], str | None]


class Outcome(NamedTuple):
    name: str
    wrong: str | None
    kind: str  # right, wrong, traceback or hang
    peak: int  # bytes, of it and its children
    seconds: float


class Answer(NamedTuple):
    """Of one call of the command line."""

    code: int
    out: str
    err: str


def attempt(trial: Trial, limit: float = 300) -> Outcome:
    """A fork: it has imported what this process has. What it starts is killed with it after `limit` seconds."""
    with TemporaryDirectory() as place:
        began, report = time.monotonic(), Path(place) / "report"
        child = os.fork()
        if child == 0:
            _child(trial, Path(place) / "work", report)
        status, usage = _waited(child, began + limit)
        seconds = time.monotonic() - began
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it has left running
        said = report.read_text(errors="replace") if report.exists() else ""
    if status is None:
        return Outcome(trial.name, f"no end after {limit:.0f} s", "hang", 0, seconds)
    if not said:
        how = os.waitstatus_to_exitcode(status)
        return Outcome(trial.name, f"no verdict: exit {how}", "wrong", usage.ru_maxrss * 1024, seconds)
    peak, _, wrong = said.partition("\n")
    kind = "right" if not wrong else "traceback" if "Traceback" in wrong else "wrong"
    return Outcome(trial.name, wrong or None, kind, max(int(peak), usage.ru_maxrss * 1024), seconds)


def _child(trial: Trial, folder: Path, report: Path) -> None:
    os.setsid()
    folder.mkdir()
    os.chdir(folder)
    with open(os.devnull, "w") as nothing:
        sys.stdout = sys.stderr = nothing
        try:
            wrong = trial.run(folder)
        except BaseException:  # also SystemExit, which no trial should let through
            wrong = traceback.format_exc()
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
    report.write_text(f"{peak}\n{wrong or ''}", errors="replace")
    os._exit(0)


def _waited(child: int, until: float) -> tuple[int | None, resource.struct_rusage]:
    while time.monotonic() < until:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage
        time.sleep(POLL)
    os.killpg(child, signal.SIGKILL)
    return None, os.wait4(child, 0)[2]


def speech2code(*arguments: object) -> Answer:
    """The command line in this process; what its own children write is not in the answer."""
    from io import StringIO

    from speech2code.cli import main

    kept, code = (sys.stdout, sys.stderr), 0
    sys.stdout, sys.stderr = out, err = StringIO(), StringIO()
    try:
        main([str(each) for each in arguments])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout, sys.stderr = kept
    return Answer(code, out.getvalue(), err.getvalue())


def prepare(*overrides: object) -> Answer:
    """The verb, whose workers are forks of this process: they need not import for seconds what it has imported."""
    import multiprocessing

    fork = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda *_: fork
    return speech2code("prepare", *overrides, "trainer.jobs=1")


def told(answer: Answer, *, may_work: bool = True) -> str | None:
    """What is wrong with an answer: right is exit code 0 (where it `may_work`), or code 2 and one clear sentence."""
    if "Traceback" in answer.err + answer.out:
        return answer.err[-3000:]
    if answer.code == 0:
        return None if may_work else f"it worked: {answer.out[-500:]}"
    lines = [line for line in answer.err.splitlines() if line.strip() and not PROGRESS.match(line)]
    if answer.code != 2 or len(lines) != 1 or not SENTENCE.fullmatch(lines[0]):
        return f"exit {answer.code}, {len(lines)} lines: {answer.err[-1500:]}"
    return None
