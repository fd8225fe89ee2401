"""Utterances of two languages → pairs, by their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.request import Imported
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.errors import UserError

NAMES = {"training": "train", "validation": "dev", "valid": "dev", "val": "dev", "devel": "dev", "development": "dev"}


@dataclass(frozen=True)
class Utterance:
    """One sentence in one language: a recording (a file, or `start` to `end` of it, in seconds), its text, or both."""

    audio: Path | None = None
    text: str | None = None
    speaker: str | None = None
    split: str | None = None  # by any of its names
    start: float = 0.0
    end: float | None = None


Side = Mapping[str, list[Utterance]]  # id → who has said it, and how often


def join(source: Side, target: Side, left_out: Sequence[Rejection] = ()) -> Imported:
    """Pairs of all ids that both sides have. `left_out`: what is on neither side for a reason.

    Where m recordings of an id meet n, each is used and none is chosen: the first is paired with the first, and so on,
    the shorter list from its beginning again, which makes max(m, n) pairs, "id#1" and so on, of one sentence.

    Raises UserError where no id is on both sides.
    """
    found = Imported(left_out=list(left_out))
    for side, own, other in (("source", source, target), ("target", target, source)):
        found.left_out += [Rejection(id, side, "no partner on the other side") for id in own if id not in other]
    shared = [id for id in source if id in target]
    if not shared:
        reason = (
            f"; of {len(left_out)} left out, the first is {left_out[0].id}: {left_out[0].reason}" if left_out else ""
        )
        raise UserError(
            f"the two sides share no id: the source has {_some(source)}, the target has {_some(target)}; give "
            f"utterances that belong together the same id{reason}"
        )
    for id in shared:
        turns = max(len(source[id]), len(target[id]))
        for turn in range(turns):
            name = id if turns == 1 else f"{id}#{turn + 1}"
            add_pair(found, name, source[id][turn % len(source[id])], target[id][turn % len(target[id])])
            found.sentences[name] = id
    return found


def _some(side: Side) -> str:
    return ", ".join(list(side)[:3]) + (" …" if len(side) > 3 else "") if side else "none at all"


def add_pair(found: Imported, id: str, source: Utterance, target: Utterance) -> None:
    """Adds the pair of two utterances, or the reason why it is none."""
    splits = sorted({each.split for each in (source, target) if each.split})
    known = {split_named(each) for each in splits}
    if None in known:
        found.left_out.append(Rejection(id, "both", f"its split is none of train, dev, test: {', '.join(splits)}"))
    elif len(known) > 1:
        found.left_out.append(Rejection(id, "both", f"another split on either side: {' and '.join(splits)}"))
    else:
        found.pairs.append(pair(id, known.pop() or "" if known else "", source, target))


def split_named(name: str) -> str | None:
    """A split by one of its names, "validation" or "train.clean.100" say → as we call it; None for others."""
    word = name.strip().lower().replace(".", "_").replace("-", "_").partition("_")[0]
    return NAMES.get(word, word if word in SPLITS else None)


def pair(id: str, split: str, source: Utterance, target: Utterance) -> Pair:
    given: dict[str, Any] = {}
    for side, each in (("source", source), ("target", target)):
        text = " ".join((each.text or "").split())  # a manifest has one line a sentence
        given |= {f"{side}_audio": each.audio, f"{side}_text": text or None}
        given |= {f"{side}_start": each.start, f"{side}_end": each.end}
        if each.speaker:
            given[f"{side}_speaker"] = each.speaker
    return Pair(id=id, split=split, **given)
