"""Where a result comes from: command, seed, commit, machine; `run.json` in the run's folder, shown by the report."""

import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path


def describe_run(seed: int) -> dict:
    """Of this very process: {"command", "seed", "commit", "machine": {"processor", "cores", "gpu", "torch", ...}}."""
    return {
        "command": shlex.join([Path(sys.argv[0]).name.replace("__main__.py", "speech2code"), *sys.argv[1:]]),
        "seed": seed,
        "commit": _commit(),
        "machine": _machine(),
    }


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not under git"
    return f"{commit} with uncommitted changes" if changed else commit


def _machine() -> dict:
    import torch

    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
