"""Files appear whole or not at all."""

import errno
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from speech2code.errors import ADVICE, UserError, told

KINDS = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}

# no part of a name: what separates folders, control characters, %, which marks them, a leading dot; and the keywords of
# numpy.savez, whose keys are such names too
UNSAFE = re.compile(r"[%/\\\x00-\x1f\x7f\ud800-\udfff]|^\.|^f(?=ile\Z)|^a(?=llow_pickle\Z)")
MAX_JSON = 1 << 30  # bytes: the texts of ten million sentences
LONGEST_NAME = 230  # bytes: 255 are allowed, and `write_atomically` adds some


def safe_name(id: str) -> str:
    """Any id → a name for files without their suffix, and for arrays of an npz; no two ids have the same.

    Most ids are their own name. "fr/1" → "fr%2F1", ".a" → "%2Ea"; a long id keeps its beginning and gets a hash.
    """
    name = UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass")), id)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    end = "%-" + hashlib.sha256(name.encode()).hexdigest()[:32]  # "%-" stands in no other name
    return name.encode()[: LONGEST_NAME - len(end)].decode("utf-8", "ignore") + end


def sound_file(folder: Path, id: str) -> Path:
    """Where the waveform of a sentence is in a folder of them."""
    return folder / f"{safe_name(id)}.wav"


@contextmanager
def write_atomically(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renamed to `path` on success, removed on failure.

    Raises UserError, with what helps, when the disk is full or the folder cannot be written: nothing half-written is
    left behind. So too when a link, a device or a folder is there, for the renaming would replace it.
    """
    path = Path(path)
    _check_place(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()  # the system says why it cannot be written; libraries that write into it do not
        mode = temporary.stat().st_mode
        yield temporary
        if temporary.stat().st_mode != mode:  # safetensors leaves files that nobody else can read
            temporary.chmod(mode)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {told(error)}") from error
    finally:
        with suppress(OSError):  # the folder itself may be missing: the error above says so
            temporary.unlink(missing_ok=True)


def _check_place(path: Path) -> None:
    try:
        mode = os.lstat(path).st_mode
    except ValueError as error:  # NUL in the name
        raise UserError(f"cannot write {path}: {error}; choose another name") from error
    except OSError:  # nothing is there; what else is wrong shows on writing
        return
    if not stat.S_ISREG(mode):
        what = KINDS.get(stat.S_IFMT(mode), "a device")
        raise UserError(
            f"cannot write {path}: {what} is there, and only regular files are written; choose another name"
        )


def write_json(path: Path | str, value: Any) -> None:
    """Writes `value` as indented JSON, atomically."""
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path | str, most: int = MAX_JSON) -> Any:
    """Reads a JSON file; UserError when it is missing, broken, no regular file, or has more than `most` bytes."""
    check_regular(path, most)
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {told(error)}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"cannot read {path}: {error}") from error


def is_younger(path: Path, others: Iterable[Path]) -> bool:
    """Whether `path` was written after all of the `others` that exist; never where its date lies in the future, for
    then nobody knows."""
    if not path.exists() or (written := path.stat().st_mtime_ns) > time.time_ns():
        return False
    return all(each.stat().st_mtime_ns <= written for each in others if each.exists())


def left_overs(folder: Path) -> list[Path]:
    """What killed processes of this machine left half-written in a folder, which nobody else works in."""
    return [path for path in folder.rglob(".*.part") if not _is_alive(path.name.split(".")[-2])]


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def check_regular(path: Path | str, most: int | None = None, missing: str = "") -> None:
    """UserError where `path` is no file that can be opened: a pipe would be waited for. `most`: bytes that it may
    have. `missing`: what to do where there is none."""
    try:
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode):
            open(path, "rb").close()  # whether this user may
    except FileNotFoundError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {missing or ADVICE[errno.ENOENT]}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {told(error)}") from error
    except ValueError as error:  # NUL in the name
        raise UserError(f"cannot read {path}: {error}; choose another name") from error
    if not stat.S_ISREG(found.st_mode):
        what = KINDS.get(stat.S_IFMT(found.st_mode), "a device")
        raise UserError(f"cannot read {path}: {what} is there, and only regular files are read")
    if most is not None and found.st_size > most:
        raise UserError(f"cannot read {path}: it has {found.st_size:,} bytes, and at most {most:,} are read")


def inside(folder: Path, name: str) -> Path:
    """A file of a folder that somebody else has filled. UserError where it is none, or a link that leads out of it: a
    snapshot of the Hugging Face hub may lead into its own repository's folder, which holds the files themselves."""
    path, root = folder / name, folder.resolve()
    if root.parent.name == "snapshots":
        root = root.parents[1]
    check_regular(path)
    if not path.resolve().is_relative_to(root):
        raise UserError(f"cannot read {path}: it is a link that leads out of its folder; put the file itself there")
    return path
