"""Settings of a corpus → its speech pairs, from wherever they come."""

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from speech2code.config import CorpusConfig
from speech2code.corpora.checks import Rejection, unreadable
from speech2code.corpora.pairs import VOICES, Pair
from speech2code.corpora.store import SIDES
from speech2code.errors import UserError


def read_pairs(corpus: CorpusConfig) -> tuple[list[Pair], list[Rejection]]:
    """The corpus's pairs by its kind, and those refused at once (rows of a manifest that are none, duplicate ids)."""
    if corpus.kind == "phrasebook":
        from speech2code.corpora.phrasebook import draw

        sizes = {"train": corpus.train or 4000, "dev": corpus.dev, "test": corpus.test, "unseen": corpus.unseen}
        return _shared_out(draw(corpus.source, corpus.target, seed=corpus.seed, **sizes), corpus), []
    if corpus.path is None:
        raise UserError(f"corpus.kind={corpus.kind} reads from a place of yours: set corpus.path=…")
    if corpus.kind == "parallel_text":
        from speech2code.corpora.parallel_text import read_parallel_text

        limits = {"top_words": corpus.top_words, "max_words": corpus.max_words, "train": corpus.train}
        return _shared_out(read_parallel_text(Path(corpus.path), seed=corpus.seed, **limits), corpus), []
    if corpus.kind == "manifest":
        from speech2code.corpora.manifest import read_manifest, reject_duplicates

        spoken = [side for side in SIDES if getattr(corpus, f"{side}_voice")]
        pairs, rejected = read_manifest(Path(corpus.path), spoken)
        pairs, duplicates = reject_duplicates(pairs)
        return _shared_out(pairs, corpus), rejected + duplicates
    raise UserError(f"corpus.kind={corpus.kind} is unknown; choose phrasebook, parallel_text or manifest")


def reject_missing(pairs: list[Pair]) -> tuple[list[Pair], list[Rejection]]:
    """Leaves out the pairs whose recordings are not there: (kept, rejected)."""
    kept, rejected = [], []
    for pair in pairs:
        files = {side: getattr(pair, f"{side}_audio") for side in SIDES}
        reasons = ((side, unreadable(path)) for side, path in files.items() if path is not None)
        missing = next((Rejection(pair.id, side, reason) for side, reason in reasons if reason), None)
        kept.append(pair) if missing is None else rejected.append(missing)
    return kept, rejected


def _shared_out(pairs: list[Pair], corpus: CorpusConfig) -> list[Pair]:
    """Who speaks what was not recorded. Several voices ("flite:slt+flite:rms") share the sentences; those of
    `corpus.unseen_voices` say the source of the test list once more, as the split `voices`."""
    for side in SIDES:
        if voice := getattr(corpus, f"{side}_voice"):
            pairs = [each if _audio(each, side) else _spoken(each, side, voice.split("+")) for each in pairs]
    if corpus.unseen_voices:
        tests = [each for each in pairs if each.split == "test" and each.source_text]
        if not tests:
            raise UserError("corpus.unseen_voices needs test sentences with source_text, and the corpus has none")
        pairs = pairs + [_by_unseen(each, corpus.unseen_voices.split("+")) for each in tests]
    return pairs


def _audio(pair: Pair, side: str) -> bool:
    return getattr(pair, f"{side}_audio") is not None


def _spoken(pair: Pair, side: str, voices: list[str]) -> Pair:
    """The id decides, so that a pair keeps its voice when others are added; one of several voices is a speaker."""
    voice = voices[zlib.crc32(pair.id.encode()) % len(voices)]
    who: dict[str, Any] = {f"{side}_voice": voice} | ({f"{side}_speaker": voice} if len(voices) > 1 else {})
    return replace(pair, **who)


def _by_unseen(pair: Pair, voices: list[str]) -> Pair:
    voice = voices[zlib.crc32(pair.id.encode()) % len(voices)]
    source: dict[str, Any] = {"source_audio": None, "source_start": 0.0, "source_end": None}
    source |= {"source_voice": voice, "source_speaker": voice}
    return replace(pair, id=f"{pair.id}@{voice}", split=VOICES, **source)
