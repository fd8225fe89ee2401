"""Ctrl-C and SIGTERM at any moment: exit code 130 at once, no traceback; the same command ends as if undisturbed."""

import random
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.torture.kills import whole
from tests.torture.processes import ENDED, corpus_in, difference, finish, kill_group, overrides, run, start, wait_until
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial

AT_ONCE = 20  # seconds: a stage writes its checkpoint first
SIGNALS = {
    "Ctrl-C": (signal.SIGINT, True),
    "SIGTERM": (signal.SIGTERM, False),
    "SIGTERM to all": (signal.SIGTERM, True),
}


def trials(tiny: Tiny) -> Iterator[Trial]:
    (wanted, seconds), chance = whole(tiny), random.Random(1)
    for number in range(39):
        name = [*SIGNALS][number % len(SIGNALS)]
        moment = chance.uniform(0.02, 3) if number % 4 == 0 else chance.uniform(0.5, seconds)
        yield Trial(f"{name} after {moment:.2f} s", partial(_stopped, wanted, *SIGNALS[name], moment, number % 3 == 0))


def _stopped(
    wanted: dict[str, object], number: int, group: bool, moment: float, again: bool, folder: Path
) -> str | None:
    arguments = ["run", *overrides(corpus_in(folder), folder)]
    process = start(folder, *arguments)
    wait_until(lambda: process.poll() is not None, moment)
    began, ended = time.monotonic(), process.poll() is not None
    kill_group(process, number) if group else process.send_signal(number)
    answer = finish(process, folder)
    if "Traceback" in answer.err:
        return answer.err[-2000:]
    # before Python's first line it dies of the signal, as any program
    if not ended and answer.code not in (ENDED, 0, -number):
        return f"exit {answer.code}: {answer.err[-500:]}"
    if time.monotonic() - began > AT_ONCE:
        return f"ended {time.monotonic() - began:.0f} s after the signal"
    if not again:
        return None
    answer = run(folder, *arguments)
    return f"exit {answer.code}: {answer.err[-2000:]}" if answer.code else difference(wanted, folder)
