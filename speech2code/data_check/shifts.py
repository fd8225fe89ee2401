"""Lengths of both sides, row by row → stretches of rows that are paired with a neighbour's recording.

The longer a sentence, the longer its translation: so the lengths of true pairs go together, and those of false ones do
not. Which of two pairings holds in a stretch is told by the ratio of their likelihoods, for normal log lengths of
correlation ρ; the best stretch is the one where its sum is largest (Kadane's algorithm).
"""

from typing import NamedTuple

import numpy as np

SHIFTS = (1, -1, 2, -2)  # rows
FEWEST = 8  # rows of a stretch: fewer may fit by chance
FALSE_ALARM = 1e-4  # probability in a corpus that has no shift
MOST = 3.0  # that one row may count: a single outlier shall not decide
LIMIT = 3.0  # deviations of a length that count
CLOSEST = 0.95  # no correlation of lengths is taken to be higher


class Shift(NamedTuple):
    """Rows `first` to `last`, both included: the target of row n fits the source of row n + `by`."""

    by: int
    first: int
    last: int
    shifted: float  # correlation of the log lengths in that pairing
    straight: float  # and as the rows stand


def find_shifts(source: np.ndarray, target: np.ndarray) -> list[Shift]:
    """Seconds `(rows,)` of each side, NaN where unknown → the stretch that is likeliest to be shifted, and others
    outside of it."""
    found: list[Shift] = []
    logs = _standard(np.log(source)), _standard(np.log(target))
    free = np.ones(len(source), bool)
    while best := max((each for by in SHIFTS if (each := _best(*logs, by, free))), default=None):
        gain, shift = best
        if gain < np.log(len(SHIFTS) * max(1, len(source)) / FALSE_ALARM):
            break
        found.append(shift)
        free[shift.first : shift.last + 1] = False
    return sorted(found, key=lambda each: each.first)


def _best(source: np.ndarray, target: np.ndarray, by: int, free: np.ndarray) -> tuple[float, Shift] | None:
    """The stretch of free rows with the largest sum of log likelihood ratios; None where it is too short."""
    moved = np.full(len(source), np.nan)
    kept = slice(max(0, -by), len(source) - max(0, by))
    moved[kept] = source[max(0, by) : len(source) + min(0, by)]
    straight, shifted = _correlation(source, target), _correlation(moved, target)
    # where a part of the rows is shifted, each pairing shows the share of the correlation that it is right for
    rho = min(CLOSEST, max(straight, 0) + max(shifted, 0))
    ratio = ((target - rho * source) ** 2 - (target - rho * moved) ** 2) / (2 * (1 - rho**2))
    ratio = np.where(free, np.clip(np.nan_to_num(ratio), -MOST, MOST), -np.inf)
    gain, first, last = _largest_sum(ratio)
    if last - first + 1 < FEWEST:
        return None
    rows = slice(first, last + 1)
    inside = _correlation(moved[rows], target[rows]), _correlation(source[rows], target[rows])
    return gain, Shift(by, first, last, *inside)


def _largest_sum(values: np.ndarray) -> tuple[float, int, int]:
    """The stretch with the largest sum: (sum, first, last)."""
    best, total, start = (0.0, 0, -1), 0.0, 0
    for place, value in enumerate(values.tolist()):
        if total <= 0:
            total, start = 0.0, place
        total += value
        if total > best[0]:
            best = total, start, place
    return best


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or one[both].std() == 0 or other[both].std() == 0:
        return 0.0
    return float(np.corrcoef(one[both], other[both])[0, 1])


def _standard(logs: np.ndarray) -> np.ndarray:
    """Median 0, deviation 1 (by MAD), at most LIMIT from 0."""
    if not np.isfinite(logs).any():
        return logs
    middle = np.nanmedian(logs)
    deviation = 1.4826 * np.nanmedian(np.abs(logs - middle))
    return np.clip((logs - middle) / max(deviation, 1e-6), -LIMIT, LIMIT)
