"""transcripts → BLEU, METEOR, WER, CER with 95 % intervals."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from speech2code.errors import UserError
from speech2code.scoring import counts
from speech2code.scoring.bootstrap import RESAMPLES, SEED, interval, resample, sentence_weights
from speech2code.scoring.meteor import EVALUATION_ID, MeteorUnavailable, meteor
from speech2code.scoring.normalise import NORMALISER, normalise

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scores:
    """All in percent; `low` and `high` bound the 95 % bootstrap interval. `meteor` is None where METEOR cannot run."""

    bleu: float
    bleu_low: float
    bleu_high: float
    meteor: float | None
    wer: float
    wer_low: float
    wer_high: float
    cer: float
    bleu_signature: str
    meteor_signature: str  # METEOR's evaluation id, or why it is not available

    def as_dict(self) -> dict[str, float | str | None]:
        return asdict(self)


def score(hypotheses: list[str], references: list[str]) -> Scores:
    """Scores one hypothesis a sentence against one reference; both sides are normalised here, by the same rule.

    Raises UserError when the lists differ in length, are empty, or a reference holds no word.
    """
    hypotheses, references = normalised_pair(hypotheses, references)
    bleu = counts.bleu_counts(hypotheses, references)
    words = counts.word_edits(hypotheses, references)
    weights = sentence_weights(len(references))
    bleu_low, bleu_high = interval(resample(bleu, counts.bleu_of, weights))
    wer_low, wer_high = interval(resample(words, counts.error_rate, weights))
    meteor_score, meteor_signature = _meteor(hypotheses, references)
    return Scores(
        bleu=float(counts.bleu_of(bleu.sum(axis=0))),
        bleu_low=bleu_low,
        bleu_high=bleu_high,
        meteor=meteor_score,
        wer=float(counts.error_rate(words.sum(axis=0))),
        wer_low=wer_low,
        wer_high=wer_high,
        cer=float(counts.error_rate(counts.character_edits(hypotheses, references).sum(axis=0))),
        bleu_signature=bleu_signature(),
        meteor_signature=meteor_signature,
    )


def score_pairs(pairs: Iterable[tuple[str, str]]) -> Scores:
    """The same for (reference, hypothesis) of each sentence, as a table of transcripts has them."""
    references, hypotheses = zip(*pairs)
    return score(list(hypotheses), list(references))


def normalised_pair(hypotheses: list[str], references: list[str]) -> tuple[list[str], list[str]]:
    """Both lists normalised. Raises UserError when they cannot be compared."""
    if len(hypotheses) != len(references):
        raise UserError(
            f"{len(hypotheses)} hypotheses for {len(references)} references; give one hypothesis a reference"
        )
    if not references:
        raise UserError("there is nothing to score: the list of references is empty")
    normal = [normalise(reference) for reference in references]
    if "" in normal:
        at = normal.index("")
        raise UserError(f"reference {at + 1} ({references[at]!r}) holds no word once normalised; remove the sentence")
    return [normalise(hypothesis) for hypothesis in hypotheses], normal


def bleu_signature() -> str:
    """sacreBLEU's signature and what it does not know: normaliser, empty hypotheses, bootstrap."""
    metric = counts.bleu_metric()
    metric.corpus_score(["one"], [["one"]])  # the signature names the number of references only once it has seen them
    return f"{metric.get_signature()}|norm:{NORMALISER}|empty:dummy|bs:{RESAMPLES}|seed:{SEED}"


def _meteor(hypotheses: list[str], references: list[str]) -> tuple[float | None, str]:
    try:
        return meteor(hypotheses, references), f"{EVALUATION_ID}|norm:{NORMALISER}"
    except MeteorUnavailable as reason:
        log.warning("METEOR is not available: %s", reason)
        return None, f"not available: {reason}"
