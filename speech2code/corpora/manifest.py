"""Manifest: a table of recordings, one pair a row.

CSV or TSV (by extension), UTF-8, with a header: `id, source_audio, target_audio` and, if wished, `source_text,
target_text, source_speaker, target_speaker, split`; other columns are ignored. Audio paths are relative to its folder.
"""

import csv
import hashlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.errors import UserError

REQUIRED = ("id", "source_audio", "target_audio")
OPTIONAL = ("source_text", "target_text", "source_speaker", "target_speaker", "split")
# TSV knows no quotes: a sentence that begins with one keeps it
DIALECTS: dict[str, dict[str, Any]] = {
    ".csv": {"delimiter": ","},
    ".tsv": {"delimiter": "\t", "quoting": csv.QUOTE_NONE},
}
ENOUGH = 20  # rows: from here on dev and test get at least one each


def read_manifest(path: Path | str) -> list[Pair]:
    """Reads every row, duplicate ids included (see `reject_duplicates`); audio files are not opened.

    Without a `split` column the ids decide (`assign_splits`). Raises UserError for a missing, empty or malformed file.
    """
    path = Path(path)
    rows = _rows(path)
    splits = {} if "split" in rows[0][1] else assign_splits([row["id"] for _, row in rows])
    return [_pair(row, splits, path, line) for line, row in rows]


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


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """(line number, column → value) of every row that is not blank."""
    if path.suffix.lower() not in DIALECTS:
        raise UserError(f"manifest {path} must be named .csv (commas) or .tsv (tabs)")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, **DIALECTS[path.suffix.lower()])
            table = [(reader.line_num, [value.strip() for value in row]) for row in reader]
    except FileNotFoundError as error:
        raise UserError(f"manifest {path} does not exist; correct corpus.path") from error
    except UnicodeDecodeError as error:
        raise UserError(f"manifest {path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise UserError(f"cannot read manifest {path}: {error}") from error
    table = [(line, row) for line, row in table if any(row)]
    if len(table) < 2:
        raise UserError(f"manifest {path} has no rows; it needs a header {','.join(REQUIRED)} and one row a pair")
    columns = table[0][1]
    _check_columns(columns, path)
    for line, row in table[1:]:
        if len(row) != len(columns):
            raise UserError(
                f"manifest {path}, line {line}: {len(row)} values where the header has {len(columns)} columns"
            )
    return [(line, dict(zip(columns, row))) for line, row in table[1:]]


def _check_columns(columns: list[str], path: Path) -> None:
    unknown = [column for column in columns if column not in REQUIRED + OPTIONAL]
    for column in REQUIRED:
        if column not in columns:
            near = get_close_matches(column, unknown, n=1, cutoff=0.5)
            hint = f"rename {near[0]!r}" if near else f"it has {', '.join(columns)}"
            raise UserError(f"manifest {path} has no column {column!r}; {hint}")
    for column in set(OPTIONAL) - set(columns):  # a misspelt optional column must not pass for one to ignore
        if near := get_close_matches(column, unknown, n=1, cutoff=0.8):
            raise UserError(f"manifest {path} has a column {near[0]!r}, which is close to {column!r}; rename it")
    for column in columns:
        if columns.count(column) > 1:
            raise UserError(f"manifest {path} has the column {column!r} twice; remove one")


def _pair(row: dict[str, str], splits: dict[str, str], path: Path, line: int) -> Pair:
    for column in REQUIRED:
        if not row[column]:
            raise UserError(f"manifest {path}, line {line}: no value for {column}")
    if "/" in row["id"] or row["id"].startswith("."):
        raise UserError(
            f"manifest {path}, line {line}: id {row['id']!r} cannot name a file; leave out / and a leading dot"
        )
    split = splits[row["id"]] if splits else row["split"]
    if split not in SPLITS:
        raise UserError(f"manifest {path}, line {line}: split {split!r} is unknown; use one of {', '.join(SPLITS)}")
    audio: dict[str, Any] = {column: path.parent / row[column] for column in ("source_audio", "target_audio")}
    given: dict[str, Any] = {column: row[column] for column in OPTIONAL if column != "split" and row.get(column)}
    return Pair(id=row["id"], split=split, **audio, **given)
