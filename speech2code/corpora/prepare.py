"""Speech pairs → feature store: speak or read, check, trim, extract; on all cores, resumable by shard."""

import hashlib
import shutil
import sys
import zlib
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
    write_texts,
)
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.files import left_overs, write_json
from speech2code.locks import hold
from speech2code.npz import read_npz
from speech2code.seals import sealed
from speech2code.workers import workers

FREE = ("max_rejected", "phones")  # settings that change nothing of what is prepared
SHARD = 32  # pairs: what an interruption costs a worker at most


def prepare(corpus: CorpusConfig, folder: Path, jobs: int = 2, *, wait: bool = False) -> str:
    """Fills `folder` with the corpus's feature store and returns its fingerprint; does nothing where it is already
    whole. `wait`: for another process that prepares it.

    What has changed since is noticed: of texts that stand beside recordings only the texts are written anew, anything
    else is refused. Where the manifest or the text is gone, what was prepared of it is taken as it is.

    Raises UserError when the folder holds another corpus, another process prepares it, a voice is missing, or too many
    items are bad.
    """
    if kept := _without_source(corpus, folder):
        return kept
    pairs, rejected = read_pairs(corpus)
    if corpus.target == UNKNOWN and any(pair.target_text for pair in pairs):
        raise UserError(
            "the corpus has target text in no known language; set corpus.target to its BCP 47 tag, such as "
            "corpus.target=en"
        )
    fingerprint = _fingerprint(corpus, pairs, SIDES)
    if not (_is_made(corpus, folder, pairs, fingerprint) and _has_texts(folder, pairs)):
        claim(folder)
        with hold(folder, wait=wait):
            if not _is_made(corpus, folder, pairs, fingerprint):  # nor by who held it until now
                _make(corpus, folder, jobs, pairs, rejected, fingerprint)
            elif not _has_texts(folder, pairs):
                _change_texts(folder, pairs)
    _clear(folder)
    return fingerprint


def _without_source(corpus: CorpusConfig, folder: Path) -> str | None:
    """The fingerprint of a whole corpus whose manifest or text is gone; None where that is there, or needed."""
    if corpus.path is None or Path(corpus.path).exists() or problem_of(folder):
        return None
    print(f"{corpus.path} is gone: {folder} is taken as it was prepared from it", flush=True)
    return check_same_corpus(corpus, folder)["fingerprint"]


def _is_made(corpus: CorpusConfig, folder: Path, pairs: list[Pair], fingerprint: str) -> bool:
    """Whether `folder` holds this corpus and every file of it; UserError where it holds another one."""
    try:
        known = read_corpus(folder)
    except UserError:  # nothing there says what it was made of
        return False
    _check_settings(corpus, folder, known)
    if known["fingerprint"] != fingerprint:
        files = (getattr(pair, f"{side}_audio") for pair in pairs for side in SIDES)
        gone = next(filter(None, map(unreadable, filter(None, files))), None)
        raise UserError(
            f"{folder} was prepared from other sentences or recordings than there are now"
            + (f" ({gone})" if gone else "")
            + "; choose another corpus.name and another name, or delete the folder"
        )
    return problem_of(folder) is None


def _has_texts(folder: Path, pairs: list[Pair]) -> bool:
    """Whether what was prepared has the texts of these pairs."""
    return read_corpus(folder).get("text", dict.fromkeys(SIDES)) == _text_fingerprints(pairs)


def _change_texts(folder: Path, pairs: list[Pair]) -> None:
    """Writes the texts anew, and leaves the speech as it is."""
    print(f"{folder}: the text has changed and is written anew; the speech is as it was", flush=True)
    by_id, known = {pair.id: pair for pair in pairs}, read_corpus(folder)
    for split in known["splits"]:
        write_texts(folder, split, _texts([by_id[name] for name in FeatureStore(folder, split).ids]))
    write_json(folder / "corpus.json", sealed(known | {"text": _text_fingerprints(pairs)}))


def _clear(folder: Path) -> None:
    """Deletes what killed processes left in a folder that is whole, unless another one works there."""
    if any(folder.glob(".shards-*")) or left_overs(folder):
        with suppress(UserError, OSError), hold(folder):
            for shards in folder.glob(".shards-*"):
                shutil.rmtree(shards)
            for each in left_overs(folder):
                each.unlink()


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
    known = {"fingerprint": fingerprint, "target_fingerprint": target, "text": _text_fingerprints(pairs)}
    known |= {"config": asdict(corpus)}
    filled = {path.parent.name for path in folder.glob("*/items.json") if len(FeatureStore(folder, path.parent.name))}
    _check_splits(filled, f"{folder} has no {{}} pair left; see rejected.csv there")
    write_json(folder / "corpus.json", sealed(known | {"splits": sorted(filled)} | statistics_of(folder)))


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
    """A short name of what these sides of the corpus hold: voices and what they speak, and the state of recordings.
    What the text of a recording says is none of it: nothing but judging depends on that."""
    digest = hashlib.sha256()
    for side in sides:
        digest.update(repr(getattr(corpus, f"{side}_voice")).encode())
        for pair in pairs:
            text, audio, speaker = (getattr(pair, f"{side}_{what}") for what in ("text", "audio", "speaker"))
            spoken = text if audio is None else None
            digest.update(repr((pair.id, pair.split, spoken, audio, speaker)).encode())
            if audio is not None and not unreadable(audio):
                digest.update(f"{audio.stat().st_size} {audio.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _text_fingerprints(pairs: list[Pair]) -> dict[str, str | None]:
    """A short name of the texts on each side that stand beside recordings; None where there are none."""
    found = {}
    for side in SIDES:
        texts = [
            (pair.id, getattr(pair, f"{side}_text")) for pair in pairs if getattr(pair, f"{side}_audio") is not None
        ]
        there = any(text is not None for _, text in texts)
        found[side] = hashlib.sha256(repr(texts).encode()).hexdigest()[:16] if there else None
    return found


def _texts(pairs: list[Pair]) -> dict[str, list[str | None]] | None:
    """Both sides of these pairs; None where nobody wrote any."""
    texts = {side: [getattr(pair, f"{side}_text") for pair in pairs] for side in SIDES}
    return texts if any(text is not None for side in SIDES for text in texts[side]) else None


def _plan(pairs: list[Pair], shards: Path) -> list[tuple[Path, list[Pair]]]:
    """Every shard's path and pairs; the split is in the name."""
    plan = []
    for split in dict.fromkeys(pair.split for pair in pairs):
        members = [pair for pair in pairs if pair.split == split]
        for start in range(0, len(members), SHARD):
            plan.append((shards / f"{split}-{start:07d}.npz", members[start : start + SHARD]))
    return plan


def _run(plan: list[tuple[Path, list[Pair]]], corpus: CorpusConfig, jobs: int) -> None:
    left = [(path, pairs) for path, pairs in plan if not _is_whole(path)]
    total = sum(len(pairs) for _, pairs in plan)
    done = total - sum(len(pairs) for _, pairs in left)
    seconds = 1 if sys.stderr.isatty() else 15
    bar = tqdm(total=total, initial=done, desc="prepare", unit="pair", mininterval=seconds)
    with bar, workers(jobs, start_worker) as pool:
        futures = [
            pool.submit(make_shard, path, pairs, corpus.source_voice, corpus.target_voice) for path, pairs in left
        ]
        for future in futures:
            bar.update(future.result())


def _is_whole(shard: Path) -> bool:
    """Whether a killed attempt has left this shard, and nothing has damaged it since."""
    try:
        return shard.exists() and bool(read_npz(shard))
    except UserError:
        return False


def _join(pairs: list[Pair], folder: Path, shards: Path) -> list[Rejection]:
    """Shards → one store a split; returns what the workers refused."""
    by_id, refused = {pair.id: pair for pair in pairs}, []
    for split in SPLITS:  # left by a failed attempt with other settings
        remove_split(folder, split)
    for split in dict.fromkeys(pair.split for pair in pairs):
        paths = sorted(shards.glob(f"{split}-*.npz"))
        told = [read_npz(path, "kept", "refused") for path in paths]
        kept = [by_id[name] for each in told for name in each["kept"].tolist()]
        refused += [Rejection(*row) for each in told for row in each["refused"].tolist()]
        items = {"ids": [pair.id for pair in kept]}
        items |= {f"{side}_speakers": [getattr(pair, f"{side}_speaker") for pair in kept] for side in SIDES}
        write_split(folder, split, items, _texts(kept), paths)
    return refused


def _check_splits(there: set[str], sentence: str) -> None:
    for split in ("train", "dev", "test"):
        if split not in there:
            raise UserError(sentence.format(split, split))
