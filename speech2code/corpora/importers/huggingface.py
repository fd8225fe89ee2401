"""Data sets of the Hugging Face hub, or in their form on disk (https://huggingface.co/docs/datasets), by its library.

Read as a stream, so that nothing is copied into a cache. Sound stays as it is encoded: bytes are written undecoded into
the folder beside the manifest, files on this machine are named where they lie. `prepare` decodes both. Scripts in data
are not run: the library has none since version 4. Of folders of audio files it wants torchcodec; `tables` reads them
without it, by their metadata.csv.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.formats import FIELDS
from speech2code.corpora.importers.joining import Utterance, add_pair, join
from speech2code.corpora.importers.request import Imported, Request, check_sided, claim_sound, first_line, library
from speech2code.corpora.store import SIDES
from speech2code.errors import UserError
from speech2code.files import safe_name, write_atomically

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
SUFFIX = re.compile(r"\.\w{1,5}")


def read(request: Request) -> Imported:
    if len(request.inputs) == 1:
        check_sided(request)
    claim_sound(request.sound)
    options = request.options
    if len(request.inputs) == 1:
        return _both_sides(request)
    sides = []
    for side, name in zip(SIDES, request.inputs):
        columns = {field: options.get(f"{side}_{field}", options.get(field)) for field in ("split", *FIELDS)}
        found: dict[str, list[Utterance]] = {}
        for number, (split, row) in enumerate(_rows(name, options.get(f"{side}_config"))):
            given = _value(row, options.get(f"{side}_id", options.get("id", "id")), name)
            id = f"row {number} of {name}" if given is None else str(given)  # without an id it finds no partner
            sound = request.sound / side / safe_name(f"{split}-{number}")
            found.setdefault(id, []).append(_utterance(row, columns, split, sound, name))
        sides.append(found)
    return join(sides[0], sides[1])


def _both_sides(request: Request) -> Imported:
    found, name, options = Imported(), request.inputs[0], request.options
    columns = {
        side: {field: options.get(f"{side}_{field}") for field in FIELDS} | {"split": options.get("split")}
        for side in SIDES
    }
    for side in SIDES:
        if not (columns[side]["audio"] or columns[side]["text"]):
            known = _known(name, options)
            raise UserError(f"say which column holds the {side}: {side}_audio=… or {side}_text=…; {known}")
    for number, (split, row) in enumerate(_rows(name, options.get("source_config")), start=1):
        given = _value(row, options.get("id"), name)
        id = f"{split}-{number:06d}" if given is None else str(given)
        sides = [_utterance(row, columns[side], split, request.sound / side / safe_name(id), name) for side in SIDES]
        if any(each.audio is None and not each.text for each in sides):
            found.left_out.append(Rejection(id, "both", "a side has neither audio nor text"))
        else:
            add_pair(found, id, *sides)
    return found


def _known(name: str, options: Mapping[str, str]) -> str:
    for _, row in _rows(name, options.get("source_config")):
        return f"it has {', '.join(row)}"
    return "it has no rows"


def _rows(name: str, config: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(split, column → value) of all rows; audio as {"bytes", "path"}."""
    library("datasets")
    from datasets.utils.logging import disable_progress_bar, set_verbosity

    disable_progress_bar()
    set_verbosity(logging.CRITICAL)  # what is wrong is said once, below
    try:
        for split, part in _load(name, config).items():
            for column, feature in (part.features or {}).items():
                if hasattr(feature, "decode"):  # audio, and pictures, which nobody wants here
                    part = part.cast_column(column, type(feature)(decode=False))
            for row in tqdm(part, desc=str(split), unit="row", disable=None):  # shown on a terminal only
                yield str(split), row
    except UserError:
        raise
    except ImportError as error:  # torchcodec, for folders of audio files and archives of them
        raise UserError(
            f"the library datasets cannot read {name} as it is installed: {first_line(error)}; or, if it is a folder "
            "with metadata.csv, say speech2code import tables"
        ) from error
    except Exception as error:  # whatever its many readers, and the network, raise
        raise UserError(f"the library datasets cannot read {name}: {first_line(error)}; check its name") from error


def _load(name: str, config: str | None) -> Mapping[Any, Any]:
    from datasets import DatasetDict, load_dataset, load_from_disk

    path = Path(name)
    if path.is_dir() and any((path / each).is_file() for each in ("dataset_dict.json", "state.json")):
        saved = load_from_disk(name)  # mapped into memory, not copied
        return saved if isinstance(saved, DatasetDict) else {saved.split or "train": saved}
    if path.is_file():
        if path.suffix != ".parquet":
            raise UserError(f"{name} is no Parquet file; give a folder, a .parquet or an id of the hub")
        return load_dataset("parquet", data_files={"train": name}, streaming=True)  # its own name for all there is
    if path.is_dir() or HUB_ID.fullmatch(name):
        return load_dataset(name, config, streaming=True)
    raise UserError(f"there is no folder or file {name}, and it is no id of the hub such as google/fleurs")


def _value(row: Mapping[str, Any], column: str | None, name: str) -> Any:
    if column is not None and column not in row:
        raise UserError(f"{name} has no column {column!r}; it has {', '.join(row)}")
    return None if column is None else row[column]


def _utterance(
    row: Mapping[str, Any], columns: Mapping[str, str | None], split: str, sound: Path, name: str
) -> Utterance:
    """`sound`: where bytes are written to, without a suffix."""
    text, speaker, start, end = (_value(row, columns[field], name) for field in ("text", "speaker", "start", "end"))
    given = _value(row, columns["split"], name) or split
    audio = _audio(_value(row, columns["audio"], name), sound, name, columns["audio"] or "")
    speaker = None if speaker is None else str(speaker)
    try:
        times = float(start or 0), None if end is None else float(end)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{name} has {start!r} to {end!r} where times belong, in seconds; choose other columns"
        ) from error
    return Utterance(audio, text and str(text), speaker, str(given), *times)


def _audio(value: Any, sound: Path, name: str, column: str) -> Path | None:
    """The file that a value names, or the one that its bytes are written into."""
    if value is None or isinstance(value, str):
        folder = Path(name) if Path(name).is_dir() else Path(name).parent
        return folder / value if value else None
    if not isinstance(value, Mapping) or not {"bytes", "path"} <= set(value):
        raise UserError(f"the column {column!r} of {name} holds no audio but {type(value).__name__}; choose another")
    place, encoded = value["path"] or "", value["bytes"]
    if encoded is None:
        return Path(place) if place else None
    suffix = Path(place).suffix.lower()
    file = sound.with_name(sound.name + (suffix if SUFFIX.fullmatch(suffix) else ""))
    if not (file.is_file() and file.read_bytes() == encoded):
        with write_atomically(file) as temporary:
            temporary.write_bytes(encoded)
    return file
