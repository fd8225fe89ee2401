"""transcripts → BLEU, chrF, METEOR, WER, CER with 95 % intervals."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np

from speech2code.errors import UserError
from speech2code.scoring.bootstrap import interval, resample, sentence_weights
from speech2code.scoring.counts import METRICS
from speech2code.scoring.meteor import MeteorUnavailable, meteor_counts, meteor_of
from speech2code.scoring.normalisation import normalise
from speech2code.scoring.signatures import meteor_signature, signatures

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scores:
    """All in percent; `low` and `high` bound the 95 % bootstrap interval over sentences. METEOR is None where it cannot
    run. `signatures` (of bleu, chrf, meteor, wer; cer is made as wer) say how they were made, or why METEOR is missing.
    """

    bleu: float
    bleu_low: float
    bleu_high: float
    chrf: float
    chrf_low: float
    chrf_high: float
    meteor: float | None
    meteor_low: float | None
    meteor_high: float | None
    wer: float
    wer_low: float
    wer_high: float
    cer: float
    cer_low: float
    cer_high: float
    signatures: dict[str, str]

    def figures(self) -> dict[str, float | None]:
        """All but the signatures."""
        return {name: value for name, value in asdict(self).items() if name != "signatures"}


def score(hypotheses: list[str], references: list[str], language: str) -> Scores:
    """Scores one hypothesis a sentence against one reference; both sides are normalised here, by the same rule.

    `language`: BCP 47. In a script without spaces BLEU and WER count characters, so WER is there what CER is; the
    signatures say so. Raises UserError when the lists differ in length, are empty, or a reference holds no word.
    """
    hypotheses, references = comparable(hypotheses, references, language)
    weights = sentence_weights(len(references))
    found: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        counts = metric.count(hypotheses, references, language)
        found[name] = float(metric.of(counts.sum(axis=0)))
        found[f"{name}_low"], found[f"{name}_high"] = interval(resample(counts, metric.of, weights))
    figures, signature = _meteor(hypotheses, references, language, weights)
    return Scores(**found, **figures, signatures=signatures(language) | {"meteor": signature})  # type: ignore[arg-type]


def score_pairs(pairs: Iterable[tuple[str, str]], language: str) -> Scores:
    """The same for (reference, hypothesis) of each sentence, as a table of transcripts has them."""
    references, hypotheses = zip(*pairs)
    return score(list(hypotheses), list(references), language)


def comparable(hypotheses: list[str], references: list[str], language: str | None) -> tuple[list[str], list[str]]:
    """Both lists normalised; as they are where `language` is None. Raises UserError when they cannot be compared."""
    if len(hypotheses) != len(references):
        raise UserError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; give one hypothesis a reference"
        )
    if not references:
        raise UserError("there is nothing to score: the list of references is empty")
    if language is None:
        return hypotheses, references
    normal = [normalise(reference, language) for reference in references]
    if "" in normal:
        at = normal.index("")
        raise UserError(f"reference {at + 1} ({references[at]!r}) holds no word once normalised; remove the sentence")
    return [normalise(hypothesis, language) for hypothesis in hypotheses], normal


@cache  # lists are scored by the dozen
def _warn_once(reason: str) -> None:
    log.warning("METEOR is not available: %s", reason)


def _meteor(
    hypotheses: list[str], references: list[str], language: str, weights: np.ndarray
) -> tuple[dict[str, float | None], str]:
    names = ("meteor", "meteor_low", "meteor_high")
    try:
        counts = meteor_counts(hypotheses, references, language)
        sums = np.concatenate([counts.sum(axis=0, keepdims=True), weights @ counts])
        whole, *resampled = meteor_of(sums, language)
        return dict(zip(names, (float(whole), *interval(np.array(resampled))))), meteor_signature(language)
    except MeteorUnavailable as reason:
        _warn_once(str(reason))
        return dict.fromkeys(names), f"not available: {reason}"
