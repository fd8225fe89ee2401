"""The corpus that needs no download: a travel phrasebook in French, English and Japanese, written for this project."""

from speech2code.corpora.phrasebook.drawing import draw
from speech2code.corpora.phrasebook.sentences import LANGUAGES, Pattern, Sentence, patterns, sentences

__all__ = ["LANGUAGES", "Pattern", "Sentence", "draw", "patterns", "sentences"]
