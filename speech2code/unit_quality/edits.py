"""Two sequences of units of each sentence, compared: unit error rate, and BLEU with units as words. Needs no text."""

from collections.abc import Iterable
from itertools import groupby

from speech2code.scoring.counts import bleu_counts, bleu_of, error_rate, word_edits
from speech2code.unit_quality.intervals import with_interval


def unit_error_rate(references: Iterable[Iterable[int]], others: Iterable[Iterable[int]]) -> float:
    """Edits from one sequence to the other, over all sentences, in percent of the references' length."""
    return float(error_rate(word_edits(_spelled(others), _spelled(references), None).sum(axis=0)))


def translation_scores(references: list[list[int]], translations: list[list[int]]) -> dict[str, float]:
    """Units of the reference speech and those that the translator has predicted → "unit_error_rate" and "unit_bleu" in
    percent, over the whole list, with their intervals ("…_low", "…_high").

    Both sides are deduplicated: how long a sound lasts is no matter of the words.
    """
    hypotheses, meant = (_spelled(map(_deduplicated, each)) for each in (translations, references))
    edits, matches = word_edits(hypotheses, meant, None), bleu_counts(hypotheses, meant, None)
    return with_interval("unit_error_rate", edits, error_rate) | with_interval("unit_bleu", matches, bleu_of)


def _deduplicated(units: Iterable[int]) -> list[int]:
    return [unit for unit, _ in groupby(units)]


def _spelled(sequences: Iterable[Iterable[int]]) -> list[str]:
    """As sentences, each unit a word."""
    return [" ".join(str(int(unit)) for unit in each) for each in sequences]
