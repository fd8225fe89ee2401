"""The lines of a text that somebody else has written: UTF-8, or one sentence about what it is instead."""

import gzip
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from speech2code.errors import UserError

LONGEST = 2**20  # characters of a line: a file of zeros, or no text at all, is noticed before it fills the memory

EXPANDS = 100  # times that a packed text grows, at most: language grows five times, a bomb a thousand


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1 on, line with its end) of a file, unpacked where it is named .gz; a byte order mark is left out.

    UserError where it is missing, no regular file, broken, not UTF-8, or has a line of more than 2²⁰ characters.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise UserError(f"{path} {'is no file' if path.exists() else 'does not exist'}; correct corpus.path")
        # bytes that are no UTF-8 become surrogates: so their line is known
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rb") as binary:
            file = TextIOWrapper(binary, "utf-8-sig", "surrogateescape", newline="")
            left = EXPANDS * path.stat().st_size + LONGEST
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), ""), start=1):
                _check(line, number, path)
                left -= len(line)
                if left < 0:
                    raise UserError(
                        f"{path} unpacks to over {EXPANDS} times its size, which no text does; fetch it again"
                    )
                yield number, line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path}: {reason}; fetch the file again, or correct corpus.path") from error


def _check(line: str, number: int, path: Path) -> None:
    if number == 1 and line.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        raise UserError(f"{path}, line 1: not UTF-8 but UTF-16; save it as UTF-8 (spreadsheets: “CSV UTF-8”)")
    if len(line) >= LONGEST:
        raise UserError(f"{path}, line {number} is longer than {LONGEST:,} characters; give a text file")
    if number == 1 and "\0" in line:
        raise UserError(f"{path}, line 1 holds zero bytes: it is no text, or UTF-16; save it as UTF-8")
    try:
        line.encode()
    except UnicodeEncodeError as error:
        byte = ord(line[error.start]) - 0xDC00
        raise UserError(
            f"{path}, line {number}: not UTF-8 (byte 0x{byte:02x}), perhaps Windows-1252; save it as UTF-8 "
            "(spreadsheets: “CSV UTF-8”)"
        ) from error
