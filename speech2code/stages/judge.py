"""Stages `listen`, `evaluate` and `report`: transcribe and score what was spoken, show everything on one page."""

import time

import torch

from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.evaluation.detectors import detect
from speech2code.evaluation.meteor import start_meteor
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.report import write_report
from speech2code.evaluation.scores import score
from speech2code.files import read_json, write_atomically, write_json
from speech2code.stages.folders import corpus_of, run_folder
from speech2code.stages.record import fingerprints, seconds_of, stage
from speech2code.stages.transcripts import own_recogniser, store_of, transcripts, waveforms_of

# what PocketSphinx hears → the stage it comes from; the unseen list would take it half a minute more
HEARD = {"original": None, "resynthesis": "inverter", "translation": "synthesis"}
ROWS = (*HEARD, "unseen")
FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer", "wer_low", "wer_high", "cer")


def listen(config: Config, row: str = "") -> None:
    """PocketSphinx reads one row of speech: `listening-<row>/`."""
    if row not in HEARD:
        raise UserError(f"listen needs a row: speech2code listen {'|'.join(HEARD)} experiment=…")
    folder = run_folder(config) / f"listening-{row}"
    settings = {"corpus": corpus_of(config, folder.name)}
    if HEARD[row]:
        settings |= fingerprints(run_folder(config), HEARD[row])
    with stage(folder, settings) as figures:
        if figures is not None:
            transcripts(config, row, PocketSphinx())


def evaluate(config: Config) -> None:
    """The own recogniser reads every row; all transcripts are scored: `evaluation/`, `scores.json`."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    settings = fingerprints(run, "synthesis", "recogniser", *(f"listening-{row}" for row in HEARD))
    with stage(run / "evaluation", settings) as figures:
        if figures is None:
            return
        units, ended = (read_json(run / "synthesis" / f"{name}.json") for name in ("units", "ended"))
        own, scores, detected = own_recogniser(config), {}, {}
        start_meteor()  # its ten seconds of loading pass while the recogniser reads
        for row in ROWS:
            store = store_of(config, row)
            if store is None:
                continue
            heard = {own.name: transcripts(config, row, own, threads=config.trainer.jobs)}
            if row in HEARD:
                heard[PocketSphinx.name] = transcripts(config, row, PocketSphinx())
            references = store.texts("target")
            sequences = units.get("reference" if row == "resynthesis" else row)
            ordered = [[table[key] for key in store.ids] if table else None for table in (sequences, ended.get(row))]
            detected[row] = detect(waveforms_of(config, row), ordered[0], heard["own"], references, ordered[1])
            results = {name: score(hypotheses, references) for name, hypotheses in heard.items()}
            scores[row] = {name: {key: each.as_dict()[key] for key in FIGURES} for name, each in results.items()}
        signature = {"bleu": results["own"].bleu_signature, "meteor": results["own"].meteor_signature}
        write_json(run / "evaluation" / "detectors.json", detected)
        write_json(run / "scores.json", scores | {"seconds": seconds_of(run), "signature": signature})


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
