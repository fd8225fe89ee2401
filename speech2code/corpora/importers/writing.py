"""Imported pairs → a manifest, and a word about it."""

import csv
import io
import os
import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection, write_rejections
from speech2code.corpora.importers.request import Imported, Request
from speech2code.corpora.importers.splitting import share_out
from speech2code.corpora.manifest import AUDIO, BLANKS, COLUMNS, DIALECTS, NAMES, TIMES, fault, reject_duplicates
from speech2code.corpora.pairs import SPLITS, Pair
from speech2code.corpora.sources import reject_missing
from speech2code.corpora.store import SIDES
from speech2code.errors import UserError
from speech2code.files import write_atomically

DEFAULTS = {f"{side}_speaker": side for side in SIDES}


def write(request: Request, found: Imported, dev: float, test: float) -> str:
    """Writes the manifest and the list of what was left out; returns what to say of it.

    Raises UserError when nothing is left, or another file is in the place of one of both.
    """
    pairs, duplicates = reject_duplicates(found.pairs)
    pairs, missing = reject_missing(pairs)
    missing = [replace(each, reason=f"no recording: {each.reason}") for each in missing]
    folder = Path(os.path.abspath(request.out)).parent
    rows = {pair.id: _row(pair, folder) for pair in pairs}
    reasons = {id: _fault(row) for id, row in rows.items()}
    faults = [Rejection(id, "both", f"no row of a manifest: {reason}") for id, reason in reasons.items() if reason]
    bad = {each.id for each in faults}
    pairs, shared = share_out([pair for pair in pairs if pair.id not in bad], found.sentences, dev, test)
    left_out = [*found.left_out, *duplicates, *missing, *faults, *shared]
    _check_ours(request.left_out)
    write_rejections(request.left_out, [_printable(each) for each in left_out])
    if not pairs:
        raise UserError(
            f"no pair of {len(left_out)} can be used, so there is no {request.out}: see {request.left_out}; the first "
            f"is {left_out[0].id}: {left_out[0].reason}"
            if left_out
            else f"{', '.join(request.inputs)} holds no pair; give another input"
        )
    written = _table(request.out, [rows[pair.id] | {"split": pair.split} for pair in pairs])
    _write(request.out, written)
    if found.phones:
        request.phones.parent.mkdir(exist_ok=True)
        _write(request.phones, "\n".join([*found.phones, ""]).encode())
    return _report(request, pairs, left_out, found.phones)


def _row(pair: Pair, folder: Path) -> dict[str, str]:
    """A pair as the manifest has it, "" where it has nothing to say; paths are relative where they lie below it."""
    row: dict[str, Any] = {column: getattr(pair, column) or "" for column in COLUMNS}
    row |= {column: _relative(row[column], folder) for column in AUDIO if row[column]}
    row |= {column: repr(round(row[column], 6)) for column in TIMES if row[column]}
    return row | {column: "" for column, usual in DEFAULTS.items() if row[column] == usual}


def _relative(path: Path, folder: Path) -> str:
    path = Path(os.path.abspath(path))
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _fault(row: dict[str, str]) -> str | None:
    """Why a manifest cannot hold this row, or None."""
    for column, value in row.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{column} is no UTF-8: {value!r}"
        if column in NAMES and value != value.strip(BLANKS):
            return f"{column} begins or ends with a blank: {value!r}"
    decided = {column: value for column, value in row.items() if column != "split"}
    return fault(decided, len(decided), list(decided), SIDES)


def _printable(each: Rejection) -> Rejection:
    id, reason = (text.encode("utf-8", "backslashreplace").decode() for text in (each.id, each.reason))
    return Rejection(id if id.isprintable() else repr(id)[1:-1], each.side, reason)


def _check_ours(path: Path) -> None:
    if path.is_file() and not path.read_bytes().startswith(b"id,side,reason\n"):
        raise UserError(f"{path} is there, and no import wrote it; move it away or give the manifest another name")


def _table(path: Path, rows: list[dict[str, str]]) -> bytes:
    """As the manifest's reader wants it."""
    columns = [column for column in COLUMNS if any(row[column] for row in rows)]
    text = io.StringIO()
    dialect = DIALECTS[path.suffix.lower()]
    quotes = None if dialect.get("quoting") == csv.QUOTE_NONE else '"'
    table = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n", quotechar=quotes, **dialect)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def _write(path: Path, written: bytes) -> None:
    """A file that says the same already is left as it is."""
    if path.is_file():
        if path.read_bytes() != written:
            raise UserError(f"{path} is there and says something else; move it away or choose another name")
        return
    with write_atomically(path) as temporary:
        temporary.write_bytes(written)


def _report(request: Request, pairs: list[Pair], left_out: list[Rejection], phones: list[str]) -> str:
    splits = Counter(pair.split for pair in pairs)
    lines = [f"{request.out}: {len(pairs):,} pairs ({_counted((split, splits[split]) for split in SPLITS)})"]
    lines += [_report_of_side(side, pairs) for side in SIDES]
    lines += [f"  no {split}: give more pairs, or a larger {split}=…" for split in ("dev", "test") if not splits[split]]
    if left_out:
        reasons = Counter(each.reason.partition(":")[0] + _blamed(each) for each in left_out)
        lines.append(f"left out: {len(left_out):,}, listed in {request.left_out}")
        lines += [f"  {count:,}: {reason}" for reason, count in reasons.most_common()]
    name, texts = shlex.quote(request.out.stem), any(pair.target_text for pair in pairs)
    path = shlex.quote(str(request.out))
    command = f"speech2code run experiment=recordings corpus.path={path} corpus.name={name}"
    voices = [f"corpus.{side}_voice=…" for side in SIDES if any(not getattr(pair, f"{side}_audio") for pair in pairs)]
    language = ["corpus.target=…"] if texts else []
    times = [f"corpus.phones={shlex.quote(str(request.phones.parent))}"] if phones else []
    return "\n".join([*lines, "next: " + " ".join([command, *language, *voices, *times])])


def _blamed(each: Rejection) -> str:
    return "" if each.side == "both" else f" ({each.side})"


def _report_of_side(side: str, pairs: list[Pair]) -> str:
    recorded = [pair for pair in pairs if getattr(pair, f"{side}_audio")]
    texts = sum(getattr(pair, f"{side}_text") is not None for pair in pairs)
    speakers = {getattr(pair, f"{side}_speaker") for pair in recorded} - {side}
    spoken = len(pairs) - len(recorded)
    said = f"  {side}: {len(recorded):,} recorded, {texts:,} with text; "
    said += f"{len(speakers):,} speaker{'s' * (len(speakers) > 1)}" if speakers else "no speaker named"
    return said + (f"; a voice must speak {spoken:,} (corpus.{side}_voice=…)" if spoken else "")


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts if count)
