"""The counts a sentence adds to BLEU, chrF, WER and CER, and the metrics of summed counts.

Texts are normalised. `language` says what a token is (`normalisation.tokens`); None: what stands between spaces.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from speech2code.scoring.languages import has_spaces
from speech2code.scoring.normalisation import tokens

if TYPE_CHECKING:
    from jiwer import CharacterOutput, WordOutput
    from sacrebleu.metrics import BLEU, CHRF

ORDERS = 4  # n-grams of BLEU
CHARACTER_ORDERS, BETA = 6, 2  # n-grams of chrF, and how much more recall weighs than precision
EMPTY = "_"  # stands for an empty hypothesis: no normalised text contains it, so it never matches


@dataclass(frozen=True)
class Metric:
    """`count`: hypotheses, references, language → int64 `(sentences, kinds)`; `of`: sums `(..., kinds)` → `(...,)`."""

    count: Callable[[list[str], list[str], str | None], np.ndarray]
    of: Callable[[np.ndarray], np.ndarray]
    most: float = np.inf  # that a score can be


def bleu_metric(language: str | None) -> "BLEU":
    """sacreBLEU on normalised text: with these settings it equals the MultEval BLEU of the paper. By characters where a
    script has no spaces."""
    from sacrebleu.metrics import BLEU

    tokenise = "none" if has_spaces(language) else "char"
    return BLEU(tokenize=tokenise, smooth_method="exp", lowercase=False, force=True)


def chrf_metric() -> "CHRF":
    """sacreBLEU's chrF, which `chrf_counts` and `chrf_of` equal."""
    from sacrebleu.metrics import CHRF

    return CHRF(char_order=CHARACTER_ORDERS, word_order=0, beta=BETA)


def bleu_counts(hypotheses: list[str], references: list[str], language: str | None) -> np.ndarray:
    """→ int64 `(sentences, 10)`: matching 1- to 4-grams, all of the hypothesis, tokens of hypothesis and reference."""
    metric = bleu_metric(language)
    rows = (
        metric.corpus_score([hypothesis or EMPTY], [[reference]])
        for hypothesis, reference in zip(hypotheses, references)
    )
    return np.array([[*row.counts, *row.totals, row.sys_len, row.ref_len] for row in rows], dtype=np.int64)


def bleu_of(sums: np.ndarray) -> np.ndarray:
    """BLEU × 100 of summed counts `(..., 10)` → `(...,)`; Papineni et al. 2002, exponential smoothing."""
    matches, totals = sums[..., :ORDERS].astype(float), sums[..., ORDERS : 2 * ORDERS]
    hypothesis_words, reference_words = sums[..., -2], sums[..., -1]
    # the k-th order without a match counts 1 / 2^k
    smoothing = 2.0 ** np.cumsum((matches == 0) & (totals > 0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(matches > 0, matches, 1 / smoothing) / totals
        brevity = np.exp(np.minimum(0, 1 - reference_words / hypothesis_words))
        bleu = 100 * brevity * np.exp(np.log(precisions).mean(axis=-1))
    # As sacreBLEU: no match at all, or no 4-gram to judge in the whole corpus, is zero.
    return np.where((matches.sum(axis=-1) > 0) & (totals > 0).all(axis=-1), bleu, 0.0)


def chrf_counts(hypotheses: list[str], references: list[str], language: str | None) -> np.ndarray:
    """→ int64 `(sentences, 18)`: 1- to 6-grams of characters, spaces left out, in the hypothesis, in the reference, and
    in both. As in sacreBLEU, those of a hypothesis do not count where the reference is too short to have any."""
    rows = []
    for pair in zip(hypotheses, references):
        hypothesis, reference = ("".join(text.split()) for text in pair)
        grams = [(_grams(hypothesis, size), _grams(reference, size)) for size in range(1, CHARACTER_ORDERS + 1)]
        found = [ours.total() if theirs else 0 for ours, theirs in grams]
        rows.append([*found, *(theirs.total() for _, theirs in grams), *((a & b).total() for a, b in grams)])
    return np.array(rows, dtype=np.int64)


def chrf_of(sums: np.ndarray) -> np.ndarray:
    """chrF × 100 of summed counts `(..., 18)` → `(...,)`; Popović 2015, mean over the orders that both sides have."""
    found, wanted, matches = np.split(sums.astype(float), 3, axis=-1)
    both = (found > 0) & (wanted > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = (np.where(both, matches / of, 0).sum(axis=-1) / both.sum(axis=-1) for of in (found, wanted))
        score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
    return 100 * np.nan_to_num(score)


def word_edits(hypotheses: list[str], references: list[str], language: str | None) -> np.ndarray:
    """→ int64 `(sentences, 2)`: edits (jiwer's alignment) and tokens of the reference."""
    import jiwer

    hypotheses, references = (
        [" ".join(tokens(text, language)) for text in texts] for texts in (hypotheses, references)
    )
    return _edits(jiwer.process_words(references, hypotheses))


def character_edits(hypotheses: list[str], references: list[str], language: str | None) -> np.ndarray:
    """→ int64 `(sentences, 2)`: edits and characters of the reference, spaces among them."""
    import jiwer

    return _edits(jiwer.process_characters(references, hypotheses))


def error_rate(sums: np.ndarray) -> np.ndarray:
    """Errors × 100 / length of summed edits `(..., 2)` → `(...,)`."""
    return 100 * sums[..., 0] / sums[..., 1]


METRICS = {
    "bleu": Metric(bleu_counts, bleu_of, 100.0),
    "chrf": Metric(chrf_counts, chrf_of, 100.0),
    "wer": Metric(word_edits, error_rate),
    "cer": Metric(character_edits, error_rate),
}


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))


def _edits(output: "WordOutput | CharacterOutput") -> np.ndarray:
    rows = []
    for reference, chunks in zip(output.references, output.alignments):
        lengths = (
            max(c.ref_end_idx - c.ref_start_idx, c.hyp_end_idx - c.hyp_start_idx) for c in chunks if c.type != "equal"
        )
        rows.append([sum(lengths), len(reference)])
    return np.array(rows, dtype=np.int64)
