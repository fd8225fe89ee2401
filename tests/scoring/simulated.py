"""BLEU's counts of systems that do not exist: each word of a sentence is right by chance."""

import numpy as np

LONGEST = 10


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
