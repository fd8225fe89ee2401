"""Manifest: a table of recordings, one pair a row.

CSV or TSV (by extension), UTF-8, with a header: `id, source_audio, target_audio` and, if wished, others of COLUMNS,
in upper or lower case; other columns are ignored. Audio paths are relative to its folder. `source_start, source_end,
target_start, target_end` are seconds in a file that holds more than this sentence. A side without audio but with text
is spoken by a voice (`corpus.source_voice`, `corpus.target_voice`).
"""

import csv
import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.lines import read_lines
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.errors import UserError

AUDIO = ("source_audio", "target_audio")
TIMES = ("source_start", "source_end", "target_start", "target_end")
NAMES = ("id", *AUDIO, "source_speaker", "target_speaker", "split")
COLUMNS = (*NAMES, "source_text", "target_text", *TIMES)
# TSV knows no quotes: a sentence that begins with one keeps it
DIALECTS: dict[str, dict[str, Any]] = {
    ".csv": {"delimiter": ","},
    ".tsv": {"delimiter": "\t", "quoting": csv.QUOTE_NONE},
}
SEPARATORS = {";": ";", "\t": "tabs", ",": "commas", "|": "|"}  # that a header of one column may be full of
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
BLANKS = " \t\r\n\u00a0"  # not str.strip(): control characters are no blanks
ENOUGH = 20  # rows: from here on dev and test get at least one each


def read_manifest(path: Path | str, spoken: Collection[str] = ()) -> tuple[list[Pair], list[Rejection]]:
    """The pairs of all rows, duplicate ids included (see `reject_duplicates`), and the rows that are none, each with
    its line and why; audio files are not opened. `spoken`: the sides that have a voice, where text will do.

    Without a `split` column the ids decide (`assign_splits`). Raises UserError for a missing, empty or malformed file.
    """
    path, good, rejected = Path(path), [], []
    columns, rows = _table(path, spoken)
    for line, values in rows:
        row = dict(zip(columns, values))
        if reason := fault(row, len(values), columns, spoken):
            name = row.get("id") or f"line {line}"
            rejected.append(
                Rejection(name if name.isprintable() else repr(name)[1:-1], "both", f"line {line}: {reason}")
            )
        else:
            good.append(row)
    splits = {} if "split" in columns else assign_splits([row["id"] for row in good])
    return [_pair(row, splits, path.parent) for row in good], rejected


def assign_splits(ids: list[str], dev: float = 0.05, test: float = 0.05) -> dict[str, str]:
    """Id → "train", "dev" or "test" by the SHA-1 of the id, so that a pair keeps its split when others are added.

    `dev` and `test` are shares; of 20 ids or more each gets at least one.
    """
    places = sorted((int(hashlib.sha1(each.encode()).hexdigest()[:8], 16) / 2**32, each) for each in set(ids))
    tests = sum(place < test for place, _ in places)
    devs = sum(test <= place < test + dev for place, _ in places)
    if len(places) >= ENOUGH:
        tests, devs = max(1, tests), max(1, devs)
    names = ["test"] * tests + ["dev"] * devs
    names += ["train"] * (len(places) - len(names))
    return {each: name for (_, each), name in zip(places, names)}


def reject_duplicates(pairs: list[Pair]) -> tuple[list[Pair], list[Rejection]]:
    """Keeps the first pair of each id, whatever its split: (kept, rejected)."""
    kept: dict[str, Pair] = {}
    rejected = []
    for pair in pairs:
        first = kept.setdefault(pair.id, pair)
        if first is not pair:
            rejected.append(Rejection(pair.id, "both", f"duplicate id: the first is kept, in split {first.split}"))
    return list(kept.values()), rejected


def _table(path: Path, spoken: Collection[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Columns, and (line, values) of every row that is not blank."""
    kind = path.suffix.lower()
    if kind not in DIALECTS:
        raise UserError(f"manifest {path} must be named .csv (commas) or .tsv (tabs)")
    reader = csv.reader((line for _, line in read_lines(path)), strict=True, **DIALECTS[kind])
    table, line = [], 1
    try:
        for row in reader:
            values = [value.strip(BLANKS) for value in row]
            if any(values):  # blank rows may be many
                table.append((line, values))
            line = reader.line_num + 1  # where the next row begins: a quoted sentence may have several lines
    except csv.Error as error:
        raise UserError(f"manifest {path}, line {line}: {error}; correct the quotes of that row") from error
    if len(table) < 2:
        raise UserError(f"manifest {path} has no rows; it needs a header id,{','.join(AUDIO)} and one row a pair")
    columns = [column.strip().lower() for column in table[0][1]]
    _check_columns(columns, table[0][1], path, spoken)
    return columns, table[1:]


def _check_columns(columns: list[str], written: list[str], path: Path, spoken: Collection[str]) -> None:
    """`written`: the same as the header has them."""
    for separator, name in SEPARATORS.items():
        if len(columns) == 1 and separator in columns[0]:
            wanted = {",": ".csv", "\t": ".tsv"}.get(separator)
            remedy = f"rename it to {path.stem}{wanted}" if wanted else "save it with commas"
            raise UserError(f"manifest {path} is separated by {name}; {remedy}")
    unknown = {column: as_is for column, as_is in zip(columns, written) if column not in COLUMNS}
    for column in ("id", *AUDIO):
        side = column.partition("_")[0]
        if column not in columns and not (side in spoken and f"{side}_text" in columns):
            near = get_close_matches(column, unknown, n=1, cutoff=0.5)
            hint = f"rename {unknown[near[0]]!r}" if near else f"it has {', '.join(written)}"
            if column in AUDIO and f"{side}_text" in columns:
                hint = f"add it, or let a voice speak {side}_text: corpus.{side}_voice=espeak:en-us, say"
            raise UserError(f"manifest {path} has no column {column!r}; {hint}")
    for column in COLUMNS:  # a misspelt optional column must not pass for one to ignore; `source_id` is no `source_end`
        near = get_close_matches(column, unknown, n=1, cutoff=0.9 if column in TIMES else 0.8)
        if near and column not in columns:
            raise UserError(
                f"manifest {path} has a column {unknown[near[0]]!r}, which is close to {column!r}; rename it"
            )
    for column, count in Counter(columns).items():
        if column and count > 1:
            raise UserError(f"manifest {path} has the column {column!r} twice; remove one")


def fault(row: dict[str, str], values: int, columns: list[str], spoken: Collection[str]) -> str | None:
    """Why a row is no pair, or None when it is one."""
    if values != len(columns):
        return f"{values} values where the header has {len(columns)} columns"
    for column in ("id", *AUDIO):
        side = column.partition("_")[0]
        if not row.get(column) and not (side in spoken and row.get(f"{side}_text")):
            return f"no value for {column}"
    for column, value in row.items():
        if column in NAMES and CONTROL.search(value):
            return f"{column} {value!r} holds a control character"
    if "split" in row and row["split"].lower() not in SPLITS:
        return f"split {row['split']!r} is unknown; use one of {', '.join(SPLITS)}"
    return _fault_of_times(row, "source") or _fault_of_times(row, "target")


def _fault_of_times(row: dict[str, str], side: str) -> str | None:
    given = {column: row[column] for column in (f"{side}_start", f"{side}_end") if row.get(column)}
    if given and not row.get(f"{side}_audio"):
        return f"{next(iter(given))} without {side}_audio"
    for column, value in given.items():
        if not 0 <= _seconds(value) < math.inf:
            return f"{column} {value!r} is no time; write seconds, such as 12.5"
    times = [_seconds(each) for each in (given.get(f"{side}_start", "0"), given.get(f"{side}_end", "inf"))]
    return None if times[0] < times[1] else f"{side}_start {times[0]:g} is not before {side}_end {times[1]:g}"


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _pair(row: dict[str, str], splits: dict[str, str], folder: Path) -> Pair:
    given: dict[str, Any] = {column: row[column] for column in COLUMNS if column != "split" and row.get(column)}
    given |= {column: folder / given[column] for column in AUDIO if column in given}
    given |= {column: float(given[column]) for column in TIMES if column in given}
    return Pair(split=splits[row["id"]] if splits else row["split"].lower(), **given)
