"""MBROLA: voices made of a person's diphones, clearer than espeak-ng's own; espeak-ng tells them what to say, and when.

Both are programs. In Debian mbrola stands in contrib and its voices in non-free: their licence forbids commercial use.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from speech2code.corpora.voices import PAUSE, Phone, Voice
from speech2code.errors import UserError

FOLDERS = ("/usr/share/mbrola", "/usr/share/mbrola/voices")  # where espeak-ng itself looks


class Mbrola(Voice):
    """One installed voice, named as MBROLA names it ("fr1", "us2")."""

    def __init__(self, speaker: str):
        """Raises UserError where a program or the voice is not installed."""
        self.name = f"mbrola:{speaker}"
        for program in ("espeak-ng", "mbrola"):
            if shutil.which(program) is None:
                raise self._missing(f"the program {program}", program)
        languages = _languages()
        if speaker not in languages:
            raise UserError(f"voice {self.name} does not exist; espeak-ng knows {', '.join(languages)}")
        there = (Path(folder, *parts) for folder in FOLDERS for parts in ((speaker, speaker), (speaker,)))
        database = next((path for path in there if path.is_file()), None)
        if database is None:
            raise self._missing(f"its data in {FOLDERS[0]}", f"mbrola-{speaker}")
        self.language, self._speaker, self._database = languages[speaker], speaker, str(database)

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        spoken = self._output(["espeak-ng", "-q", "--pho", "-b", "1", "--stdin", "-v", f"mb-{self._speaker}"], text)
        phones, end = [], 0.0
        for symbol, milliseconds, *_ in filter(None, map(str.split, spoken.decode().splitlines())):
            start, end = end, end + int(milliseconds) / 1000
            phones.append(Phone(PAUSE if symbol == "_" else symbol, start, end))
        # -e: a diphone that the voice has not got is left out
        waveform = self._output(["mbrola", "-e", self._database, "-", "-.wav"], spoken.decode())
        # into a pipe it writes a header of WAV that says 0 samples
        rate, samples = int.from_bytes(waveform[24:28], "little"), np.frombuffer(waveform[44:], "<i2")
        return samples / np.float32(32768), rate, phones

    def _output(self, command: list[str], text: str) -> bytes:
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise UserError(f"voice {self.name}: {command[0]} failed on {text.strip()[:60]!r} ({reason}); reinstall it")
        return done.stdout

    def _missing(self, what: str, package: str) -> UserError:
        return UserError(
            f"voice {self.name} needs {what}: install it with `sudo apt-get install {package}` (Debian: contrib and "
            "non-free), or choose another voice (such as espeak:fr-fr)"
        )


@cache
def _languages() -> dict[str, str]:
    """Voice → language ("us1" → "en"), of all that espeak-ng knows how to drive."""
    listed = subprocess.run(["espeak-ng", "--voices=mb"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()[1:]]
    voices = {next(each for each in row if each.startswith("mb/mb-"))[len("mb/mb-") :]: row[1] for row in rows}
    return {name: tag.partition("-")[0] for name, tag in voices.items() if "-" not in name}
