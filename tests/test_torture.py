"""The instrument of scripts/torture.py: what is wrong, hangs, crashes or takes memory is told as such."""

import os
import time
from importlib import import_module

import numpy as np
import pytest

from scripts.torture import ROWS
from tests.torture.trials import Answer, Trial, attempt, told

SENTENCE = Answer(2, "", "speech2code: in.wav is silent; give another recording\n")


def _raises(_):
    raise KeyError("n3")


def _ends(_):
    os._exit(3)


TRIALS = {
    "right": (lambda folder: None, "right"),
    "wrong": (lambda folder: "other results", "wrong"),
    "an exception": (_raises, "traceback"),
    "no end": (lambda folder: time.sleep(60), "hang"),
    "killed": (lambda folder: os.kill(os.getpid(), 9), "wrong"),
    "ended before its verdict": (_ends, "wrong"),
    "files": (lambda folder: None if [*folder.iterdir()] == [] and folder.samefile(".") else "there are", "right"),
}


@pytest.mark.parametrize("name", TRIALS)
def test_each_end_has_its_name(name):
    run, kind = TRIALS[name]
    assert attempt(Trial(name, run), limit=2).kind == kind


def test_memory_is_measured():
    few = attempt(Trial("few", lambda folder: None)).peak
    assert attempt(Trial("many", lambda folder: None if np.ones(40_000_000).all() else "?")).peak > few + 250e6


@pytest.mark.parametrize(("answer", "right"), [
    (Answer(0, "done", ""), True), (SENTENCE, True), (SENTENCE._replace(code=1), False), (Answer(2, "", ""), False),
    (SENTENCE._replace(err=2 * SENTENCE.err), False), (SENTENCE._replace(err="Traceback\n" + SENTENCE.err), False),
    (Answer(2, "", "KeyError: 'n3'\n"), False), (Answer(0, "", "Traceback (most recent call last)"), False),
])  # fmt: skip
def test_only_work_or_one_sentence_is_right(answer, right):
    assert (told(answer) is None) == right
    assert told(answer, may_work=False) is not None or answer.code == 2


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_module(row):
    assert callable(import_module(f"tests.torture.{row}").trials)
