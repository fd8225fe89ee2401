"""95 % intervals by resampling sentences; a metric is recomputed from summed counts, never averaged."""

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
SEED = 12345  # sacreBLEU's


def sentence_weights(sentences: int, resamples: int = RESAMPLES, seed: int = SEED) -> np.ndarray:
    """How often each sentence is drawn in each resample → int64 `(resamples, sentences)`; rows sum to `sentences`."""
    return np.random.default_rng(seed).multinomial(sentences, np.full(sentences, 1 / sentences), size=resamples)


def resample(counts: np.ndarray, metric: Callable[[np.ndarray], np.ndarray], weights: np.ndarray) -> np.ndarray:
    """`metric` of each resample's summed counts: `(sentences, kinds)`, `(resamples, sentences)` → `(resamples,)`."""
    return metric(weights @ counts)


def interval(samples: np.ndarray) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile of `(resamples,)`."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
