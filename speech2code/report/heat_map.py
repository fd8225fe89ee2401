"""BLEU over codebook size and time reduction, as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speech2code.files import write_atomically
from speech2code.report.cells import OURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sizes_and_reductions(cells: list[dict]) -> tuple[list[int], list[int]]:
    """The codebook sizes and time reductions of our systems among the cells (`read_cells`)."""
    ours = [cell for cell in cells if cell["row"] == OURS]
    sizes, reductions = (sorted({cell[name] for cell in ours}) for name in ("codebook_size", "time_reduction"))
    return sizes, reductions


def bleu_grid(cells: list[dict], recogniser: str, split: str = "test") -> np.ndarray:
    """float `(sizes, reductions)`: BLEU of our systems, of several kinds that of the best on dev; NaN: no score."""
    sizes, reductions = sizes_and_reductions(cells)
    grid = np.full((len(sizes), len(reductions)), np.nan)

    def bleu(cell: dict, split: str, reader: str) -> float:
        return cell.get("scores", {}).get(split, {}).get(reader, {}).get("bleu", np.nan)

    ours = [cell for cell in cells if cell["row"] == OURS]
    for cell in sorted(ours, key=lambda cell: np.nan_to_num(bleu(cell, "dev", cell.get("judge", "")), nan=-1.0)):
        place = sizes.index(cell["codebook_size"]), reductions.index(cell["time_reduction"])
        grid[place] = bleu(cell, split, recogniser)
    return grid


def draw_heat_map(figure: "Figure", cells: list[dict], recogniser: str, split: str = "test") -> None:
    """The grid with its figures in it; a cell without a score stays empty."""
    sizes, reductions = sizes_and_reductions(cells)
    grid = bleu_grid(cells, recogniser, split)
    axes = figure.subplots()
    image = axes.imshow(grid, cmap="viridis")
    bright = np.nanmin(grid) + 0.7 * np.ptp(grid[~np.isnan(grid)]) if not np.isnan(grid).all() else 0.0
    for row, column in np.ndindex(grid.shape):
        value = float(grid[row, column])
        shade = "k" if value > bright else "w"  # yellow is bright
        axes.text(column, row, "–" if np.isnan(value) else f"{value:.1f}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(reductions)), map(str, reductions))
    axes.set_yticks(range(len(sizes)), map(str, sizes))
    axes.set(xlabel="time reduction", ylabel="codebook size", title=f"BLEU on {split}, {recogniser}")
    figure.colorbar(image)


def inches(cells: list[dict]) -> tuple[float, float]:
    """Width and height that give each figure its room."""
    sizes, reductions = sizes_and_reductions(cells)
    return 1.2 * len(reductions) + 2, 0.9 * len(sizes) + 1.5


def write_heat_map(cells: list[dict], path: Path) -> None:
    """BLEU on test by the judge → PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches(cells), layout="constrained")
    draw_heat_map(figure, cells, next((cell["judge"] for cell in cells if "judge" in cell), ""))
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
