"""How fast, beside its peers: one table, `benchmarks/bench.json`.

    python -m benchmarks.run                         # every line
    python -m benchmarks.run features griffin_lim    # these lines; the others keep their last figures

A line is a file of `benchmarks/` with a function `measure`; ours and the peer's run in turns in one process, so that a
busy machine slows both alike. One compute thread unless a line says otherwise. `translate` and `score` need a finished
`make demo` in this folder, and so does `export`. What LINES no longer names stays in the file as it was measured:
docs/speed.md may tell of it.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
from importlib import import_module
from pathlib import Path

import torch

from speech2code.files import read_json, write_json
from speech2code.provenance import describe_run

LINES = (
    "features", "griffin_lim", "codebook", "units_step", "inverter_step", "translator_step", "beam_search", "export",
    "translate",
    "prepare", "score", "import", "corpus_scale",
)  # fmt: skip
RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "bench.json"


def main(names: list[str]) -> None:
    unknown = [name for name in names if name not in LINES]
    if unknown:
        sys.exit(f"bench: no line is called {unknown[0]}; choose from {', '.join(LINES)}")
    torch.set_num_threads(1)
    known = {line["name"]: line for line in read_json(RESULTS)} if RESULTS.exists() else {}
    machine = describe_run(0) | {"command": " ".join(["python -m benchmarks.run", *names])}
    for name in names or LINES:
        line = import_module(f"benchmarks.{name}").measure()
        print(line.text(), flush=True)
        known[name] = line.as_dict() | {"machine": machine}
        write_json(RESULTS, [known[each] for each in dict.fromkeys([*LINES, *known]) if each in known])
    print("\n" + _table([known[each] for each in LINES if each in known]))


def _table(lines: list[dict]) -> str:
    """Markdown, as in docs/speed.md."""
    rows = ["| | ours | peer | | times as fast | goal | | |", "|---|---|---|---|---|---|---|---|"]
    for line in lines:
        notes = ", ".join(f"{key} {value:.3g}" for key, value in line["notes"].items())
        figures = f"{line['ours']:.3g} | {line['peer']:.3g} | {line['unit']} | {line['ratio']:.2f}"
        rows.append(
            f"| `{line['name']}` | {figures} | {line['goal']} | {'met' if line['met'] else '**missed**'} | {notes} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
