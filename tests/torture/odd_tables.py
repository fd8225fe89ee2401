"""A good manifest made odd: `ROWS` change its table in place, `FILES` its bytes and its name."""

import csv
import gzip
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ODD = [
    "a/b",
    "../../x",
    ".",
    "..",
    "/",
    "~",
    "-",
    "--help",
    "=1+1",
    "@a",
    "'",
    '"',
    "%",
    "%2F",
    "$HOME",
    "{}",
    "[1]",
    "*",
]
ODD += [
    "file",
    "allow_pickle",
    "id",
    "nan",
    "None",
    "1e3",
    "0",
    "007",
    "True",
    "COM1",
    "a b",
    "a\\b",
    "a,b",
    "a;b",
    "a\tb",
]
ODD += [
    "é",
    "e\u0301",
    "日本",
    "שלום",
    "😀",
    "\u200b",
    "\ufeff",
    "\u202ea",
    "\u2028",
    "\x85",
    "\xa0",
    "\x00",
    "\x1b[31m",
    "\ufffe",
]
ODD += ["x" * 251, "é" * 200, "x" * 5_000, "n1.wav", "N1", "n1 ", " n1", "n1\n", "train-000001", "a" + "\u0301" * 50]
FILES_THERE = [
    "none.wav",
    "",
    ".",
    "..",
    "/",
    "s1.wav/",
    "./s1.wav",
    "s1.wav\0",
    "~/s1.wav",
    "http://x/s1.wav",
    "C:\\s1.wav",
]
FILES_THERE += [
    "file:s1.wav",
    "S1.WAV",
    "s1",
    "s1.wav s2.wav",
    "*.wav",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/mem",
    "pairs.csv",
]
FILES_THERE += [
    "pipe",
    "folder",
    "link.wav",
    "dead.wav",
    "loop.wav",
    "empty.wav",
    "text.wav",
    "x" * 300,
    "é.wav",
    "s1.wav#t=1",
]


class Table(NamedTuple):
    header: list[str]
    rows: list[list[str]]

    def written(self, **dialect) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file, **({"lineterminator": "\n"} | dialect)).writerows([self.header, *self.rows])
        return file.getvalue().encode("utf-8", "surrogatepass")


def _set(column: str, values: list[str], share: float = 0.15) -> Callable[[Table, random.Random], None]:
    """Some cells of a column become one of `values`, in at least one row."""

    def change(table: Table, chance: random.Random) -> None:
        if column in table.header and table.rows:
            for row in chance.sample(table.rows, max(1, round(share * len(table.rows)))):
                if len(row) > table.header.index(column):
                    row[table.header.index(column)] = chance.choice(values)

    return change


def _header(change: Callable[[str], str], every: bool = True) -> Callable[[Table, random.Random], None]:
    def apply(table: Table, chance: random.Random) -> None:
        places = range(len(table.header)) if every else [chance.randrange(len(table.header))]
        for place in places:
            table.header[place] = change(table.header[place])

    return apply


def _without(column: str) -> Callable[[Table, random.Random], None]:
    def change(table: Table, _: random.Random) -> None:
        if column in table.header:
            place = table.header.index(column)
            table.header.pop(place)
            for row in table.rows:
                del row[place : place + 1]

    return change


def _another_order(table: Table, chance: random.Random) -> None:
    order = chance.sample(range(len(table.header)), len(table.header))
    table.header[:] = [table.header[each] for each in order]
    table.rows[:] = [[(row + [""] * 9)[each] for each in order] for row in table.rows]


def _with_column(name: str, value: str) -> Callable[[Table, random.Random], None]:
    def change(table: Table, _: random.Random) -> None:
        table.header.append(name)
        for row in table.rows:
            row.append(value)

    return change


def _things(table: Table, chance: random.Random) -> None:
    """Audio that is no file, or no recording, in the folder of the trial."""
    if not Path("pipe").exists():
        os.mkfifo("pipe")
        Path("folder").mkdir()
        for link, to in (("link.wav", "s1.wav"), ("dead.wav", "none"), ("loop.wav", "loop.wav")):
            Path(link).symlink_to(to)
        Path("empty.wav").touch()
        Path("text.wav").write_text("no sound\n" * 900)
    _set("source_audio", FILES_THERE, 0.5)(table, chance)
    _set("target_audio", FILES_THERE)(table, chance)


def _row(change: Callable[[list[str]], list[str]]) -> Callable[[Table, random.Random], None]:
    def apply(table: Table, chance: random.Random) -> None:
        if table.rows:
            place = chance.randrange(len(table.rows))
            table.rows.insert(place, change(list(table.rows[place])))

    return apply


def _all_rows(change: Callable[[list[list[str]]], list[list[str]]]) -> Callable[[Table, random.Random], None]:
    def apply(table: Table, _: random.Random) -> None:
        table.rows[:] = change(table.rows)

    return apply


ROWS: dict[str, Callable[[Table, random.Random], None]] = {
    **{f"odd ids {seed}": _set("id", ODD, 0.6) for seed in range(8)},
    **{f"things for audio {seed}": _things for seed in range(6)},
    "absolute paths": lambda table, _: [
        row.__setitem__(1, os.path.abspath(row[1])) for row in table.rows if len(row) > 1
    ],
    "paths through the folder above": _set("target_audio", ["../work/t2.wav"], 0.3),
    "one file for all": _set("source_audio", ["s1.wav"], 1),
    "odd splits": _set(
        "split", ["TRAIN", "Dev ", "valid", "validation", "0", "", "unseen", "train,dev", "\0", "test"], 0.4
    ),
    "no split": _without("split"),
    "all in train": _set("split", ["train"], 1),
    "no test": _all_rows(lambda rows: [row for row in rows if "test" not in row]),
    **{
        f"no column {name}": _without(name)
        for name in ("id", "source_audio", "target_audio", "target_text", "source_text")
    },
    "odd texts": _set("target_text", [*ODD, "x" * 10_000, "…", "12", "a\nb", "a\r\nb"], 0.6),
    "no target text": _set("target_text", [""], 1),
    "odd speakers": _set("target_speaker", [*ODD, ""], 0.6),
    "a cell of 2 MB": _set("source_text", ["x" * 2_000_000], 0.01),
    "cells of 200 kB": _set("source_text", ["x y" * 70_000], 0.3),
    "a header in capitals": _header(str.upper),
    "a header with blanks": _header(lambda name: f" {name} "),
    "a header with spaces for underscores": _header(lambda name: name.replace("_", " ")),
    "a header in quotes": _header(lambda name: f'"{name}"'),
    "an empty name in the header": _header(lambda name: "", every=False),
    "a misspelt name": _header(lambda name: name[:-1], every=False),
    "another order": _another_order,
    "a column more": _with_column("notes", 'é, "x"\nand more'),
    "a column without a name": _with_column("", ""),
    "a column twice": _with_column("split", "train"),
    "a hundred columns": lambda table, chance: (
        [_with_column(f"c{each}", "1")(table, chance) for each in range(100)] and None
    ),
    "100,000 columns": lambda table, _: table.header.extend(f"c{each}" for each in range(100_000)),
    "a row without an end": _row(lambda row: row[:3]),
    "a row too long": _row(lambda row: [*row, "x"]),
    "a row of one cell": _row(lambda row: ["x"]),
    "an empty row": _row(lambda row: []),
    "a row of empty cells": _row(lambda row: [""] * len(row)),
    "a row of blanks": _row(lambda row: [" ", "\t"]),
    "the same row twice": _row(lambda row: row),
    "the header again": lambda table, _: table.rows.insert(3, list(table.header)),
    "all ids alike": _set("id", ["n1"], 1),
    "no rows": _all_rows(lambda rows: []),
    "one row": _all_rows(lambda rows: rows[:1]),
    "200 times as long": _all_rows(
        lambda rows: [[f"{row[0]}-{each}", "none.wav", *row[2:]] for each in range(200) for row in rows] + rows
    ),
}
Change = Callable[[bytes, Path, random.Random], tuple[bytes, Path]]


def _text(change: Callable[[str], str], encoding: str = "utf-8", name: str | None = None) -> Change:
    def apply(content: bytes, path: Path, _: random.Random) -> tuple[bytes, Path]:
        text = change(content.decode("utf-8", "replace"))
        return text.encode(encoding, "replace"), path.with_name(name) if name else path

    return apply


def _flipped(content: bytes, path: Path, chance: random.Random) -> tuple[bytes, Path]:
    spoilt = bytearray(content)
    for _ in range(5):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt), path


FILES: dict[str, Change] = {
    **{
        f"in {code}": _text(str, code)
        for code in ("utf-16", "utf-16-le", "utf-32", "cp1252", "utf-7", "utf-8-sig", "cp500")
    },
    **{
        f"named {name!r}": _text(str, name=name)
        for name in ("a.CSV", "a.tsv", "a.txt", "a", "a.csv.gz", "é =.csv", "a.xlsx")
    },
    **{
        f"with {name!r} for commas": _text(lambda text, name=name: text.replace(",", name))
        for name in (";", "\t", "|", ", ", "，", " ")
    },
    "tabs in a TSV": _text(lambda text: text.replace(",", "\t"), name="a.tsv"),
    "DOS ends": _text(lambda text: text.replace("\n", "\r\n")),
    "old Mac ends": _text(lambda text: text.replace("\n", "\r")),
    "mixed ends": _text(lambda text: text.replace("\n", "\r\n", 4)),
    "other ends": _text(lambda text: text.replace("\n", "\u2028")),
    "blank lines between": _text(lambda text: text.replace("\n", "\n\n")),
    "blank lines before": _text(lambda text: "\n\n" + text),
    "a million blank lines": _text(lambda text: text + "\n" * 1_000_000),
    "300,000 rows of one cell": _text(lambda text: text + "a\n" * 300_000),
    "another header of 700 kB": _text(lambda text: ",".join(f"c{each}" for each in range(100_000)) + "\n" + text),
    "a comment before": _text(lambda text: "# pairs\n" + text),
    "sep= before": _text(lambda text: "sep=,\n" + text),
    "all in quotes": _text(
        lambda text: '"' + text.strip().replace('"', '""').replace(",", '","').replace("\n", '"\n"') + '"\n'
    ),
    "single quotes": _text(lambda text: "'" + text.strip().replace(",", "','").replace("\n", "'\n'") + "'\n"),
    "a quote that never ends": _text(lambda text: text.replace("n4,", 'n4,"', 1)),
    "a quote within a cell": _text(lambda text: text.replace("ann", 'a"n"n')),
    "a quote before a cell": _text(lambda text: text.replace("ann", '"a" nn')),
    "no last end": _text(str.rstrip),
    "the end missing": lambda content, path, _: (content[: len(content) * 2 // 3], path),
    "five bytes flipped": _flipped,
    "NULs behind": lambda content, path, _: (content + bytes(500), path),
    "zeros": lambda content, path, _: (bytes(len(content)), path),
    "empty": lambda content, path, _: (b"", path),
    "a mark alone": lambda content, path, _: (b"\xef\xbb\xbf", path),
    "the mark twice": lambda content, path, _: (b"\xef\xbb\xbf\xef\xbb\xbf" + content, path),
    "packed": lambda content, path, _: (gzip.compress(content), path),
    "a spreadsheet": lambda content, path, chance: (b"PK\x03\x04\x14\0\x06\0" + chance.randbytes(5_000), path),
    "JSON": lambda content, path, _: (b'[{"id": "a", "source_audio": "s1.wav"}]', path),
    "noise": lambda content, path, chance: (chance.randbytes(9_000), path),
}
