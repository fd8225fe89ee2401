"""When each phone of a recording sounds, from files that are named by it."""

from pathlib import Path

from speech2code.corpora.voices import PAUSE, Phone
from speech2code.errors import UserError
from speech2code.files import safe_name
from speech2code.unit_quality.phone_files import Line, is_pause, read_ctm, read_phn, read_text_grid

ROUNDED = 0.015  # seconds: a gap or an overlap as short as this comes of rounding


def read_phone_times(folder: Path, recordings: dict[str, Path]) -> dict[str, list[Phone]]:
    """Phones of those of the `recordings` (id → file) that have any, in order, pauses between them; seconds from where
    the recording begins, in its file or as a part of it.

    A file is named by the id it speaks of (`safe_name`); a CTM of any other name says it in its first column. `folder`,
    with those below it, or one file. Who has pauses only counts as not there. UserError where the folder does not exist
    or a file is broken.
    """
    if not folder.exists():
        raise UserError(f"corpus.phones={folder} does not exist; give a folder of .TextGrid, .ctm or .phn files")
    paths = [folder] if folder.is_file() else sorted(each for each in folder.rglob("*") if each.is_file())
    named = {safe_name(each): each for each in recordings}
    found: dict[str, list[Phone]] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for name, lines in _read(path, named.get(path.stem), recordings).items():
            if name in origin:
                raise UserError(f"{path} and {origin[name]} both have phones of {name}; keep one of them")
            found[name], origin[name] = _phones(path, lines), path
    return {name: phones for name, phones in found.items() if any(each.symbol != PAUSE for each in phones)}


def _read(path: Path, mine: str | None, recordings: dict[str, Path]) -> dict[str, list[Line]]:
    """`mine`: the recording that the file is named by."""
    kind = path.suffix.lower()
    if kind == ".ctm":
        by_name = read_ctm(path)
        if mine:
            if len(by_name) > 1:
                raise UserError(
                    f"{path} has the name of one recording and speaks of {len(by_name)}; give it another name"
                )
            return {mine: next(iter(by_name.values()), [])}
        return {name: lines for name, lines in by_name.items() if name in recordings}
    if kind == ".textgrid" and mine:
        return {mine: read_text_grid(path)}
    if kind == ".phn" and mine:
        return {mine: read_phn(path, recordings[mine])}
    return {}


def _phones(path: Path, lines: list[Line]) -> list[Phone]:
    """In order, pauses under one name and in every gap; UserError where there is nothing, or two phones at a time."""
    if not lines:
        raise UserError(f"{path} holds no phone; write the phones into it, or remove it")
    phones: list[Phone] = []
    for line in lines:
        last = phones[-1].end if phones else 0.0
        if line.end < line.start:
            raise UserError(f"{path}, {line.place}: {line.symbol!r} ends before it begins; correct its times")
        if line.start < last - ROUNDED:
            raise UserError(
                f"{path}, {line.place}: {line.symbol!r} begins at {line.start:.3f} s, before the phone above it ends; "
                "correct its times, or the order of the lines"
            )
        if line.start > last + ROUNDED:
            phones.append(Phone(PAUSE, last, line.start))
        phones.append(Phone(PAUSE if is_pause(line.symbol) else line.symbol.strip(), line.start, line.end))
    return phones
