"""A disk that is full at some point of `data/` or `runs/`: one sentence; with more space the same command goes on."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.torture.kills import whole
from tests.torture.processes import corpus_in, difference, overrides
from tests.torture.tiny import Tiny
from tests.torture.trials import Answer, Trial, told

POINTS = 14  # of each folder, from nothing to as much as it needs
# a mount that only this shell sees, and that ends with it
SHELL = """
mount -t tmpfs -o size=$1 none $2
shift 2
"$@" 2>first >/dev/null; echo $? >code
mount -o remount,size=500m $MOUNTED
exec "$@" 2>second >/dev/null
"""


def trials(tiny: Tiny) -> Iterator[Trial]:
    """None where mounting is not allowed: it takes root."""
    wanted, _ = whole(tiny)
    if os.geteuid() == 0:
        for name in ("data", "runs"):
            needed = sum(each.stat().st_blocks * 512 for each in (tiny.folder / "undisturbed" / name).rglob("*"))
            for point in range(POINTS):
                size = max(4096, needed * point // POINTS)
                yield Trial(f"{name}/ on a disk of {size / 1000:.0f} kB", partial(_full, wanted, name, size))


def _full(wanted: dict[str, object], name: str, size: int, folder: Path) -> str | None:
    arguments = ["run", *overrides(corpus_in(folder), folder)]
    place = folder / name
    place.mkdir()
    (folder / "shell").write_text(SHELL)
    command = [sys.executable, "-m", "speech2code", *arguments]
    kept = f"cp -r {place} {folder / 'kept'}"  # what the mount holds is gone with it
    again = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"sh shell {size} {place} \"$@\"; code=$?; {kept}; exit $code", "sh", *command],
        cwd=folder, env=os.environ | {"MOUNTED": str(place)}, check=False,
    )  # fmt: skip
    first = Answer(int((folder / "code").read_text()), "", (folder / "first").read_text(errors="replace"))
    if wrong := told(last_line(first)):
        return wrong
    if again.returncode:
        return f"with more space: exit {again.returncode}: {(folder / 'second').read_text()[-1500:]}"
    if name == "runs":
        place.rmdir()
        (folder / "kept").rename(place)
    return difference(wanted, folder)


def last_line(answer: Answer) -> Answer:
    """A stage says what was wrong, below its progress; `run` then says which one it was."""
    lines = [line for line in answer.err.splitlines() if "failed (its message stands above)" not in line]
    said = [line for line in lines if line.startswith("speech2code: ") or "Traceback" in line]
    return answer._replace(err="\n".join(said))
