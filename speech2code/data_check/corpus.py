"""A manifest → all that the checks know of it: its pairs, what is no pair, and the quality of every recording."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from math import log, nan

import numpy as np
from tqdm import tqdm

from speech2code.audio.features import Mfcc
from speech2code.audio.reading import read_sound
from speech2code.config import Config
from speech2code.corpora.checks import Rejection
from speech2code.corpora.pairs import SPLITS, VOICES, Pair
from speech2code.corpora.shards import start_worker
from speech2code.corpora.sources import read_pairs, reject_missing
from speech2code.corpora.store import SIDES
from speech2code.data_check.sound import Quality, quality_of
from speech2code.errors import UserError
from speech2code.workers import workers

TOGETHER = 16  # recordings that a process gets at a time
SLACK = 0.3  # seconds that both lengths get before they are divided: else one-word sentences would all be outliers


@dataclass(frozen=True)
class Recording:
    """One side of a pair."""

    pair: Pair
    side: str
    problem: str | None  # why it cannot be read
    quality: Quality | None  # None where it cannot

    @property
    def id(self) -> str:
        return self.pair.id

    @property
    def usable(self) -> Quality | None:
        """Its quality, where `prepare` takes it."""
        return None if self.quality is None or self.quality.refused else self.quality

    @property
    def speaker(self) -> str:
        return getattr(self.pair, f"{self.side}_speaker")

    @property
    def place(self) -> tuple[str, float, float]:
        """Its file, and from where to where in it, in seconds."""
        start, end = (getattr(self.pair, f"{self.side}_{what}") for what in ("start", "end"))
        return str(getattr(self.pair, f"{self.side}_audio")), start, float("inf") if end is None else end


@dataclass(frozen=True)
class CheckedCorpus:
    """Everything that a check may look at."""

    config: Config
    pairs: list[Pair]  # in the order of the manifest, duplicate ids left out
    rejected: list[Rejection]  # rows that are no pair, duplicate ids, missing files
    recordings: dict[str, list[Recording]]  # side → one of each pair that has a recording there

    def usable(self, side: str) -> list[tuple[Recording, Quality]]:
        """The recordings of a side that `prepare` takes, each with its quality."""
        return [(each, each.usable) for each in self.recordings[side] if each.usable]

    @property
    def splits(self) -> list[str]:
        there = {pair.split for pair in self.pairs}
        return [split for split in SPLITS if split in there]

    @cached_property
    def refused(self) -> set[str]:
        """The pairs that `prepare` leaves out, though there are files."""
        return {each.id for side in SIDES for each in self.recordings[side] if not each.usable}

    @cached_property
    def seconds(self) -> dict[str, dict[str, float]]:
        """Side → pair → seconds of speech in its recording."""
        return {side: {each.id: quality.speech_seconds for each, quality in self.usable(side)} for side in SIDES}

    def kept(self, split: str) -> list[Pair]:
        """The pairs of a split that `prepare` takes."""
        return [pair for pair in self.pairs if pair.split == split and pair.id not in self.refused]

    def log_ratio(self, pair: str) -> float:
        """Of the lengths of target and source; NaN where one of them is not known."""
        source, target = (self.seconds[side].get(pair, nan) for side in SIDES)
        return log((target + SLACK) / (source + SLACK))


def read_corpus(config: Config) -> CheckedCorpus:
    """Reads the manifest that the settings name, and every recording of it. UserError where that is no manifest."""
    pairs, rejected = read_pairs(config.corpus)
    pairs, missing = reject_missing(pairs)
    asked = [(pair, side) for pair in pairs for side in SIDES if _is_recorded(pair, side)]
    recordings: dict[str, list[Recording]] = {side: [] for side in SIDES}
    for each in _measured(asked, config):
        recordings[each.side].append(each)
    return CheckedCorpus(config, pairs, rejected + missing, recordings)


def _is_recorded(pair: Pair, side: str) -> bool:
    """And counts: the target of the split `voices` is that of test once more."""
    return getattr(pair, f"{side}_audio") is not None and not (side == "target" and pair.split == VOICES)


def _measured(asked: list[tuple[Pair, str]], config: Config) -> Iterator[Recording]:
    """In order. One job is this process."""
    seconds, jobs, trimming = 1 if sys.stderr.isatty() else 15, config.trainer.jobs, config.corpus.trimming
    with tqdm(total=len(asked), desc="check", unit="recording", mininterval=seconds) as bar:
        if jobs == 1 or len(asked) <= TOGETHER:
            for pair, side in asked:
                yield measure(pair, side, trimming)
                bar.update()
            return
        with workers(jobs, start_worker) as pool:
            parts = [asked[start : start + TOGETHER] for start in range(0, len(asked), TOGETHER)]
            for future in [pool.submit(measure_some, part, trimming) for part in parts]:
                found = future.result()
                bar.update(len(found))
                yield from found


def measure_some(asked: list[tuple[Pair, str]], trimming: str) -> list[Recording]:
    return [measure(*each, trimming) for each in asked]


def measure(pair: Pair, side: str, trimming: str) -> Recording:
    """Reads one recording; what cannot be read is told, not raised."""
    try:
        start, end = (getattr(pair, f"{side}_{what}") for what in ("start", "end"))
        sound = read_sound(getattr(pair, f"{side}_audio"), start, end)
    except UserError as error:
        return Recording(pair, side, str(error), None)
    return Recording(pair, side, None, quality_of(sound, _mfcc(), trimming))


@cache
def _mfcc() -> Mfcc:
    return Mfcc()


def values(found: list[tuple[Recording, Quality]], name: str) -> np.ndarray:
    """One number of each recording, float64 `(recordings,)`."""
    return np.array([getattr(quality, name) for _, quality in found], np.float64)
