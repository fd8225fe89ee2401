"""Stages `evaluate` and `report`: transcribe and score what was spoken, show everything on one page."""

import time
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import load_waveform
from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.evaluation.detectors import detect
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.report import write_report
from speech2code.evaluation.run_folder import RunFolder
from speech2code.evaluation.scores import score
from speech2code.files import read_json, write_atomically, write_json
from speech2code.stages.folders import data_folder, run_folder
from speech2code.stages.record import RECORD, finished, seconds_of, stage
from speech2code.stages.transcripts import own_recogniser, transcripts

ROWS = ("original", "resynthesis", "translation", "unseen")
FIGURES = ("bleu", "bleu_low", "bleu_high", "meteor", "wer", "wer_low", "wer_high", "cer")


def evaluate(config: Config) -> None:
    """Transcribes every row with both recognisers and scores the transcripts: `evaluation/`, `scores.json`."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    settings = {
        name: finished(run / name, verb)["fingerprint"]
        for name, verb in (("synthesis", "synthesise"), ("recogniser", "recognise"))
    }
    with stage(run / "evaluation", settings) as figures:
        if figures is None:
            return
        units, ended = (read_json(run / "synthesis" / f"{name}.json") for name in ("units", "ended"))
        record = read_json(run / "recogniser" / RECORD)
        own = own_recogniser(config, run / "recogniser", record["words"], record["longest"])
        heard: dict[tuple[str, str], list[str]] = {}
        references, detected = {}, {}
        for row in ROWS:
            split = "unseen" if row == "unseen" else "test"
            if not (data_folder(config) / split).exists():
                continue
            store = FeatureStore(data_folder(config), split)
            references[row] = store.texts("target")
            waveforms = _waveforms(run, row, store)
            for each in [own] if row == "unseen" else [own, PocketSphinx()]:  # it would take half a minute more
                table = RunFolder(run).table(row, each.name)
                heard[row, each.name] = transcripts(table, each, store, waveforms)
            sequences = units.get("reference" if row == "resynthesis" else row)
            ordered = [[table[key] for key in store.ids] if table else None for table in (sequences, ended.get(row))]
            detected[row] = detect(waveforms, ordered[0], heard[row, "own"], references[row], ordered[1])
        scores: dict = {row: {} for row in references}
        for (row, recogniser), hypotheses in heard.items():
            result = score(hypotheses, references[row])
            scores[row][recogniser] = {key: result.as_dict()[key] for key in FIGURES}
        signature = {"bleu": result.bleu_signature, "meteor": result.meteor_signature}
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


def _waveforms(run: Path, row: str, store: FeatureStore) -> list[np.ndarray]:
    if row == "original":
        return [store.waveform("target", item) for item in range(len(store))]
    return [load_waveform(run / "synthesis" / row / f"{key}.wav") for key in store.ids]
