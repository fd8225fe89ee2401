"""Speech → a short name of how it sounds, which another loudness or file format hardly changes.

As Haitsma & Kalker (A Highly Robust Audio Fingerprinting System, 2002): a bit says whether the difference between two
neighbouring bands grows or shrinks from one slice of time to the next. Here a recording has 33 slices, however long.
"""

from itertools import pairwise

import numpy as np

from speech2code.audio.files import SAMPLE_RATE

SLICES, BANDS = 33, 17
BYTES = (SLICES - 1) * (BANDS - 1) // 8  # of a fingerprint
RANGE = (200.0, 3_600.0)  # Hz: what every recording has, one by telephone too
ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1)  # bits of a byte
WINDOW = 4  # slices: about a word. Sentences that differ by one word differ there, copies a little everywhere
# share of bits that may differ in any window: in 160 sentences of two synthetic voices as MP3 and Ogg it was up to 0.27
# (0.19 in 98 %), in 800 between different sentences of like length at least 0.33, "twenty minutes" and "thirty minutes"
SAME = 0.25
SAME_SECONDS = 0.03  # by which the lengths of one recording may differ: frames of a codec, and trimming


def spectral_fingerprint(spectra: np.ndarray) -> bytes:
    """Power `(time, 257)` of speech without silence at its ends → 64 bytes."""
    edges = np.round(np.geomspace(*RANGE, BANDS + 1) * 2 * (spectra.shape[1] - 1) / SAMPLE_RATE).astype(int)
    bands = np.stack([spectra[:, low : max(high, low + 1)].mean(1) for low, high in pairwise(edges)], 1)
    places = np.linspace(0, len(bands), SLICES + 1)
    sums = np.concatenate([np.zeros((1, BANDS)), bands.cumsum(0, dtype=np.float64)])
    at = np.stack([np.interp(places, np.arange(len(sums)), column) for column in sums.T], 1)
    level = np.log(np.maximum(np.diff(at, axis=0), 1e-12))
    return np.packbits(np.diff(np.diff(level, axis=0), axis=1) > 0).tobytes()


def near_pairs(seconds: np.ndarray, fingerprints: np.ndarray) -> list[tuple[int, int]]:
    """Seconds `(items,)`, fingerprints uint8 `(items, 64)` → pairs of items that are one recording, each item paired
    with the first shorter one that it equals."""
    order = np.argsort(seconds, kind="stable")
    seconds, fingerprints = seconds[order], fingerprints[order]
    found = []
    for place in range(1, len(order)):
        begin = int(np.searchsorted(seconds, seconds[place] - SAME_SECONDS))
        if begin == place:
            continue
        near = np.flatnonzero(_worst_window(fingerprints[begin:place] ^ fingerprints[place]) <= SAME)
        found += [(int(order[begin + each]), int(order[place])) for each in near[:1]]
    return found


def _worst_window(differing: np.ndarray) -> np.ndarray:
    """Differing bits uint8 `(items, 64)` → the largest share of them in WINDOW slices `(items,)`."""
    slices = ONES[differing].reshape(len(differing), SLICES - 1, -1).sum(2)
    sums = np.lib.stride_tricks.sliding_window_view(slices, WINDOW, axis=1).sum(2)
    return sums.max(1) / (WINDOW * (BANDS - 1))
