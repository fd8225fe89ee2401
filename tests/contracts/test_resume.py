"""Resume is running the same command again: after SIGTERM in the middle of a stage, and after the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ended

import speech2code
from speech2code.cli import main
from speech2code.files import read_json
from speech2code.locks import LOCK
from speech2code.registry import BY_NAME
from speech2code.stages import runner

ROOT = Path(speech2code.__file__).parent.parent
WORK = 0.5  # seconds of training that are left for the second attempt


def events(folder):
    return sum(path.stat().st_size for path in folder.glob("events.out.tfevents*"))


def test_a_stage_killed_in_the_middle_goes_on_and_ends(textless, tmp_path, capsys):
    # a budget in minutes belongs to no stage's settings: the first attempt could train for an hour
    overrides = textless.overrides(tmp_path, "units.training.steps=1000000", "trainer.minutes=60")
    folder = tmp_path / "tiny" / "units"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "speech2code", "train", "units", *overrides],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        deadline = time.monotonic() + 90
        while not events(folder) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)  # as a terminal and `run` do together
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "speech2code: interrupted; the same command goes on from here"
    assert "Traceback" not in errors
    record = read_json(folder / "stage.json")
    assert not record["done"] and record["seconds"] > 0
    assert [each["exit"] for each in record["attempts"]] == ["interrupted"]

    import torch

    counters = torch.load(folder / "last.ckpt", weights_only=True)["counters"]
    assert counters["step"] > 0
    overrides[-1] = f"trainer.minutes={(counters['elapsed'] + WORK) / 60}"
    main(["train", "units", *overrides])
    assert f"units: going on from step {counters['step']}" in capsys.readouterr().out
    done = read_json(folder / "stage.json")
    assert done["done"] and done["steps"] > counters["step"]
    assert done["seconds"] > record["seconds"]  # of both attempts
    assert done["attempts"][0] == record["attempts"][0] and done["attempts"][1]["exit"] == "done"
    assert sorted(path.stem for path in folder.glob("*.npz")) == ["dev", "test", "train", "unseen"]
    assert not list(tmp_path.rglob("*.part"))


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def in_process(monkeypatch):
    """Stages of `run` within this process: what it starts and in which order, without seven start-ups of Python."""
    started = []

    def start(name, overrides, *_):
        started.append(name)
        try:
            main([*BY_NAME[name].verb.split(), *overrides])
            code = 0
        except SystemExit as stop:
            code = stop.code
        return ended(code)

    monkeypatch.setattr(runner, "_start", start)
    return started


def test_run_does_everything_once_and_nothing_twice(textless, tmp_path, in_process, capsys):
    overrides = textless.overrides(tmp_path)
    main(["run", *overrides])
    assert "the corpus has no target text: nothing is scored" in capsys.readouterr().out
    assert sorted(in_process) == ["decoding", "quality", "report", "resynthesis", "translator", "units", "vocoder"]
    assert in_process.index("decoding") < in_process.index("quality") < in_process.index("report")
    assert in_process.index("units") < min(in_process.index("vocoder"), in_process.index("translator"))
    run = tmp_path / "tiny"
    assert (run / "report.html").exists() and (run / "model" / "model.safetensors").exists()
    before = snapshot(run)
    main(["run", *overrides])
    out = capsys.readouterr().out
    for stage in ("prepare", "units", "vocoder", "resynthesis", "translator", "decoding", "quality"):
        assert f"{stage}: done already" in out
    after = snapshot(run)
    assert before.keys() == after.keys()
    changed = {path.name for path in before if before[path] != after[path]}
    assert changed <= {"report.html", "config.yaml", LOCK}  # the page alone is written anew


def test_a_stage_is_a_process_of_its_own(textless, tmp_path):
    """What `in_process` stands for: forked from the server, it writes its folder and says by its exit how it went."""
    good = runner._start("units", textless.overrides(tmp_path), 0, 1)
    wrong = runner._start(
        "transcripts/original.pocketsphinx", textless.overrides(tmp_path, "units.codebook_size=none"), 1, 1
    )
    assert os.getpriority(os.PRIO_PROCESS, wrong.pid) == runner.LOWEST
    for process in (good, wrong):
        process.join(60)
    assert (good.exitcode, wrong.exitcode) == (0, 2)
    assert read_json(tmp_path / "tiny" / "units" / "stage.json")["done"]


def test_run_stops_at_a_stage_that_fails(textless, tmp_path, in_process, capsys):
    main(["train", "units", *textless.overrides(tmp_path)])
    with pytest.raises(SystemExit):
        main(["run", *textless.overrides(tmp_path, "units.codebook_size=4")])
    assert in_process == ["units"]
    errors = capsys.readouterr().err
    assert "was made with units.codebook_size=8" in errors and "`train units` failed" in errors
