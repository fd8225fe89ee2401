"""Which recordings cannot be used, and how many of them are too many."""

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import LEVEL, trim_silence
from speech2code.errors import UserError
from speech2code.files import write_atomically

SILENT = 1e-3  # peak: −60 dBFS
FULL_SCALE, CLIPPED_SHARE = 0.999, 0.2  # a fifth of the samples at the limits: nothing of the speech is left
SHORTEST, LONGEST = 0.1, 30.0  # seconds without the silence at both ends; the Δ of the MFCC need 9 frames of 10 ms


@dataclass(frozen=True)
class Rejection:
    """One pair that is left out, and which of its sides is to blame ("source", "target" or "both")."""

    id: str
    side: str
    reason: str


def reason_to_reject(waveform: np.ndarray, longest: float = LONGEST, trimming: str = LEVEL) -> str | None:
    """Why the waveform `(samples,)` at 16 kHz cannot be used, or None when it can; `longest` in seconds."""
    if len(waveform) == 0:
        return "empty"
    if not np.isfinite(waveform).all():
        return "not a number in it (NaN or infinite)"
    level = np.abs(waveform)
    if level.max() < SILENT:
        return "silent (peak below -60 dBFS)"
    clipped = np.mean(level >= FULL_SCALE)
    if clipped > CLIPPED_SHARE:
        return f"clipped ({clipped:.0%} of the samples at full scale)"
    return _bad_length(len(trim_silence(waveform, trimming)) / SAMPLE_RATE, longest)


def _bad_length(seconds: float, longest: float) -> str | None:
    if seconds < SHORTEST:
        return f"too short ({seconds:.2f} s of sound, at least {SHORTEST} s needed)"
    if seconds > longest:
        return f"too long ({seconds:.1f} s of sound, at most {longest:.0f} s allowed)"
    return None


def write_rejections(path: Path, rejections: list[Rejection]) -> None:
    """Writes CSV `id, side, reason`, atomically; the header alone when nothing was rejected."""
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([field.name for field in fields(Rejection)])
        table.writerows(astuple(rejection) for rejection in rejections)


def unreadable(path: Path) -> str | None:
    """Why there is no recording to open at `path`, or None where there is a file."""
    try:
        if path.is_file():
            return None
        reason = "not a file" if path.exists() else "no such file"
    except OSError as error:  # such as a name that is too long
        reason = str(error.strerror)
    return f"cannot read audio {path}: {reason}"


def check_share(rejected: list[Rejection], total: int, allowed: float, where: Path | str) -> None:
    """Raises UserError when more than the share `allowed` of `total` pairs was rejected; `where` is their list."""
    if len(rejected) > allowed * total:
        first = rejected[0]
        raise UserError(
            f"{len(rejected)} of {total} pairs ({len(rejected) / total:.1%}) cannot be used, more than the allowed "
            f"{allowed:.0%}: see {where}, or set corpus.max_rejected=…; the first is {first.id}: {first.reason}"
        )
