"""Two ways to do the same work, timed in turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np


@dataclass
class Line:
    """One line of the table. `ratio`: how many times as fast as the peer we are; `met`: every goal of the line is."""

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    goal: str
    met: bool
    notes: dict = field(default_factory=dict)

    def as_dict(self) -> dict:
        return asdict(self)

    def text(self) -> str:
        notes = ", ".join(f"{key} {value:.3g}" for key, value in self.notes.items())
        verdict = "met" if self.met else "MISSED"
        figures = f"ours {self.ours:9.4g}  peer {self.peer:9.4g} {self.unit:12} {self.ratio:6.2f}×"
        return f"{self.name:16} {figures}  goal {self.goal}: {verdict}  {notes}"


def race(*ways: Callable[[], object], rounds: int = 9, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Seconds of each way: the median over `rounds`, in each of which every way runs once. `clock`: `time.process_time`
    where ways differ much in length, for on a busy machine the longer one is interrupted more often."""
    taken: list[list[float]] = [[] for _ in ways]
    for way in ways:
        way()  # warms caches and plans
    for _ in range(rounds):
        for way, seconds in zip(ways, taken):
            began = clock()
            way()
            seconds.append(clock() - began)
    return [statistics.median(seconds) for seconds in taken]


def sentences(count: int) -> list[np.ndarray]:
    """Spoken sentences of the phrasebook, by espeak-ng → float32 waveforms at 16 kHz."""
    from speech2code.corpora.phrasebook import draw
    from speech2code.corpora.voices import load_voice

    voice = load_voice("espeak:fr-fr")
    pairs = draw("fr", "en", seed=0, train=400, dev=2, test=2, unseen=2)
    return [voice.speak(pair.source_text) for pair in pairs[:count]]
