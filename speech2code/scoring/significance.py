"""Is one system better than another on the same sentences? Paired bootstrap (Koehn 2004), as in sacreBLEU."""

import numpy as np

from speech2code.errors import UserError
from speech2code.scoring import counts
from speech2code.scoring.bootstrap import resample, sentence_weights
from speech2code.scoring.scores import normalised_pair


def paired_bootstrap(hypotheses_a: list[str], hypotheses_b: list[str], references: list[str]) -> float:
    """The p-value of the difference in BLEU: how often chance alone moves it as far, on the same sentences.

    Raises UserError when the three lists differ in length or are empty.
    """
    if len(hypotheses_a) != len(hypotheses_b):
        raise UserError(
            f"system a has {len(hypotheses_a)} sentences, system b {len(hypotheses_b)}; compare them on the same test"
        )
    counts_a = counts.bleu_counts(*normalised_pair(hypotheses_a, references))
    counts_b = counts.bleu_counts(*normalised_pair(hypotheses_b, references))
    observed = abs(counts.bleu_of(counts_a.sum(axis=0)) - counts.bleu_of(counts_b.sum(axis=0)))
    weights = sentence_weights(len(references))
    moved = np.abs(resample(counts_a, counts.bleu_of, weights) - resample(counts_b, counts.bleu_of, weights))
    # Null: differences spread as the resampled ones do, around zero. "+1" keeps p honest (Clark et al. 2011).
    # sacreBLEU writes ">" here, which calls a system significantly different (p = 0.001) from itself; ">=" gives p = 1.
    return float((np.sum(moved - moved.mean() >= observed) + 1) / (len(moved) + 1))
