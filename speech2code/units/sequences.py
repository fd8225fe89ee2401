"""Unit sequences of a split on disk, bound to the codebook they are written in and to the ids of their sentences."""

from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from speech2code.errors import UserError
from speech2code.files import write_atomically


class UnitSequences(NamedTuple):
    codebook: str  # fingerprint
    ids: list[str]
    units: list[np.ndarray]  # int64 (units,) each
    steps: list[np.ndarray]  # int64 (units,) each: how many times time_reduction frames a unit lasts

    def save(self, path: Path) -> None:
        units, steps = (np.concatenate([np.zeros(0), *each]).astype(np.int32) for each in (self.units, self.steps))
        ends = np.cumsum([len(each) for each in self.units], dtype=np.int64)
        codebook, ids = np.array(self.codebook), np.array(self.ids, dtype=str)
        with write_atomically(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, codebook=codebook, ids=ids, units=units, steps=steps, ends=ends)

    @classmethod
    def load(cls, path: Path) -> "UnitSequences":
        try:
            with np.load(path) as data:
                units, steps = (np.split(data[name].astype(np.int64), data["ends"][:-1]) for name in ("units", "steps"))
                return cls(str(data["codebook"]), data["ids"].tolist(), units, steps)
        except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
            raise UserError(f"cannot read units {path}: {error}; run `speech2code discover` again") from error

    def check(self, codebook: str, ids: list[str], where: Path | str) -> None:
        """UserError when these are units of another codebook, or of other sentences than `ids`."""
        if self.codebook != codebook:
            raise UserError(
                f"{where} holds units of codebook {self.codebook}, not of {codebook}; run the stages "
                "after `discover` again in a new name=…"
            )
        for position, (mine, theirs) in enumerate(zip(self.ids, ids)):
            if mine != theirs:
                raise UserError(
                    f"{where}: item {position} has units of sentence {mine} but speech of {theirs}; "
                    "prepare and discover again"
                )
        if len(self.ids) != len(ids):
            raise UserError(
                f"{where} holds {len(self.ids)} sentences, the corpus {len(ids)}; prepare and discover again"
            )
