"""Every kind of fault, thousands of times: what came out right, what did not, and the table of docs/reliability.md.

    python -m scripts.torture                      # every row, some hours on two cores
    python -m scripts.torture outputs settings     # these rows
    python -m scripts.torture outputs minutes=5    # as many tries of it as 5 minutes allow, spread over all of them
    python -m scripts.torture outputs only="mp3"   # those whose name holds this, with what is wrong in full

Right is the right output, or one clear sentence and a non-zero exit. Each try is a process of its own. What a row gave
is kept in `runs/torture/<row>.json`; the table is made of all of these, and written into `docs/reliability.md`.
"""

import sys
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.provenance import describe_run
from tests.torture.tiny import Tiny
from tests.torture.trials import Outcome, Trial, attempt

ROWS = {  # module of tests/torture → what is tried
    "kills": "`kill -9` at any moment, then the same command",
    "signals": "Ctrl-C and SIGTERM at any moment",
    "two_runs": "two commands at once on one corpus or folder",
    "disk": "a full disk at some point of `data/` or `runs/`",
    "whole_runs": "whole runs: odd ids, odd speech, settings at the edge of sense",
    "outputs": "names for the output of `translate`",
    "settings": "settings checked before work",
    "settings_at_work": "settings that the check allows, in a training or stage",
    "models": "hostile and damaged models, and names of models",
    "artefacts": "damaged and missing files of a corpus or a run, read by a command",
    "recordings": "recordings: every format, whole, damaged, odd; `translate`, `encode`, `prepare`",
    "manifests": "manifests",
    "texts": "texts beside recordings and for voices",
}
KINDS = ("right", "wrong", "traceback", "hang")
FOLDER, PAGE = Path("runs/torture"), Path("docs/reliability.md")
BEGIN, END = "<!-- made by scripts/torture.py -->\n", "<!-- end -->\n"
SHOWN = 600  # characters of what was wrong


class Options(NamedTuple):
    rows: list[str]
    minutes: float | None
    only: str


def main(arguments: list[str]) -> None:
    options = _options(arguments)
    tiny = Tiny((FOLDER / "tiny").resolve())
    assert tiny.model.exists()  # here, and not once in each fork
    for row in options.rows:
        trials = list(import_module(f"tests.torture.{row}").trials(tiny))
        found = _all(row, [each for each in trials if options.only in each.name], options)
        if not options.only:
            write_json(FOLDER / f"{row}.json", _record(row, len(trials), found))
    print(_table())
    if not options.only and PAGE.exists():
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + _table() + END + rest.partition(END)[2], encoding="utf-8")


def _options(arguments: list[str]) -> Options:
    given = dict(each.split("=", 1) for each in arguments if "=" in each)
    rows = [each for each in arguments if "=" not in each]
    if unknown := [*({*rows} - {*ROWS}), *({*given} - {"minutes", "only"})]:
        raise UserError(f"torture knows no {unknown[0]}; rows: {', '.join(ROWS)}; options: minutes=, only=")
    return Options(rows or list(ROWS), float(given["minutes"]) if "minutes" in given else None, given.get("only", ""))


def _all(row: str, trials: list[Trial], options: Options) -> list[Outcome]:
    """Every trial; where time is short, first those far apart. What is wrong is printed as it comes."""
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    found: list[Outcome] = []
    for number in _spread(len(trials)):
        if time.monotonic() > until:
            break
        found.append(attempt(trials[number]))
        if found[-1].wrong or options.only:
            wrong = found[-1].wrong or "right"
            print(f"{row}: {found[-1].name}: {wrong if options.only else wrong[-SHOWN:]}", flush=True)
        if len(found) % 50 == 0:
            print(f"{row}: {len(found)} of {len(trials)}", flush=True)
    return found


def _spread(count: int) -> list[int]:
    """All numbers below `count`, in steps that leave no part for the end."""
    step = next(each for each in range(count * 5 // 8 or 1, count + 2) if _coprime(each, count))
    return [number * step % count for number in range(count)]


def _coprime(a: int, b: int) -> bool:
    while b:
        a, b = b, a % b
    return a == 1


def _record(row: str, all_of_them: int, found: list[Outcome]) -> dict:
    counts = Counter(each.kind for each in found)
    return (
        describe_run(None)
        | {
            "command": f"python -m scripts.torture {' '.join(sys.argv[1:])}".strip(),
            "date": time.strftime("%Y-%m-%d"),
            "row": row,
            "of": all_of_them,
            "tries": len(found),
            "minutes": sum(each.seconds for each in found) / 60,
            "peak": max((each.peak for each in found), default=0),
            "wrongs": [each._asdict() for each in found if each.wrong],
        }
        | {kind: counts[kind] for kind in KINDS}
    )


def _table() -> str:
    lines = ["| what is tried | tries | right | wrong | tracebacks | hangs | most memory | minutes | when |"]
    lines += ["|" + "---|" * 9]
    for row, what in ROWS.items():
        if (FOLDER / f"{row}.json").exists():
            each = read_json(FOLDER / f"{row}.json")
            counts = " | ".join(f"{each[kind]:,}" for kind in KINDS)
            when = f"{each['date']}, `{each['commit'][:7]}`, {each['machine']['processor']}"
            cost = f"{each['peak'] / 1e9:.1f} GB | {each['minutes']:.0f}"
            lines.append(f"| {what} | {each['tries']:,} | {counts} | {cost} | {when} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"torture: {error}")
