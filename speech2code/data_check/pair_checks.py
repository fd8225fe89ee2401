"""Checks of pairs: whether the two recordings of a row belong together."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.findings import SERIOUS, Finding, graded
from speech2code.data_check.shifts import Shift, find_shifts

# from the median, in deviations (1.48 MAD): of a million pairs in a normal distribution one; real ones have wider ends
ODD = 5.0
LEAST_FACTOR = 1.6  # a ratio nearer to the usual one than that is none to worry about, however alike the others are
FEWEST = 10  # pairs that tell what is usual
OVERLAP = 0.05  # seconds by which neighbours in a long file may overlap: cuts are rounded


def shifted(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Stretches of the manifest in which the lengths fit those of another row."""
    for shift in _shifts(corpus):
        rows = corpus.pairs[shift.first : shift.last + 1]
        ids = {pair.id: f"its target looks like the translation of the source {_where(shift.by)}" for pair in rows}
        first, last = rows[0].id, rows[-1].id
        yield Finding(
            "shift", SERIOUS, "both",
            f"{len(rows):,} rows, from {first} to {last}, look shifted: lengths fit when the target of row n is "
            f"paired with the source of row n{shift.by:+d} "
            f"(correlation {shift.shifted:.2f}, as they stand {shift.straight:.2f})",
            f"look for a row too many or too few on one side near {first}; listen to {first} and its neighbours", ids,
        )  # fmt: skip


def misaligned(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Single pairs of which one side is far longer than usual; those of a shifted stretch have been told."""
    told = {pair.id for shift in _shifts(corpus) for pair in corpus.pairs[shift.first : shift.last + 1]}
    ratios = {pair.id: corpus.log_ratio(pair.id) for pair in corpus.pairs if pair.id not in told}
    ratios = {name: ratio for name, ratio in ratios.items() if np.isfinite(ratio)}
    if len(ratios) < FEWEST:
        return
    usual = float(np.median(list(ratios.values())))
    deviation = 1.4826 * float(np.median([abs(ratio - usual) for ratio in ratios.values()]))
    most = max(ODD * deviation, np.log(LEAST_FACTOR))
    source, target = (corpus.seconds[side] for side in SIDES)
    ids = {
        name: f"source {source[name]:.2f} s, target {target[name]:.2f} s; usually {np.exp(usual):.2f} times as long"
        for name, ratio in ratios.items()
        if abs(ratio - usual) > most
    }
    if ids:
        yield Finding(
            "misaligned", graded(len(ids), len(ratios)), "both",
            f"{len(ids):,} of {len(ratios):,} pairs have lengths that do not fit: a target usually lasts "
            f"{np.exp(usual):.2f} times its source, these differ from that by a factor of {np.exp(most):.1f} or more",
            "listen to both sides: one may be cut off, hold two sentences, or belong to another row", ids,
        )  # fmt: skip


def both_sides(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Pairs whose source and target are one recording."""
    source, target = ({each.id: quality.digest for each, quality in corpus.usable(side)} for side in SIDES)
    ids = {name: "source and target are the same recording" for name in source if source[name] == target.get(name)}
    if ids:
        yield Finding(
            "both_sides", SERIOUS, "both", f"{len(ids):,} pairs have the same recording on both sides",
            "correct source_audio or target_audio of these rows", ids,
        )  # fmt: skip


def shared_files(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Rows that use the same stretch of one file."""
    for side in SIDES:
        of_file = defaultdict(list)
        for each in corpus.recordings[side]:
            of_file[each.place[0]].append((*each.place[1:], each.id))
        ids: dict[str, str] = {}
        for path, parts in of_file.items():
            for before, after in pairwise(sorted(parts)):
                if after[0] < before[1] - OVERLAP:
                    ids |= {
                        each[2]: f"{path}, also used by {other[2]}"
                        for each, other in ((before, after), (after, before))
                    }
        if ids:
            yield Finding(
                "shared_file", SERIOUS, side,
                f"{len(ids):,} rows use the same part of a {side} file as another row: each gets all that is in it",
                f"give the columns {side}_start and {side}_end, or correct {side}_audio", ids,
            )  # fmt: skip


def _shifts(corpus: CheckedCorpus) -> list[Shift]:
    lengths = [[corpus.seconds[side].get(pair.id, np.nan) for pair in corpus.pairs] for side in SIDES]
    return find_shifts(*map(np.array, lengths))


def _where(by: int) -> str:
    return f"{abs(by)} row{'s' * (abs(by) > 1)} further {'down' if by > 0 else 'up'}"
