"""No child outlives its parent, none prints a traceback, and one that was killed is told of in one sentence."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ended

import speech2code
from speech2code import cli
from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.stages import runner
from speech2code.workers import SIGNALS, signals_held_back, workers

ROOT = Path(speech2code.__file__).parent.parent
POOL = """
import os, time
from pathlib import Path
from speech2code.workers import workers
import slow
if __name__ == "__main__":
    with workers(2, slow.begin) as pool:
        try:
            list(pool.map(TASK, [60, 60]))
        except KeyboardInterrupt:
            EXIT
"""
SLOW = """
import ctypes, os, time
from pathlib import Path
Path(f"importing.{os.getpid()}").touch()
time.sleep(SECONDS)
def begin():
    Path(f"begun.{os.getpid()}").touch()
def compute(seconds):
    ctypes.PyDLL(None).sleep(seconds)  # C code that lets no thread of Python run meanwhile
"""


def exists(process):
    return Path(f"/proc/{process}").exists()


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def end(process):
    """What a failed test left; mostly nothing."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def pool(tmp_path):
    """Starts a program with two workers, whose import takes some seconds; gives it."""
    started = []

    def start(seconds, exit="os._exit(130)", task="time.sleep"):
        (tmp_path / "slow.py").write_text(SLOW.replace("SECONDS", str(seconds)))
        (tmp_path / "program.py").write_text(POOL.replace("EXIT", exit).replace("TASK", task))
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        started.append(
            subprocess.Popen(
                [sys.executable, "program.py"], cwd=tmp_path, stderr=subprocess.PIPE, env=environment, process_group=0
            )
        )
        return started[0]

    yield start
    end(started[0])


def children(tmp_path, what, parent):
    return [each for path in tmp_path.glob(f"{what}.*") if (each := int(path.suffix[1:])) != parent.pid]


@pytest.mark.parametrize("task", ["time.sleep", "slow.compute"])
def test_workers_die_with_a_parent_that_was_killed(pool, tmp_path, task):
    parent = pool(0, task=task)
    wait_for(lambda: len(children(tmp_path, "begun", parent)) == 2)
    time.sleep(0.5)  # the tasks begin
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(map(exists, children(tmp_path, "begun", parent))), 5)


def test_a_signal_while_workers_import_prints_nothing(pool, tmp_path):
    parent = pool(0.5)
    wait_for(lambda: len(children(tmp_path, "importing", parent)) == 2)
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does
    assert parent.wait(10) == 130
    wait_for(lambda: not any(map(exists, children(tmp_path, "importing", parent))), 5)
    assert b"Traceback" not in parent.stderr.read()


def test_an_interrupted_pool_awaits_no_task(pool, tmp_path):
    parent = pool(0, exit="raise")
    wait_for(lambda: len(children(tmp_path, "begun", parent)) == 2)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(10) != 0  # its tasks take a minute
    wait_for(lambda: not any(map(exists, children(tmp_path, "begun", parent))), 5)
    assert parent.stderr.read().count(b"Traceback") == 1  # the program's own


def test_an_interrupted_run_stops_all_stages_before_it_awaits_one(transcribed, tmp_path, monkeypatch):
    main(["prepare", *transcribed.overrides(tmp_path)])
    order = []

    def interrupted(_):
        raise KeyboardInterrupt

    def stand_in(name, *_):
        told = {what: lambda what=what: order.append(what) for what in ("terminate", "join")}
        return SimpleNamespace(exitcode=None, sentinel=0, **told)

    monkeypatch.setattr(runner, "_start", stand_in)
    monkeypatch.setattr(runner.connection, "wait", lambda _: order.append("wait") or (len(order) < 2 or interrupted(_)))
    with pytest.raises(SystemExit):
        main(["run", *transcribed.overrides(tmp_path, "trainer.jobs=2")])
    assert order.count("terminate") >= 2
    assert order == sorted(order, key=["wait", "terminate", "join"].index)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_two_signals_at_one_moment_print_one_line(monkeypatch, capsys):
    def both(_):
        with signals_held_back():
            for each in SIGNALS:
                os.kill(os.getpid(), each)

    monkeypatch.setattr(cli, "_dispatch", both)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 130 and capsys.readouterr().err.count("\n") == 1


def _killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_one_sentence():
    with pytest.raises(UserError, match="a worker process was killed"), workers(1, int) as pool:
        list(pool.map(_killed, range(3)))


def test_a_killed_stage_is_one_sentence(textless, tmp_path, monkeypatch, refused):
    main(["prepare", *textless.overrides(tmp_path)])
    monkeypatch.setattr(runner, "_start", lambda *_: ended(-signal.SIGKILL))
    sentence = refused("run", *textless.overrides(tmp_path))
    assert "`train units` was killed by SIGKILL" in sentence and "stands above" not in sentence


def test_a_run_that_was_killed_leaves_no_stage_behind(textless, tmp_path):
    overrides = textless.overrides(tmp_path, "units.training.steps=1000000", "trainer.minutes=60")
    command = [sys.executable, "-m", "speech2code", "run", *overrides]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, process_group=0)
    lock = tmp_path / "tiny" / "units" / ".speech2code.lock"
    try:
        wait_for(lambda: lock.exists() and lock.read_text().startswith("process "), 90)
        child = int(lock.read_text().split()[1])
        assert child != parent.pid and exists(child)
        parent.kill()
        parent.wait()
        wait_for(lambda: not exists(child), 5)
    finally:
        end(parent)
