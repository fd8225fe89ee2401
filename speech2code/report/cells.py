"""What a table shows of a sweep, or of a single run: one dictionary a system. Trainings that differ by their seed alone
are one system."""

import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from speech2code.corpora.pairs import SPLITS
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import read_json
from speech2code.records import origin_of, records_of
from speech2code.registry import BASELINES, ROW, ROWS
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.counts import METRICS
from speech2code.scoring.trainings import over_trainings, paired_bootstrap_trainings

OURS = "translation"  # the row that a system of ours is judged by
SHARED = "shared"  # the folder beside the cells that holds what depends on none of the swept settings, by seed
SEED = re.compile(r"(^|_)(trainer\.)?seed-\d+(?=_|$)")  # in the name of a folder
SWEEP = "sweep.json"  # of a sweep: how to make it again
FAILED = "failed.json"  # of a cell: which one it is, and the reason
MEASURES = (
    "units_a_second", "bitrate", "bitrate_with_durations", "used", "abx_within", "abx_across", "pnmi",
    "unit_error_rate", "unit_bleu", "mel_cepstral_distortion_resynthesis", "mel_cepstral_distortion_translation",
    "naturalness_original", "naturalness_resynthesis", "naturalness_translation",
)  # fmt: skip


class System(NamedTuple):
    """Some trainings of one system."""

    row: str
    place: dict
    runs: list[RunFolder]  # one a seed
    judge: str  # whose figures choose and compare; "" where no words are scored

    @property
    def cell(self) -> str:
        """The folder of its run; of several, without the seed in its name."""
        folder = self.runs[0].path
        return folder.name if len(self.runs) == 1 else SEED.sub("", folder.name).strip("_") or folder.parent.name

    def transcripts(self, recogniser: str, split: str = "test") -> list[dict[str, tuple[str, str]]]:
        """id → (reference, hypothesis), of each training."""
        return [run.transcripts(self.row, recogniser, split) for run in self.runs]


def read_cells(folder: Path) -> list[dict]:
    """Folder of a sweep or of a single run → what each recogniser makes of the original, our systems by kinds, codebook
    size and time reduction, the failed ones too, then baseline and topline. A corpus without text has measures of units
    and no scores. UserError where there is none."""
    failed = {path.parent: read_json(path) for path in folder.glob(f"*/{FAILED}")}
    systems = read_systems(folder)
    lines = [{"cell": path.name, "row": OURS} | reason for path, reason in failed.items()]
    lines += [_line(system) for system in systems]
    if not lines:
        raise UserError(f"{folder} holds no finished run; run `speech2code sweep` or `run` with this experiment first")
    return _compared(sorted(lines, key=_order), systems)


def read_systems(folder: Path) -> list[System]:
    """The finished systems in the folder of a sweep or of a single run, corpus by corpus."""
    if (folder / SWEEP).exists():
        places = [path.parent for path in sorted(folder.glob("*/config.yaml"))]
        ours = [RunFolder(path) for path in places if not (path / FAILED).exists()]
        baselines = [RunFolder(path.parent) for path in sorted((folder / SHARED).glob("*/config.yaml"))]
    else:
        ours = baselines = [RunFolder(folder)] if (folder / "config.yaml").exists() else []
    by_corpus = groupby(sorted(ours, key=_corpus), key=_corpus)
    return [
        system
        for corpus, runs in by_corpus
        for system in _of_corpus(list(runs), [run for run in baselines if _corpus(run) == corpus])
    ]


def _of_corpus(ours: list[RunFolder], baselines: list[RunFolder]) -> list[System]:
    corpus = {name: value for name, value in coordinates(config_of(ours[0])).items() if name not in PARTS}
    judge = judge_of(ours[0]) if ours[0].scores() else ""
    judged = [System("original", corpus, ours[:1], judge)] if judge else []
    by_place = groupby(sorted(ours, key=_place), key=_place)
    groups = ([*{_seed(run): run for run in group}.values()] for _, group in by_place)  # a training counts once
    mine = [System(OURS, coordinates(config_of(runs[0])), runs, judge) for runs in groups]
    scored = [run for run in baselines if run.sealed("baselines/scores.json")]
    others = [System(row.name, corpus, scored, judge) for row in ROWS if row.group == BASELINES and scored]
    return judged + mine + [each for each in others if each.row in scored[0].scores()]


def _corpus(run: RunFolder) -> str:
    return config_of(run)["corpus"]["name"]


def _seed(run: RunFolder) -> int:
    return config_of(run)["trainer"]["seed"]


PARTS = ("units", "translator", "vocoder", "codebook_size", "time_reduction")


def coordinates(config: dict) -> dict:
    """A run's settings → where it stands in a table."""
    units = config["units"]
    return {
        "pair": f"{config['corpus']['source']}-{config['corpus']['target']}",
        "corpus": config["corpus"]["name"],
        "units": units["kind"],
        "translator": config["translator"]["kind"],
        "vocoder": config["vocoder"]["kind"],
        "codebook_size": units["codebook_size"],
        # units that last as long as their sound are chosen frame by frame
        "time_reduction": 1 if units.get("target_unit_rate") else units.get("time_reduction", 1),
    }


def config_of(run: RunFolder) -> dict:
    """A run's settings, as the report wrote them."""
    return yaml.safe_load(run.config() or "")


def corpus_sizes(folder: Path) -> dict[str, int]:
    """A prepared corpus → pairs in each split."""
    splits = ("train", "dev", "test")
    return {f"{split}_pairs": len(FeatureStore(folder, split)) for split in splits}


APART = ("name", "donor", "trainer", "runs", "data", "baselines")  # settings that change no system


def _place(run: RunFolder) -> str:
    """All settings that make a system: runs with the same ones are trainings of one system."""
    config = config_of(run)
    apart = {name: value for name, value in config.items() if name not in APART}
    learnt = {name: config["trainer"][name] for name in ("minutes", "precision")}
    return yaml.safe_dump(apart | {"trainer": learnt}, sort_keys=True)


def _order(line: dict) -> tuple:
    """The original first, then ours by size, then what they are compared with."""
    rows = [row.name for row in ROWS]
    return rows.index(line["row"]), line.get("codebook_size") or 0, line.get("time_reduction") or 0, line["cell"]


def _line(system: System) -> dict:
    configs = [config_of(run) for run in system.runs]
    data = Path(configs[0]["data"]) / configs[0]["corpus"]["name"]
    line = {"cell": system.cell, "row": system.row} | system.place | corpus_sizes(data)
    scores = _scores(system, configs[0]["corpus"]["target"])
    if scores:
        line |= {"judge": system.judge, "scores": scores}
    if system.row == "original":
        line["signatures"] = system.runs[0].sealed("scores.json")["signatures"]
    if system.row == OURS:
        line |= {"measures": _mean_of([run.sealed("units.json") for run in system.runs], MEASURES)}
    if system.row != "original":
        line["seeds"] = [config["trainer"]["seed"] for config in configs]
        line["processor_seconds"] = float(np.mean([_processor_seconds(run, system.row) for run in system.runs]))
    return line | {"origins": [origin_of(run.path) for run in system.runs]}


def judge_of(run: RunFolder) -> str:
    """The first recogniser that can read the original speech; where none can, the first."""
    original = run.scores()["original"]
    return next((name for name, figures in original.items() if "cannot_judge" not in figures), next(iter(original)))


def _scores(system: System, language: str) -> dict:
    """Split → recogniser → figures; of several trainings their mean, with an interval over sentences and trainings. A
    system of ours has its resynthesis beside it, a topline what it writes, scored as text."""
    found: dict[str, dict] = {}
    for split in SPLITS[1:]:
        scores = [run.scores(split) for run in system.runs]
        for recogniser in scores[0].get(system.row, {}):
            figures = [each[system.row][recogniser] for each in scores]
            if len(figures) > 1:
                figures = [_together(figures, system.transcripts(recogniser, split), language)]
            if system.row == OURS and "resynthesis" in scores[0]:
                ceilings = [each["resynthesis"][recogniser]["bleu"] for each in scores]
                figures[0] |= {"resynthesis_bleu": float(np.mean(ceilings))}
            texts = [run.text_bleu(system.row, split) for run in system.runs]
            figures[0] |= _mean_of([{"text_bleu": each} for each in texts], ("text_bleu",))
            found.setdefault(split, {})[recogniser] = figures[0]
    return found


def _together(figures: list[dict], read: list[dict[str, tuple[str, str]]], language: str) -> dict[str, float]:
    """Figures of each training and what was read of it → their mean, with deviation and interval over both."""
    references = [reference for reference, _ in read[0].values()]
    hypotheses = [[each[key][1] for key in read[0]] for each in read]
    found = _mean_of(figures, ("meteor", "cannot_judge"))  # METEOR's program would need minutes for its interval
    for metric in METRICS:
        over = over_trainings(hypotheses, references, language, metric)
        found |= {metric: over.mean, f"{metric}_low": over.low, f"{metric}_high": over.high}
        found |= {f"{metric}_sd": over.deviation} if over.deviation is not None else {}
    return found


def _mean_of(found: list[dict], names: tuple[str, ...]) -> dict[str, float]:
    """The mean of what all of them have."""
    names = tuple(name for name in names if all(each.get(name) is not None for each in found))
    return {name: float(np.mean([each[name] for each in found])) for name in names}


def _processor_seconds(run: RunFolder, row: str) -> float:
    records = records_of(run.path)
    return sum(records[name]["processor_seconds"] for name in ROW[row].trained)


def _compared(lines: list[dict], systems: list[System]) -> list[dict]:
    """With "best" where a system of ours is the best of its corpus on dev by the judge, and "p_value" by each reader:
    two-sided paired bootstrap of BLEU against that one, on test. One training and several are not compared."""
    by_cell = {(each.cell, each.row, each.place["corpus"]): each for each in systems}
    for corpus in {each.place["corpus"] for each in systems}:
        mine = [line for line in lines if line.get("corpus") == corpus and "scores" in line]
        judged = [line for line in mine if line["row"] == OURS and _dev(line) is not None]
        if not judged:
            continue
        best = max(judged, key=lambda line: _dev(line) or 0.0)
        best["best"] = True
        chosen = by_cell[best["cell"], OURS, corpus]
        for line in mine:
            system = by_cell[line["cell"], line["row"], corpus]
            if line["row"] != "original" and (len(system.runs) == 1) == (len(chosen.runs) == 1):
                for recogniser, figures in line["scores"]["test"].items():
                    if recogniser in best["scores"]["test"]:
                        figures["p_value"] = _p_value(system, chosen, recogniser)
    return lines


def _p_value(system: System, chosen: System, recogniser: str) -> float:
    language = config_of(chosen.runs[0])["corpus"]["target"]
    read = chosen.transcripts(recogniser)
    references = {key: reference for key, (reference, _) in read[0].items()}
    ours, theirs = (
        [[each[key][1] for key in references] for each in transcripts]
        for transcripts in (system.transcripts(recogniser), read)
    )
    return paired_bootstrap_trainings(ours, theirs, list(references.values()), language)


def _dev(line: dict) -> float | None:
    return line.get("scores", {}).get("dev", {}).get(line.get("judge"), {}).get("bleu")
