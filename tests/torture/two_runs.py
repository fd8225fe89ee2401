"""Two commands at once on one corpus or in one folder: one works, the other waits or is refused by a sentence."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from speech2code.corpora.store import FeatureStore, problem_of
from tests.torture.kills import whole
from tests.torture.processes import SPLITS, corpus_in, difference, finish, overrides, run, start
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, told

PAIRS = {  # the two commands, and what the second one says besides
    "two runs in one folder": (("run",), ("run",), ()),
    "two runs of one corpus": (("run",), ("run",), ("name=other",)),
    "two prepare": (("prepare",), ("prepare",), ("name=other",)),
    "prepare beside run": (("prepare",), ("run",), ()),
    "a stage beside run": (("run",), ("train", "units"), ()),
    "another corpus of that name": (("prepare",), ("prepare",), ("name=other", "corpus.max_rejected=0.5")),
}
OFFSETS = (0.0, 1.0, 4.0, 8.0)  # seconds from the first command to the second


def trials(tiny: Tiny) -> Iterator[Trial]:
    wanted, _ = whole(tiny)
    for name, (first, second, more) in PAIRS.items():
        for offset in OFFSETS:
            yield Trial(f"{name}, {offset:.0f} s later", partial(_both, wanted, first, second, more, offset))


def _both(
    wanted: dict[str, object],
    first: tuple[str, ...],
    second: tuple[str, ...],
    more: tuple[str, ...],
    offset: float,
    folder: Path,
) -> str | None:
    corpus, places = corpus_in(folder), [folder / "first", folder / "second"]
    commands = [[*first, *overrides(corpus, folder)], [*second, *overrides(corpus, folder, *more)]]
    processes = []
    for place, command in zip(places, commands):
        place.mkdir()
        processes.append(start(place, *command))
        time.sleep(offset)
    answers = [finish(process, place) for process, place in zip(processes, places)]
    if wrong := [each for answer in answers if (each := told(answer))]:
        return wrong[0]
    if all(answer.code for answer in answers):
        return f"neither works: {answers[0].err[-500:]} / {answers[1].err[-500:]}"
    if problem_of(corpus.folder) or [len(FeatureStore(corpus.folder, each)) for each in SPLITS] != [*SPLITS.values()]:
        return f"the corpus is not whole: {problem_of(corpus.folder)}"
    answer = run(folder, "run", *overrides(corpus, folder))
    return f"exit {answer.code}: {answer.err[-1500:]}" if answer.code else difference(wanted, folder)
