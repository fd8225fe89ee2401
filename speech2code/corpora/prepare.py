"""Speech pairs → feature store: speak or read, check, trim, extract; on all cores, resumable by shard."""

import hashlib
import shutil
import sys
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from speech2code.bcp47 import UNKNOWN
from speech2code.config import CorpusConfig
from speech2code.corpora.checks import Rejection, check_share, unreadable, write_rejections
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.corpora.shards import make_shard, start_worker
from speech2code.corpora.statistics import statistics_of
from speech2code.corpora.store import (
    SIDES,
    FeatureStore,
    claim,
    problem_of,
    read_corpus,
    remove_split,
    write_split,
)
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.locks import hold
from speech2code.seals import sealed
from speech2code.workers import workers

FREE = ("max_rejected", "phones")  # settings that change nothing of what is prepared
SHARD = 32  # pairs: what an interruption costs a worker at most


def prepare(corpus: CorpusConfig, folder: Path, jobs: int = 2, *, wait: bool = False) -> str:
    """Fills `folder` with the corpus's feature store and returns its fingerprint; does nothing where it is already
    whole. `wait`: for another process that prepares it.

    Raises UserError when the folder holds another corpus, another process prepares it, a voice is missing, or too many
    items are bad.
    """
    pairs, rejected = read_pairs(corpus)
    if corpus.target == UNKNOWN and any(pair.target_text for pair in pairs):
        raise UserError(
            "the corpus has target text in no known language; set corpus.target to its BCP 47 tag, such as "
            "corpus.target=en"
        )
    fingerprint = _fingerprint(corpus, pairs, SIDES)
    if not _is_made(corpus, folder, fingerprint):
        claim(folder)
        with hold(folder, wait=wait):
            if not _is_made(corpus, folder, fingerprint):  # nor by who held it until now
                _make(corpus, folder, jobs, pairs, rejected, fingerprint)
    return fingerprint


def _is_made(corpus: CorpusConfig, folder: Path, fingerprint: str) -> bool:
    """Whether `folder` holds this corpus and every file of it; UserError where it holds another one."""
    try:
        known = read_corpus(folder)
    except UserError:  # nothing there says what it was made of
        return False
    _check_settings(corpus, folder, known)
    if known["fingerprint"] != fingerprint:
        raise UserError(
            f"{folder} was prepared from other sentences or recordings than there are now; choose "
            "another corpus.name or delete the folder"
        )
    return problem_of(folder) is None


def _make(
    corpus: CorpusConfig, folder: Path, jobs: int, pairs: list[Pair], rejected: list[Rejection], fingerprint: str
) -> None:
    total = len(pairs) + len(rejected)
    pairs, missing = _reject_missing(pairs)
    rejected = rejected + missing
    if rejected:  # told before hours of work
        _tell(rejected, total, corpus, folder)
    _check_splits({pair.split for pair in pairs}, "the corpus has no {} pair: give some rows split={}, or more rows")
    for name in filter(None, (corpus.source_voice, corpus.target_voice)):
        for voice in name.split("+"):
            load_voice(voice)  # a missing program fails here, in one sentence, before any work
    if (folder / "corpus.json").exists():
        print(f"{folder} is prepared again: {str(problem_of(folder)).partition(';')[0]}", flush=True)
        (folder / "corpus.json").unlink()  # what is half made is not taken as whole
    shards = folder / f".shards-{fingerprint}"  # of this corpus and no other
    jobs_left = _plan(pairs, shards)
    _run(jobs_left, corpus, jobs)
    refused = _join(pairs, folder, shards)
    _tell(rejected + refused, total, corpus, folder)
    gone = {each.id for each in refused}
    target = _fingerprint(corpus, [pair for pair in pairs if pair.id not in gone], ("target",))
    known = {"fingerprint": fingerprint, "target_fingerprint": target, "config": asdict(corpus)}
    filled = {path.parent.name for path in folder.glob("*/items.json") if len(FeatureStore(folder, path.parent.name))}
    _check_splits(filled, f"{folder} has no {{}} pair left; see rejected.csv there")
    write_json(folder / "corpus.json", sealed(known | {"splits": sorted(filled)} | statistics_of(folder)))
    for each in folder.glob(".shards-*"):  # those of earlier, failed attempts too
        shutil.rmtree(each)


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

        pairs, rejected = read_manifest(Path(corpus.path))
        pairs, duplicates = reject_duplicates(pairs)
        return pairs, rejected + duplicates
    raise UserError(f"corpus.kind={corpus.kind} is unknown; choose phrasebook, parallel_text or manifest")


def _reject_missing(pairs: list[Pair]) -> tuple[list[Pair], list[Rejection]]:
    """Leaves out the pairs whose recordings are not there: (kept, rejected)."""
    kept, rejected = [], []
    for pair in pairs:
        files = {side: getattr(pair, f"{side}_audio") for side in SIDES}
        reasons = ((side, unreadable(path)) for side, path in files.items() if path is not None)
        missing = next((Rejection(pair.id, side, reason) for side, reason in reasons if reason), None)
        kept.append(pair) if missing is None else rejected.append(missing)
    return kept, rejected


def _tell(rejected: list[Rejection], total: int, corpus: CorpusConfig, folder: Path) -> None:
    """Lists what cannot be used; UserError where it is too much of all `total` pairs."""
    write_rejections(folder / "rejected.csv", rejected)
    check_share(rejected, total, corpus.max_rejected, folder / "rejected.csv")


def _shared_out(pairs: list[Pair], corpus: CorpusConfig) -> list[Pair]:
    """Several voices ("flite:slt+flite:rms") share the sentences: the id decides, so that a pair keeps its voice when
    others are added."""
    for side in SIDES:
        voices = (getattr(corpus, f"{side}_voice") or "").split("+")
        if len(voices) > 1:
            places = [zlib.crc32(pair.id.encode()) % len(voices) for pair in pairs]
            named: list[dict[str, Any]] = [{f"{side}_speaker": voices[place]} for place in places]
            pairs = [replace(pair, **speaker) for pair, speaker in zip(pairs, named)]
    return pairs


def check_same_corpus(corpus: CorpusConfig, folder: Path) -> dict:
    """What `corpus.json` says; UserError when it is not there, damaged, or was made with other settings."""
    known = read_corpus(folder)
    _check_settings(corpus, folder, known)
    return known


def _check_settings(corpus: CorpusConfig, folder: Path, known: dict) -> None:
    now = asdict(corpus) | {name: known["config"].get(name) for name in FREE}
    changed = [key for key, value in known["config"].items() if now.get(key) != value]
    if changed:
        what = f"corpus.{changed[0]}={known['config'][changed[0]]}"
        raise UserError(f"{folder} was prepared with {what}; choose another corpus.name or delete the folder")


def _fingerprint(corpus: CorpusConfig, pairs: list[Pair], sides: tuple[str, ...]) -> str:
    """A short name of what these sides of the corpus hold: voices, sentences, and the state of recordings."""
    digest = hashlib.sha256()
    for side in sides:
        digest.update(repr(getattr(corpus, f"{side}_voice")).encode())
        for pair in pairs:
            text, audio, speaker = (getattr(pair, f"{side}_{what}") for what in ("text", "audio", "speaker"))
            digest.update(repr((pair.id, pair.split, text, audio, speaker)).encode())
            if audio is not None and not unreadable(audio):
                digest.update(f"{audio.stat().st_size} {audio.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _plan(pairs: list[Pair], shards: Path) -> list[tuple[Path, list[Pair]]]:
    """Every shard's path and pairs; the split is in the name."""
    plan = []
    for split in dict.fromkeys(pair.split for pair in pairs):
        members = [pair for pair in pairs if pair.split == split]
        for start in range(0, len(members), SHARD):
            plan.append((shards / f"{split}-{start:07d}.npz", members[start : start + SHARD]))
    return plan


def _run(plan: list[tuple[Path, list[Pair]]], corpus: CorpusConfig, jobs: int) -> None:
    left = [(path, pairs) for path, pairs in plan if not path.exists()]
    total, done = sum(len(pairs) for _, pairs in plan), sum(len(pairs) for path, pairs in plan if path.exists())
    seconds = 1 if sys.stderr.isatty() else 15
    bar = tqdm(total=total, initial=done, desc="prepare", unit="pair", mininterval=seconds)
    with bar, workers(jobs, start_worker) as pool:
        futures = [
            pool.submit(make_shard, path, pairs, corpus.source_voice, corpus.target_voice) for path, pairs in left
        ]
        for future in futures:
            bar.update(future.result())


def _join(pairs: list[Pair], folder: Path, shards: Path) -> list[Rejection]:
    """Shards → one store a split; returns what the workers refused."""
    by_id, refused = {pair.id: pair for pair in pairs}, []
    for split in SPLITS:  # left by a failed attempt with other settings
        remove_split(folder, split)
    for split in dict.fromkeys(pair.split for pair in pairs):
        paths = sorted(shards.glob(f"{split}-*.npz"))
        kept = [by_id[name] for path in paths for name in np.load(path)["kept"].tolist()]
        refused += [Rejection(*row) for path in paths for row in np.load(path)["refused"].tolist()]
        items = {"ids": [pair.id for pair in kept]}
        items |= {f"{side}_speakers": [getattr(pair, f"{side}_speaker") for pair in kept] for side in SIDES}
        texts = {side: [getattr(pair, f"{side}_text") for pair in kept] for side in SIDES}
        spoken = any(text is not None for side in SIDES for text in texts[side])
        write_split(folder, split, items, texts if spoken else None, paths)
    return refused


def _check_splits(there: set[str], sentence: str) -> None:
    for split in ("train", "dev", "test"):
        if split not in there:
            raise UserError(sentence.format(split, split))
