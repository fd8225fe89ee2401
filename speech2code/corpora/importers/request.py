"""What was asked for on the command line, and what an importer gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.formats import FIELDS
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import MARK, mark
from speech2code.errors import UserError


@dataclass(frozen=True)
class Request:
    """The inputs as typed, the options, and the manifest to write."""

    inputs: list[str]
    options: Mapping[str, str]
    out: Path

    @property
    def sound(self) -> Path:
        """The folder beside the manifest for sound that has to be written."""
        return self.out.with_name(f"{self.out.stem}.audio")

    @property
    def left_out(self) -> Path:
        """The list of what cannot be used."""
        return self.out.with_name(f"{self.out.stem}.left_out.csv")

    @property
    def phones(self) -> Path:
        """The file for the times of phones, in a folder of its own as `corpus.phones` wants it."""
        return self.out.with_name(f"{self.out.stem}.phones") / "phones.ctm"


@dataclass
class Imported:
    """Pairs, the split "" where the corpus has none; what was left out; and which pairs say the same sentence, where
    neither texts nor recordings tell: id of the pair → any name of the sentence. `phones`: lines of a CTM file."""

    pairs: list[Pair] = field(default_factory=list)
    left_out: list[Rejection] = field(default_factory=list)
    sentences: dict[str, str] = field(default_factory=dict)
    phones: list[str] = field(default_factory=list)


def claim_sound(folder: Path) -> None:
    """Makes the folder for sound, or takes it up where this program made it. UserError where somebody else did."""
    if folder.is_symlink() or (folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir())):
        raise UserError(
            f"{folder} is there, Speech2Code did not make it, and the sound of the import belongs into that folder; "
            "move it away, or choose another name for the manifest"
        )
    mark(folder)


def check_sided(request: Request) -> None:
    """UserError where both sides are in one row, and an option does not say which of them it means."""
    for option in request.options:
        if option in FIELDS:
            raise UserError(
                f"{request.inputs[0]} has both sides in a row: say source_{option}=… or target_{option}=… instead of "
                f"{option}=…"
            )


def library(name: str) -> Any:
    """A library of the extra `import`; UserError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f"this format is read by the library {name}, which cannot be loaded ({error}); "
            "pip install 'speech2code[import]'"
        ) from error


def folder_of(path: str) -> Path:
    """UserError where there is no such folder."""
    if not Path(path).is_dir():
        what = "is a file, and a folder is wanted" if Path(path).exists() else "does not exist"
        raise UserError(f"{path} {what}; check how the path is spelt")
    return Path(path)


def first_line(error: Exception) -> str:
    """What a library says, in short."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
