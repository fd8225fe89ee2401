"""Documents that are not to be changed by hand: they carry a hash over their fields, and who reads them checks it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from speech2code.errors import UserError
from speech2code.files import read_json

HASH = "hash"


def sealed(document: dict) -> dict:
    """The fields of a document as JSON gives them back, and "hash": SHA-256 of their canonical JSON."""
    fields = json.loads(json.dumps({name: value for name, value in document.items() if name != HASH}))
    return fields | {HASH: _hash(fields)}


def read_sealed(path: Path, remedy: str) -> dict:
    """The fields of the document in a file, without the hash.

    UserError where it cannot be read, where they are not those that were sealed, or never were; it ends with `remedy`,
    what to do then."""
    try:
        document: Any = read_json(path)
    except UserError as error:
        raise UserError(f"{error}; {remedy}") from error
    if not isinstance(document, dict) or HASH not in document:
        raise UserError(f"{path} has no hash, so an older version of this program wrote it; {remedy}")
    fields = {name: value for name, value in document.items() if name != HASH}
    if document[HASH] != _hash(fields):
        raise UserError(f"{path} was changed by hand since it was written; {remedy}")
    return fields


def digest(path: Path) -> str:
    """SHA-256 of a file, for the record of the stage that wrote it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_sounds(folder: Path) -> str:
    """SHA-256 of all WAV files in a folder and of their names, for the record of the stage that wrote them."""
    found = hashlib.sha256()
    for path in sorted(folder.glob("*.wav")):
        known = digest(path) if path.is_file() else None  # a pipe would be waited for
        found.update(f"{path.name} {known}".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _hash(fields: dict) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
