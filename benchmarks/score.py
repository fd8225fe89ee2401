"""Transcribing and scoring of a finished `make demo` (in this folder): in-domain recogniser, METEOR and intervals for
three rows of 510 sentences; PocketSphinx apart, beside its bare decoders."""

import os
import time
from multiprocessing import get_context

from benchmarks.timing import Line
from speech2code.builders import load_recogniser
from speech2code.compose import compose
from speech2code.recognisers import pocketsphinx
from speech2code.scoring.meteor import start_meteor
from speech2code.scoring.scores import score
from speech2code.stages.folders import run_folder
from speech2code.stages.texts import scorable
from speech2code.stages.transcribe import waveforms_of

ROWS = ("original", "resynthesis", "translation")
SPHINX_SENTENCES = 120


def measure() -> Line:
    config = compose(["experiment=best_fr_en"])
    rows = {row: waveforms_of(config, row, "test") for row in ROWS}
    references = scorable(config, "test").store.texts("target")
    began = time.perf_counter()
    recogniser = load_recogniser("in_domain", run_folder(config), config)
    start_meteor(config.corpus.target)
    for row, waveforms in rows.items():
        score(recogniser.transcribe(waveforms, row), references, config.corpus.target)
    taken = time.perf_counter() - began
    share = _sphinx(rows["original"][:SPHINX_SENTENCES])
    met = taken <= 90 and share >= 0.95
    notes = {"sentences": sum(map(len, rows.values())), "PocketSphinx, share of the bare decoders' speed": share}
    return Line("score", taken, 90, "s", 90 / taken, "≤ 90 s, ≥ 0.95 × decoder", met, notes)


def _sphinx(waveforms: list) -> float:
    """How fast our wrapper is as a share of decoders that only decode, each core its half, best of two."""
    cores, sounds = len(os.sched_getaffinity(0)), [pocketsphinx.prepare(each) for each in waveforms]
    ours, bare = [], []
    for _ in range(2):
        began = time.perf_counter()
        pocketsphinx.PocketSphinx().transcribe(waveforms)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        processes = [get_context("spawn").Process(target=_decode, args=(sounds[core::cores],)) for core in range(cores)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        bare.append(time.perf_counter() - began)
    return min(bare) / min(ours)


def _decode(sounds: list[bytes]) -> None:
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL", **pocketsphinx.SETTINGS)
    for sound in sounds:
        decoder.start_utt()
        decoder.process_raw(sound, full_utt=True)
        decoder.end_utt()
        decoder.hyp()
