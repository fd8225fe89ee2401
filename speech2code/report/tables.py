"""The cells of a sweep as one table: Markdown, CSV, LaTeX, JSON and a heat map, the paper's figures beside ours."""

import csv
import io
from pathlib import Path

import numpy as np

from speech2code.files import write_atomically, write_json
from speech2code.registry import ROWS
from speech2code.report.cells import OURS
from speech2code.report.paper import PAPER, REMARKS, TOPLINE

SYSTEMS = {OURS: "ours"} | {row.name: row.title for row in ROWS}
COLUMNS = {
    "system": "{name}",
    "units": "{units}",
    "translator": "{translator}",
    "vocoder": "{vocoder}",
    "codebook": "{codebook_size:d}",
    "time reduction": "{time_reduction:d}",
    "BLEU (95 %)": "{bleu:.1f} ({bleu_low:.1f} to {bleu_high:.1f})",
    "METEOR": "{meteor:.1f}",
    "p against the best": "{p_value:.3f}",
    "BLEU, PocketSphinx": "{bleu_pocketsphinx:.1f}",
    "the paper: BLEU / METEOR": "{paper}",
    "units/s": "{units_a_second:.1f}",
    "bit/s": "{bitrate:.0f}",
    "codes used": "{used:.0%}",
    "ABX within / across, %": "{abx_within:.1f} / {abx_across:.1f}",
    "PNMI": "{pnmi:.2f}",
    "WER of the resynthesis, PocketSphinx, %": "{wer_resynthesis_pocketsphinx:.1f}",
}

SIZES = "{corpus}: {train_pairs:,} training pairs, {test_sentences:,} test sentences."


def write_tables(cells: list[dict], folder: Path, command: str) -> None:
    """Cells (`read_cells`) → `table.json`, `.md`, `.csv`, `.tex` and `.png` in `folder`.

    `command` makes it all again and stands under the table.
    """
    write_json(folder / "table.json", cells)
    for ending, text in (("md", _markdown(cells, command)), ("csv", _csv(cells)), ("tex", _latex(cells))):
        with write_atomically(folder / f"table.{ending}") as temporary:
            temporary.write_text(text, encoding="utf-8")
    _heat_map(cells, folder / "table.png")
    print(f"table: {folder / 'table.md'}")


def _markdown(cells: list[dict], command: str) -> str:
    rows = [[_shown(form, cell) for form in COLUMNS.values()] for cell in cells]
    lines = ["| " + " | ".join(row) + " |" for row in (COLUMNS, ["---"] * len(COLUMNS), *rows)]
    failed = [f"`{cell['cell']}` failed: {cell['error']}" for cell in cells if "error" in cell]
    remark = REMARKS.get(cells[0]["pair"], "")
    judges = dict.fromkeys(cell["judge"] for cell in cells if "judge" in cell)
    judged = f"BLEU, METEOR and p (paired bootstrap) by {', '.join(judges)} unless said." if judges else ""
    corpus = [SIZES.format(**cell) for cell in cells if "corpus" in cell][:1]
    return (
        "\n\n".join(["\n".join(lines), *failed, " ".join(filter(None, [*corpus, judged, remark])), f"`{command}`"])
        + "\n"
    )


def _shown(form: str, cell: dict) -> str:
    """What a cell has not got is a dash."""
    paper = PAPER.get(cell["pair"], {}).get((cell["codebook_size"], cell["time_reduction"]))
    paper = TOPLINE.get(cell["pair"]) if cell["system"] == "topline" else paper
    try:
        return form.format(**cell, name=SYSTEMS[cell["system"]], paper=f"{paper[0]} / {paper[1]}" if paper else "–")
    except (KeyError, TypeError):  # it failed; or this corpus does not have the figure: None takes no format
        return "–"


def _csv(cells: list[dict]) -> str:
    names = list(dict.fromkeys(name for cell in cells for name in cell if name not in ("origin", "seconds")))
    text = io.StringIO()
    table = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(cells)
    return text.getvalue()


def _latex(cells: list[dict]) -> str:
    """In the layout of the paper's Tables 1 and 2."""
    forms = ("{name}", "{codebook_size:d}", "{time_reduction:d}", "{bleu:.1f}", "{meteor:.1f}")
    rows = [" & ".join(_shown(form, cell).replace("–", "--") for form in forms) + r" \\" for cell in cells]
    names = r"System & Codebook & Time reduction & BLEU & METEOR \\"
    head = [r"\begin{tabular}{lrrrr}", r"\toprule", names, r"\midrule"]
    return "\n".join([*head, *rows, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _heat_map(cells: list[dict], path: Path) -> None:
    """BLEU over codebook size and time reduction, of several kinds the best; a cell without a score stays empty."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    cells = [cell for cell in cells if cell["system"] == OURS]
    sizes, reductions = (sorted({cell[name] for cell in cells}) for name in ("codebook_size", "time_reduction"))
    grid = np.full((len(sizes), len(reductions)), np.nan)
    for cell in cells:
        place = sizes.index(cell["codebook_size"]), reductions.index(cell["time_reduction"])
        grid[place] = np.fmax(grid[place], cell.get("bleu", np.nan))
    figure, axes = pyplot.subplots(figsize=(1.2 * len(reductions) + 2, 0.9 * len(sizes) + 1.5), layout="constrained")
    image = axes.imshow(grid, cmap="viridis")
    bright = np.nanmin(grid) + 0.7 * np.ptp(grid[~np.isnan(grid)]) if not np.isnan(grid).all() else 0.0
    for row, column in np.ndindex(grid.shape):
        value = float(grid[row, column])
        shade = "k" if value > bright else "w"  # yellow is bright
        axes.text(column, row, "–" if np.isnan(value) else f"{value:.1f}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(reductions)), reductions)
    axes.set_yticks(range(len(sizes)), sizes)
    axes.set(xlabel="time reduction", ylabel="codebook size", title="BLEU")
    figure.colorbar(image)
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    pyplot.close(figure)
