"""Manifest: a table of recordings, one pair a row.

CSV or TSV (by extension), UTF-8, with a header: `id, source_audio, target_audio` and, if wished, `source_text,
target_text, source_speaker, target_speaker, split`, in upper or lower case; other columns are ignored. Audio paths are
relative to its folder.
"""

import csv
import hashlib
import re
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.lines import read_lines
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.errors import UserError

REQUIRED = ("id", "source_audio", "target_audio")
OPTIONAL = ("source_text", "target_text", "source_speaker", "target_speaker", "split")
# TSV knows no quotes: a sentence that begins with one keeps it
DIALECTS: dict[str, dict[str, Any]] = {
    ".csv": {"delimiter": ","},
    ".tsv": {"delimiter": "\t", "quoting": csv.QUOTE_NONE},
}
SEPARATORS = {";": ";", "\t": "tabs", ",": "commas", "|": "|"}  # that a header of one column may be full of
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
BLANKS = " \t\r\n\u00a0"  # not str.strip(): control characters are no blanks
ENOUGH = 20  # rows: from here on dev and test get at least one each


def read_manifest(path: Path | str) -> tuple[list[Pair], list[Rejection]]:
    """The pairs of all rows, duplicate ids included (see `reject_duplicates`), and the rows that are none, each with
    its line and why; audio files are not opened.

    Without a `split` column the ids decide (`assign_splits`). Raises UserError for a missing, empty or malformed file.
    """
    path, good, rejected = Path(path), [], []
    columns, rows = _table(path)
    for line, values in rows:
        row = dict(zip(columns, values))
        if reason := _fault(row, len(values), columns):
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


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
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
        raise UserError(f"manifest {path} has no rows; it needs a header {','.join(REQUIRED)} and one row a pair")
    columns = [column.strip().lower() for column in table[0][1]]
    _check_columns(columns, table[0][1], path)
    return columns, table[1:]


def _check_columns(columns: list[str], written: list[str], path: Path) -> None:
    """`written`: the same as the header has them."""
    for separator, name in SEPARATORS.items():
        if len(columns) == 1 and separator in columns[0]:
            wanted = {",": ".csv", "\t": ".tsv"}.get(separator)
            remedy = f"rename it to {path.stem}{wanted}" if wanted else "save it with commas"
            raise UserError(f"manifest {path} is separated by {name}; {remedy}")
    unknown = {column: as_is for column, as_is in zip(columns, written) if column not in REQUIRED + OPTIONAL}
    for column in REQUIRED:
        if column not in columns:
            near = get_close_matches(column, unknown, n=1, cutoff=0.5)
            hint = f"rename {unknown[near[0]]!r}" if near else f"it has {', '.join(written)}"
            raise UserError(f"manifest {path} has no column {column!r}; {hint}")
    for column in OPTIONAL:  # a misspelt optional column must not pass for one to ignore
        near = get_close_matches(column, unknown, n=1, cutoff=0.8)
        if near and column not in columns:
            raise UserError(
                f"manifest {path} has a column {unknown[near[0]]!r}, which is close to {column!r}; rename it"
            )
    for column, count in Counter(columns).items():
        if column and count > 1:
            raise UserError(f"manifest {path} has the column {column!r} twice; remove one")


def _fault(row: dict[str, str], values: int, columns: list[str]) -> str | None:
    """Why a row is no pair, or None when it is one."""
    if values != len(columns):
        return f"{values} values where the header has {len(columns)} columns"
    for column in REQUIRED:
        if not row[column]:
            return f"no value for {column}"
    for column, value in row.items():
        if column in REQUIRED + OPTIONAL and not column.endswith("_text") and CONTROL.search(value):
            return f"{column} {value!r} holds a control character"
    if "split" in row and row["split"].lower() not in SPLITS:
        return f"split {row['split']!r} is unknown; use one of {', '.join(SPLITS)}"
    return None


def _pair(row: dict[str, str], splits: dict[str, str], folder: Path) -> Pair:
    audio: dict[str, Any] = {column: folder / row[column] for column in ("source_audio", "target_audio")}
    given: dict[str, Any] = {column: row[column] for column in OPTIONAL if column != "split" and row.get(column)}
    return Pair(id=row["id"], split=splits[row["id"]] if splits else row["split"].lower(), **audio, **given)
