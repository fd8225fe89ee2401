"""How often equal systems are called different at 0.05: simulated pairs, judged as the program judges.

    python -m benchmarks.false_alarms        # a few minutes of one core; the figures of docs/evaluation.md

Each word of a sentence is right by chance; how hard a sentence is counts for all systems, and each training has an
effect of its own. No recogniser and no text: BLEU's counts are drawn.
"""

import numpy as np

from speech2code.scoring.bootstrap import sentence_weights
from speech2code.scoring.counts import bleu_of
from speech2code.scoring.trainings import p_value

LONGEST = 10  # words of a sentence
SENTENCES, PAIRS, RESAMPLES = 300, 600, 500
CASES = (  # spread of both systems' trainings, as log odds of a right word; how many trainings each
    ((0, 0), (1, 1)), ((0, 0), (3, 3)), ((0.1, 0.1), (3, 3)), ((0.2, 0.2), (3, 3)), ((0.4, 0.4), (3, 3)),
    ((0, 0.1), (3, 3)), ((0, 0.4), (3, 3)), ((0.1, 0.4), (3, 3)), ((0.2, 0.2), (5, 5)), ((0.2, 0.2), (3, 5)),
)  # fmt: skip


def main() -> None:
    for spreads, trainings in CASES:
        alarms, deviation = false_alarms(spreads, trainings)
        print(f"{trainings} trainings, deviating by {deviation:.1f} BLEU: {alarms:.1%} false alarms", flush=True)


def false_alarms(spreads: tuple[float, float], trainings: tuple[int, int]) -> tuple[float, float]:
    """→ share of equal pairs with p below 0.05; deviation between the second system's trainings, BLEU."""
    chance, weights = np.random.default_rng(4), sentence_weights(SENTENCES, RESAMPLES)
    found, deviations = [], []
    for _ in range(PAIRS):
        difficulty, lengths = sentences(SENTENCES, chance)
        a, b = (
            bleu_counts_of(difficulty + spread * chance.normal(0, 1, (count, 1)), lengths, chance).astype(float)
            for spread, count in zip(spreads, trainings)
        )
        found.append(p_value(a, b, bleu_of, weights) < 0.05)
        deviations.append(bleu_of(b.sum(axis=-2)).std(ddof=1) if len(b) > 1 else 0.0)
    return float(np.mean(found)), float(np.mean(deviations))


def bleu_counts_of(right: np.ndarray, lengths: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Log odds of a right word `(..., sentences)`, words of the references `(sentences,)` → `(..., sentences, 10)`.

    A hypothesis is as long as its reference; an n-gram matches where n words in a row are right.
    """
    there = np.arange(LONGEST) < lengths[:, None]
    run = (chance.random((*right.shape, LONGEST), dtype=np.float32) < 1 / (1 + np.exp(-right[..., None]))) & there
    counts = np.zeros((*right.shape, 10), np.float32)
    matching = run
    for size in range(4):
        counts[..., size] = matching.sum(axis=-1)
        counts[..., 4 + size] = np.maximum(lengths - size, 0)
        matching = matching[..., :-1] & run[..., size + 1 :]
    counts[..., 8] = counts[..., 9] = lengths
    return counts


def sentences(count: int, chance: np.random.Generator, *systems: int) -> tuple[np.ndarray, np.ndarray]:
    """How hard each sentence is, as log odds of a right word `(*systems, count)`, and its words `(count,)`."""
    return chance.normal(0.8, 1.5, (*systems, count)).astype(np.float32), chance.integers(4, LONGEST + 1, count)


if __name__ == "__main__":
    main()
