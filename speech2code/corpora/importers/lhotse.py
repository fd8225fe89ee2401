"""Lhotse's manifests: cuts, recordings, or recordings and supervisions (https://lhotse.readthedocs.io), by its library.

A cut becomes a part of its recording. What is computed when it is read (mixing, speed, noise), loaded from an address
or made by a command is left out: `lhotse` can save such cuts as files of their own (`CutSet.save_audios`).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.joining import Utterance, join
from speech2code.corpora.importers.request import Imported, Request, first_line, library
from speech2code.errors import UserError
from speech2code.files import check_regular

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz")
NO_FILE = {"command": "a command, and commands found in data are not run", "url": "at an address", "memory": "no file"}


def read(request: Request) -> Imported:
    by = request.options.get("id", "cut")
    if by not in ("cut", "supervision"):
        raise UserError(f"id={by} names no cut; say id=cut or id=supervision")
    half = len(request.inputs) // 2
    left_out: list[Rejection] = []
    sides = []
    for side, paths in (("source", request.inputs[:half]), ("target", request.inputs[half:])):
        found: dict[str, list[Utterance]] = {}
        for part in _parts([Path(path) for path in paths], by):
            if reason := _fault(part):
                left_out.append(Rejection(part.id, side, reason))
            else:
                found.setdefault(part.id, []).append(_utterance(part, Path(paths[0]).parent))
        sides.append(found)
    return join(sides[0], sides[1], left_out)


class _Part(NamedTuple):
    """What is said from `start` to `end` of a recording, in seconds."""

    id: str
    cut: Any
    start: float
    end: float
    supervisions: list[Any]


def _parts(paths: list[Path], by: str) -> Iterator[_Part]:
    """With supervisions in a file of their own, each of them is a sentence."""
    first = _load(paths[0])
    name = type(first).__name__
    if len(paths) == 2:
        second = _load(paths[1])
        if (name, type(second).__name__) != ("RecordingSet", "SupervisionSet"):
            raise UserError(f"{paths[0]} and {paths[1]} must be recordings and their supervisions, in this order")
        whole = {each.id: each.to_cut() for each in first}
        for each in second:
            cut = whole.get(each.recording_id)
            yield _Part(each.id, cut, each.start, min(each.end, cut.duration) if cut else each.end, [each])
    elif name in ("CutSet", "RecordingSet"):
        for each in first if name == "CutSet" else (recording.to_cut() for recording in first):
            supervisions = list(each.supervisions)
            id = supervisions[0].id if by == "supervision" and len(supervisions) == 1 else each.id
            start = getattr(each, "start", 0.0)
            yield _Part(id, each, start, start + each.duration, supervisions)
    else:
        raise UserError(f"{paths[0]} holds {name}; give cuts or recordings, or recordings and supervisions")


def _load(path: Path) -> Iterable[Any]:
    check_regular(path)
    if not path.name.endswith(SUFFIXES):
        raise UserError(f"{path} is no manifest of lhotse by its name; it must end in {', '.join(SUFFIXES)}")
    try:
        return library("lhotse").load_manifest(path)
    except UserError:
        raise
    except Exception as error:  # whatever its readers of JSON raise
        raise UserError(f"lhotse cannot read {path}: {first_line(error)}; write it anew with lhotse") from error


def _fault(part: _Part) -> str | None:
    """Why it is no part of a file, or None."""
    if part.cut is None:
        return "its supervision names a recording that is not there"
    recording = getattr(part.cut, "recording", None)
    if type(part.cut).__name__ not in ("MonoCut", "MultiCut") or recording is None:
        return f"no part of a recording: {type(part.cut).__name__}"
    if recording.transforms or len(recording.sources) != 1:
        return "its sound is computed from files: save it as one (CutSet.save_audios)"
    if recording.sources[0].type != "file":
        return f"its sound is {NO_FILE.get(recording.sources[0].type, 'no file')}: save it as a file"
    channels = [part.cut.channel, *(each.channel for each in part.supervisions)]
    if any(set(recording.channel_ids) - set(each if isinstance(each, list) else [each]) for each in channels):
        return "it is one channel of several: save it as a file (CutSet.save_audios)"
    return None


def _utterance(part: _Part, folder: Path) -> Utterance:
    path = Path(part.cut.recording.sources[0].source)
    path = path if path.exists() or not (folder / path).exists() else folder / path
    speakers = {each.speaker for each in part.supervisions if each.speaker}
    whole = part.start == 0 and part.end > part.cut.recording.duration - 1e-3
    return Utterance(
        path,
        " ".join(each.text for each in part.supervisions if each.text),
        speakers.pop() if len(speakers) == 1 else None,
        None,
        part.start,
        None if whole else part.end,
    )
