"""The counts a sentence adds to BLEU, WER and CER, and the metrics of summed counts."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput
    from sacrebleu.metrics import BLEU

ORDERS = 4  # n-grams of BLEU
EMPTY = "_"  # stands for an empty hypothesis: no normalised text contains it, so it never matches


def bleu_metric() -> "BLEU":
    """sacreBLEU on normalised text: with these settings it equals the MultEval BLEU of the paper."""
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize="none", smooth_method="exp", lowercase=False, force=True)


def bleu_counts(hypotheses: list[str], references: list[str]) -> np.ndarray:
    """→ int64 `(sentences, 10)`: matching 1- to 4-grams, all of the hypothesis, words of hypothesis and reference."""
    metric = bleu_metric()
    rows = (
        metric.corpus_score([hypothesis or EMPTY], [[reference]])
        for hypothesis, reference in zip(hypotheses, references)
    )
    return np.array([[*row.counts, *row.totals, row.sys_len, row.ref_len] for row in rows], dtype=np.int64)


def bleu_of(sums: np.ndarray) -> np.ndarray:
    """BLEU × 100 of summed counts `(..., 10)` → `(...,)`; Papineni et al. 2002, exponential smoothing."""
    matches, totals = sums[..., :ORDERS].astype(float), sums[..., ORDERS : 2 * ORDERS]
    hypothesis_words, reference_words = sums[..., -2], sums[..., -1]
    smoothing = 2.0 ** np.cumsum(
        (matches == 0) & (totals > 0), axis=-1
    )  # the k-th order without a match counts 1 / 2^k
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(matches > 0, matches, 1 / smoothing) / totals
        brevity = np.exp(np.minimum(0, 1 - reference_words / hypothesis_words))
        bleu = 100 * brevity * np.exp(np.log(precisions).mean(axis=-1))
    # As sacreBLEU: no match at all, or no 4-gram to judge in the whole corpus, is zero.
    return np.where((matches.sum(axis=-1) > 0) & (totals > 0).all(axis=-1), bleu, 0.0)


def word_edits(hypotheses: list[str], references: list[str]) -> np.ndarray:
    """→ int64 `(sentences, 2)`: edits (jiwer's alignment) and words of the reference."""
    import jiwer

    return _edits(jiwer.process_words(references, hypotheses))


def character_edits(hypotheses: list[str], references: list[str]) -> np.ndarray:
    """→ int64 `(sentences, 2)`: edits and characters of the reference."""
    import jiwer

    return _edits(jiwer.process_characters(references, hypotheses))


def error_rate(sums: np.ndarray) -> np.ndarray:
    """Errors × 100 / length of summed edits `(..., 2)` → `(...,)`."""
    return 100 * sums[..., 0] / sums[..., 1]


def _edits(output: "WordOutput | CharacterOutput") -> np.ndarray:
    rows = []
    for reference, chunks in zip(output.references, output.alignments):
        lengths = (
            max(c.ref_end_idx - c.ref_start_idx, c.hyp_end_idx - c.hyp_start_idx) for c in chunks if c.type != "equal"
        )
        rows.append([sum(lengths), len(reference)])
    return np.array(rows, dtype=np.int64)
