"""Resampling of sentences: 95 % intervals and two-sided p-values. A metric is recomputed from summed counts, never
averaged."""

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
SEED = 12345  # sacreBLEU's


def sentence_weights(sentences: int, resamples: int = RESAMPLES, seed: int = SEED) -> np.ndarray:
    """How often each sentence is drawn in each resample → `(resamples, sentences)`; rows sum to `sentences`."""
    drawn = np.random.default_rng(seed).multinomial(sentences, np.full(sentences, 1 / sentences), size=resamples)
    return drawn.astype(float)  # whole numbers all the same, and many times as fast to multiply


def resample(counts: np.ndarray, metric: Callable[[np.ndarray], np.ndarray], weights: np.ndarray) -> np.ndarray:
    """`metric` of each resample's summed counts: `(..., sentences, kinds)`, `(resamples, sentences)` → `(...,
    resamples)`."""
    return metric(weights @ counts)


def interval(samples: np.ndarray) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile of `(resamples,)`."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)


def two_sided_p(differences: np.ndarray, observed: float | np.ndarray) -> np.ndarray:
    """Share of resampled differences that lie as far from the observed one as that does from zero, on either side:
    `(..., resamples)`, `(...,)` → `(...,)`. "+1" keeps p above zero (Davison & Hinkley 1997, ch. 4)."""
    observed = np.asarray(observed)
    far = np.abs(differences - observed[..., None]) >= np.abs(observed)[..., None]
    return (far.sum(axis=-1) + 1) / (differences.shape[-1] + 1)
