"""Whole runs as processes of their own, to be killed and compared."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from speech2code.files import read_json
from tests.conftest import Corpus, record
from tests.torture.trials import Answer

SPLITS = {"train": 8, "dev": 2, "test": 2}
KEPT = ("decoding/test/*.wav", "model/*", "scores.json", "transcripts/*/*.tsv", "units/model.safetensors")
ENDED = 130  # exit code after an interruption


def corpus_in(folder: Path) -> Corpus:
    """Recordings with text, not prepared yet."""
    return Corpus(record(folder / "recordings", text=True, splits=SPLITS), folder / "data")


def overrides(corpus: Corpus, folder: Path, *more: str) -> list[str]:
    kinds = dict(each.split("=") for each in more if each.startswith("units="))
    rest = [each for each in more if not each.startswith("units=")]
    # Swahili: METEOR does not know it, and starts no Java
    return corpus.overrides(folder / "runs", "recognisers=[in_domain]", "corpus.target=sw", *rest, **kinds)


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    """`speech2code …` in a process group of its own, its stderr in `folder/stderr`."""
    with open(folder / "stderr", "ab") as errors:
        command = [sys.executable, "-m", "speech2code", *arguments]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, process_group=0)


def finish(process: subprocess.Popen, folder: Path, limit: float = 240) -> Answer:
    """Its exit code and all that stands in `folder/stderr`."""
    code = process.wait(limit)
    return Answer(code, "", (folder / "stderr").read_text(errors="replace"))


def run(folder: Path, *arguments: str) -> Answer:
    return finish(start(folder, *arguments), folder)


def changes(folder: Path, count: int, until: float) -> None:
    """Waits for so many changes of files below `folder`, `until` seconds at most; looks each 5 ms."""
    seen, end = None, time.monotonic() + until
    while count > 0 and time.monotonic() < end:
        time.sleep(0.005)
        files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)  # no error where one goes
        now = {path: stat.st_mtime_ns for path in files if (stat := _stat(path))}
        count -= seen is not None and now != seen
        seen = now


def _stat(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.stat()
    return None


def kill_group(process: subprocess.Popen, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def children_of(process: int) -> list[int]:
    """All that it has started, and they in turn."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found.append((int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])))
    family = {process}
    while grown := {child for child, parent in found if parent in family} - family:
        family |= grown
    return sorted(family - {process})


def results(folder: Path) -> dict[str, object]:
    """What a run is for, by name; scores without what differs from run to run."""
    place = folder / "runs" / "tiny"
    found: dict[str, object] = {
        str(path.relative_to(place)): path.read_bytes() for each in KEPT for path in place.glob(each)
    }
    if "scores.json" in found:
        found["scores.json"] = read_json(place / "scores.json")
    return found


def difference(wanted: dict[str, object], folder: Path) -> str | None:
    found = results(folder)
    other = [name for name in {*wanted, *found} if wanted.get(name) != found.get(name)]
    return f"other results: {', '.join(sorted(other))}" if other else None


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
