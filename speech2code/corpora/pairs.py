"""The one currency of all corpora: a sentence in two languages."""

from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "dev", "test", "unseen")


@dataclass(frozen=True)
class Pair:
    """One sentence in two languages; each side has audio (a file) or text (to be spoken by a voice), maybe both."""

    id: str
    split: str  # one of SPLITS
    source_text: str | None = None
    target_text: str | None = None
    source_audio: Path | None = None
    target_audio: Path | None = None
    source_speaker: str = "source"
    target_speaker: str = "target"
