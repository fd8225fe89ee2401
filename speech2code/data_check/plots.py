"""Pictures of the page: how the recordings of both sides are spread, and how the pairs fit."""

from typing import TYPE_CHECKING, Any

import numpy as np

from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus, values
from speech2code.data_check.findings import Finding
from speech2code.data_check.sound_checks import NOISY, QUIET, TELEPHONE
from speech2code.report.figures import COLOURS, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPREAD = {  # number of a recording → its name with unit, and the limit beyond which it is a finding
    "speech_seconds": ("seconds of speech", None),
    "level": ("level of the speech, dBFS", QUIET),
    "snr": ("speech over pauses, dB", NOISY),
    "cliff": ("below over above 4 kHz, dB", TELEPHONE),
}
BINS = 40
VECTORS = 1_000  # points from which on a cloud is a picture in the picture: else it makes the page slow


def spread(corpus: CheckedCorpus) -> str:
    """Four histograms of both sides → SVG; "" where there is no recording."""
    sides = {side: found for side in SIDES if (found := corpus.usable(side))}
    if not sides:
        return ""

    def draw(figure: "Figure") -> None:
        for ax, (name, (label, limit)) in zip(figure.subplots(2, 2).flat, SPREAD.items()):
            numbers = {side: values(found, name) for side, found in sides.items()}
            numbers = {side: each[np.isfinite(each)] for side, each in numbers.items()}
            everything = np.concatenate(list(numbers.values()))
            edges = np.histogram_bin_edges(everything, BINS) if len(everything) else BINS
            for side, each in numbers.items():
                style: Any = {"color": COLOURS[SIDES.index(side)], "alpha": 0.55, "histtype": "stepfilled"}
                ax.hist(each, edges, label=side, **style)
            if limit is not None and len(everything):
                ax.axvline(limit, color="gray", linestyle=":", linewidth=1.2)
            ax.set(xlabel=label, ylabel="recordings")
        figure.axes[0].legend()

    return svg("spread", draw, 9.6, 5.0)


def lengths(corpus: CheckedCorpus, findings: list[Finding]) -> str:
    """Each pair's lengths, and in the order of the rows how far they are from the usual ratio → SVG; "" without pairs
    of recordings."""
    rows = [row for row, pair in enumerate(corpus.pairs) if np.isfinite(corpus.log_ratio(pair.id))]
    if not rows:
        return ""
    names = [corpus.pairs[row].id for row in rows]
    seconds = np.array([[corpus.seconds[side][name] for side in SIDES] for name in names])
    ratios = np.exp([corpus.log_ratio(name) for name in names])
    bad = {name for each in findings if each.kind in ("misaligned", "shift") for name in each.ids}
    odd = np.array([name in bad for name in names])

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        for chosen, colour, label in ((~odd, COLOURS[0], "fit"), (odd, COLOURS[1], "do not fit")):
            style: Any = {"s": 9, "color": colour, "alpha": 0.6, "linewidths": 0, "rasterized": len(names) > VECTORS}
            left.scatter(*seconds[chosen].T, label=label, **style)
            right.scatter(np.array(rows)[chosen] + 1, ratios[chosen], **style)
        left.set(xlabel="source, seconds of speech", ylabel="target, seconds of speech")
        right.set(xlabel="row of the manifest", ylabel="target / source", yscale="log")
        right.minorticks_off()
        right.set_yticks(
            ticks := [each for each in (0.1, 0.2, 0.5, 1, 2, 5, 10) if ratios.min() / 2 < each < ratios.max() * 2]
        )
        right.set_yticklabels([f"{each:g}" for each in ticks])
        if odd.any():
            left.legend()

    return svg("lengths", draw, 9.6, 3.4)
