"""Matrices as pictures, for TensorBoard."""

from torch import Tensor


def heatmap(values: Tensor):
    """`(rows, columns)` → a matplotlib figure, row 0 at the bottom."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    figure.colorbar(axes.imshow(values, origin="lower", aspect="auto", interpolation="nearest"), ax=axes)
    return figure
