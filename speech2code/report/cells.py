"""The cells of a sweep, read from their run folders: one dictionary of figures a cell."""

from pathlib import Path

import yaml

from speech2code.errors import UserError
from speech2code.files import read_json
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.significance import paired_bootstrap

OURS = "speech2code"
SHARED = "shared"  # the folder beside the cells that holds what depends on none of the swept settings
FAILED = "failed.json"  # of a cell: which one it is, and the reason
JUDGE, OTHER = "in_domain", "pocketsphinx"  # whose figures choose where there are any, and whose stand beside them
FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer")
MEASURES = (
    "units_a_second", "bitrate", "used", "abx_within", "abx_across", "pnmi", "wer_original_pocketsphinx",
    "wer_resynthesis_pocketsphinx",
)  # fmt: skip


def read_cells(sweep: Path) -> list[dict]:
    """Folder `runs/<name>` → its cells by kinds, codebook size and time reduction, the failed ones too, then baseline
    and topline; those of a corpus without text have measures of units and no scores. UserError where there is none."""
    failed = {path.parent: read_json(path) for path in sweep.glob(f"*/{FAILED}")}
    cells = [{"cell": folder.name, "system": OURS} | reason for folder, reason in failed.items()]
    finished = [path.parent for path in sweep.glob("*/units.json") if path.parent not in failed]
    ours = [_finished(folder) for folder in finished]
    cells = sorted(cells + ours, key=lambda cell: (cell["codebook_size"], cell["time_reduction"], cell["cell"]))
    if not cells:
        raise UserError(f"{sweep} holds no finished cell; run `speech2code sweep` with this experiment first")
    return _compared(cells + _baselines(sweep, ours), sweep)


def coordinates(config: dict) -> dict:
    """A cell's settings → where it stands in the table."""
    units = config["units"]
    return {
        "pair": f"{config['corpus']['source']}-{config['corpus']['target']}",
        "units": units["kind"],
        "translator": config["translator"]["kind"],
        "vocoder": config["vocoder"]["kind"],
        "codebook_size": units["codebook_size"],
        # units that last as long as their sound are chosen frame by frame
        "time_reduction": 1 if units.get("target_unit_rate") else units.get("time_reduction", 1),
    }


def _finished(folder: Path) -> dict:
    run, config = RunFolder(folder), yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    scores, units = run.scores(), run.json("units.json") or {}
    return (
        {"cell": folder.name, "system": OURS}
        | corpus_sizes(Path(config["data"]) / config["corpus"]["name"])
        | coordinates(config)
        | (_figures(scores["translation"]) if scores else {})
        | {name: units.get(name) for name in MEASURES}
        | {"seconds": run.json("seconds.json"), "origin": run.json("run.json")}
    )


def corpus_sizes(folder: Path) -> dict:
    """A prepared corpus → its name and how large it is."""
    train, test = (len(read_json(folder / split / "items.json")["ids"]) for split in ("train", "test"))
    return {"corpus": folder.name, "train_pairs": train, "test_sentences": test}


def _baselines(sweep: Path, ours: list[dict]) -> list[dict]:
    """The paper's baseline and topline, trained once, on the pairs of all cells; none where that is not done."""
    if not ours or not (sweep / SHARED).is_dir():
        return []
    run = RunFolder(sweep / SHARED)
    return [
        {"cell": SHARED, "system": row, "codebook_size": None, "time_reduction": None}
        | {name: ours[0][name] for name in ("pair", "corpus", "train_pairs", "test_sentences")}
        | _figures(scores)
        | {"origin": run.json("run.json")}
        for row, scores in run.scores().items()
    ]


def _figures(scores: dict) -> dict:
    """The judge's figures by their names, those of the other recogniser with its name behind them."""
    judge = JUDGE if JUDGE in scores else next(iter(scores))
    first, other = scores[judge], scores.get(OTHER, {})
    found = {name: first[name] for name in FIGURES} | {f"{name}_{OTHER}": other.get(name) for name in FIGURES}
    return found | {"judge": judge}


def _compared(cells: list[dict], sweep: Path) -> list[dict]:
    """With "p_value": paired bootstrap of each against our best cell, on the judge's transcripts."""
    scored = [cell for cell in cells if "bleu" in cell and cell["system"] == OURS]
    if not scored:
        return cells
    chosen = max(scored, key=lambda cell: cell["bleu"])
    references, best = zip(*transcripts_of(sweep, chosen).values())
    settings = yaml.safe_load((sweep / chosen["cell"] / "config.yaml").read_text(encoding="utf-8"))
    language = settings["corpus"]["target"]

    def against_best(cell: dict) -> float:
        hypotheses = [hypothesis for _, hypothesis in transcripts_of(sweep, cell).values()]
        return paired_bootstrap(hypotheses, list(best), list(references), language)

    return [cell | ({"p_value": against_best(cell)} if "bleu" in cell else {}) for cell in cells]


def transcripts_of(sweep: Path, cell: dict) -> dict[str, tuple[str, str]]:
    """id → (reference, what the judge has read)."""
    row = "translation" if cell["system"] == OURS else cell["system"]
    return RunFolder(sweep / cell["cell"]).transcripts(row, cell["judge"])
