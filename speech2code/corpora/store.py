"""Prepared speech on disk: flat arrays, one file a kind and split, with an index.

`data/<corpus>/<split>/` holds `source_mfcc.npy` and `target_mfcc.npy` (float16, `(frames, 39)`),
`source_waveform.npy` and
`target_waveform.npy` (int16, `(samples,)`), `<kind>_ends.npy` (int64: where each item ends), `items.json` (ids,
speakers) and,
apart from them, `text.json`, which exists only for a corpus with text and is opened only by the evaluation.
"""

from contextlib import suppress
from pathlib import Path

import numpy as np

from speech2code.errors import UserError
from speech2code.files import read_json, write_atomically, write_json

MARK = ".made-by-speech2code"  # in a folder that this program made: nothing else is written in or cleaned
OURS = ("train", "dev", "test", "unseen", "corpus.json", "rejected.csv", MARK)  # all that such a folder holds
KINDS = ("source_mfcc", "target_mfcc", "source_waveform", "target_waveform")
SIDES = ("source", "target")


class FeatureStore:
    """One split of a prepared corpus, read item by item: it need not fit in memory, and many processes share one page
    cache."""

    def __init__(self, folder: Path, split: str):
        self.folder, self.split = Path(folder) / split, split
        if not (self.folder / "items.json").exists():
            raise UserError(
                f"{self.folder} holds no prepared speech; run `speech2code prepare` with the same settings first"
            )
        items = read_json(self.folder / "items.json")
        self.ids: list[str] = items["ids"]
        self.speakers: dict[str, list[str]] = {side: items[f"{side}_speakers"] for side in SIDES}
        self._arrays: dict[str, tuple[np.memmap, np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self, kind: str) -> np.ndarray:
        """Frames or samples of each item, int64 `(items,)`."""
        return np.diff(self._load(kind)[1], prepend=0)

    def mfcc(self, side: str, item: int) -> np.ndarray:
        """float16 `(frames, 39)`, not normalised."""
        return self._slice(f"{side}_mfcc", item)

    def waveform(self, side: str, item: int) -> np.ndarray:
        """float32 `(samples,)` in [−1, 1], silence trimmed."""
        return self._slice(f"{side}_waveform", item).astype(np.float32) / 32767

    def texts(self, side: str) -> list[str]:
        """The sentences of one side; UserError where the corpus has none."""
        path = self.folder / "text.json"
        texts = read_json(path)[side] if path.exists() else None
        if texts is None or any(text is None for text in texts):
            raise UserError(
                f"{self.folder} has no {side} text, which scoring needs: give a {side}_text "
                "column, or leave scoring out"
            )
        return texts

    def has_text(self) -> bool:
        path = self.folder / "text.json"
        return path.exists() and all(text is not None for text in read_json(path)["target"])

    def _load(self, kind: str) -> tuple[np.memmap, np.ndarray]:
        if kind not in self._arrays:
            array = np.load(self.folder / f"{kind}.npy", mmap_mode="r")
            self._arrays[kind] = array, np.load(self.folder / f"{kind}_ends.npy")
        return self._arrays[kind]

    def _slice(self, kind: str, item: int) -> np.ndarray:
        array, ends = self._load(kind)
        first, width = int(ends[item - 1]) if item else 0, int(np.prod(array.shape[1:]))
        # read, not mapped: pages of a map count as this process's memory for as long as there is any left
        start = array.offset + first * width * array.itemsize
        values = np.fromfile(str(array.filename), array.dtype, (int(ends[item]) - first) * width, offset=start)
        return values.reshape(-1, *array.shape[1:])


def claim(folder: Path) -> None:
    """Makes `folder`, or takes it up where this program made it; UserError where it holds anything else, or links."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    if not (folder / MARK).is_file():
        strange = there
    else:
        strange = [each for each in there if each.is_symlink() or not _ours(each.name)]
    if strange:
        raise UserError(
            f"{folder} holds {strange[0].name}, which Speech2Code did not make, and nothing of yours is written over; "
            "choose another corpus.name (or data=…) for the prepared corpus, or move that away"
        )
    with write_atomically(folder / MARK) as temporary:
        temporary.write_text("Speech2Code made this folder and may write it anew. Keep nothing of your own here.\n")


def _ours(name: str) -> bool:
    return name in OURS or name.startswith(".shards-") or name.endswith(".part")


def remove_split(folder: Path, split: str) -> None:
    """Deletes the files that `write_split` writes, and no others."""
    names = [f"{kind}{ending}.npy" for kind in KINDS for ending in ("", "_ends")]
    for name in (*names, "text.json", "items.json"):
        (folder / split / name).unlink(missing_ok=True)
    with suppress(OSError):  # it does not exist, or somebody else's file is in it
        (folder / split).rmdir()


def write_split(folder: Path, split: str, items: dict, texts: dict | None, shards: list[Path]) -> None:
    """Joins the shards (npz files with every kind and `<kind>_lengths`) into one split; `items.json` comes last and
    marks it whole."""
    folder = Path(folder) / split
    for kind in KINDS:
        lengths = np.concatenate([np.load(shard)[f"{kind}_lengths"] for shard in shards])
        dim = (39,) if kind.endswith("mfcc") else ()
        dtype = np.dtype(np.float16 if kind.endswith("mfcc") else np.int16)
        header = {"descr": dtype.str, "fortran_order": False, "shape": (int(lengths.sum()), *dim)}
        # written in order, not through a memory map: a full disk is then an error instead of a crash
        with write_atomically(folder / f"{kind}.npy") as temporary, open(temporary, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for shard in shards:
                file.write(np.load(shard)[kind].tobytes())
        with write_atomically(folder / f"{kind}_ends.npy") as temporary, open(temporary, "wb") as file:
            np.save(file, lengths.cumsum())
    if texts:
        write_json(folder / "text.json", texts)
    write_json(folder / "items.json", items)
