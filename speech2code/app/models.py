"""The systems that a page offers, by names that tell them apart."""

from pathlib import Path

import numpy as np

from speech2code.app.inventory import Inventory, run_of
from speech2code.app.transcripts import Readers
from speech2code.audio.files import load_waveform
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator


class Model:
    """One system, and what its run, if there is one, adds."""

    def __init__(self, model: Path, whisper: str):
        """A model folder, or an id of the hub; UserError where there is none, or `whisper` cannot be loaded."""
        self.system, run = SpeechTranslator.from_pretrained(model), run_of(model)
        self.inventory, self.readers = Inventory(self.system, run), Readers(run, whisper)
        shown = sorted(run.sounds("source").glob("*.wav")) if run else []
        self.examples = {path.stem: path for path in shown}

    def example(self, sentence: str) -> np.ndarray:
        """A source sentence of the test list, int16 `(samples,)`. UserError, without a path, where it is gone."""
        try:
            return np.round(load_waveform(self.examples[sentence]) * 32767).astype(np.int16)
        except (KeyError, UserError) as error:
            raise UserError(f"the sentence {sentence} cannot be read any more; take another one") from error


def load_models(models: list[Path], whisper: str) -> dict[str, Model]:
    """By the names of their runs, with as much of the path in front as tells them apart."""
    parts = [each.resolve().parts if each.is_dir() else each.parts for each in models]
    tails = [each[:-1] if each[-1] == "model" else each for each in parts]
    if len(set(tails)) < len(tails):
        raise UserError("serve: the same model is named twice; name each once")
    length = next(
        size for size in range(1, 1 + max(map(len, tails))) if len({each[-size:] for each in tails}) == len(tails)
    )
    return {"/".join(tail[-length:]): Model(model, whisper) for tail, model in zip(tails, models)}
