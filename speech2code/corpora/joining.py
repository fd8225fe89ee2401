"""Speech pairs → shards, made side by side and resumable → one store a split."""

import sys
from pathlib import Path

from tqdm import tqdm

from speech2code.corpora.checks import Rejection
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.corpora.shards import make_shard, start_worker
from speech2code.corpora.store import SIDES, remove_split, write_split
from speech2code.errors import UserError
from speech2code.npz import read_npz
from speech2code.workers import workers

SHARD = 32  # pairs: what an interruption costs a worker at most


def plan(pairs: list[Pair], shards: Path) -> list[tuple[Path, list[Pair]]]:
    """Every shard's path and pairs; the split is in the name."""
    plan = []
    for split in dict.fromkeys(pair.split for pair in pairs):
        members = [pair for pair in pairs if pair.split == split]
        for start in range(0, len(members), SHARD):
            plan.append((shards / f"{split}-{start:07d}.npz", members[start : start + SHARD]))
    return plan


def make_all(planned: list[tuple[Path, list[Pair]]], trimming: str, jobs: int) -> None:
    left = [(path, pairs) for path, pairs in planned if not _is_whole(path)]
    total = sum(len(pairs) for _, pairs in planned)
    done = total - sum(len(pairs) for _, pairs in left)
    seconds = 1 if sys.stderr.isatty() else 15
    bar = tqdm(total=total, initial=done, desc="prepare", unit="pair", mininterval=seconds)
    with bar, workers(jobs, start_worker) as pool:
        futures = [pool.submit(make_shard, path, pairs, trimming) for path, pairs in left]
        for future in futures:
            bar.update(future.result())


def _is_whole(shard: Path) -> bool:
    """Whether a killed attempt has left this shard, and nothing has damaged it since."""
    try:
        return shard.exists() and bool(read_npz(shard))
    except UserError:
        return False


def join(pairs: list[Pair], folder: Path, shards: Path) -> list[Rejection]:
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
        write_split(folder, split, items, texts_of(kept), paths)
    return refused


def texts_of(pairs: list[Pair]) -> dict[str, list[str | None]] | None:
    """Both sides of these pairs; None where nobody wrote any."""
    texts = {side: [getattr(pair, f"{side}_text") for pair in pairs] for side in SIDES}
    return texts if any(text is not None for side in SIDES for text in texts[side]) else None
