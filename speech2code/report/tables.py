"""The systems of a sweep, or of a single run, as one table: Markdown, CSV, LaTeX, JSON and a heat map, the paper's
figures beside ours. Everything in `results/` is written here."""

import csv
import io
from pathlib import Path
from typing import Any

from speech2code.corpora.pairs import VOICES
from speech2code.files import write_atomically, write_json
from speech2code.registry import ROW
from speech2code.report.cells import OURS
from speech2code.report.heat_map import write_heat_map
from speech2code.report.paper import PAPER, REMARKS, TOPLINE
from speech2code.scoring.ceiling import SENTENCE as CANNOT_JUDGE
from speech2code.seals import read_sealed, sealed

HEAD = {
    "system": "{name}",
    "cell": "{cell}",
    "units": "{units}",
    "translator": "{translator}",
    "vocoder": "{vocoder}",
    "codebook": "{codebook_size:d}",
    "time reduction": "{time_reduction:d}",
    "seeds": "{seeds_listed}",
}
JUDGED = {  # by each recogniser, on test
    "BLEU": "{bleu:.1f} [{bleu_low:.1f}, {bleu_high:.1f}]",
    "± over seeds": "{bleu_sd:.1f}",
    "p": "{p_value:.3f}",
    "chrF": "{chrf:.1f} [{chrf_low:.1f}, {chrf_high:.1f}]",
    "METEOR": "{meteor:.1f} [{meteor_low:.1f}, {meteor_high:.1f}]",
    "WER": "{wer:.1f} [{wer_low:.1f}, {wer_high:.1f}]",
    "CER": "{cer:.1f} [{cer_low:.1f}, {cer_high:.1f}]",
    "BLEU of its resynthesis": "{resynthesis_bleu:.1f}",
    "BLEU of its text": "{text_bleu:.1f}",
}
TAIL = {
    "the paper: BLEU / METEOR": "{paper}",
    "unit errors, %": "{unit_error_rate:.1f}",
    "unit BLEU": "{unit_bleu:.1f}",
    "MCD of the resynthesis, dB": "{mel_cepstral_distortion_resynthesis:.2f}",
    "MCD, dB": "{mel_cepstral_distortion_translation:.2f}",
    "MOS of the original": "{naturalness_original:.2f}",
    "MOS of the resynthesis": "{naturalness_resynthesis:.2f}",
    "MOS": "{naturalness_translation:.2f}",
    "units/s": "{units_a_second:.1f}",
    "bit/s": "{bitrate:.0f}",
    "with durations": "{bitrate_with_durations:.0f}",
    "codes used": "{used:.0%}",
    "ABX within, %": "{abx_within:.1f}",
    "ABX across, %": "{abx_across:.1f}",
    "PNMI": "{pnmi:.2f}",
    "processor seconds": "{processor_seconds:.0f}",
}
SIZES = "{corpus}: {train_pairs:,} training pairs, {dev_pairs:,} dev and {test_pairs:,} test sentences."
FIGURES = (
    "Figures of the test list, [95 % interval] over sentences and, of several seeds, trainings (METEOR: their mean "
    "alone). (!): by a recogniser that cannot judge."
)
CHOSEN = "Chosen on dev by {judge}: **{cell}**. p: two-sided paired bootstrap of BLEU against it, on test."


def write_tables(cells: list[dict], folder: Path, commands: list[str], legend: dict[str, str]) -> None:
    """Cells (`read_cells`) → `table.json` (with a hash over it), `.md`, `.csv`, `.tex` and `.png` in `folder`.

    `commands` make it all again; `legend` says of cells what they are. Both stand under the table.
    """
    write_json(folder / "table.json", sealed({"commands": commands, "legend": legend, "cells": cells}))
    for ending, text in (("md", markdown(cells, commands, legend)), ("csv", _csv(cells)), ("tex", _latex(cells))):
        with write_atomically(folder / f"table.{ending}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    write_heat_map(cells, folder / "table.png")
    print(f"table: {folder / 'table.md'}")


def read_table(path: Path) -> dict:
    """A `table.json` → {"commands", "legend", "cells"}. UserError where it was changed by hand."""
    return read_sealed(path, "write it anew with `speech2code table`")


def markdown(cells: list[dict], commands: list[str], legend: dict[str, str]) -> str:
    """The table, and under it what a reader must know. A column that nothing fills is left out."""
    forms = columns(cells)
    rows = [[shown(form, cell, *where) for form, *where in forms.values()] for cell in cells]
    filled = [place for place in range(len(forms)) if any(row[place] != "–" for row in rows)]
    names = [list(forms)[place] for place in filled]
    lines = [names, ["---"] * len(names), *([row[place] for place in filled] for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    failed = [f"`{cell['cell']}` failed: {cell['error']}" for cell in cells if "error" in cell]
    said = ["\n".join(f"* `{name}`: {text}" for name, text in legend.items())] if legend else []
    return "\n\n".join([table, *failed, *said, *remarks(cells), *(f"`{each}`" for each in commands)]) + "\n"


def remarks(cells: list[dict]) -> list[str]:
    """What a reader of the table must know, in Markdown: sizes, what was chosen, who cannot judge, how it was read."""
    told = list(dict.fromkeys(SIZES.format(**cell) for cell in cells if "test_pairs" in cell))
    judged = next((cell for cell in cells if "scores" in cell), None)
    if judged:
        chosen = [CHOSEN.format(**cell) for cell in cells if cell.get("best")]
        first = [*judged["scores"].get("dev", {})]
        why = f"{first[0]} cannot judge this corpus, put another recogniser first" if first else "dev was not judged"
        told += [FIGURES, *(chosen or [f"Nothing is chosen and nothing compared: {why}."])]
    if len({len(cell["seeds"]) > 1 for cell in cells if "seeds" in cell}) > 1:
        told.append("A system of one training and one of several are not compared.")
    original: dict = next((cell["scores"]["test"] for cell in cells if cell["row"] == "original"), {})
    for recogniser, figures in original.items():
        if "cannot_judge" in figures:
            told.append(f"{recogniser}: {CANNOT_JUDGE} (WER on original speech {figures['cannot_judge']} %).")
    made = {name: text for cell in cells for name, text in cell.get("signatures", {}).items()}
    if made:
        told.append("\n".join(f"* {name}: `{text}`" for name, text in made.items()))
    return [*told, *filter(None, [REMARKS.get(cells[0]["pair"])])]


def judge_of(cells: list[dict]) -> str:
    """Whose figures choose and compare; "" where no words are scored."""
    return next((cell["judge"] for cell in cells if "judge" in cell), "")


def columns(cells: list[dict]) -> dict[str, tuple[str, str, str]]:
    """Name → format, and the split and recogniser whose figures it takes; the judge's come first."""
    judge = judge_of(cells)
    readers = list(dict.fromkeys([judge, *(name for cell in cells for name in cell.get("scores", {}).get("test", {}))]))
    found = {name: (form, "test", judge) for name, form in HEAD.items()}
    for reader in filter(None, readers):
        dev = any(reader in cell.get("scores", {}).get("dev", {}) for cell in cells)
        found |= {f"BLEU on dev, {reader}": ("{bleu:.1f}", "dev", reader)} if dev else {}
        found |= {f"{name}, {reader}": (form, "test", reader) for name, form in JUDGED.items()}
        if any(reader in cell.get("scores", {}).get(VOICES, {}) for cell in cells):
            found |= {f"BLEU on unseen voices, {reader}": (JUDGED["BLEU"], VOICES, reader)}
    unseen = {f"BLEU on unseen combinations, {judge}": ("{bleu:.1f}", "unseen", judge)}
    return found | unseen | {name: (form, "test", judge) for name, form in TAIL.items()}


def shown(form: str, cell: dict, split: str, recogniser: str) -> str:
    """What a cell has not got is a dash."""
    figures = cell.get("scores", {}).get(split, {}).get(recogniser, {})
    known = cell | cell.get("measures", {}) | figures | {"paper": _paper(cell)}
    known |= {"name": "ours" if cell["row"] == OURS else ROW[cell["row"]].title}
    known |= {"seeds_listed": ", ".join(map(str, cell["seeds"])) if "seeds" in cell else None}
    try:
        text = form.format(**{name: value for name, value in known.items() if value is not None})
    except KeyError:  # it failed; or this corpus, this recogniser, this language does not have the figure
        return "–" if "[" not in form else shown(form.split(" [", maxsplit=1)[0], cell, split, recogniser)
    marked = "cannot_judge" in figures and any(f"{{{name}" in form for name in figures)
    return f"{text} (!)" if marked else text


def _paper(cell: dict) -> str | None:
    place: Any = cell.get("codebook_size"), cell.get("time_reduction")
    found = TOPLINE.get(cell["pair"]) if cell["row"] == "topline" else PAPER.get(cell["pair"], {}).get(place)
    return f"{found[0]} / {found[1]}" if found else None


def _csv(cells: list[dict]) -> str:
    flat = [_flat({name: value for name, value in cell.items() if name not in ("origins", "seeds")}) for cell in cells]
    text = io.StringIO()
    table = csv.DictWriter(text, list(dict.fromkeys(name for cell in flat for name in cell)), lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    return text.getvalue()


def _flat(nested: dict, prefix: str = "") -> dict:
    """{"scores": {"dev": {"a": 1}}} → {"scores.dev.a": 1}"""
    flat: dict = {}
    for name, value in nested.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _latex(cells: list[dict]) -> str:
    """In the layout of the paper's Tables 1 and 2, by the judge."""
    judge = judge_of(cells)
    forms = ("{name}", "{codebook_size:d}", "{time_reduction:d}", "{bleu:.1f}", "{meteor:.1f}")
    rows = [
        " & ".join(shown(form, cell, "test", judge).replace("–", "--") for form in forms) + r" \\" for cell in cells
    ]
    names = r"System & Codebook & Time reduction & BLEU & METEOR \\"
    head = [r"\begin{tabular}{lrrrr}", r"\toprule", names, r"\midrule"]
    return "\n".join([*head, *rows, r"\bottomrule", r"\end{tabular}"]) + "\n"
