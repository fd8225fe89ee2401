"""ABX discriminability of speech representations (Schatz 2016), as Libri-Light and the ZeroSpeech challenges count it.

X and A say the same triphone, B one that differs in its middle phone. An error: X lies nearer to B than to A; a tie is
half an error. Distance: angle between frames in half turns, averaged along the path of dynamic time warping.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import numba
import numpy as np


class Item(NamedTuple):
    """One triphone."""

    frames: np.ndarray  # (time, dim), time at least 1
    phone: str
    context: tuple[str, str]  # the phones beside it
    speaker: str


def abx(items: list[Item], *, across: bool, most: int = 10, seed: int = 0) -> float | None:
    """Error in percent, 50 is chance: within speakers, or `across` them (A and B by one speaker, X by another).

    The mean over contexts (and speakers of X), then over speakers, then over pairs of phones. Of each triphone and
    speaker at most `most` items count, drawn with `seed`. None where there is nothing to compare.
    """
    groups = _groups(items, most, np.random.default_rng(seed))
    cells = list(_across(groups) if across else _within(groups))
    if not cells:
        return None
    by_pair: dict = defaultdict(lambda: defaultdict(list))
    for (pair, speaker), error in zip((key for key, *_ in cells), _errors([cell[1:] for cell in cells])):
        by_pair[pair][speaker].append(error)
    return 100 * float(np.mean([np.mean([np.mean(each) for each in of.values()]) for of in by_pair.values()]))


def _groups(items: list[Item], most: int, random: np.random.Generator) -> dict:
    """context → speaker → phone → frames of its items."""
    groups: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for item in items:
        groups[item.context][item.speaker][item.phone].append(item.frames)
    for of_context in groups.values():
        for of_speaker in of_context.values():
            for phone, frames in of_speaker.items():
                chosen = sorted(random.permutation(len(frames))[:most])
                of_speaker[phone] = [frames[each] for each in chosen]
    return groups


Cell = tuple[tuple, list, list, list, bool]  # (pair of phones, speaker), A, B, X, whether X and A are the same items


def _within(groups: dict) -> Iterator[Cell]:
    for of_context in groups.values():
        for speaker, phones in of_context.items():
            for a, b in permutations(phones, 2):
                if len(phones[a]) > 1:
                    yield ((a, b), speaker), phones[a], phones[b], phones[a], True


def _across(groups: dict) -> Iterator[Cell]:
    for of_context in groups.values():
        for speaker, other in permutations(of_context, 2):
            phones = of_context[speaker]
            for a, b in permutations(phones, 2):
                if of_context[other].get(a):
                    yield ((a, b), speaker), phones[a], phones[b], of_context[other][a], False


def _errors(cells: list[tuple]) -> Iterator[float]:
    """Each cell's share of wrong triples; all distances are taken at once."""
    pairs = [(x, y) for a, b, xs, _ in cells for x in xs for y in (*a, *b)]
    distances, place = dtw_distances(pairs), 0
    for a, b, xs, same in cells:
        table = distances[place : place + len(xs) * (len(a) + len(b))].reshape(len(xs), -1)
        place += table.size
        to_a, to_b = table[:, : len(a), None], table[:, None, len(a) :]
        wrong = (to_a > to_b) + 0.5 * (to_a == to_b)
        if same:  # X is no A of its own
            wrong = wrong[~np.eye(len(a), dtype=bool)]
        yield float(wrong.mean())


def dtw_distances(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Pairs of `(time, dim)` → the mean angle along the cheapest path of each, float64 `(pairs,)`, 0 to 1."""
    unit = {id(frames): _unit_length(frames) for pair in pairs for frames in pair}
    cosines = (unit[id(x)] @ unit[id(y)].T for x, y in pairs)
    # rounded, equal codes are equally far again: sums taken in another order are not
    return np.round([_mean_along_path(np.arccos(np.clip(each, -1, 1)) / np.pi) for each in cosines], 12)


@numba.njit(cache=True)
def _mean_along_path(distances: np.ndarray) -> float:
    rows, columns = distances.shape
    cost, length = distances.copy(), np.ones((rows, columns), np.int64)
    for i in range(rows):
        for j in range(columns):
            if i == 0 and j == 0:
                continue
            a, b = i - 1, j - 1  # of equal steps the diagonal one, then the one in y: ties are common among codes
            if i == 0 or (j > 0 and cost[i, j - 1] < cost[a, b] and cost[i, j - 1] <= cost[a, j]):
                a = i
            elif j == 0 or (cost[a, j] < cost[a, b] and cost[a, j] < cost[i, j - 1]):
                b = j
            cost[i, j] += cost[a, b]
            length[i, j] += length[a, b]
    return cost[-1, -1] / length[-1, -1]


def _unit_length(frames: np.ndarray) -> np.ndarray:
    frames = np.asarray(frames, np.float64)
    return frames / np.maximum(np.linalg.norm(frames, axis=1, keepdims=True), 1e-12)
