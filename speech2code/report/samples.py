"""Transcripts side by side, in the layout of the paper's Table 3: reference, our best cell, the topline."""

import random
from pathlib import Path

import jiwer

from speech2code.files import write_atomically
from speech2code.report.cells import OURS, transcripts_of

SHARES = (0.1, 0.5, 0.9)  # chosen by rule: where our word errors stand, from best to worst
RANDOM = 7


def write_samples(sweep: Path, cells: list[dict], folder: Path) -> None:
    """Cells (`read_cells`) of the sweep in `sweep` → `samples.md` in `folder`, by the in-domain recogniser; nothing
    where no cell of ours has been scored."""
    scored = [cell for cell in cells if cell["system"] == OURS and "bleu" in cell]
    if not scored:
        return
    best = max(scored, key=lambda cell: cell["bleu"])
    ours = transcripts_of(sweep, best)
    topline = next((transcripts_of(sweep, cell) for cell in cells if cell["system"] == "topline"), {})
    by_errors = sorted(ours, key=lambda name: (jiwer.wer(*ours[name]), name))
    chosen = [by_errors[round(share * (len(by_errors) - 1))] for share in SHARES]
    drawn = random.Random(0).sample(sorted(ours), min(RANDOM, len(ours)))
    text = [
        "What the in-domain recogniser reads: reference, our best cell (codebook "
        f"{best['codebook_size']}, time reduction {best['time_reduction']}) and the topline, which had transcripts.",
        "## At 1/10, 1/2 and 9/10 of our sentences, from the best read to the worst",
        *(_sample(name, ours, topline) for name in chosen),
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
