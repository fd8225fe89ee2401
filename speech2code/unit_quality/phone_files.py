"""Files of phone times → their lines: TextGrid (Praat, MFA, WebMAUS), CTM (Kaldi), `.phn` (TIMIT)."""

import math
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from speech2code.audio.files import audio_size
from speech2code.errors import UserError

# what they and Buckeye write where nobody speaks, in lower case
PAUSES = {
    "", "sil", "silence", "<sil>", "sp", "ssil", "spn", "pau", "pause", "<p>", "<p:>", "h#", "#h", "epi", "<eps>",
    "noise", "nsn",
}  # fmt: skip
PHONE_TIERS = ("phones", "phone", "phonemes", "segments", "mau")  # how their TextGrids call them, in lower case
POSITIONS = ("_B", "_I", "_E", "_S")  # Kaldi's marks of a phone's place in its word


class Line(NamedTuple):
    """One phone, and where it stands in its file."""

    place: str
    start: float  # seconds
    end: float
    symbol: str


def read_text_grid(path: Path) -> list[Line]:
    """The tier of phones, by its name or because there is no other; empty intervals too."""
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.textgrid import openTextgrid

    try:
        grid = openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="silence")
    except Exception as error:  # praatio passes on whatever its parser runs into
        raise UserError(
            f"{path} is no TextGrid ({str(error) or type(error).__name__}); save it anew in Praat"
        ) from error
    tiers = {tier.name: tier for tier in grid.tiers if isinstance(tier, IntervalTier)}
    # MFA puts the speaker before the name: "ann - phones"
    named = [each for name, each in tiers.items() if name.lower().split(" - ")[-1].strip() in PHONE_TIERS]
    chosen = named or list(tiers.values())
    if len(chosen) != 1:
        raise UserError(
            f"{path} has {len(chosen)} interval tiers that may hold phones ({', '.join(tiers)}); call one phones"
        )
    entries = chosen[0].entries
    return [Line(f"interval {n}", each.start, each.end, each.label) for n, each in enumerate(entries, 1)]


def read_ctm(path: Path) -> dict[str, list[Line]]:
    """Recording → phones: `recording channel start duration phone [confidence]`, seconds."""
    found: dict[str, list[Line]] = defaultdict(list)
    for place, parts in _rows(path):
        if len(parts) not in (5, 6):
            raise UserError(f"{path}, {place}: {len(parts)} values, not recording, channel, start, duration and phone")
        start, duration = (_number(each, path, place) for each in parts[2:4])
        found[parts[0]].append(Line(place, start, start + duration, parts[4]))
    return {name: _without_positions(lines) for name, lines in found.items()}


def _without_positions(lines: list[Line]) -> list[Line]:
    """ "AH_B" and "AH_I" are one phone; only where every sound has such a mark, for others' symbols may end so too."""
    if any(each.symbol[-2:] not in POSITIONS for each in lines if not is_pause(each.symbol)):
        return lines
    return [each._replace(symbol=each.symbol[:-2] if each.symbol[-2:] in POSITIONS else each.symbol) for each in lines]


def read_phn(path: Path, recording: Path) -> list[Line]:
    """`start end phone` as TIMIT has them, in samples of the recording's own rate."""
    rate, found = audio_size(recording)[0], []
    for place, parts in _rows(path):
        if len(parts) != 3:
            raise UserError(f"{path}, {place}: {len(parts)} values, not first sample, last sample and phone")
        start, end = (_number(each, path, place) / rate for each in parts[:2])
        found.append(Line(place, start, end, parts[2]))
    return found


def is_pause(symbol: str) -> bool:
    """Whether a phone's symbol means that nobody speaks."""
    return symbol.strip().lower() in PAUSES


def _rows(path: Path) -> list[tuple[str, list[str]]]:
    """("line 3", its values) of each line that is neither blank nor a comment."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    lines = enumerate(text.splitlines(), 1)
    return [(f"line {number}", line.split()) for number, line in lines if line.strip() and not line.startswith(";;")]


def _number(text: str, path: Path, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UserError(f"{path}, {place}: {text!r} is no time; write a number, 0 or more")
    return value
