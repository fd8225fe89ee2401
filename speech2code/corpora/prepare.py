"""Speech pairs → feature store: speak or read, check, trim, extract; on all cores, resumable by shard."""

import hashlib
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from speech2code.config import CorpusConfig
from speech2code.corpora.checks import Rejection, check_share, reason_to_reject, write_rejections
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import SIDES, FeatureStore, write_split
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.files import read_json, write_atomically, write_json

SHARD = 32  # pairs: what an interruption costs a worker at most
_voices: dict[str, object] = {}


def prepare(corpus: CorpusConfig, folder: Path, jobs: int = 2) -> str:
    """Fills `folder` with the corpus's feature store and returns its fingerprint; does nothing where it is already whole.

    Raises UserError when the folder holds another corpus, a voice is missing, or too many items are bad.
    """
    pairs, rejected = read_pairs(corpus)
    fingerprint = _fingerprint(corpus, pairs)
    if (folder / "corpus.json").exists():
        known = check_same_corpus(corpus, folder)["fingerprint"]
        if known != fingerprint:
            raise UserError(
                f"{folder} was prepared from other sentences or recordings than there are now; choose another corpus.name or delete the folder"
            )
        return fingerprint
    for name in (corpus.source_voice, corpus.target_voice):
        if name:
            load_voice(name)  # a missing program fails here, in one sentence, before any work
    total = len(pairs) + len(rejected)
    shards = folder / f".shards-{fingerprint}"  # of this corpus and no other
    jobs_left = _plan(pairs, shards)
    _run(jobs_left, corpus, jobs)
    rejected += _join(pairs, folder, shards)
    write_rejections(folder / "rejected.csv", rejected)
    check_share(len(rejected), total, corpus.max_rejected, folder / "rejected.csv")
    write_json(folder / "corpus.json", {"fingerprint": fingerprint, "config": asdict(corpus), **_statistics(folder)})
    shutil.rmtree(shards)
    return fingerprint


def read_pairs(corpus: CorpusConfig) -> tuple[list[Pair], list[Rejection]]:
    """The corpus's pairs by its kind, and those refused at once (duplicate ids)."""
    if corpus.kind == "phrasebook":
        from speech2code.corpora.phrasebook import draw

        sizes = {"train": corpus.train or 4000, "dev": corpus.dev, "test": corpus.test, "unseen": corpus.unseen}
        return draw(corpus.source, corpus.target, core=corpus.core, seed=corpus.seed, **sizes), []
    if corpus.path is None:
        raise UserError(f"corpus.kind={corpus.kind} reads from a place of yours: set corpus.path=…")
    if corpus.kind == "parallel_text":
        from speech2code.corpora.parallel_text import read_parallel_text

        ladder = {"top_words": corpus.top_words, "max_words": corpus.max_words, "train": corpus.train}
        return read_parallel_text(Path(corpus.path), seed=corpus.seed, **ladder), []
    if corpus.kind == "manifest":
        from speech2code.corpora.manifest import read_manifest, reject_duplicates

        return reject_duplicates(read_manifest(Path(corpus.path)))
    raise UserError(f"corpus.kind={corpus.kind} is unknown; choose phrasebook, parallel_text or manifest")


def check_same_corpus(corpus: CorpusConfig, folder: Path) -> dict:
    """What `corpus.json` says; UserError when the folder is not there or was made with other settings."""
    if not (folder / "corpus.json").exists():
        raise UserError(f"{folder} holds no prepared corpus; run `speech2code prepare` with the same settings first")
    known = read_json(folder / "corpus.json")
    now = {**asdict(corpus), "max_rejected": known["config"]["max_rejected"]}
    changed = [key for key, value in known["config"].items() if now.get(key) != value]
    if changed:
        what = f"corpus.{changed[0]}={known['config'][changed[0]]}"
        raise UserError(f"{folder} was prepared with {what}; choose another corpus.name or delete the folder")
    return known


def _fingerprint(corpus: CorpusConfig, pairs: list[Pair]) -> str:
    """A short name of what the corpus holds: its voices, its sentences, and the state of its recordings."""
    digest = hashlib.sha256(f"{corpus.source_voice} {corpus.target_voice}".encode())
    for pair in pairs:
        digest.update(repr(pair).encode())
        for audio in filter(None, (pair.source_audio, pair.target_audio)):
            if audio.exists():
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
    bar = tqdm(total=total, initial=done, desc="prepare", unit="pair", mininterval=1)
    with bar, ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        futures = [
            pool.submit(_make_shard, path, pairs, corpus.source_voice, corpus.target_voice) for path, pairs in left
        ]
        try:
            for future in futures:
                bar.update(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _make_shard(path: Path, pairs: list[Pair], source_voice: str | None, target_voice: str | None) -> int:
    """Speaks or reads both sides of some pairs, keeps the good ones, writes their features; returns how many it saw."""
    kept, refused, waveforms = [], [], {side: [] for side in SIDES}
    for pair in pairs:
        sides = {"source": _waveform(pair, "source", source_voice), "target": _waveform(pair, "target", target_voice)}
        bad = [Rejection(pair.id, side, found) for side, found in sides.items() if isinstance(found, str)]
        if bad:
            refused += bad[:1]
            continue
        kept.append(pair.id)
        for side in SIDES:
            waveforms[side].append(sides[side])
    arrays: dict[str, np.ndarray] = {}
    for side in SIDES:
        arrays |= _features(side, waveforms[side])
    arrays["kept"] = np.array(kept, dtype=str)
    arrays["refused"] = np.array([[each.id, each.side, each.reason] for each in refused], dtype=str).reshape(-1, 3)
    with write_atomically(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)
    return len(pairs)


def _waveform(pair: Pair, side: str, voice: str | None) -> np.ndarray | str:
    """The trimmed waveform of one side, or why it cannot be used."""
    from speech2code.audio.files import load_waveform, trim_silence

    audio, text = getattr(pair, f"{side}_audio"), getattr(pair, f"{side}_text")
    try:
        if audio is not None:
            waveform = load_waveform(audio)
        else:
            if voice not in _voices:
                _voices[voice] = load_voice(voice)
            waveform = _voices[voice].speak(text)
    except UserError as error:
        return str(error)
    return reason_to_reject(waveform) or trim_silence(waveform)


def _features(side: str, waveforms: list[np.ndarray]) -> dict[str, np.ndarray]:
    import torch

    from speech2code.audio.features import Mfcc, frame_count
    from speech2code.corpora.batches import pad

    samples = [np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16) for waveform in waveforms]
    mfcc = [np.zeros((0, 39), np.float16)]
    if waveforms:
        with torch.inference_mode():
            batch, lengths = pad(waveforms)
            features = Mfcc()(batch, lengths)
        mfcc = [item[: frame_count(len(wave))].numpy().astype(np.float16) for item, wave in zip(features, waveforms)]
    return {
        f"{side}_mfcc": np.concatenate(mfcc),
        f"{side}_mfcc_lengths": np.array([len(each) for each in mfcc if len(each)], np.int64),
        f"{side}_waveform": np.concatenate(samples or [np.zeros(0, np.int16)]),
        f"{side}_waveform_lengths": np.array([len(each) for each in samples], np.int64),
    }


def _join(pairs: list[Pair], folder: Path, shards: Path) -> list[Rejection]:
    """Shards → one store a split; returns what the workers refused."""
    by_id, refused = {pair.id: pair for pair in pairs}, []
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


def _statistics(folder: Path) -> dict:
    """Mean and standard deviation of each MFCC coefficient over the training split, per side, and hours of speech."""
    store = FeatureStore(folder, "train")
    if not len(store):
        raise UserError(f"{folder} has no training pair left; see rejected.csv there")
    statistics = {"pairs": len(store), "speakers": {side: sorted(set(store.speakers[side])) for side in SIDES}}
    for side in SIDES:
        frames = np.load(store.folder / f"{side}_mfcc.npy", mmap_mode="r")
        total, square = np.zeros(39), np.zeros(39)
        for start in range(0, len(frames), 100_000):
            part = frames[start : start + 100_000].astype(np.float64)
            total += part.sum(0)
            square += np.square(part).sum(0)
        mean = total / len(frames)
        std = np.sqrt(np.maximum(square / len(frames) - mean**2, 1e-6))
        statistics[f"{side}_mean"], statistics[f"{side}_std"] = mean.tolist(), std.tolist()
        statistics[f"{side}_hours"] = float(store.lengths(f"{side}_waveform").sum() / 16_000 / 3600)
    return statistics
