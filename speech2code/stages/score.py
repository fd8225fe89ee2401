"""Stages `score` and `score baselines`: transcripts → BLEU, METEOR, WER, CER of every row."""

from speech2code.config import Config
from speech2code.files import read_json, write_json
from speech2code.registry import BASELINES, BY_NAME, ROWS, RUN, STAGES, Row
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.detectors import detect
from speech2code.scoring.meteor import start_meteor
from speech2code.scoring.scores import Scores, score_pairs
from speech2code.stages.folders import run_folder
from speech2code.stages.record import fingerprints, finished, seconds_of, stage
from speech2code.stages.transcribe import waveforms_of

FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer", "wer_low", "wer_high", "cer")


def score(config: Config) -> None:
    """Every row of the system itself: `scores.json`, and `scores/detectors.json` of what a score hides."""
    run = run_folder(config)
    with stage(run, "scores", fingerprints(run, "decoding", *_transcripts(config, RUN))) as figures:
        if figures is None:
            return
        start_meteor(config.corpus.target)  # its ten seconds of loading pass meanwhile
        rows = [row for row in ROWS if row.group == RUN and RunFolder(run).transcripts(row.name, config.recognisers[0])]
        write_json(run / "scores" / "detectors.json", {row.name: _detect(config, row) for row in rows})
        scores, signature = _scores(config, RUN)
        write_json(run / "scores.json", scores | {"seconds": seconds_of(run), "signature": signature})


def score_baselines(config: Config) -> None:
    """The rows of baseline and topline, the topline's text as text, seconds of training: `baselines/scores.json`."""
    run = run_folder(config)
    with stage(run, "baseline_scores", fingerprints(run, "baselines", *_transcripts(config, BASELINES))) as figures:
        if figures is None:
            return
        start_meteor(config.corpus.target)
        scores, signature = _scores(config, BASELINES)
        texts = read_json(run / "baselines" / "topline_text.json")
        scores["topline_text"] = _figures(score_pairs(texts.values(), config.corpus.target))
        trained = {name: finished(run, name)["seconds"] for name in BY_NAME["baselines"].needs}
        write_json(run / "baselines" / "scores.json", scores | {"seconds": trained, "signature": signature})


def _transcripts(config: Config, group: str) -> list[str]:
    """Names of the stages that read the rows of this group, by the recognisers of this experiment."""
    return [each.name for each in STAGES if each.row and each.group == group and each.recogniser in config.recognisers]


def _scores(config: Config, group: str) -> tuple[dict[str, dict], dict[str, str]]:
    """Row → recogniser → figures, of all that there are transcripts of; and how they were made."""
    found: dict[str, dict] = {}
    signature: dict[str, str] = {}
    run = RunFolder(run_folder(config))
    for row in ROWS:
        tables = {name: run.transcripts(row.name, name) for name in config.recognisers} if row.group == group else {}
        scores = {name: score_pairs(each.values(), config.corpus.target) for name, each in tables.items() if each}
        if scores:
            found[row.name] = {name: _figures(each) for name, each in scores.items()}
            signature = next(iter(scores.values())).signatures
    return found, signature


def _figures(scores: Scores) -> dict:
    return {name: getattr(scores, name) for name in FIGURES}


def _detect(config: Config, row: Row) -> dict:
    """What a score hides, by the first recogniser."""
    run = run_folder(config)
    units, ended = (read_json(run / "decoding" / f"{name}.json") for name in ("units", "ended"))
    table = RunFolder(run).transcripts(row.name, config.recognisers[0])
    references, transcripts = (list(each) for each in zip(*table.values()))
    known = units.get("reference" if row.name == "resynthesis" else row.name), ended.get(row.name)
    sequences, ends = ([of[key] for key in table] if of else None for of in known)
    return detect(waveforms_of(config, row.name), sequences, transcripts, references, config.corpus.target, ends)
