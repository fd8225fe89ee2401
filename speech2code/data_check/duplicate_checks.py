"""Checks for the same sentence under several ids: above all on both sides of the line between training and test."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from speech2code.bcp47 import UNKNOWN
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.findings import NOTE, SERIOUS, Finding
from speech2code.data_check.fingerprint import BYTES, near_pairs
from speech2code.scoring.normalisation import normalise

LEAK = "take these sentences out of train, or out of dev and test: else the scores measure memory"


def same_audio(corpus: CheckedCorpus) -> Iterator[Finding]:
    """One recording under several ids, as it is or in another format or loudness; rows that share a file have a check
    of their own."""
    by_id = {pair.id: pair for pair in corpus.pairs}
    for side in SIDES:
        groups = [[by_id[name] for name in group] for group in _same_sound(corpus, side)]
        what = f"{side} recordings are the same (or nearly: same sound, other file format or loudness)"
        yield from _findings(groups, side, "audio", what, "keep one of them, unless they are meant")


def same_text(corpus: CheckedCorpus) -> Iterator[Finding]:
    """One sentence, by its text, in training and in what is judged."""
    for side in SIDES:
        language = getattr(corpus.config.corpus, side)
        groups = defaultdict(list)
        for pair in corpus.pairs:
            if text := getattr(pair, f"{side}_text"):
                groups[_plain(text, language)].append(pair)
        groups.pop("", None)
        what = f"sentences have the same {side} text"
        # within a split several people, or one, may say it: that is no fault
        leaks = [group for group in groups.values() if _is_leak(group)]
        yield from _findings(leaks, side, "text", what, "")


def _findings(groups: list[list[Pair]], side: str, kind: str, what: str, advice: str) -> Iterator[Finding]:
    leaks = [group for group in groups if _is_leak(group)]
    if ids := {pair.id: _others(pair, group) for group in leaks for pair in group if pair.split != "train"}:
        trained = sum(any(pair.split == "train" for pair in group) for group in leaks)
        where = "train and in dev or test" if trained else "dev and in test"
        yield Finding(f"leak_{kind}", SERIOUS, side, f"{len(ids):,} {what} in {where}", LEAK, ids)
    if ids := {pair.id: _others(pair, group) for group in groups if not _is_leak(group) for pair in group}:
        yield Finding(f"duplicate_{kind}", NOTE, side, f"{len(ids):,} {what} within a split", advice, ids)


def _is_leak(group: list[Pair]) -> bool:
    return len({pair.split for pair in group}) > 1


def _others(pair: Pair, group: list[Pair]) -> str:
    others = [f"{each.id} ({each.split})" for each in group if each is not pair]
    return "same as " + ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")


def _same_sound(corpus: CheckedCorpus, side: str) -> list[list[str]]:
    """Ids of recordings that are one, in groups; one and the same part of a file is not meant."""
    found = corpus.usable(side)
    seconds = np.array([quality.speech_seconds for _, quality in found])
    prints = np.frombuffer(b"".join(quality.fingerprint for _, quality in found), np.uint8).reshape(-1, BYTES)
    first: dict[str, int] = {}
    alike = [(first.setdefault(quality.digest, place), place) for place, (_, quality) in enumerate(found)]
    groups = _joined(len(found), [*alike, *near_pairs(seconds, prints)])
    places = [[found[place][0] for place in group] for group in groups]
    return [[each.id for each in group] for group in places if len({each.place for each in group}) == len(group)]


def _joined(count: int, pairs: list[tuple[int, int]]) -> list[list[int]]:
    """Items that are linked, however far → groups of two or more."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            item = parent[item] = parent[parent[item]]
        return item

    for one, other in pairs:
        parent[root(other)] = root(one)
    groups = defaultdict(list)
    for item in range(count):
        groups[root(item)].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _plain(text: str, language: str) -> str:
    if language != UNKNOWN:
        return normalise(text, language)
    return " ".join("".join(each if each.isalnum() else " " for each in text.casefold()).split())
