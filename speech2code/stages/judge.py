"""Stages `evaluate` and `report`: transcribe and score what was spoken, show everything on one page."""

import csv
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import load_waveform
from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.evaluation.detectors import detect
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.report import write_report
from speech2code.evaluation.scores import score
from speech2code.files import read_json, write_atomically, write_json
from speech2code.stages.folders import data_folder, run_folder, speech_of
from speech2code.stages.record import finished, seconds_of, stage

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
        recognisers = _own_recogniser(config), PocketSphinx()
        transcripts: dict[tuple[str, str], list[str]] = {}
        references, detected = {}, {}
        for row in ROWS:
            split = "unseen" if row == "unseen" else "test"
            if not (data_folder(config) / split).exists():
                continue
            store = FeatureStore(data_folder(config), split)
            references[row] = store.texts("target")
            waveforms = _waveforms(run, row, store)
            for each in recognisers[: 1 if row == "unseen" else 2]:  # PocketSphinx would take half a minute more
                transcripts[row, each.name] = _transcripts(run, row, each, store.ids, references[row], waveforms)
            sequences = units.get("reference" if row == "resynthesis" else row)
            ordered = [[table[key] for key in store.ids] if table else None for table in (sequences, ended.get(row))]
            detected[row] = detect(waveforms, ordered[0], transcripts[row, "own"], references[row], ordered[1])
        with ThreadPoolExecutor(config.trainer.jobs) as pool:  # METEOR's Java takes seconds to start
            results = list(pool.map(score, transcripts.values(), (references[row] for row, _ in transcripts)))
        scores: dict = {row: {} for row in references}
        for (row, recogniser), result in zip(transcripts, results):
            scores[row][recogniser] = {key: result.as_dict()[key] for key in FIGURES}
        signature = {"bleu": results[0].bleu_signature, "meteor": results[0].meteor_signature}
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


def _own_recogniser(config: Config) -> AttentionRecogniser:
    """The evaluation's own recogniser, trained by `recognise`."""
    folder = run_folder(config) / "recogniser"
    record = finished(folder, "recognise")
    standard = speech_of(config, "train").standard("target")
    return AttentionRecogniser.load(folder, config.recogniser, record["words"], standard, record["longest"])


def _waveforms(run: Path, row: str, store: FeatureStore) -> list[np.ndarray]:
    if row == "original":
        return [store.waveform("target", item) for item in range(len(store))]
    return [load_waveform(run / "synthesis" / row / f"{key}.wav") for key in store.ids]


def _transcripts(
    run: Path, row: str, recogniser, ids: list[str], references: list[str], waveforms: list[np.ndarray]
) -> list[str]:
    """What the recogniser reads in a row; kept in a table, so that an interrupted evaluation listens to nothing
    twice."""
    path = run / "evaluation" / f"{row}.{recogniser.name}.tsv"
    if not path.exists():
        transcripts = recogniser.transcribe(waveforms, description=f"{recogniser.name}: {row}")
        with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(["id", "reference", "hypothesis"])
            table.writerows(zip(ids, map(normalise, references), map(normalise, transcripts)))
    with open(path, encoding="utf-8", newline="") as file:
        return [row["hypothesis"] for row in csv.DictReader(file, delimiter="\t")]
