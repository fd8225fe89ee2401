"""Normalised text ⇄ token indices: words, characters or byte pairs of the training transcripts, in one language."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from speech2code.scoring.languages import has_spaces
from speech2code.scoring.normalisation import normalise
from speech2code.scoring.normalisation import tokens as split_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORD, CHAR, BPE = "word", "char", "bpe"


class Vocabulary:
    """Tokens of the training transcripts, words and characters with the most frequent first. What is outside it can be
    neither written nor recognised: unknown words, or unknown characters."""

    def __init__(self, tokens: list[str], kind: str, language: str, pairs: "Tokenizer | None" = None):
        self.tokens, self.kind, self.language, self.pairs = tokens, kind, language, pairs
        self._index = {token: index for index, token in enumerate(tokens)}

    @classmethod
    def of(cls, texts: list[str], kind: str, language: str, size: int = 0) -> "Vocabulary":
        """Training transcripts → their vocabulary. `size`: byte pairs and single characters together, at most; unless
        there are more characters than that."""
        if kind == BPE:
            pairs = _learn_pairs([normalise(text, language) for text in texts], size)
            return cls(_listed(pairs), kind, language, pairs)
        counts = Counter(token for text in texts for token in _split(text, kind, language))
        return cls([token for token, _ in counts.most_common()], kind, language)

    def state(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        known = {"kind": self.kind, "language": self.language, "tokens": self.tokens}
        return known | ({"pairs": json.loads(self.pairs.to_str())} if self.pairs else {})

    @classmethod
    def from_state(cls, known: dict[str, Any]) -> "Vocabulary":
        """What `state` has given."""
        pairs = _read_pairs(known["pairs"]) if "pairs" in known else None
        return cls(known["tokens"], known["kind"], known["language"], pairs)

    def encode(self, text: str) -> np.ndarray:
        """Text → indices int64 `(tokens,)`; what training never saw is left out."""
        if self.pairs:
            return np.array(self.pairs.encode(normalise(text, self.language)).ids, np.int64)
        known = (self._index.get(token) for token in _split(text, self.kind, self.language))
        return np.array([index for index in known if index is not None], np.int64)

    def decode(self, indices: list[int]) -> str:
        """Indices → normalised text."""
        if self.pairs:
            return self.pairs.decode(indices)
        between = " " if self.kind == WORD and has_spaces(self.language) else ""
        return between.join(self.tokens[index] for index in indices)


def _split(text: str, kind: str, language: str) -> list[str]:
    text = normalise(text, language)
    return list(text) if kind == CHAR else split_tokens(text, language)


def _learn_pairs(texts: list[str], size: int) -> "Tokenizer":
    """Byte-pair encoding of characters (Sennrich et al. 2016), within words; "▁" marks the beginning of one."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pairs = Tokenizer(models.BPE())
    pairs.pre_tokenizer, pairs.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    pairs.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, show_progress=False))
    return pairs


def _read_pairs(known: dict[str, Any]) -> "Tokenizer":
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(known))


def _listed(pairs: "Tokenizer") -> list[str]:
    vocabulary = pairs.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)
