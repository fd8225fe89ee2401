"""Failures that a score hides: the same output for every input, silence, output that never ends."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from speech2code.errors import UserError
from speech2code.scoring.normalisation import normalise, tokens

SAME_SHARE = 0.05  # of the sentences may share one output
SILENT_DBFS = -50.0  # root mean square, full scale = 1
TOO_LONG = 3  # times the tokens of the reference
SHORT_REFERENCE = 3  # tokens; a shorter one counts as this many, or one wrong word would be "too long"


def detect(
    waveforms: Sequence[np.ndarray],
    units: Sequence[Sequence[int]] | None,
    transcripts: Sequence[str],
    references: Sequence[str],
    language: str,
    ended: Sequence[bool] | None = None,
) -> dict[str, int | list[str]]:
    """Counts the sentences of one row that fail → {"same_output", "near_silent", "unending", "sentences", "warnings"}.

    `waveforms` float32 `(samples,)`; `units` where the row has any; `ended` False where the search hit its limit.
    Raises UserError when the lists differ in length.
    """
    _check_lengths(waveforms=waveforms, units=units, transcripts=transcripts, references=references, ended=ended)
    transcripts, references = ([normalise(text, language) for text in texts] for texts in (transcripts, references))
    same = _most_shared(transcripts, references)
    if units is not None:
        same = max(same, _most_shared([tuple(sequence) for sequence in units], references))
    limit_hit = [not flag for flag in ended] if ended is not None else [False] * len(references)
    counts = {
        "same_output": same,
        "near_silent": sum(near_silent(waveform) or not text for waveform, text in zip(waveforms, transcripts)),
        "unending": sum(
            hit or _too_long(text, ref, language) for hit, text, ref in zip(limit_hit, transcripts, references)
        ),
    }
    return {**counts, "sentences": len(references), "warnings": _warnings(counts, len(references))}


def _check_lengths(**lists: Sequence | None) -> None:
    lengths = {name: len(values) for name, values in lists.items() if values is not None}
    if len(set(lengths.values())) > 1:
        raise UserError(f"the detectors need lists of one length, got {lengths}; give each sentence one entry in each")


def _most_shared(outputs: Sequence[Hashable], references: Sequence[str]) -> int:
    # Test sets repeat sentences, and equal sentences may have equal outputs: only different references accuse.
    meant = defaultdict(set)
    for output, reference in zip(outputs, references):
        meant[output].add(reference)
    suspects = [count for output, count in Counter(outputs).items() if len(meant[output]) > 1]
    most = max(suspects, default=0)
    return most if most > SAME_SHARE * len(references) else 0


def near_silent(waveform: np.ndarray) -> bool:
    """Whether float32 `(samples,)` is too faint to be speech: root mean square below -50 dBFS."""
    if len(waveform) == 0:
        return True
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) < 10 ** (SILENT_DBFS / 20)


def _too_long(transcript: str, reference: str, language: str) -> bool:
    return len(tokens(transcript, language)) > TOO_LONG * max(len(tokens(reference, language)), SHORT_REFERENCE)


def _warnings(counts: dict[str, int], sentences: int) -> list[str]:
    texts = {
        "same_output": "{n} of {all} sentences have one and the same output although their references differ.",
        "near_silent": "{n} of {all} outputs are near-silent (below {dbfs:.0f} dBFS) or hold no recognised word.",
        "unending": "{n} of {all} outputs hit the length limit or are over {times} times as long as their reference.",
    }
    fixed = {"all": sentences, "dbfs": SILENT_DBFS, "times": TOO_LONG}
    return [texts[kind].format(n=count, **fixed) for kind, count in counts.items() if count]
