"""The cells of a sweep, read from their run folders: one dictionary of figures a cell."""

from pathlib import Path

import yaml

from speech2code.errors import UserError
from speech2code.evaluation.run_folder import RunFolder
from speech2code.evaluation.significance import paired_bootstrap
from speech2code.files import read_json

FAILED = "failed.json"  # of a cell: which one it is, and the reason
FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer")
MEASURES = (
    "units_a_second", "bitrate", "used", "abx_within", "abx_across", "pnmi", "wer_original_pocketsphinx",
    "wer_resynthesis_pocketsphinx",
)  # fmt: skip


def read_cells(sweep: Path) -> list[dict]:
    """Folder `runs/<name>` → its cells by codebook size and time reduction, the failed ones too; those of a corpus
    without text have measures of units and no scores. Raises UserError where there is no cell."""
    failed = {path.parent: read_json(path) for path in sweep.glob(f"*/{FAILED}")}
    cells = [{"cell": folder.name, "system": "speech2code"} | reason for folder, reason in failed.items()]
    finished = [path.parent for path in sweep.glob("*/units.json") if path.parent not in failed]
    cells += _compared([_finished(folder) for folder in finished], sweep)
    if not cells:
        raise UserError(f"{sweep} holds no finished cell; run `speech2code sweep` with this experiment first")
    return sorted(cells, key=lambda cell: (cell["codebook_size"], cell["time_reduction"], cell["cell"]))


def coordinates(config: dict) -> dict:
    """A cell's settings → where it stands in the table."""
    return {
        "pair": f"{config['corpus']['source']}-{config['corpus']['target']}",
        "codebook_size": config["units"]["codebook_size"],
        "time_reduction": config["units"]["time_reduction"],
    }


def _finished(folder: Path) -> dict:
    run, config = RunFolder(folder), yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    scores, units = run.json("scores.json"), run.json("units.json")
    items = read_json(Path(config["data"]) / config["corpus"]["name"] / "train" / "items.json")
    return (
        {"cell": folder.name, "system": "speech2code", "train_pairs": len(items["ids"])}
        | coordinates(config)
        | (_figures(scores["translation"]) if scores else {})
        | {name: units.get(name) for name in MEASURES}
        | {"origin": run.json("run.json")}
    )


def _figures(scores: dict) -> dict:
    own, sphinx = scores["own"], scores["pocketsphinx"]
    return {name: own[name] for name in FIGURES} | {f"{name}_pocketsphinx": sphinx[name] for name in FIGURES}


def _compared(cells: list[dict], sweep: Path) -> list[dict]:
    """With "p_value": paired bootstrap of each cell against the best one, on the own recogniser's transcripts."""
    if not any("bleu" in cell for cell in cells):
        return cells
    best = _read(sweep, max(cells, key=lambda cell: cell["bleu"]))
    references, hypotheses = zip(*best.values())
    return [
        cell | {"p_value": paired_bootstrap([ours for _, ours in _read(sweep, cell).values()], hypotheses, references)}
        for cell in cells
    ]


def _read(sweep: Path, cell: dict) -> dict[str, tuple[str, str]]:
    return RunFolder(sweep / cell["cell"]).transcripts("translation", "own")
