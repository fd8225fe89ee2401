"""Speech pairs → short names of what they hold: whoever has learnt from others must learn anew."""

import hashlib

from speech2code.config import CorpusConfig
from speech2code.corpora.checks import unreadable
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import SIDES

WHOLE = (0.0, None)  # start and end of the part of a file that is all of it


def speech_fingerprint(corpus: CorpusConfig, pairs: list[Pair], sides: tuple[str, ...]) -> str:
    """A short name of what these sides of the corpus hold: voices and what they speak, and the state of recordings.
    What the text of a recording says is none of it: nothing but judging depends on that."""
    digest = hashlib.sha256()
    for side in sides:
        digest.update(repr(getattr(corpus, f"{side}_voice")).encode())
        for pair in pairs:
            text, audio, speaker = (getattr(pair, f"{side}_{what}") for what in ("text", "audio", "speaker"))
            spoken = text if audio is None else None
            digest.update(repr((pair.id, pair.split, spoken, audio, speaker)).encode())
            part = getattr(pair, f"{side}_start"), getattr(pair, f"{side}_end")
            if part != WHOLE:
                digest.update(repr(part).encode())
            if audio is not None and not unreadable(audio):
                digest.update(f"{audio.stat().st_size} {audio.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def text_fingerprints(pairs: list[Pair]) -> dict[str, str | None]:
    """A short name of the texts on each side that stand beside recordings; None where there are none."""
    found = {}
    for side in SIDES:
        texts = [
            (pair.id, getattr(pair, f"{side}_text")) for pair in pairs if getattr(pair, f"{side}_audio") is not None
        ]
        there = any(text is not None for _, text in texts)
        found[side] = hashlib.sha256(repr(texts).encode()).hexdigest()[:16] if there else None
    return found
