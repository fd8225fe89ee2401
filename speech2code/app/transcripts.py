"""Who can read the answers of a system: the recogniser of its run, PocketSphinx, Whisper."""

import sys
from pathlib import Path

import numpy as np

from speech2code.builders import judges_of, load_recogniser
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.protocols import Recogniser
from speech2code.report.run_folder import RunFolder
from speech2code.training.checkpoints import WEIGHTS

NOBODY = "nobody"  # reads: the page is faster
UNKNOWN = "und"  # BCP 47: undetermined


class Readers:
    """The recognisers that know the language of a model's run; none of a model without one."""

    def __init__(self, run: RunFolder | None, whisper: str):
        """`whisper`: a model for faster-whisper; UserError where it cannot be loaded."""
        self.loaded: dict[str, Recogniser] = {}
        config, folder = Config(), run.path if run else Path()
        config.corpus.target = _language(run)
        config.whisper.model = whisper or None
        config.recognisers = [
            *(["in_domain"] if run and (folder / "recogniser" / WEIGHTS).exists() else []),
            "pocketsphinx",
            *(["whisper"] if whisper else []),
        ]
        for name in _known(config):
            try:
                self.loaded[name] = load_recogniser(name, folder, config)
            except UserError as error:
                if name == "whisper":  # it was asked for
                    raise
                print(f"speech2code: {name} does not read: {error}", file=sys.stderr)

    def names(self) -> list[str]:
        return [NOBODY, *self.loaded]

    def read(self, name: str, waveform: np.ndarray) -> str | None:
        """The transcript by the recogniser of this name; None by nobody."""
        return self.loaded[name].transcribe([waveform], name)[0] if name in self.loaded else None


def _language(run: RunFolder | None) -> str:
    try:
        return (run and run.language()) or UNKNOWN
    except UserError as error:
        print(f"speech2code: nobody reads what this model says: {error}", file=sys.stderr)
        return UNKNOWN


def _known(config: Config) -> list[str]:
    try:
        return judges_of(config) if config.corpus.target != UNKNOWN else []
    except UserError:  # no recogniser here knows this language
        return []
