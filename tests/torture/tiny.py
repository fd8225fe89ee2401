"""The small things that are tortured: recordings of two invented languages, and a system trained on them."""

from functools import cached_property
from pathlib import Path

from speech2code.scoring import meteor
from tests.conftest import Corpus, record
from tests.torture.trials import speech2code


class Tiny:
    """Made once, below `folder`; a trial that changes anything works on a copy."""

    def __init__(self, folder: Path):
        self.folder = folder

    @cached_property
    def corpus(self) -> Corpus:
        """Prepared recordings with text on both sides."""
        manifest = self.folder / "recordings" / "pairs.csv"
        corpus = Corpus(manifest if manifest.exists() else record(manifest.parent, text=True), self.folder / "data")
        _done(speech2code("prepare", *corpus.overrides(self.folder / "runs")))
        return corpus

    @property
    def source(self) -> Path:
        """One of its source recordings."""
        return self.corpus.manifest.parent / "s0.wav"

    @cached_property
    def run(self) -> Path:
        """The folder of a whole run, judged by the in-domain recogniser, with a report."""
        _done(speech2code("run", *self.overrides(self.folder / "runs")))
        return self.folder / "runs" / "tiny"

    @property
    def model(self) -> Path:
        return self.run / "model"

    def overrides(self, runs: Path, *more: str) -> list[str]:
        return self.corpus.overrides(runs, "recognisers=[in_domain]", *more)


def without_java() -> None:
    """From here on METEOR is not available: its program takes seconds to begin."""
    meteor._java = _no_java


def _no_java() -> Path:
    raise meteor.MeteorUnavailable("left out")


def _done(answer) -> None:
    if answer.code:
        raise RuntimeError(answer.err)
