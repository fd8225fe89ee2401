"""What a check has found: how bad it is, in which recordings, in one sentence, and what helps."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from speech2code.files import write_atomically

SERIOUS, WARNING, NOTE = "serious", "warning", "note"
SEVERITIES = (SERIOUS, WARNING, NOTE)
MANY = 0.1  # share of a side's recordings from which on a fault is one of the corpus: as corpus.max_rejected has it
SHOWN = 5  # ids on a terminal
COLUMNS = ("id", "side", "what", "value", "advice")


@dataclass(frozen=True)
class Finding:
    """One fault, of one side ("source", "target") or of "both"."""

    kind: str  # one word, the same in every corpus
    severity: str  # one of SEVERITIES
    side: str
    sentence: str
    advice: str
    ids: dict[str, str] = field(default_factory=dict)  # pair → what was measured of it; none: a fault of the whole

    def told(self) -> str:
        """The first ids."""
        more = f" and {len(self.ids) - SHOWN:,} more" if len(self.ids) > SHOWN else ""
        return ", ".join(list(self.ids)[:SHOWN]) + more


def graded(count: int, of: int) -> str:
    """A warning, or serious where the fault is in too many of `of` recordings."""
    return SERIOUS if count > MANY * of else WARNING


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """In the order in which they matter."""
    return sorted(findings, key=lambda each: SEVERITIES.index(each.severity))


def write_list(path: Path, findings: list[Finding]) -> None:
    """CSV of COLUMNS, one line for each finding and pair, worst first; what concerns the whole has no id."""
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for each in findings:
            for name, value in (each.ids or {"": each.sentence}).items():
                table.writerow([name, each.side, each.kind, value, each.advice])
