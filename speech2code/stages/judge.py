"""Stages `listen`, `evaluate` and `report`: transcribe and score what was spoken, show everything on one page."""

import time

import torch

from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.evaluation.detectors import detect
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.evaluation.report import write_report
from speech2code.evaluation.scores import score
from speech2code.files import read_json, write_atomically, write_json
from speech2code.stages.folders import run_folder
from speech2code.stages.record import RECORD, finished, seconds_of, stage
from speech2code.stages.transcripts import ROWS, own_recogniser, read_row, store_of, waveforms_of

VERBS = {"synthesis": "synthesise", "inverter": "invert", "recogniser": "recognise"}  # folder of a stage → its verb
FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer", "wer_low", "wer_high", "cer")


def listen(config: Config) -> None:
    """Both recognisers read the resynthesis: the ceiling of every translation into these units."""
    with stage(run_folder(config) / "listening", _made_by(config, "inverter", "recogniser")) as figures:
        if figures is not None:
            read_row(config, "resynthesis", _own(config), beside=True)


def evaluate(config: Config) -> None:
    """Transcribes what no stage has read yet, and scores every row: `evaluation/`, `scores.json`."""
    run = run_folder(config)
    with stage(run / "evaluation", _made_by(config, "synthesis", "inverter", "recogniser")) as figures:
        if figures is None:
            return
        units, ended = (read_json(run / "synthesis" / f"{name}.json") for name in ("units", "ended"))
        own, scores, detected = _own(config), {}, {}
        stores = {row: store_of(config, row) for row in ROWS}
        for row, store in stores.items():
            if store is None:
                continue
            heard, references = read_row(config, row, own), store.texts("target")
            sequences = units.get("reference" if row == "resynthesis" else row)
            ordered = [[table[key] for key in store.ids] if table else None for table in (sequences, ended.get(row))]
            detected[row] = detect(waveforms_of(config, row, store), ordered[0], heard["own"], references, ordered[1])
            results = {name: score(hypotheses, references) for name, hypotheses in heard.items()}
            scores[row] = {name: {key: each.as_dict()[key] for key in FIGURES} for name, each in results.items()}
        signature = {"bleu": results["own"].bleu_signature, "meteor": results["own"].meteor_signature}
        write_json(run / "evaluation" / "detectors.json", detected)
        write_json(run / "scores.json", scores | {"seconds": seconds_of(run), "signature": signature})


def _own(config: Config) -> AttentionRecogniser:
    torch.set_num_threads(config.trainer.threads)
    folder = run_folder(config) / "recogniser"
    record = read_json(folder / RECORD)
    return own_recogniser(config, folder, record["words"], record["longest"])


def _made_by(config: Config, *folders: str) -> dict:
    """Folder of a stage → the fingerprint of its settings; UserError where that stage is not finished."""
    return {name: finished(run_folder(config) / name, VERBS[name])["fingerprint"] for name in folders}


def report(config: Config) -> None:
    """One HTML page from what the run's folder holds; the times of all stages go into `scores.json`."""
    run, began = run_folder(config), time.monotonic()
    with write_atomically(run / "config.yaml") as temporary:
        temporary.write_text(to_yaml(config) + "\n", encoding="utf-8")
    write_json(run / "seconds.json", seconds_of(run))
    if not (run / "run.json").exists():
        write_json(run / "run.json", describe_run(config.trainer.seed))
    print(f"report: {write_report(run)}")
    if (run / "scores.json").exists():
        seconds = seconds_of(run) | {"report": round(time.monotonic() - began, 2)}
        write_json(run / "scores.json", read_json(run / "scores.json") | {"seconds": seconds})
