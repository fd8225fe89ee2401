"""How far vocabulary and length carry: BLEU, and its ratio to the topline's, over the rungs of the ladder of one pair.

python scripts/ladder.py fr_en      # after sweeps of experiment=tatoeba_fr_en with other corpus.top_words, max_words

Reads `results/tatoeba_fr_en_*/table.json` and, of `scripts/ablation.py`, `results/ablation.json`; writes
`results/ladder_fr_en.md` and `.png`.
"""

import math
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from speech2code.evaluation.cells import OURS
from speech2code.files import read_json

RESULTS = Path(__file__).resolve().parents[1] / "results"
ABLATION = RESULTS / "ablation.json"
TOPLINES = {"topline": "topline", "topline_voice": "topline's text, corpus's voice"}
HEAD = (
    "| corpus | training pairs | test sentences | topline | its text, spoken by the corpus's voice | system "
    "| BLEU (95 %) | ratio to the topline |"
)


def main(pair: str) -> None:
    rungs = sorted(map(_rung, RESULTS.glob(f"tatoeba_{pair}_*/table.json")), key=lambda rung: rung["train_pairs"])
    if not rungs:
        sys.exit(
            f"ladder: no {RESULTS}/tatoeba_{pair}_*/table.json; `speech2code sweep` with that experiment writes it"
        )
    lines = [line for rung in rungs for line in _lines(rung)]
    text = "\n".join([HEAD, "|---" * HEAD.count(" |") + "|", *lines])
    (RESULTS / f"ladder_{pair}.md").write_text(f"{text}\n\n`python scripts/ladder.py {pair}`\n", encoding="utf-8")
    print(text)
    _draw(rungs, RESULTS / f"ladder_{pair}.png")


def _rung(path: Path) -> dict:
    """One table → its sizes, the BLEU of both toplines and our cells by name."""
    rows = [row for row in read_json(path) if "bleu" in row]
    sizes = {name: rows[0][name] for name in ("corpus", "train_pairs", "test_sentences")}
    rivals = {name: next((row["bleu"] for row in rows if row["system"] == name), None) for name in TOPLINES}
    ours = {f"{row['codebook_size']}/{row['time_reduction']}": row for row in rows if row["system"] == OURS}
    if ABLATION.exists():
        # the first row of an ablation is a cell of the sweep
        steps = [row for row in read_json(ABLATION) if row["experiment"] == path.parent.name and row["p_value"]]
        ours |= {row["row"]: row for row in steps}
    return sizes | rivals | {"ours": ours}


def _lines(rung: dict) -> list[str]:
    toplines = " | ".join("–" if rung[name] is None else f"{rung[name]:.1f}" for name in TOPLINES)
    start = f"| {rung['corpus']} | {rung['train_pairs']:,} | {rung['test_sentences']} | {toplines} |"
    return [
        f"{start} {name} | {row['bleu']:.1f} ({row['bleu_low']:.1f} to {row['bleu_high']:.1f}) | "
        f"{row['bleu'] / rung['topline']:.2f} |"
        for name, row in rung["ours"].items()
    ]


def _draw(rungs: list[dict], path: Path) -> None:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    pairs = [rung["train_pairs"] for rung in rungs]
    for (name, label), form in zip(TOPLINES.items(), ("k--o", "k:o")):
        left.plot(pairs, [rung[name] or math.nan for rung in rungs], form, label=label)
    for name in dict.fromkeys(name for rung in rungs for name in rung["ours"]):
        there = [rung for rung in rungs if name in rung["ours"]]
        sizes = [rung["train_pairs"] for rung in there]
        left.errorbar(
            sizes,
            [rung["ours"][name]["bleu"] for rung in there],
            [
                [abs(rung["ours"][name][end] - rung["ours"][name]["bleu"]) for rung in there]
                for end in ("bleu_low", "bleu_high")
            ],
            marker="o",
            capsize=3,
            label=name,
        )
        right.plot(sizes, [rung["ours"][name]["bleu"] / rung["topline"] for rung in there], "-o", label=name)
    left.set(xscale="log", xlabel="training pairs", ylabel="BLEU")
    right.set(xscale="log", xlabel="training pairs", ylabel="BLEU ÷ topline's")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:2] or [sys.exit("ladder: name a pair, fr_en or ja_en")])
