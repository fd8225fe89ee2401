"""Who can read the answers of a system: the recogniser of its run, PocketSphinx, Whisper."""

from pathlib import Path

import numpy as np

from speech2code.builders import judges_of, load_recogniser
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.protocols import Recogniser
from speech2code.report.run_folder import RunFolder
from speech2code.training.checkpoints import WEIGHTS

NOBODY = "nobody"  # reads: the page is faster


class Readers:
    """Of one model: loads a recogniser when it is first asked for."""

    def __init__(self, model: Path, whisper: str):
        self.run = model.resolve().parent
        self.config, self.loaded = Config(), dict[str, Recogniser]()
        self.config.corpus.target = RunFolder(self.run).language() or "und"  # BCP 47: undetermined
        self.config.whisper.model = whisper or None
        self.config.recognisers = ["pocketsphinx"]
        if (self.run / "recogniser" / WEIGHTS).exists():
            self.config.recognisers.insert(0, "in_domain")
        if whisper:
            self.config.recognisers.append("whisper")

    def names(self) -> list[str]:
        """Those that know the language, behind `NOBODY`."""
        try:
            return [NOBODY, *judges_of(self.config)]
        except UserError:  # no recogniser here knows this language
            return [NOBODY]

    def read(self, name: str, waveform: np.ndarray) -> str | None:
        """The transcript by the recogniser of this name; None by nobody."""
        if name not in self.names() or name == NOBODY:
            return None
        if name not in self.loaded:
            self.loaded[name] = load_recogniser(name, self.run, self.config)
        return self.loaded[name].transcribe([waveform], name)[0]
