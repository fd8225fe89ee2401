"""Transcripts side by side, in the layout of the paper's Table 3: reference, our best system, the topline."""

import random
from pathlib import Path

import jiwer

from speech2code.files import write_atomically
from speech2code.report.cells import OURS, config_of, read_systems
from speech2code.scoring.normalisation import tokens

SHARES = (0.1, 0.5, 0.9)  # chosen by rule: where our word errors stand, from best to worst
RANDOM = 7


def write_samples(sweep: Path, cells: list[dict], folder: Path) -> None:
    """Cells (`read_cells`) of the sweep in `sweep` → `samples.md` in `folder`, by the judge, of each system its first
    training; nothing where no system of ours is the best on dev."""
    best = next((cell for cell in cells if cell.get("best")), None)
    if best is None:
        (folder / "samples.md").unlink(missing_ok=True)  # of an earlier table
        return
    judge, systems = best["judge"], read_systems(sweep)
    chosen = next(each for each in systems if each.row == OURS and each.cell == best["cell"])
    ours = chosen.transcripts(judge)[0]
    topline = next((each.transcripts(judge)[0] for each in systems if each.row == "topline"), {})
    language = config_of(chosen.runs[0])["corpus"]["target"]

    def errors(name: str) -> float:
        meant, said = (" ".join(tokens(text, language)) for text in ours[name])
        return jiwer.wer(meant, said)

    by_errors = sorted(ours, key=lambda name: (errors(name), name))
    drawn = random.Random(0).sample(sorted(ours), min(RANDOM, len(ours)))
    text = [
        f"What {judge} reads in test sentences: reference, our best system on dev (`{best['cell']}`)"
        + (", and the topline, which had transcripts." if topline else "."),
        "## At 1/10, 1/2 and 9/10 of our sentences, from the best read to the worst",
        *(_sample(by_errors[round(share * (len(by_errors) - 1))], ours, topline) for share in SHARES),
        "## Drawn at random",
        *(_sample(name, ours, topline) for name in drawn),
    ]
    with write_atomically(folder / "samples.md") as temporary:
        temporary.write_text("\n\n".join(text) + "\n", encoding="utf-8")


def _sample(name: str, ours: dict[str, tuple[str, str]], topline: dict[str, tuple[str, str]]) -> str:
    reference, read = ours[name]
    said = {"ground truth": reference, "ours": read} | ({"topline": topline[name][1]} if name in topline else {})
    rows = [f"| {system} | {words or '(nothing)'} |" for system, words in said.items()]
    return "\n".join([f"| | {name} |", "|---|---|", *rows])
