"""Two at once: the second one is refused by a sentence that names the first, and nothing of the first one's is lost."""

import signal
import socket
import subprocess
import sys
import time

import pytest
from conftest import Corpus, record

from speech2code.cli import main
from speech2code.corpora.store import FeatureStore, problem_of
from speech2code.errors import UserError
from speech2code.locks import hold
from speech2code.stages.record import stage

SMALL = {"train": 6, "dev": 2, "test": 2}


@pytest.fixture
def held(tmp_path):
    """Holds a folder in another process; gives that process."""
    started = []

    def start(folder):
        code = f"import pathlib, time\nfrom speech2code.locks import hold\nwith hold(pathlib.Path({str(folder)!r})):"
        code += "\n print(flush=True)\n time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def recordings(tmp_path):
    return Corpus(record(tmp_path / "recordings", text=False, splits=SMALL), tmp_path / "data")


def names(sentence, process):
    return f"process {process.pid} on {socket.gethostname()}" in sentence and "is in use" in sentence


def test_a_folder_is_held_against_others_and_by_no_dead_process(tmp_path, held):
    process = held(tmp_path)
    with pytest.raises(UserError) as caught, hold(tmp_path):
        pass
    assert names(str(caught.value), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with hold(tmp_path):
        pass


def test_who_waits_gets_it_and_says_for_whom(tmp_path, held, capsys):
    process = held(tmp_path)
    timer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {process.pid}"])
    began = time.monotonic()
    with hold(tmp_path, wait=True):
        assert time.monotonic() - began > 0.1
    timer.wait()
    assert names(capsys.readouterr().err, process)


@pytest.mark.parametrize(("place", "verb"), [("runs/tiny", ["run"]), ("runs/tiny/units", ["train", "units"])])
def test_a_run_and_a_stage_are_refused_where_another_works(textless, tmp_path, held, refused, place, verb):
    process = held(tmp_path / place)
    assert names(refused(*verb, *textless.overrides(tmp_path / "runs")), process)
    assert not (tmp_path / "runs" / "tiny" / "units" / "stage.json").exists()


def test_a_corpus_that_another_process_prepares_is_left_alone(recordings, tmp_path, held, refused):
    process, overrides = held(recordings.folder), recordings.overrides(tmp_path / "runs")
    assert names(refused("prepare", *overrides), process)
    assert [path.name for path in recordings.folder.rglob("*.npy")] == []
    process.kill()
    process.wait()
    main(["prepare", *overrides])
    assert problem_of(recordings.folder) is None


def test_a_prepared_corpus_is_read_while_others_hold_it(textless, tmp_path, held):
    held(textless.folder)
    main(["prepare", *textless.overrides(tmp_path)])
    assert len(FeatureStore(textless.folder, "test")) == 3


def test_a_stage_that_is_done_is_read_while_others_hold_it(tmp_path, held):
    with stage(tmp_path, "units", {}):
        pass
    held(tmp_path / "units")
    with stage(tmp_path, "units", {}) as figures:
        assert figures is None


def test_the_other_processes_of_a_training_are_not_refused(tmp_path, held, monkeypatch):
    held(tmp_path / "units")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with stage(tmp_path, "units", {}) as figures:
        assert figures == {}
