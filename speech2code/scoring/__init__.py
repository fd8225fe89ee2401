"""transcripts → scores, in any language."""

from speech2code.scoring.normalisation import normalise
from speech2code.scoring.scores import Scores, score
from speech2code.scoring.significance import paired_bootstrap

__all__ = ["Scores", "normalise", "paired_bootstrap", "score"]
