"""The one currency of all corpora: a sentence in two languages."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

VOICES = "voices"  # sentences of the test list by source speakers whom training never met; judged as translations only
SPLITS = ("train", "dev", "test", "unseen", VOICES)


@dataclass(frozen=True)
class Pair:
    """One sentence in two languages; each side has audio (a file, or a part of it) or text (to be spoken by a voice),
    maybe both."""

    id: str
    split: str  # one of SPLITS
    source_text: str | None = None
    target_text: str | None = None
    source_audio: Path | None = None
    target_audio: Path | None = None
    source_speaker: str = "source"
    target_speaker: str = "target"
    source_voice: str | None = None  # who speaks the text of a side without audio, as `load_voice` knows it
    target_voice: str | None = None
    source_start: float = 0.0  # seconds in the file
    source_end: float | None = None  # None: where the file ends
    target_start: float = 0.0
    target_end: float | None = None

    def recording(self, side: str) -> "np.ndarray":
        """The waveform of "source" or "target", float32 `(samples,)` at 16 kHz; UserError where it cannot be read."""
        from speech2code.audio.files import load_waveform  # the command line needs names of splits only

        start, end = getattr(self, f"{side}_start"), getattr(self, f"{side}_end")
        return load_waveform(getattr(self, f"{side}_audio"), start=start, end=end)
