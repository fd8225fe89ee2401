"""Kaldi data folders: `wav.scp`, and if they are there `segments`, `text` and `utt2spk`.

The layout is that of https://kaldi-asr.org/doc/data_prep.html. A line of `wav.scp` may also be a command that ends in
`|`: commands found in data are never run. `lhotse.kaldi` would run it, so these few lines of text are read here.
"""

from collections.abc import Iterator
from pathlib import Path

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.joining import Utterance, join
from speech2code.corpora.importers.request import Imported, Request, folder_of
from speech2code.corpora.lines import read_lines
from speech2code.errors import UserError

Part = tuple[Path | None, float, float | None]  # recording, start and end in seconds
SPLITS = ("train", "dev", "test")  # folders that a folder may hold instead


def read(request: Request) -> Imported:
    left_out: list[Rejection] = []
    sides = [_side(folder_of(path), side, left_out) for side, path in zip(("source", "target"), request.inputs)]
    return join(sides[0], sides[1], left_out)


def _side(folder: Path, side: str, left_out: list[Rejection]) -> dict[str, list[Utterance]]:
    parts = {"": folder} if _is_data(folder) else {name: folder / name for name in SPLITS if _is_data(folder / name)}
    if not parts:
        raise UserError(
            f"{folder} holds neither wav.scp nor text, nor folders train, dev and test that do; give a data folder of "
            "Kaldi"
        )
    found: dict[str, list[Utterance]] = {}
    for split, part in parts.items():
        for id, utterance in _utterances(part, split, side, left_out):
            found.setdefault(id, []).append(utterance)
    return found


def _is_data(folder: Path) -> bool:
    return (folder / "wav.scp").exists() or (folder / "text").exists()


def _utterances(folder: Path, split: str, side: str, left_out: list[Rejection]) -> Iterator[tuple[str, Utterance]]:
    """All of a data folder; one without wav.scp has text alone, which a voice can speak."""
    texts, speakers = _mapping(folder / "text"), _mapping(folder / "utt2spk")
    recordings = {id: _recording(folder, id, path) for id, path in _mapping(folder / "wav.scp").items()}
    parts: dict[str, Part] = {id: (path, 0.0, None) for id, path in recordings.items()}
    if (folder / "segments").exists():
        parts = {id: _part(recordings, folder, id, line) for id, line in _mapping(folder / "segments").items()}
    elif not recordings:
        parts = {id: (None, 0.0, None) for id in texts}
    for id, (path, start, end) in parts.items():
        if path is None and recordings:
            left_out.append(Rejection(id, side, "its segment names a recording that wav.scp has not"))
        else:
            yield id, Utterance(path, texts.get(id), speakers.get(id), split or None, start, end)


def _mapping(path: Path) -> dict[str, str]:
    """The first word of each line → the rest; nothing where there is no such file."""
    if not path.exists():
        return {}
    lines = (line.strip().split(maxsplit=1) for _, line in read_lines(path))
    return {words[0]: words[1] if len(words) > 1 else "" for words in lines if words}


def _recording(folder: Path, id: str, path: str) -> Path:
    """Relative paths start where Kaldi was run: the current folder, else the data folder."""
    if path.endswith("|"):
        raise UserError(
            f"{folder}/wav.scp: the sound of {id} is a command ({path}), and commands found in data are not run; run "
            "it yourself and name the file it makes, or name the file it reads where that is WAV, FLAC, Ogg or MP3"
        )
    if ".ark:" in path or not path:
        raise UserError(
            f"{folder}/wav.scp: the sound of {id} is {path or 'missing'}, no file of its own; write it as WAV or FLAC "
            "and name that"
        )
    return Path(path) if Path(path).exists() or not (folder / path).exists() else folder / path


def _part(recordings: dict[str, Path], folder: Path, id: str, line: str) -> Part:
    """`recording start end`, in seconds; an end of -1 is that of the recording."""
    try:
        recording, start, end = line.split()[:3]
        return recordings.get(recording), float(start), None if float(end) == -1 else float(end)
    except ValueError as error:
        raise UserError(
            f"{folder}/segments: {id} has {line!r}, where a recording, its start and its end belong; correct it"
        ) from error
