"""Pictures and sounds of the report, as text that stands in the HTML itself."""

import base64
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.image
import numpy as np
import torch

from speech2code.audio.features import LogMagnitude
from speech2code.audio.files import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = "#010203"  # stands for the page's text colour, so that a figure follows light and dark
COLOURS = ("#2f7fd0", "#d9731a")  # blue and orange: told apart by colour-blind readers, legible on white and on black
_RANGE_DB = 80
COLUMNS = 600  # of a waveform's picture
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
}


def sound(waveform: np.ndarray) -> str:
    """float32 `(samples,)` at 16 kHz → data URI, FLAC: half of WAV, nothing lost, played by every browser."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(waveform, -1, 1), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return _data_uri("audio/flac", buffer)


def spectrogram(waveform: np.ndarray) -> str:
    """Log magnitude, 0 to 8 kHz upwards, 10 ms a column, 80 dB below the loudest point → PNG data URI."""
    # every other bin: 129 rows are enough for a picture of a hundred pixels
    log_magnitude = LogMagnitude(512)(torch.from_numpy(waveform).float()[None])[0, :, ::2]
    decibel = 20 / np.log(10) * log_magnitude.T.flip(0).numpy()
    return heat_map(decibel, low=decibel.max() - _RANGE_DB, high=decibel.max())


def waveform(samples: np.ndarray) -> str:
    """float32 `(samples,)` → its outline, lowest to highest sample of each column → SVG in the text's colour."""
    parts = np.array_split(samples, min(COLUMNS, len(samples)))
    lines = "".join(
        f"M{column} {50 - 50 * part.max():.1f}V{51 - 50 * part.min():.1f}" for column, part in enumerate(parts)
    )
    return (
        f'<svg viewBox="0 0 {len(parts)} 101" preserveAspectRatio="none" role="img" aria-label="Waveform">'
        f'<path d="{lines}" stroke="currentColor"/></svg>'
    )


def heat_map(values: np.ndarray, low: float, high: float) -> str:
    """float `(rows, columns)`, first row on top, `low` dark and `high` bright → PNG data URI, one pixel a value."""
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, values, vmin=low, vmax=max(high, low + 1e-9), cmap="magma", format="png")
    return _data_uri("image/png", buffer)


def training_curves(stage: str, curves: dict[str, tuple[list[int], list[float]]]) -> str:
    """Both losses in one panel, each other dev scalar in its own → SVG; "" when there is nothing to draw."""
    panels = [
        [name for name in curves if name.endswith("/loss")],
        *([name] for name in curves if not name.endswith("/loss")),
    ]
    panels = [panel for panel in panels if panel]
    if not panels:
        return ""

    def draw(figure: "Figure") -> None:
        axes = list(figure.subplots(-(-len(panels) // 3), 3, squeeze=False).flat)
        for ax, names in zip(axes, panels):
            for name, colour in zip(sorted(names), COLOURS):
                ax.plot(
                    *curves[name],
                    color=colour,
                    linewidth=1.2,
                    label=name,
                    marker="." if len(curves[name][0]) == 1 else None,
                )
            ax.set(title=" and ".join(sorted(names)), xlabel="step")
            if len(names) > 1:
                ax.legend(fontsize=8)
        for ax in axes[len(panels) :]:
            ax.remove()

    return svg(stage, draw, 9.6, 2.3 * -(-len(panels) // 3))


def code_usage(units: dict[str, dict[str, list[int]]]) -> str:
    """How often each code is used, in percent of all units: reference against translation → SVG; "" without units."""
    sequences = {name: [unit for sequence in of_name.values() for unit in sequence] for name, of_name in units.items()}
    sequences = {name: sequence for name, sequence in sequences.items() if sequence}
    if not sequences:
        return ""
    codes = 1 + max(max(sequence) for sequence in sequences.values())
    shares = {
        name: 100 * np.bincount(sequence, minlength=codes) / len(sequence) for name, sequence in sequences.items()
    }
    order = np.argsort(-next(iter(shares.values())), kind="stable")

    def draw(figure: "Figure") -> None:
        ax = figure.subplots()
        width = 0.84 / len(shares)
        for i, ((name, share), colour) in enumerate(zip(shares.items(), COLOURS)):
            ax.bar(
                np.arange(codes) + (i - (len(shares) - 1) / 2) * width, share[order], width, color=colour, label=name
            )
        ax.set(xlabel="code, most used first", ylabel="% of units", xlim=(-1, codes))
        ax.set_xticks(range(codes) if codes <= 64 else [], order if codes <= 64 else [], fontsize=6, rotation=90)
        ax.legend()

    return svg("code usage", draw, 9.6, 2.8)


def error_by_length(groups: list[tuple[str, float, int]]) -> str:
    """(words, mean error in percent, sentences) of each group → SVG; "" where there is one group or none."""
    if len(groups) < 2:
        return ""

    def draw(figure: "Figure") -> None:
        ax = figure.subplots()
        names, errors, counts = zip(*groups)
        bars = ax.bar(names, errors, color=COLOURS[0])
        ax.bar_label(bars, [f"{count} sentences" for count in counts], fontsize=7)
        ax.set(xlabel="words in the reference", ylabel="character errors, %")

    return svg("error by length", draw, 9.6, 2.4)


def phones_of_units(counts: np.ndarray, phones: list[str]) -> str:
    """Frames `(codebook_size, phones)` → each used unit's shares of phones, sorted by phone → SVG."""
    used = np.flatnonzero(counts.sum(1))
    shares = counts[used] / counts[used].sum(1, keepdims=True)
    order = np.lexsort((-shares.max(1), shares.argmax(1)))

    def draw(figure: "Figure") -> None:
        ax = figure.subplots()
        image = ax.imshow(shares[order].T, aspect="auto", cmap="magma", vmin=0, vmax=1, interpolation="nearest")
        ax.set_xticks(range(len(used)), used[order], fontsize=5, rotation=90)
        ax.set_yticks(range(len(phones)), phones, fontsize=6)
        ax.set(xlabel="unit", ylabel="phone")
        figure.colorbar(image, label="share of the unit's frames")

    return svg("phones of units", draw, 9.6, 0.6 + 0.12 * max(len(phones), 20))


def codebook_map(codes: np.ndarray, counts: np.ndarray, phones: list[str]) -> str:
    """Codes `(codebook_size, dim)` on their two main axes, each named by its most frequent phone, as large as it is
    used → SVG."""
    centred = codes - codes.mean(0)
    places = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T

    def draw(figure: "Figure") -> None:
        ax = figure.subplots()
        sizes = 600 * counts.sum(1) / counts.sum() * len(codes) / 10
        ax.scatter(places[:, 0], places[:, 1], sizes, color=COLOURS[0], alpha=0.35)
        for unit in np.flatnonzero(counts.sum(1)):
            ax.annotate(phones[counts[unit].argmax()], places[unit], fontsize=7, ha="center", va="center")
        ax.set(xlabel="first main axis", ylabel="second main axis")

    return svg("codebook map", draw, 7.2, 4.6)


def svg(name: str, draw: "Callable[[Figure], None]", width: float, height: float) -> str:
    """What `draw` draws, `width` × `height` inches → SVG in the page's colours; `name` makes its ids its own."""
    from matplotlib.figure import Figure

    style: Any = {**_STYLE, "svg.hashsalt": name}
    with matplotlib.rc_context(style):  # ids of their own in one page
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    # Inside HTML no name space is needed; without fixed points the figure takes the width of the page.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    opening, body = text.split(">", 1)
    opening = re.sub(r' (?:xmlns(?::xlink)?|width|height|version)="[^"]*"', "", opening)
    return f"{opening}>{body}".replace(_INK, "currentColor")


def _data_uri(kind: str, buffer: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
