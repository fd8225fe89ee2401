"""Several trainings of a system: how far another test list and another training would move its score.

A system is a list of trainings (seeds), each with the transcripts of the same sentences. The bootstrap is hierarchical:
each resample draws sentences, the same for all trainings, and with replacement trainings. Three trainings resampled as
they are err twice. They are too few for their spread (three have two degrees of freedom), and that spread holds some of
the chance of the sentences, which would count double. So the deviations between trainings are freed of that part
(analysis of variance) and widened by sqrt(n / (n − 1)) and by Student's t over the normal quantile.

Two systems need not deviate alike, so a difference has the degrees of freedom of Welch (1947).

Measured on 600 simulated pairs of equal systems, 300 sentences (`python -m benchmarks.false_alarms`): of three
trainings each, 1.3, 3.7, 4.0 and 3.8 % are called different at 0.05 where trainings deviate by 1.2 (sentences alone),
2.0, 3.5 and 6.6 BLEU, and 3.8 to 5.0 % where one system deviates more than the other; of five trainings 4.5 %, of one
5.8 %.

Three trainings can tell a difference that is clearly larger than what lies between trainings. They cannot show that
trainings hardly differ (the true deviation may be six times the one seen), nor find an improvement smaller than their
spread: for that, train more. The best of several trainings is no system: choose before the test list is opened.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from speech2code.errors import UserError
from speech2code.scoring.bootstrap import SEED, interval, resample, sentence_weights, two_sided_p
from speech2code.scoring.counts import METRICS, Metric
from speech2code.scoring.scores import comparable


class OverTrainings(NamedTuple):
    """In percent. `deviation`: between trainings (n − 1), None where there is one; `low`, `high`: the 95 % interval."""

    mean: float
    deviation: float | None
    low: float
    high: float


def over_trainings(
    hypotheses: list[list[str]], references: list[str], language: str, metric: str = "bleu"
) -> OverTrainings:
    """Mean, deviation and interval of one of `counts.METRICS` over trainings; with one, the interval is the plain one.

    `hypotheses`: one list a training. Raises UserError where lists differ in length or are empty.
    """
    chosen = METRICS[metric]
    counts = _counts(hypotheses, references, language, chosen)
    each = chosen.of(counts.sum(axis=-2))
    samples = resampled_mean(counts, chosen.of, sentence_weights(len(references)), freedom=len(each) - 1)
    deviation = float(each.std(ddof=1)) if len(each) > 1 else None
    low, high = interval(samples.clip(0.0, chosen.most))  # the widening knows of no limits
    return OverTrainings(float(each.mean()), deviation, low, high)


def paired_bootstrap_trainings(
    hypotheses_a: list[list[str]], hypotheses_b: list[list[str]], references: list[str], language: str
) -> float:
    """Two-sided p of the difference in mean BLEU, centred as in `significance.paired_bootstrap`, which it equals for
    one training each. The trainings of both systems are drawn apart: those of one seed are no pair.

    Raises UserError where lists differ in length or are empty, and where one system has a single training and the other
    several: how far another training of the single one would lie nobody knows.
    """
    if (len(hypotheses_a) == 1) != (len(hypotheses_b) == 1):
        raise UserError("one training and several cannot be compared; train both systems with the same seeds")
    metric = METRICS["bleu"]
    both = [_counts(hypotheses, references, language, metric) for hypotheses in (hypotheses_a, hypotheses_b)]
    return p_value(both[0], both[1], metric.of, sentence_weights(len(references)))


def p_value(
    counts_a: np.ndarray, counts_b: np.ndarray, of: Callable[[np.ndarray], np.ndarray], weights: np.ndarray
) -> float:
    """The same from counts `(trainings, sentences, kinds)` of both and `(resamples, sentences)`."""
    counts = counts_a, counts_b
    freedom = _freedom([_own_variance(of(each.sum(axis=-2)), resample(each, of, weights)) for each in counts], counts)
    a, b = (resampled_mean(each, of, weights, freedom, SEED + i) for i, each in enumerate(counts))
    observed = of(counts_a.sum(axis=-2)).mean() - of(counts_b.sum(axis=-2)).mean()
    return float(two_sided_p(a - b, observed))


def _freedom(variances: list[float], counts: tuple[np.ndarray, ...]) -> float:
    """Degrees of freedom of a difference of two means whose trainings deviate unlike (Welch 1947)."""
    each = [(variance / len(trainings), len(trainings) - 1) for variance, trainings in zip(variances, counts)]
    below = sum(part**2 / freedom for part, freedom in each if freedom)
    return sum(part for part, _ in each) ** 2 / below if below else 1.0  # nothing deviates: it widens nothing


def resampled_mean(
    counts: np.ndarray,
    of: Callable[[np.ndarray], np.ndarray],
    weights: np.ndarray,
    freedom: float,
    seed: int = SEED,
) -> np.ndarray:
    """Counts `(trainings, sentences, kinds)`, `(resamples, sentences)` → mean scores `(resamples,)` of drawn sentences
    and trainings. `freedom`: degrees of freedom behind what will be made of them."""
    scores, by_resample = of(counts.sum(axis=-2)), resample(counts, of, weights)
    mean, trainings = by_resample.mean(axis=0), len(scores)
    if trainings == 1:
        return mean
    drawn = np.random.default_rng(seed).integers(0, trainings, (len(weights), trainings))
    deviations = (scores - scores.mean()) * _widening(scores, by_resample, freedom)
    return mean + deviations[drawn].mean(axis=1)


def _own_variance(scores: np.ndarray, by_resample: np.ndarray) -> float:
    """Of `(trainings,)`, without what the chance of sentences adds; `by_resample`: `(trainings, resamples)`."""
    trainings = len(scores)
    if trainings == 1:
        return 0.0
    of_sentences = (by_resample - by_resample.mean(axis=0)).var(axis=1).mean() * trainings / (trainings - 1)
    return float(max(0.0, scores.var(ddof=1) - of_sentences))


def _widening(scores: np.ndarray, by_resample: np.ndarray, freedom: float) -> float:
    """What makes the deviations of `(trainings,)` those of the trainings alone, and wide enough for so few."""
    from scipy.special import ndtri, stdtrit

    trainings, seen = len(scores), scores.var(ddof=1)
    if seen == 0:
        return 0.0
    own = _own_variance(scores, by_resample) / seen
    return float(np.sqrt(own * trainings / (trainings - 1)) * stdtrit(freedom, 0.975) / ndtri(0.975))


def _counts(hypotheses: list[list[str]], references: list[str], language: str, metric: Metric) -> np.ndarray:
    if not hypotheses:
        raise UserError("there is no training to score: give each system one list of transcripts a training")
    return np.stack([metric.count(*comparable(each, references, language), language) for each in hypotheses])
