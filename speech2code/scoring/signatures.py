"""How a score was made, in one line each: what a reader needs to make it again."""

from importlib.metadata import version

from speech2code.scoring.bootstrap import RESAMPLES, SEED
from speech2code.scoring.counts import bleu_metric, chrf_metric
from speech2code.scoring.languages import has_spaces
from speech2code.scoring.meteor import evaluation_id
from speech2code.scoring.normalisation import normaliser_name


def signatures(language: str) -> dict[str, str]:
    """Of BLEU, chrF and WER (CER is made as WER is); METEOR's may not be available and has a function of its own."""
    bleu, chrf = bleu_metric(language), chrf_metric()
    for metric in (bleu, chrf):  # a signature names the number of references only once it has seen them
        metric.corpus_score(["one"], [["one"]])
    tokens = "words" if has_spaces(language) else "char"
    made = {
        "bleu": f"{bleu.get_signature()}|empty:dummy",
        "chrf": str(chrf.get_signature()),
        "wer": f"jiwer:{version('jiwer')}|tok:{tokens}",
    }
    return {name: f"{signature}|{_shared(language)}" for name, signature in made.items()}


def meteor_signature(language: str) -> str:
    """The program's evaluation id and the rest. Raises MeteorUnavailable where it does not know the language."""
    return f"{evaluation_id(language)}|tok:words|pycocoevalcap:{version('pycocoevalcap')}|{_shared(language)}"


def _shared(language: str) -> str:
    return f"norm:{normaliser_name(language)}|bs:{RESAMPLES}|seed:{SEED}"
