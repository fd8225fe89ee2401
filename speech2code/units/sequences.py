"""Unit sequences of a split on disk, bound to their codebook and to the ids of their sentences."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from speech2code.errors import UserError
from speech2code.files import write_atomically
from speech2code.npz import read_npz


class UnitSequences(NamedTuple):
    codebook: str  # fingerprint
    ids: list[str]
    units: list[np.ndarray]  # int64 (units,) each
    durations: list[np.ndarray]  # int64 (units,) each: steps that a unit lasts

    def save(self, path: Path) -> None:
        both = (self.units, self.durations)
        units, durations = (np.concatenate([np.zeros(0), *each]).astype(np.int32) for each in both)
        ends = np.cumsum([len(each) for each in self.units], dtype=np.int64)
        codebook, ids = np.array(self.codebook), np.array(self.ids, dtype=str)
        with write_atomically(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, codebook=codebook, ids=ids, units=units, durations=durations, ends=ends)

    @classmethod
    def load(cls, path: Path) -> "UnitSequences":
        try:
            data = read_npz(path)
            both = ("units", "durations")
            units, durations = (np.split(data[name].astype(np.int64), data["ends"][:-1]) for name in both)
            return cls(str(data["codebook"]), data["ids"].tolist(), units, durations)
        except (UserError, ValueError, KeyError, TypeError) as error:
            reason = str(error).removeprefix(f"cannot read {path}: ")
            raise UserError(
                f"cannot read units {path}: {reason}; delete {path.parent} and run `speech2code train units` again"
            ) from error

    def check(self, codebook: str, ids: list[str], where: Path | str) -> None:
        """UserError when these are units of another codebook, or of other sentences than `ids`."""
        if self.codebook != codebook:
            raise UserError(
                f"{where} holds units of codebook {self.codebook}, not of {codebook}; run the stages "
                "behind `train units` again in a new name=…"
            )
        for position, (mine, theirs) in enumerate(zip(self.ids, ids)):
            if mine != theirs:
                raise UserError(
                    f"{where}: item {position} has units of sentence {mine} but speech of {theirs}; "
                    "run `prepare` and `train units` again"
                )
        if len(self.ids) != len(ids):
            raise UserError(
                f"{where} holds {len(self.ids)} sentences, the corpus {len(ids)}; run `prepare` and `train units` again"
            )
