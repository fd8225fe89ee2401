"""Tables of any columns: two joined by an id, or one with both sides in a row.

`.csv` has commas and quotes, everything else tabs and no quotes, as FLEURS, CVSS, Common Voice and VoxPopuli have it;
`separator=` names another sign. An option is the name of a column (its number with `header=no`), or a pattern with
names in braces: `audio=clips/{path}.wav`. A folder stands for the tables train, dev and test in it, and `{split}` for
which of them it is.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.formats import FIELDS, SIDED
from speech2code.corpora.importers.joining import Utterance, add_pair, join
from speech2code.corpora.importers.request import Imported, Request, check_sided
from speech2code.corpora.lines import read_lines
from speech2code.errors import UserError
from speech2code.files import check_regular

Row = Mapping[str, str]
SUFFIXES = (".tsv", ".csv", ".tsv.gz", ".csv.gz")
SIDES = ("source", "target")
USUAL = {"split", *FIELDS, *SIDED}  # names of columns that need no option


def read(request: Request) -> Imported:
    header = request.options.get("header", "yes") != "no"
    separator = request.options.get("separator")
    if separator is not None and len(separator) != 1:
        raise UserError(f"separator={separator} is not one sign; say separator='|', say")
    if len(request.inputs) == 1:
        check_sided(request)
        return _both_sides(Path(request.inputs[0]), request.options, header, separator)
    sides = []
    for side, path in zip(SIDES, map(Path, request.inputs)):
        columns = {
            field: request.options.get(f"{side}_{field}", request.options.get(field, field))
            for field in ("id", "split", *FIELDS)
        }
        sides.append(utterances(path, columns, header, separator))
    return join(sides[0], sides[1])


def _both_sides(path: Path, options: Mapping[str, str], header: bool, separator: str | None) -> Imported:
    found, places = Imported(), folder_and_tables(path)
    for number, (split, row) in enumerate(rows(path, header, separator), start=1):
        get = Getter(row, path)
        id = get(options.get("id", "id"), optional="id" not in options) or f"row-{number}"
        sides = []
        for side in SIDES:
            columns = {field: options.get(f"{side}_{field}", f"{side}_{field}") for field in FIELDS}
            columns["split"] = options.get("split", "split")
            sides.append(utterance(get, columns, split, places[0]))
        if any(each.audio is None and not each.text for each in sides):
            found.left_out.append(Rejection(id, "both", "a side has neither audio nor text"))
        else:
            add_pair(found, id, *sides)
    if not found.pairs and found.left_out:
        raise UserError(
            f"no row of {path} has both sides; name their columns, such as source_audio=… target_text=…; it has "
            f"{', '.join(row)}"
        )
    return found


def utterances(
    path: Path, columns: Mapping[str, str], header: bool = True, separator: str | None = None
) -> dict[str, list[Utterance]]:
    """One side: id → utterances. `columns`: field → column or pattern."""
    found: dict[str, list[Utterance]] = {}
    folder = folder_and_tables(path)[0]
    for number, (split, row) in enumerate(rows(path, header, separator), start=1):
        get = Getter(row, path)
        id, each = get(columns["id"]), utterance(get, columns, split, folder)
        if each.audio is None and not each.text:
            raise UserError(
                f"{path} has neither audio nor text by the columns {columns['audio']!r} and {columns['text']!r}; name "
                f"them, such as audio={next(iter(row))}; it has {', '.join(row)}"
            )
        found.setdefault(id or f"row {number} of {path}", []).append(each)  # without an id it finds no partner
    return found


class Getter:
    """Values of a row by column or pattern."""

    def __init__(self, row: Row, path: Path):
        self.row, self.path = row, path

    def __call__(self, wanted: str, optional: bool = False) -> str | None:
        """The value, None where it is empty. UserError where there is no such column, unless it is `optional`."""
        names = re.findall(r"{([^{}]*)}", wanted) or [wanted]
        missing = [name for name in names if name not in self.row]
        if missing and optional and "{" not in wanted:
            return None
        if missing:
            raise UserError(f"{self.path} has no column {missing[0]!r}; it has {', '.join(self.row)}")
        if not all(self.row[name] for name in names):
            return None
        return re.sub(r"{([^{}]*)}", lambda each: self.row[each[1]], wanted) if "{" in wanted else self.row[wanted]


def utterance(get: Getter, columns: Mapping[str, str], split: str | None, folder: Path) -> Utterance:
    """One side of a row. A field whose option was not given may be missing."""
    given = {field: get(columns[field], columns[field] in USUAL) for field in ("split", *FIELDS) if field in columns}
    times: dict[str, Any] = {}
    for field in ("start", "end"):
        if value := given.get(field):
            try:
                times[field] = float(value)
            except ValueError as error:
                raise UserError(f"{get.path}: {field} {value!r} is no time; it must be in seconds") from error
    audio = folder / given["audio"] if given["audio"] else None
    return Utterance(audio, given["text"], given.get("speaker"), given.get("split") or split, **times)


def folder_and_tables(path: Path) -> tuple[Path, dict[str | None, Path]]:
    """Where paths begin, and split → table; the split is None for a file."""
    if not path.is_dir():
        check_regular(path)
        return path.parent, {None: path}
    tables: dict[str | None, Path] = {}
    for split in ("train", "dev", "test"):
        there = [path / f"{split}{suffix}" for suffix in SUFFIXES if (path / f"{split}{suffix}").is_file()]
        if there:
            tables[split] = there[0]
    if not tables:
        raise UserError(f"{path} holds no train.tsv, dev.tsv or test.tsv (or .csv); name the table itself")
    return path, tables


def rows(path: Path, header: bool, separator: str | None = None) -> Iterator[tuple[str | None, Row]]:
    """(split, column → value) of every row of a table, or of those of a folder."""
    for split, table in folder_and_tables(path)[1].items():
        names: list[str] = []
        for line, values in _values(table, separator):
            if header and not names:
                names = values
                continue
            names = names or [str(number) for number in range(1, len(values) + 1)]
            if len(values) != len(names):
                raise UserError(f"{table}, line {line}: {len(values)} values where {len(names)} belong; correct it")
            yield split, {**dict(zip(names, values)), **({"split": split} if split and "split" not in names else {})}


def _values(path: Path, separator: str | None) -> Iterator[tuple[int, list[str]]]:
    commas = path.name.removesuffix(".gz").lower().endswith(".csv")
    dialect: dict[str, Any] = {} if commas else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(
        (line for _, line in read_lines(path)), delimiter=separator or ("," if commas else "\t"), strict=True, **dialect
    )
    try:
        for values in reader:
            if any(values):
                yield reader.line_num, [value.strip() for value in values]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}; correct the quotes of that row") from error
