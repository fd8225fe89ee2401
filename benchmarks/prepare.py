"""Corpus preparation on all cores against the voices alone on all cores: pairs a second, their start included."""

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.timing import Line
from speech2code.compose import compose
from speech2code.corpora.joining import SHARD
from speech2code.corpora.prepare import prepare
from speech2code.corpora.sources import read_pairs
from speech2code.corpora.voices import load_voice

SIZES = ["train=1200", "dev=20", "test=20", "unseen=20"]


def measure() -> Line:
    corpus = compose(["name=bench", *(f"corpus.{size}" for size in SIZES)]).corpus
    pairs, jobs = read_pairs(corpus)[0], len(os.sched_getaffinity(0))
    chunks = [pairs[start : start + SHARD] for start in range(0, len(pairs), SHARD)]
    rates = {"ours": [], "voices": []}
    for _ in range(2):  # in turns
        began = time.perf_counter()
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            list(pool.map(_speak, chunks, [corpus.source_voice] * len(chunks), [corpus.target_voice] * len(chunks)))
        rates["voices"].append(len(pairs) / (time.perf_counter() - began))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            prepare(corpus, Path(folder), jobs)
            rates["ours"].append(len(pairs) / (time.perf_counter() - began))
    ours, voices = (sum(each) / len(each) for each in rates.values())
    return Line("prepare", ours, voices, "pairs/s", ours / voices, "≥ 0.9", ours / voices >= 0.9, {"processes": jobs})


def _speak(pairs: list, source: str, target: str) -> None:
    source, target = load_voice(source), load_voice(target)
    for pair in pairs:
        source.speak(pair.source_text)
        target.speak(pair.target_text)
