"""Every sentence of the test list with what is read in its translation: where the errors are."""

from typing import NamedTuple

import jiwer

from speech2code.builders import RECOGNISERS
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import tokens

ROW = "translation"
GROUPS = 8  # of lengths, in one picture


class Sentence(NamedTuple):
    """One sentence, normalised."""

    id: str
    reference: str
    read: str
    words: int  # characters in a script without spaces
    errors: float  # characters that are wrong, in percent of the reference's


def read_sentences(run: RunFolder) -> tuple[str, list[Sentence]]:
    """(recogniser, sentences) of the first recogniser that has read the translation; ("", []) where none has."""
    language = run.language()
    for recogniser in RECOGNISERS:
        if found := run.transcripts(ROW, recogniser):
            return recogniser, [_sentence(name, *texts, language) for name, texts in found.items() if texts[0]]
    return "", []


def _sentence(name: str, reference: str, read: str, language: str | None) -> Sentence:
    return Sentence(name, reference, read, len(tokens(reference, language)), 100 * jiwer.cer(reference, read))


def by_length(sentences: list[Sentence]) -> list[tuple[str, float, int]]:
    """Groups of neighbouring lengths, about as large as each other → (words, mean error, sentences)."""
    ordered = sorted(sentences, key=lambda each: each.words)
    firsts: dict[int, int] = {}  # length → the place of its first sentence: one length stays together
    groups: dict[int, list[Sentence]] = {}
    for place, each in enumerate(ordered):
        groups.setdefault(firsts.setdefault(each.words, place) * GROUPS // len(ordered), []).append(each)
    return [
        (
            f"{group[0].words}–{group[-1].words}" if group[0].words < group[-1].words else str(group[0].words),
            sum(each.errors for each in group) / len(group),
            len(group),
        )
        for group in groups.values()
    ]
