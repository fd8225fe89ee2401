"""A stage's record: every attempt with command, commit, machine and times, and nobody's pencil in it."""

import json
import os
import re
import signal
import time
from datetime import UTC, datetime

import pytest
from torch.backends import cpu

from speech2code import provenance
from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.records import origin_of, read_record, records_of, seconds_of
from speech2code.seals import read_sealed, sealed
from speech2code.stages.record import finished, stage

SETTINGS = {"units": {"kind": "vqvae"}, "trainer": {"seed": 7, "precision": "32-true"}}
OTHER = {"commit": "f" * 40, "clean": False}


def work(run, name="units", settings=SETTINGS, seconds=0.0, failure=None):
    """One attempt at a stage, which takes so long of a processor and then ends, or does not."""
    with stage(run, name, settings) as figures:
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass
        if failure:
            raise failure
        if figures is not None:
            figures["steps"] = 3


def test_an_attempt_says_what_a_reviewer_asks(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/speech2code", "run", "name=my run"])
    before = datetime.now(UTC).replace(microsecond=0)
    work(tmp_path, seconds=0.2)
    record = read_record(tmp_path, "units")
    (attempt,) = record["attempts"]
    assert (attempt["command"], attempt["seed"], attempt["exit"]) == ("speech2code run 'name=my run'", 7, "done")
    assert re.fullmatch("[0-9a-f]{40}", attempt["commit"]) and attempt["clean"] in (True, False)
    assert attempt["machine"].keys() == {"processor", "instructions", "cores", "gpu", "system"}
    assert attempt["machine"]["cores"] > 0 and attempt["machine"]["instructions"] == cpu.get_cpu_capability()
    assert {"python", "torch", "numpy", "librosa", "lightning-fabric", "sacrebleu"} <= attempt["versions"].keys()
    began, ended = (datetime.fromisoformat(attempt[name]) for name in ("began", "ended"))
    assert before <= began <= ended <= datetime.now(UTC) and began.microsecond == 0
    assert attempt["seconds"] >= 0.19 and 0.15 <= attempt["processor_seconds"] <= 2
    for name in ("seconds", "processor_seconds"):
        assert record[name] == attempt[name]
    assert record["steps"] == 3 and record["done"]


@pytest.mark.parametrize("ends", [True, False])
def test_the_processor_seconds_of_children_count_and_waiting_does_not(tmp_path, ends):
    reader, writer = os.pipe()
    with stage(tmp_path, "units", SETTINGS):
        child = os.fork()
        if not child:
            until = time.process_time() + 0.3
            while time.process_time() < until:
                pass
            os.write(writer, b"!")
            if not ends:
                time.sleep(60)
            os._exit(0)
        os.read(reader, 1)
        if ends:
            os.waitpid(child, 0)
        time.sleep(0.5)
    if not ends:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    record = read_record(tmp_path, "units")
    assert record["processor_seconds"] >= 0.25 and record["seconds"] >= 0.8
    assert record["processor_seconds"] < record["seconds"] - 0.3


def test_resumed_at_another_commit_it_lists_both(tmp_path, monkeypatch):
    for failure, how in ((KeyboardInterrupt(), "interrupted"), (UserError("no disk"), "failed")):
        with pytest.raises(type(failure)):
            work(tmp_path, failure=failure, seconds=0.05)
        record = read_record(tmp_path, "units")
        assert not record["done"] and record["attempts"][-1]["exit"] == how and "ended" in record["attempts"][-1]
    monkeypatch.setattr(provenance, "LOADED", OTHER)
    work(tmp_path, seconds=0.05)
    record = read_record(tmp_path, "units")
    assert [each["exit"] for each in record["attempts"]] == ["interrupted", "failed", "done"]
    first, last = record["attempts"][0]["commit"], record["attempts"][2]["commit"]
    assert first != last == OTHER["commit"] and not record["attempts"][2]["clean"]
    assert record["seconds"] == pytest.approx(sum(each["seconds"] for each in record["attempts"]), abs=0.01)
    origin = origin_of(tmp_path)
    assert origin["commits"] == [first, last] and origin["clean"] is False
    work(tmp_path)  # done: nothing is added
    assert read_record(tmp_path, "units") == record


def test_an_attempt_that_was_killed_has_no_end(tmp_path):
    child = os.fork()
    if not child:
        with stage(tmp_path, "units", SETTINGS):
            os._exit(9)
    os.waitpid(child, 0)
    (killed,) = read_record(tmp_path, "units")["attempts"]
    assert "began" in killed and not {"ended", "exit", "seconds"} & killed.keys()
    assert origin_of(tmp_path)["ended"] is None
    work(tmp_path)
    attempts = read_record(tmp_path, "units")["attempts"]
    assert attempts[0] == killed and attempts[1]["exit"] == "done"


def test_the_second_process_of_a_training_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    work(tmp_path)
    assert read_record(tmp_path, "units") is None


def test_the_origin_of_a_run_is_that_of_its_stages(tmp_path, monkeypatch):
    assert origin_of(tmp_path) == {} == seconds_of(tmp_path)
    monkeypatch.setenv(provenance.COMMAND, "speech2code run name=mine")
    read = "transcripts/original.in_domain"
    for name, settings in (("vocoder", SETTINGS), ("units", SETTINGS), (read, {"corpus": "a"})):
        work(tmp_path, name, settings, seconds=0.02)
    assert [*records_of(tmp_path)] == ["units", "vocoder", read]  # the registry's order
    origin = origin_of(tmp_path)
    assert origin["commands"] == ["speech2code run name=mine"] and origin["seeds"] == [7]
    assert len(origin["machines"]) == len(origin["versions"]) == len(origin["commits"]) == 1
    assert origin["began"] <= origin["ended"]
    assert origin["seconds"] == pytest.approx(sum(seconds_of(tmp_path).values()))
    assert 0.04 < origin["processor_seconds"] <= 6


@pytest.mark.parametrize("change", [{"seconds": 1.0}, {"done": False}, {"attempts": []}], ids=str)
def test_a_record_that_was_changed_by_hand_is_refused(tmp_path, change):
    work(tmp_path)
    path = tmp_path / "units" / "stage.json"
    write_json(path, read_json(path) | change)
    for read in (lambda: finished(tmp_path, "units"), lambda: work(tmp_path), lambda: origin_of(tmp_path)):
        with pytest.raises(
            UserError, match=rf"^{path} was changed by hand .*; delete {path.parent} and run that stage"
        ):
            read()


def test_the_command_line_says_so_in_one_sentence(textless, tmp_path, refused):
    overrides = textless.overrides(tmp_path)
    main(["train", "units", *overrides])
    path = tmp_path / "tiny" / "units" / "stage.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, record | {"steps": 1})
    for verb in ("train units", "train vocoder", "decode", "report"):
        assert f"{path} was changed by hand" in refused(*verb.split(), *overrides)
    del record["hash"]
    write_json(path, record)
    assert f"{path} has no hash, so an older version of this program wrote it; delete" in refused("report", *overrides)


def test_report_refuses_folders_that_it_would_tell_lies_about(textless, tmp_path, refused):
    overrides = textless.overrides(tmp_path)
    run = tmp_path / "tiny"
    assert f"{run} holds no run" in refused("report", *overrides)
    assert not run.exists()
    main(["train", "units", *overrides])
    main(["report", *overrides])
    said = refused("report", *overrides, "units.codebook_size=16")
    assert f"{run / 'units'} was made with units.codebook_size=8, now it is 16" in said
    config = run / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("  codebook_size:", "  older: 1\n  codebook_size:"))
    (run / "report.html").unlink()
    assert "config.yaml is of another version: no setting is called older" in refused("report", *overrides)
    assert not (run / "report.html").exists()


def test_a_foreign_repository_is_not_taken_for_ours(tmp_path, monkeypatch):
    """An installed package lies in somebody's .venv, and that in somebody's repository."""
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    assert provenance._commit() == {"commit": None, "clean": None}


def test_records_are_sealed_as_they_are_written(tmp_path):
    work(tmp_path)
    path = tmp_path / "units" / "stage.json"
    record = read_json(path)
    assert sealed(read_sealed(path, "")) == record
