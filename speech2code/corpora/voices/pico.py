"""Pico: a voice each for German, English, Spanish, French and Italian, by a program of SVOX (Debian: non-free)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from speech2code.corpora.voices import Phone, Voice
from speech2code.errors import UserError

TAGS = ("de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "it-IT")
MARKUP = str.maketrans("<>", "  ")  # its commands stand in angle brackets


class Pico(Voice):
    """The voice of one language, named by its tag ("fr-FR")."""

    tells_phones = False

    def __init__(self, speaker: str):
        """Raises UserError where the program is not installed or has no such language."""
        tag = next((each for each in TAGS if each.lower() == speaker.lower()), None)
        if tag is None:
            raise UserError(
                f"voice pico:{speaker} does not exist; there are {', '.join(f'pico:{each}' for each in TAGS)}"
            )
        self.name, self.language, self._tag = f"pico:{tag}", tag.partition("-")[0], tag
        if shutil.which("pico2wave") is None:
            raise UserError(
                f"voice {self.name} needs the program pico2wave: install it with `sudo apt-get install "
                "libttspico-utils` (Debian: non-free), or choose another voice (such as espeak:fr-fr)"
            )

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "speech.wav")  # it knows no pipes
            command = ["pico2wave", "-l", self._tag, "-w", str(path), "--", text.translate(MARKUP)]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode:
                reason = done.stderr.strip().partition("\n")[0]
                raise UserError(f"voice {self.name}: pico2wave failed on {text[:60]!r} ({reason}); reinstall it")
            samples, rate = soundfile.read(path, dtype="float32")
        return samples, rate, []
