"""ABX against a reference that spells the definition out, one triple after the other."""

import math
from itertools import product
from statistics import mean

import numpy as np
import pytest

from speech2code.unit_quality.abx import Item, abx, dtw_distances


def angle(x, y):
    cosine = float(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)))
    return math.acos(max(-1.0, min(1.0, cosine))) / math.pi


def distance(x, y):
    """Dynamic time warping with the path's length found on the way back (Libri-Light's dtw.pyx)."""
    cost = np.zeros((len(x), len(y)))
    for i, j in product(range(len(x)), range(len(y))):
        before = [cost[a, b] for a, b in ((i - 1, j - 1), (i, j - 1), (i - 1, j)) if a >= 0 and b >= 0]
        cost[i, j] = angle(x[i], y[j]) + (min(before) if before else 0)
    i, j, length = len(x) - 1, len(y) - 1, 1
    while i > 0 and j > 0:
        up, left, diagonal = cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1]
        if diagonal <= left and diagonal <= up:
            i, j = i - 1, j - 1
        elif left <= up:
            j -= 1
        else:
            i -= 1
        length += 1
    return cost[-1, -1] / (length + i + j)


def error(to_a, to_b):
    return 0.5 if abs(to_a - to_b) <= 1e-12 else float(to_a > to_b)


def reference(items, across):
    """Percent: over pairs of phones, of the mean over speakers, of the mean over contexts (and speakers of X)."""
    cells = {}
    for context, speaker, other in product(*({each[k] for each in items} for k in (2, 3, 3))):
        if (speaker == other) == across:
            continue
        for p, q in product({each.phone for each in items}, repeat=2):
            a = [each for each in items if (each.context, each.speaker, each.phone) == (context, speaker, p)]
            b = [each for each in items if (each.context, each.speaker, each.phone) == (context, speaker, q)]
            x = [each for each in items if (each.context, each.speaker, each.phone) == (context, other, p)]
            scores = [
                error(distance(of_x.frames, of_a.frames), distance(of_x.frames, of_b.frames))
                for of_x, of_a, of_b in product(x, a, b)
                if p != q and of_x is not of_a
            ]
            if scores:
                cells.setdefault((p, q), {}).setdefault(speaker, []).append(mean(scores))
    return 100 * mean(mean(mean(each) for each in of.values()) for of in cells.values())


def make(count, seed, discrete):
    random = np.random.default_rng(seed)
    codes, found = random.standard_normal((6, 5)), []
    for _ in range(count):
        phone, context, speaker = (
            random.choice(["a", "i", "u"]),
            random.choice(["s_t", "k_n"]),
            random.choice(["x", "y"]),
        )
        frames = codes[random.integers(6, size=random.integers(1, 6))]
        frames = frames if discrete else frames + random.standard_normal(frames.shape)
        found.append(Item(frames + (0 if discrete else "aiu".index(phone)), phone, tuple(context.split("_")), speaker))
    return found


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("discrete", [False, True], ids=["vectors", "codes with ties"])
def test_equal_to_the_definition(across, discrete):
    items = make(60, 1, discrete)
    assert abx(items, across=across, most=100) == pytest.approx(reference(items, across), abs=1e-6)


def test_distance_of_two_sequences():
    x, y = np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 0], [1, 0], [0, 2]])
    same, turned = dtw_distances([(x, y), (x, y[::-1])])
    assert same == 0 and turned == pytest.approx(distance(x, y[::-1]))


def test_perfect_opposite_and_nothing_to_compare():
    angles = {"a": 0.0, "i": 1.5}
    clear = [
        Item(np.array([[math.cos(angles[p] + n / 99), math.sin(angles[p] + n / 99)]]), p, ("s", "t"), "x")
        for p, n in product("ai", range(4))
    ]
    assert abx(clear, across=False) == 0
    alike = [item._replace(frames=np.ones((2, 2))) for item in clear]
    assert abx(alike, across=False) == 50
    assert abx(clear, across=True) is None and abx([], across=False) is None


def test_a_seed_chooses_the_items():
    items = make(200, 2, False)
    chosen = [abx(items, across=False, most=4, seed=seed) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
