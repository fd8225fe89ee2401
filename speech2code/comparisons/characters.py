"""Target text ⇄ character indices: what the topline translates into."""

import numpy as np

from speech2code.evaluation.normalise import normalise


class Characters:
    """The characters of the training transcripts, normalised as for scoring: letters, apostrophe, space."""

    def __init__(self, symbols: str):
        self.symbols = symbols
        self._index = {symbol: index for index, symbol in enumerate(symbols)}

    @classmethod
    def of(cls, texts: list[str]) -> "Characters":
        return cls("".join(sorted({symbol for text in texts for symbol in normalise(text)})))

    def encode(self, text: str) -> np.ndarray:
        """Text → indices int64 `(characters,)`; characters that training never saw are left out."""
        return np.array([self._index[each] for each in normalise(text) if each in self._index], np.int64)

    def decode(self, indices: list[int]) -> str:
        return "".join(self.symbols[index] for index in indices)
