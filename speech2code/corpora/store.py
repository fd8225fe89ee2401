"""Prepared speech on disk: flat arrays, one file a kind and split, with an index.

`data/<corpus>/<split>/` holds `source_mfcc.npy` and `target_mfcc.npy` (float16, `(frames, 39)`),
`source_waveform.npy` and `target_waveform.npy` (int16, `(samples,)`), `<kind>_ends.npy` (int64: where each item ends),
`<kind>_crc.npy` (uint32: each item's CRC-32) and, apart from them, `text.json`, which exists only for a corpus with
text and is opened only by the evaluation. `items.json` (ids, speakers, every file's size, the small ones' hashes) is
sealed and comes last. `data/<corpus>/corpus.json` is sealed too, and marks the whole.
"""

import os
import zlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path

import numpy as np

from speech2code.corpora.pairs import SPLITS
from speech2code.errors import UserError
from speech2code.files import read_json, write_atomically, write_json
from speech2code.locks import LOCK
from speech2code.npz import read_npz
from speech2code.seals import digest, read_sealed, sealed

MARK = ".made-by-speech2code"  # in a folder that this program made: nothing else is written in or cleaned
UNSCORED = "unscored.csv"  # the list of sentences whose target text cannot be scored
# all that such a folder holds
OURS = (*SPLITS, "corpus.json", "rejected.csv", UNSCORED, MARK, LOCK)
KINDS = ("source_mfcc", "target_mfcc", "source_waveform", "target_waveform")
SIDES = ("source", "target")
FORM = {"mfcc": (np.dtype(np.float16), (39,)), "waveform": (np.dtype(np.int16), ())}
AGAIN = "run `speech2code prepare` with the same settings, which makes it again"
DAMAGED = f"delete it and {AGAIN}"


def read_corpus(folder: Path) -> dict:
    """What `corpus.json` says; UserError where it is missing or not what `prepare` wrote."""
    path = folder / "corpus.json"
    if not os.path.lexists(path):  # a link that leads nowhere is damage
        raise UserError(f"{folder} holds no prepared corpus; run `speech2code prepare` with the same settings first")
    return read_sealed(path, DAMAGED)


def problem_of(folder: Path) -> str | None:
    """What is missing or damaged of a prepared corpus, as a sentence; None where it is whole. Looks at sizes only."""
    try:
        for split in read_corpus(folder)["splits"]:
            FeatureStore(folder, split).check_sizes()
    except UserError as error:
        return str(error)
    return None


class FeatureStore:
    """One split of a prepared corpus, read item by item: it need not fit in memory, and many processes share one page
    cache."""

    def __init__(self, folder: Path, split: str):
        """UserError where the split, or one of its files, is not as `prepare` left it."""
        self.folder, self.split = Path(folder) / split, split
        path = self.folder / "items.json"
        if not os.path.lexists(path):
            raise UserError(
                f"{self.folder} holds no prepared speech; run `speech2code prepare` with the same settings first"
            )
        items = read_sealed(path, DAMAGED)
        self.ids: list[str] = items["ids"]
        self.speakers: dict[str, list[str]] = {side: items[f"{side}_speakers"] for side in SIDES}
        self._items = np.arange(len(self.ids))  # places on disk
        self._files: dict[str, dict] = items["files"]
        self._arrays: dict[str, tuple[np.memmap, np.ndarray, np.ndarray]] = {}
        self.check_sizes({"text.json"})

    def check_sizes(self, but: Collection[str] = ()) -> None:
        """UserError where a file, `but` for these, is missing or has another size than `prepare` gave it."""
        for name in self._files.keys() - set(but):
            self._check_size(name)

    def _check_size(self, name: str) -> None:
        if not (self.folder / name).is_file():
            raise UserError(f"{self.folder / name} is missing; {AGAIN}")
        if (self.folder / name).stat().st_size != self._files[name]["bytes"]:
            raise self._damaged(name)

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, items: Sequence[int]) -> "FeatureStore":
        """Some items of the split, numbered anew."""
        some = copy(self)
        some._items = self._items[np.asarray(items, np.int64)]
        some.ids = [self.ids[item] for item in items]
        some.speakers = {side: [names[item] for item in items] for side, names in self.speakers.items()}
        return some

    def lengths(self, kind: str) -> np.ndarray:
        """Frames or samples of each item, int64 `(items,)`."""
        return np.diff(self._load(kind)[1], prepend=0)[self._items]

    def mfcc(self, side: str, item: int) -> np.ndarray:
        """float16 `(frames, 39)`, not normalised."""
        return self._slice(f"{side}_mfcc", item)

    def waveform(self, side: str, item: int) -> np.ndarray:
        """float32 `(samples,)` in [−1, 1], silence trimmed."""
        return self._slice(f"{side}_waveform", item).astype(np.float32) / 32767

    def texts(self, side: str) -> list[str]:
        """The text of each item on one side; "" where the corpus has none."""
        if "text.json" not in self._files:
            return [""] * len(self)
        texts = read_json(self._same("text.json"))[side]
        return [texts[place] or "" for place in self._items]

    def _same(self, name: str) -> Path:
        """The path of a small file; UserError where it is not what `prepare` wrote."""
        self._check_size(name)
        if digest(self.folder / name) != self._files[name]["sha256"]:
            raise self._damaged(name)
        return self.folder / name

    def _damaged(self, name: str) -> UserError:
        return UserError(f"{self.folder / name} is not what `prepare` wrote; {DAMAGED}")

    def _load(self, kind: str) -> tuple[np.memmap, np.ndarray, np.ndarray]:
        if kind not in self._arrays:
            ends, sums = (np.load(self._same(f"{kind}_{what}.npy")) for what in ("ends", "crc"))
            dtype, dim = FORM[kind.partition("_")[2]]
            try:
                array = np.load(self.folder / f"{kind}.npy", mmap_mode="r")
            except (OSError, ValueError, EOFError) as error:
                raise self._damaged(f"{kind}.npy") from error
            if (array.dtype, array.shape) != (dtype, (int(ends[-1]) if len(ends) else 0, *dim)):
                raise self._damaged(f"{kind}.npy")
            self._arrays[kind] = array, ends, sums
        return self._arrays[kind]

    def _slice(self, kind: str, item: int) -> np.ndarray:
        array, ends, sums = self._load(kind)
        item = int(self._items[item])
        first, width = int(ends[item - 1]) if item else 0, int(np.prod(array.shape[1:]))
        # read, not mapped: pages of a map count as this process's memory for as long as there is any left
        start = array.offset + first * width * array.itemsize
        values = np.fromfile(str(array.filename), array.dtype, (int(ends[item]) - first) * width, offset=start)
        if zlib.crc32(values.tobytes()) != sums[item]:
            raise self._damaged(f"{kind}.npy")
        return values.reshape(-1, *array.shape[1:])


def claim(folder: Path) -> None:
    """Makes `folder`, or takes it up where this program made it; UserError where it holds anything else, or links."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    marked = (folder / MARK).is_file()
    known = _ours if marked else _begun
    strange = [each for each in there if each.is_symlink() or not known(each.name)]
    if strange:
        raise UserError(
            f"{folder} holds {strange[0].name}, which Speech2Code did not make, and nothing of yours is written over; "
            "choose another corpus.name (or data=…) for the prepared corpus, or move that away"
        )
    if not marked:
        mark(folder)


def mark(folder: Path) -> None:
    """Makes `folder`, and says in it who did."""
    with write_atomically(folder / MARK) as temporary:
        temporary.write_text("Speech2Code made this folder and may write it anew. Keep nothing of your own here.\n")


def _begun(name: str) -> bool:
    """What another process, which claims this folder too, may have there before the mark."""
    return name in (MARK, LOCK) or (name.startswith(f".{MARK}.") and name.endswith(".part"))


def _ours(name: str) -> bool:
    return name in OURS or name.startswith(".shards-") or name.endswith(".part")


def remove_split(folder: Path, split: str) -> None:
    """Deletes the files that `write_split` writes, and no others."""
    names = [f"{kind}{ending}.npy" for kind in KINDS for ending in ("", "_ends", "_crc")]
    for name in (*names, "text.json", "items.json"):
        (folder / split / name).unlink(missing_ok=True)
    with suppress(OSError):  # it does not exist, or somebody else's file is in it
        (folder / split).rmdir()


def write_split(folder: Path, split: str, items: dict, texts: dict | None, shards: list[Path]) -> None:
    """Joins the shards (npz files with every kind and `<kind>_lengths`) into one split; `items.json` comes last and
    marks it whole."""
    folder = Path(folder) / split
    for kind in KINDS:
        lengths = [read_npz(shard, f"{kind}_lengths")[f"{kind}_lengths"] for shard in shards]
        ends, sums = np.concatenate(lengths).cumsum(), []
        dtype, dim = FORM[kind.partition("_")[2]]
        header = {"descr": dtype.str, "fortran_order": False, "shape": (int(ends[-1]) if len(ends) else 0, *dim)}
        # written in order, not through a memory map: a full disk is then an error instead of a crash
        with write_atomically(folder / f"{kind}.npy") as temporary, open(temporary, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for shard, each in zip(shards, lengths):
                values = read_npz(shard, kind)[kind]
                file.write(values.tobytes())
                sums += [zlib.crc32(part.tobytes()) for part in np.split(values, each.cumsum())[:-1]]
        for what, array in (("ends", ends), ("crc", np.array(sums, np.uint32))):
            with write_atomically(folder / f"{kind}_{what}.npy") as temporary, open(temporary, "wb") as file:
                np.save(file, array)
    files = {f"{kind}.npy": {"bytes": (folder / f"{kind}.npy").stat().st_size} for kind in KINDS}
    files |= {name: _known(folder / name) for kind in KINDS for name in (f"{kind}_ends.npy", f"{kind}_crc.npy")}
    _write_items(folder, items | {"files": files}, texts)


def write_texts(folder: Path, split: str, texts: dict | None) -> None:
    """The texts of a split anew, or none; its speech stays as it is."""
    _write_items(folder / split, read_sealed(folder / split / "items.json", DAMAGED), texts)


def _write_items(folder: Path, items: dict, texts: dict | None) -> None:
    """`text.json` where there are texts, then `items.json`, which knows it."""
    items["files"].pop("text.json", None)
    if texts:
        write_json(folder / "text.json", texts)
        items["files"]["text.json"] = _known(folder / "text.json")
    else:
        (folder / "text.json").unlink(missing_ok=True)
    write_json(folder / "items.json", sealed(items))


def _known(path: Path) -> dict:
    """What a small file is known by."""
    return {"bytes": path.stat().st_size, "sha256": digest(path)}
