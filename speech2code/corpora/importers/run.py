"""`speech2code import FORMAT INPUT… pairs.csv [option=value…]`."""

import re
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from speech2code.corpora.importers.formats import COMMON, FORMATS, Format
from speech2code.corpora.importers.request import Request
from speech2code.corpora.importers.writing import write
from speech2code.corpora.manifest import DIALECTS
from speech2code.errors import UserError

SHARE = 0.05


def import_corpus(arguments: list[str]) -> None:
    """Reads a corpus and writes its manifest; says what is in it. UserError for whatever cannot be read."""
    name, request = parse(arguments)
    shares = [_share(request, option) for option in ("dev", "test")]  # a slip shows before any work
    found = import_module(f"speech2code.corpora.importers.{name}").read(request)
    print(write(request, found, *shares))


def parse(arguments: list[str]) -> tuple[str, Request]:
    """The name of the format, and what is asked of it."""
    if not arguments or arguments[0] not in FORMATS:
        near = get_close_matches(arguments[0], FORMATS, 1) if arguments else []
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(FORMATS)}"
        raise UserError(f"import knows no format {arguments[0]}; {hint}" if arguments else f"import what? {hint}")
    name, format = arguments[0], FORMATS[arguments[0]]
    known = {*format.options, *COMMON}
    options = [each for each in arguments[1:] if _is_option(each, known)]
    files = [each for each in arguments[1:] if each not in options]
    given = dict(each.split("=", 1) for each in options)
    for option in given:
        if option not in known:
            near = get_close_matches(option, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"it knows {', '.join(sorted(known))}"
            raise UserError(f"import {name} knows no option {option}; {hint}")
    return name, Request(files[:-1], given, _checked(name, format, files))


def _is_option(argument: str, known: set[str]) -> bool:
    name, equals, _ = argument.partition("=")
    return bool(equals) and (name in known or bool(re.fullmatch(r"\w+", name) and not Path(argument).exists()))


def _checked(name: str, format: Format, files: list[str]) -> Path:
    """The manifest, which is the last of the files."""
    if len(files) - 1 not in format.inputs:
        wanted = " or ".join(str(count) for count in format.inputs)
        raise UserError(
            f"import {name} takes {wanted} input{'s' if wanted != '1' else ''} and the manifest to write, and got "
            f"{len(files)} names in all; for example speech2code import {format.example}"
        )
    if Path(files[-1]).suffix.lower() not in DIALECTS:
        raise UserError(f"the manifest to write comes last and ends in .csv or .tsv, and {files[-1]} does not")
    return Path(files[-1])


def _share(request: Request, option: str) -> float:
    value = request.options.get(option, str(SHARE))
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 < share < 0.5:
        raise UserError(f"{option}={value} is no share; give a number between 0 and 0.5, such as {option}={SHARE}")
    return share
