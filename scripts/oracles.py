"""Where the points go: the test sentences with ever more of the truth taken away, for ours and for the topline.

    python scripts/oracles.py runs/best_fr_en runs/tatoeba_fr_en_1000_6/ablation/bigrams      # finished runs

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
from speech2code.builders import load_recogniser
from speech2code.compose import from_yaml
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import add_rows, write_atomically
from speech2code.report.cells import JUDGE, OTHER
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score
from speech2code.stages.decode import resynthesise
from speech2code.stages.folders import data_folder, run_folder, unit_encoder_of, vocoder_of
from speech2code.unit_quality.information import unit_error_rate

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
    scores, units, baselines = run.scores(), run.units(), run.json("baselines/scores.json") or {}
    found = {"the original": scores["original"]}
    if getattr(config.units, "target_unit_rate", None):
        found["its units, their durations"] = _true_durations(config)
    found |= {"its units": scores["resynthesis"], "the translated units": scores["translation"]}
    if baselines:
        found["the topline's text, as text"] = {JUDGE: baselines["topline_text"]}
    found |= {shown: scores[row] for row, shown in TOPLINE.items() if row in scores}
    lines = [{"run": config.name, "row": row, "origin": run.json("run.json")} | each for row, each in found.items()]
    pairs = [[np.array(units[row][key]) for key in units["reference"]] for row in ("reference", "translation")]
    next(each for each in lines if each["row"] == "the translated units")["unit_error_rate"] = unit_error_rate(*pairs)
    return lines


def _true_durations(config: Config) -> dict[str, dict]:
    """Recogniser → scores of the true units, each as long as it was."""
    torch.set_num_threads(config.trainer.threads)
    (encoder, _), store = unit_encoder_of(config), FeatureStore(data_folder(config), "test")
    with tempfile.TemporaryDirectory() as folder:
        spoken = [Path(folder) / f"{name}.wav" for name in store.ids]
        resynthesise(config, encoder, vocoder_of(config, encoder), Path(folder), true_durations=True)
        waveforms = [load_waveform(path) for path in spoken]
    references, folder_of = store.texts("target"), run_folder(config) / "recogniser"
    read = {name: load_recogniser(name, folder_of).transcribe(waveforms, name) for name in config.recognisers}
    return {name: score(texts, references, config.corpus.target).as_dict() for name, texts in read.items()}


def _shown(line: dict) -> str:
    judge, other, errors = line[JUDGE], line.get(OTHER), line.get("unit_error_rate")
    figures = [
        f"{judge['bleu']:.1f} ({judge['bleu_low']:.1f} to {judge['bleu_high']:.1f})",
        f"{other['bleu']:.1f}" if other else "–",
        "–" if errors is None else f"{errors:.1f}",
    ]
    return "| " + " | ".join([line["run"], line["row"], *figures]) + " |"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"oracles: {error}")
