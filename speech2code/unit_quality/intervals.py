"""A measure of a whole list of sentences, with its 95 % bootstrap interval over them."""

from collections.abc import Callable

import numpy as np

from speech2code.scoring.bootstrap import interval, resample, sentence_weights


def with_interval(name: str, counts: np.ndarray, metric: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """What each sentence counts `(sentences, kinds)` and the metric of their sum → `name`, `name_low`, `name_high`."""
    low, high = interval(resample(counts, metric, sentence_weights(len(counts))))
    return {name: float(metric(counts.sum(axis=0))), f"{name}_low": low, f"{name}_high": high}


def mean_with_interval(name: str, values: list[float]) -> dict[str, float]:
    """The same for the mean of one value a sentence."""
    counts = np.stack([values, np.ones(len(values))], axis=1)
    return with_interval(name, counts, lambda sums: sums[..., 0] / sums[..., 1])
