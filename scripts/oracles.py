"""Where the points go: the test sentences with ever more of the truth taken away, for ours and for the topline.

    python scripts/oracles.py runs/best_fr_en runs/tatoeba_fr_en_1000_6/ablation/rate      # finished runs

Ours: the original; its units with their true durations; with predicted ones; the translated units. The topline, where
the run has one: its text, scored as text; spoken by the corpus's voice; by its own Tacotron. Both recognisers read all
that is spoken. Writes `results/oracles.json` and `.md`, where the lines of other runs stay.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import load_waveform
from speech2code.compose import from_yaml
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.run_folder import RunFolder
from speech2code.evaluation.scores import score
from speech2code.files import add_rows, write_atomically
from speech2code.stages.folders import data_folder, discoverer_of, inverter_of
from speech2code.stages.speak import resynthesise
from speech2code.stages.transcripts import own_recogniser
from speech2code.units.quality import unit_error_rate

RESULTS = Path("results") / "oracles.json"
TOPLINE = {"topline_voice": "the topline's text, the corpus's voice", "topline": "the topline's text, its Tacotron"}
HEAD = "| run | what is spoken | BLEU (95 %) | BLEU, PocketSphinx | unit errors, % |"
REMARK = "Unit errors: edit distance to the units of the reference; another good translation counts as wrong."


def main(folders: list[str]) -> None:
    if not folders:
        raise UserError("name the folders of some finished runs, e.g. runs/best_fr_en")
    lines = [line for folder in folders for line in _lines(Path(folder))]
    lines = add_rows(RESULTS, lines, "run")
    text = "\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *map(_shown, lines), "", REMARK])
    with write_atomically(RESULTS.with_suffix(".md")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    print(text)


def _lines(folder: Path) -> list[dict]:
    """One dictionary a row of a finished run."""
    run = RunFolder(folder)
    config = from_yaml(folder / "config.yaml")
    scores, units, rivals = run.json("scores.json"), run.units(), run.json("comparisons/scores.json") or {}
    found = {"the original": scores["original"]}
    if config.units.rate:
        found["its units, their durations"] = _true_durations(config)
    found |= {"its units": scores["resynthesis"], "the translated units": scores["translation"]}
    if rivals:
        found["the topline's text, as text"] = {"own": rivals["spelt"]}
    found |= {shown: rivals[row] for row, shown in TOPLINE.items() if row in rivals}
    lines = [{"run": config.name, "row": row, "origin": run.json("run.json")} | each for row, each in found.items()]
    pairs = [[np.array(units[row][key]) for key in units["reference"]] for row in ("reference", "translation")]
    next(each for each in lines if each["row"] == "the translated units")["unit_error_rate"] = unit_error_rate(*pairs)
    return lines


def _true_durations(config: Config) -> dict[str, dict]:
    """Recogniser → scores of the true units, each as long as it was."""
    torch.set_num_threads(config.trainer.threads)
    (discoverer, _), store = discoverer_of(config), FeatureStore(data_folder(config), "test")
    with tempfile.TemporaryDirectory() as folder:
        spoken = [Path(folder) / f"{name}.wav" for name in store.ids]
        inverter = inverter_of(config, discoverer)
        resynthesise(config, discoverer.alphabet, inverter, Path(folder), true_durations=True)
        waveforms = [load_waveform(path) for path in spoken]
    recognisers, references = (own_recogniser(config), PocketSphinx()), store.texts("target")
    return {each.name: score(each.transcribe(waveforms), references).as_dict() for each in recognisers}


def _shown(line: dict) -> str:
    own, sphinx, errors = line["own"], line.get("pocketsphinx"), line.get("unit_error_rate")
    figures = [
        f"{own['bleu']:.1f} ({own['bleu_low']:.1f} to {own['bleu_high']:.1f})",
        f"{sphinx['bleu']:.1f}" if sphinx else "–",
        "–" if errors is None else f"{errors:.1f}",
    ]
    return "| " + " | ".join([line["run"], line["row"], *figures]) + " |"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"oracles: {error}")
