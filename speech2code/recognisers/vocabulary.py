"""Normalised text ⇄ token indices: words for the recogniser, characters for the topline."""

from collections import Counter

import numpy as np

from speech2code.scoring.normalise import normalise

WORDS, CHARACTERS = " ", ""  # what stands between two tokens


class Vocabulary:
    """Tokens of the training transcripts, most frequent first. One outside it can be neither written nor recognised."""

    def __init__(self, tokens: list[str], between: str):
        self.tokens, self.between = tokens, between
        self._index = {token: index for index, token in enumerate(tokens)}

    @classmethod
    def of(cls, texts: list[str], between: str) -> "Vocabulary":
        counts = Counter(token for text in texts for token in _split(text, between))
        return cls([token for token, _ in counts.most_common()], between)

    def encode(self, text: str) -> np.ndarray:
        """Text → indices int64 `(tokens,)`; tokens that training never saw are left out."""
        known = (self._index.get(token) for token in _split(text, self.between))
        return np.array([index for index in known if index is not None], np.int64)

    def decode(self, indices: list[int]) -> str:
        return self.between.join(self.tokens[index] for index in indices)


def _split(text: str, between: str) -> list[str]:
    return list(normalise(text)) if between == CHARACTERS else normalise(text).split()
