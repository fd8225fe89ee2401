"""Normalised text ⇄ token indices: words for the recogniser, characters for the topline."""

from collections import Counter

import numpy as np

from speech2code.scoring.normalisation import normalise, tokens

WORDS, CHARACTERS = " ", ""  # what stands between two tokens


class Vocabulary:
    """Tokens of the training transcripts, most frequent first. One outside it can be neither written nor recognised."""

    def __init__(self, tokens: list[str], between: str, language: str):
        """`language`: BCP 47, by which texts are normalised."""
        self.tokens, self.between, self.language = tokens, between, language
        self._index = {token: index for index, token in enumerate(tokens)}

    @classmethod
    def of(cls, texts: list[str], between: str, language: str) -> "Vocabulary":
        counts = Counter(token for text in texts for token in _split(text, between, language))
        return cls([token for token, _ in counts.most_common()], between, language)

    def encode(self, text: str) -> np.ndarray:
        """Text → indices int64 `(tokens,)`; tokens that training never saw are left out."""
        known = (self._index.get(token) for token in _split(text, self.between, self.language))
        return np.array([index for index in known if index is not None], np.int64)

    def decode(self, indices: list[int]) -> str:
        return self.between.join(self.tokens[index] for index in indices)


def _split(text: str, between: str, language: str) -> list[str]:
    normal = normalise(text, language)
    return list(normal) if between == CHARACTERS else tokens(normal, language)
