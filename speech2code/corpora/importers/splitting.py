"""Which pairs are for train, dev and test: no two splits share a sentence."""

import unicodedata
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from speech2code.corpora.checks import Rejection
from speech2code.corpora.manifest import assign_splits
from speech2code.corpora.pairs import Pair

STRICT = ("test", "unseen", "dev", "train")  # who keeps a sentence that several splits have


def share_out(
    pairs: list[Pair], sentences: Mapping[str, str], dev: float, test: float
) -> tuple[list[Pair], list[Rejection]]:
    """Pairs with a split each, and those that have to go: a sentence of test is taken out of dev and train.

    Two pairs are of one sentence when they have the text of a side in common (case, punctuation and blanks apart), a
    recording, or the name in `sentences` (id → name). Where the corpus has no splits at all, or no dev or test, the
    smallest id of all that hangs together decides (`assign_splits`; `dev` and `test` are shares).
    """
    given = {pair.split for pair in pairs} - {""}
    if given and "" in {pair.split for pair in pairs}:
        lost = [Rejection(pair.id, "both", "no split, where others have one") for pair in pairs if not pair.split]
        pairs = [pair for pair in pairs if pair.split]
    else:
        lost = []
    pairs, shared = _apart(pairs, sentences)
    free = [pair for pair in pairs if pair.split in ("", "train")]
    if free and not {"dev", "test"} <= given:
        clusters = _clusters(free, sentences)
        names = assign_splits(list(clusters.values()), dev, test)
        # a split that the corpus has itself gets no more
        drawn = {id: "train" if names[first] in given else names[first] for id, first in clusters.items()}
        pairs = [replace(pair, split=drawn.get(pair.id, pair.split)) for pair in pairs]
    return pairs, lost + shared


def _apart(pairs: list[Pair], sentences: Mapping[str, str]) -> tuple[list[Pair], list[Rejection]]:
    owners: dict[Hashable, Pair] = {}
    lost: dict[str, Rejection] = {}
    for split in STRICT:
        members = [pair for pair in pairs if pair.split == split]
        for pair in members:
            other = next((owners[key] for key in _keys(pair, sentences) if key in owners), None)
            if other:
                lost[pair.id] = Rejection(pair.id, "both", f"its sentence is in {other.split} too: {other.id}")
        for pair in members:
            if pair.id not in lost:
                owners |= {key: pair for key in _keys(pair, sentences)}
    return [pair for pair in pairs if pair.id not in lost], list(lost.values())


def _clusters(pairs: list[Pair], sentences: Mapping[str, str]) -> dict[str, str]:
    """Id → the smallest id of all pairs that hang together with it, directly or not."""
    numbers: dict[Hashable, int] = {}
    edges = [(row, key) for row, pair in enumerate(pairs) for key in _keys(pair, sentences)]
    rows, columns = np.array([(row, numbers.setdefault(key, len(numbers))) for row, key in edges]).T
    size = len(pairs) + len(numbers)
    graph = coo_array((np.ones(len(edges)), (rows, columns + len(pairs))), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(pairs)].tolist()
    first: dict[int, str] = {}
    for label, pair in zip(labels, pairs):
        first[label] = min(first.get(label, pair.id), pair.id)
    return {pair.id: first[label] for label, pair in zip(labels, pairs)}


def _keys(pair: Pair, sentences: Mapping[str, str]) -> Iterator[Hashable]:
    """All that says which sentence it is."""
    yield "sentence", sentences.get(pair.id, pair.id)
    for side in ("source", "target"):
        if words := _words(getattr(pair, f"{side}_text") or ""):
            yield side, words
        if audio := getattr(pair, f"{side}_audio"):
            yield side, audio, getattr(pair, f"{side}_start"), getattr(pair, f"{side}_end")


def _words(text: str) -> str:
    """Without case, punctuation and symbols; marks stay, for they are vowels in some scripts."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(" " if unicodedata.category(each)[0] in "PSZC" else each for each in plain).split())
