"""Flite: clear English voices (slt, rms, awb, kal), spoken by the program `flite`.

One process a sentence: on one core 50 sentences of 2 seconds took 2.6 s that way and 2.9 s in a single process (slt;
start-up is 23 ms, the synthesis itself 42 ms), so nothing is gained by batching and cutting the sound apart.
"""

import shutil
import subprocess
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.corpora.voices import Voice
from speech2code.errors import UserError


class Flite(Voice):
    """One speaker of the installed Flite."""

    language = "en"

    def __init__(self, speaker: str):
        """Raises UserError when the program or its voice is missing: Flite itself would silently use another voice."""
        self.name = f"flite:{speaker}"
        self._speaker = speaker
        speakers = _speakers(_program(self.name))
        if speaker not in speakers:
            some = ", ".join(f"flite:{each}" for each in speakers)
            raise UserError(f"voice {self.name} does not exist; `flite -lv` lists {some}")

    def _synthesise(self, text: str) -> tuple[np.ndarray, int]:
        import soundfile

        plain = _ascii(text)
        if not any(letter.isalnum() for letter in plain):
            return np.zeros(0, np.float32), SAMPLE_RATE  # of an empty text Flite makes a click
        with tempfile.TemporaryDirectory(prefix="speech2code-flite-") as folder:
            path = Path(folder) / "spoken.wav"
            command = [_program(self.name), "-voice", self._speaker, "-t", plain, "-o", str(path)]
            finished = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if finished.returncode != 0 or not path.exists():
                raise UserError(f"flite failed on {text!r} (status {finished.returncode}): {finished.stderr.strip()}")
            return soundfile.read(path, dtype="float32")


def _ascii(text: str) -> str:
    """Flite drops what is not ASCII ("café" would be "caf"): accents go, typographic apostrophes become plain ones."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    return plain.encode("ascii", "ignore").decode()


def _program(name: str) -> str:
    program = shutil.which("flite")
    if program is None:
        raise UserError(
            f"voice {name} needs the program flite: install it with `sudo apt-get install flite`, "
            "or choose another voice (corpus.target_voice=espeak:en-us)"
        )
    return program


@lru_cache
def _speakers(program: str) -> list[str]:
    listed = subprocess.run([program, "-lv"], capture_output=True, text=True, check=False).stdout
    return sorted(listed.partition(":")[2].split())
