"""Draws sentence pairs from the phrasebook: train, dev, test, and a list of combinations never trained on."""

import math
import random
from collections import defaultdict

from speech2code.corpora.pairs import Pair
from speech2code.corpora.phrasebook.sentences import LANGUAGES, Sentence, sentences
from speech2code.errors import UserError

Piles = dict[str, list[Sentence]]  # pattern name -> its sentences, shuffled


def draw(
    source: str,
    target: str,
    *,
    train: int = 4000,
    dev: int = 250,
    test: int = 510,
    unseen: int = 200,
    seed: int = 0,
) -> list[Pair]:
    """Draws distinct sentence pairs; `source` and `target` are two of "en", "fr", "ja", the sizes count pairs.

    No sentence stands in two splits, in either language, and every word of dev, test and unseen stands in train.
    In "unseen" the pattern and its main filler both occur in train, but never together: such combinations are held out
    whole. The same sentences come for every pair of languages.

    Raises UserError for an unknown language or too large a number.
    """
    _check(source, target, {"train": train, "dev": dev, "test": test, "unseen": unseen})
    rng = random.Random(f"phrasebook {seed}")
    held_out, others = _hold_out(_piles(sentences(), rng), rng)
    trainable, reserve = _divide(others, (dev + test) / max(train + dev + test, 1))
    chosen = {"train": _take(trainable, train, "train", rng)}
    known = set().union(*(sentence.words for sentence in chosen["train"]))
    fillers = {filler for sentence in chosen["train"] for filler in sentence.fillers}
    used = {sentence.pattern for sentence in chosen["train"]}
    chosen["test"] = _take(reserve, test, "test", rng, known)
    chosen["dev"] = _take(reserve, dev, "dev", rng, known)
    held_out = {name: [s for s in pile if s.main in fillers] for name, pile in held_out.items() if name in used}
    chosen["unseen"] = _take(held_out, unseen, "unseen", rng, known)
    return [
        Pair(f"{split}-{number:04d}", split, sentence.texts[source], sentence.texts[target])
        for split in ("train", "dev", "test", "unseen")
        for number, sentence in enumerate(chosen[split])
    ]


def _check(source: str, target: str, sizes: dict[str, int]) -> None:
    for language in (source, target):
        if language not in LANGUAGES:
            raise UserError(f"The phrasebook has no language {language!r}: choose two of {', '.join(LANGUAGES)}.")
    if source == target:
        raise UserError(f"The phrasebook cannot pair {source!r} with itself: choose two of {', '.join(LANGUAGES)}.")
    for split, size in sizes.items():
        if size < 0:
            raise UserError(f"The phrasebook cannot draw {split}={size} pairs: give a number of 0 or more.")


def _piles(found: tuple[Sentence, ...], rng: random.Random) -> Piles:
    piles = defaultdict(list)
    for sentence in found:
        piles[sentence.pattern].append(sentence)
    for pile in piles.values():
        rng.shuffle(pile)
    return dict(piles)


def _hold_out(piles: Piles, rng: random.Random) -> tuple[Piles, Piles]:
    """Takes every sentence with one main filler out of each pattern that can spare it: (held out, others).

    Such a pattern has four main fillers or more; a filler stands in two others and is held out of one only.
    """
    homes = defaultdict(set)  # filler -> the patterns it stands in
    for name, pile in piles.items():
        for filler in set().union(*(sentence.fillers for sentence in pile)):
            homes[filler].add(name)
    held_out, others, gone = {}, {}, set()
    for name, pile in piles.items():
        mains = sorted({sentence.main for sentence in pile})
        free = [main for main in mains if len(homes[main]) > 2 and main not in gone]
        main = rng.choice(free) if free and len(mains) >= 4 else None
        gone.add(main)
        held_out[name] = [sentence for sentence in pile if sentence.main == main]
        others[name] = [sentence for sentence in pile if sentence.main != main]
    return held_out, others


def _divide(piles: Piles, share: float) -> tuple[Piles, Piles]:
    """Sets `share` of each pile aside for dev and test, so that train exhausts no pattern: (for train, set aside)."""
    cuts = {name: math.ceil(share * len(pile)) for name, pile in piles.items()}
    return {n: pile[cuts[n] :] for n, pile in piles.items()}, {n: pile[: cuts[n]] for n, pile in piles.items()}


def _take(piles: Piles, count: int, split: str, rng: random.Random, known: set[str] | None = None) -> list[Sentence]:
    """Takes `count` sentences whose words are all `known` off the piles; a pile's chance is its size to the 0.4."""
    usable = {
        name: [sentence for sentence in pile if known is None or sentence.words <= known]
        for name, pile in piles.items()
    }
    available = sum(map(len, usable.values()))
    if count > available:
        words = "" if known is None else " made of words that stand in train"
        raise UserError(f"The phrasebook has {available} sentences{words} left for {split}={count}: ask for fewer.")
    weights = {name: len(pile) ** 0.4 for name, pile in usable.items() if pile}
    taken: list[Sentence] = []
    while len(taken) < count:
        name = rng.choices(list(weights), list(weights.values()))[0]
        taken.append(usable[name].pop())
        if not usable[name]:
            del weights[name]
    gone = set(map(id, taken))
    for pile in piles.values():
        pile[:] = [sentence for sentence in pile if id(sentence) not in gone]
    return taken
