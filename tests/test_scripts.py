"""The scripts are sound, and the demo's goes through the stages as the command line knows them."""

import ast
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from runpy import run_path

import jiwer
import pytest

from speech2code.compose import compose
from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.registry import BY_NAME, MEASURE, RUN, stages_of

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_shell_script_parses_and_stops_at_the_first_error(path):
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_python_script_parses_and_says_what_it_does(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Runs scripts/demo.py with a stand-in for speech2code: its exit code, and the calls it made."""

    def run(*overrides: str, broken: str = "nothing") -> tuple[int, list[str]]:
        calls: list[str] = []

        def stand_in(arguments, check):
            calls.append(" ".join(arguments[1:]))
            if arguments[1] == "decode":  # makes what the script reads
                source = tmp_path / "runs" / "mine" / "decoding" / "source"
                source.mkdir(parents=True)
                for name in ("test-0002", "test-0001"):
                    (source / f"{name}.wav").touch()
            return subprocess.CompletedProcess(arguments, 2 if " ".join(arguments[1:]).startswith(broken) else 0)

        script = run_path(str(SCRIPTS / "demo.py"))
        monkeypatch.setattr(subprocess, "run", stand_in)
        code = 0
        try:
            script["main"]([f"runs={tmp_path}/runs", *overrides])
        except SystemExit as stop:
            code = stop.code
        return code, calls

    return run


def test_the_demo_takes_every_stage_of_run_and_measure_in_order(demo, tmp_path):
    code, calls = demo("name=mine", "trainer.threads=1")
    assert code == 0
    settings = f" experiment=best_fr_en runs={tmp_path}/runs name=mine trainer.threads=1"
    verbs = [BY_NAME[name].verb for name in ("prepare", *stages_of(RUN, MEASURE))]
    assert calls[:-1] == [verb + settings for verb in verbs]
    done: set[str] = set()
    for name in ("prepare", *stages_of(RUN, MEASURE)):  # each finds what it needs
        assert set(BY_NAME[name].needs) <= done
        done.add(name)
    run = tmp_path / "runs" / "mine"
    assert calls[-1] == f"translate {run}/decoding/source/test-0001.wav {run}/translated.wav model={run}/model"


def test_the_demo_stops_where_a_stage_fails(demo):
    code, calls = demo("name=mine", broken="train vocoder")
    assert code == 2
    assert calls[-1].startswith("train vocoder ")


def test_the_ablation_adds_one_thing_at_a_time(transcribed, tmp_path):
    script = (SCRIPTS / "ablation.py").read_text()
    start, end = script.index("ROWS = {"), script.index("COLUMNS = {")
    rows = {
        "paper": ("as it was", ""),
        "translator": ("a larger step", "translator.training.learning_rate=2e-3"),
        "units": (
            "clusters",
            "units=segmental units.target_unit_rate=20 units.segment_codes=3 units.codebook_size=8 units.code_dim=8 "
            "units.width=16 units.blocks=1 units.training.steps=6 units.training.batch_size=8 units.training.warmup=2",
        ),
    }
    (tmp_path / "ablation.py").write_text(f"{script[:start]}ROWS = {rows!r}\n{script[end:]}")
    overrides = transcribed.overrides(tmp_path / "runs", "vocoder.reduction_factor=2")
    command = [sys.executable, tmp_path / "ablation.py", *overrides]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found, runs = read_json(tmp_path / "results" / "ablation.json"), tmp_path / "runs" / "tiny" / "ablation"
    assert [(row["change"], row["pair"], row["train_pairs"]) for row in found] == [
        (change, "source-target", 20) for change, _ in rows.values()
    ]
    assert found[0]["p_value"] is None and 0 < found[1]["p_value"] <= 1 and found[2]["training_seconds"] > 0
    assert found[1]["p_value_first"] == found[1]["p_value"]
    topline = read_json(runs / "units" / "baselines" / "scores.json")
    assert all(
        0 < row["p_value_topline"] <= 1 and row["topline_bleu"] == topline["topline"]["in_domain"]["bleu"]
        for row in found
    )
    assert found[2]["topline_seconds"] == topline["seconds"]["topline_stt"] + topline["seconds"]["topline_tts"]
    against_the_first = found[2]["p_value_first"]
    assert (runs / "translator" / "units").resolve() == runs / "paper" / "units"
    assert (runs / "units" / "units").resolve() == runs / "units" / "units"
    assert read_json(runs / "units" / "scores.json")["translation"]["in_domain"]["bleu"] == found[2]["bleu"]
    assert "a larger step" in (runs / "units" / "report.html").read_text()
    assert (tmp_path / "results" / "ablation.md").read_text().count("| tiny | ") == 3
    cell = (runs / "units").rename(runs.parent / "cell")  # as if the sweep had made it
    known = {key: value for key, value in found[0].items() if not key.startswith(("p_value_t", "topline_s"))}
    write_json(tmp_path / "results" / "ablation.json", [known | {"experiment": "older"}])  # than these two figures
    again = [*command[:2], "paper", "units", *overrides]
    ended = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.stdout.count("translator: done already") == 2, ended.stderr
    found = read_json(tmp_path / "results" / "ablation.json")
    assert [row["change"] for row in found] == ["as it was", "as it was", "a larger step; clusters"]
    assert found[2]["p_value"] == against_the_first
    assert "| older | as it was | " in (tmp_path / "results" / "ablation.md").read_text()
    assert (runs / "units" / "translator").resolve() == cell / "translator"
    where_the_points_go(tmp_path, runs / "units")


def where_the_points_go(tmp_path, run):
    """scripts/oracles.py of one run."""
    command = [sys.executable, SCRIPTS / "oracles.py", run]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found, scores = read_json(tmp_path / "results" / "oracles.json"), read_json(run / "scores.json")
    ours = {"the original": "original", "its units": "resynthesis", "the translated units": "translation"}
    lines = {line["row"]: line for line in found}
    assert [*lines][:4] == ["the original", "its units, their durations", "its units", "the translated units"]
    for shown, row in ours.items():
        assert lines[shown]["in_domain"] == scores[row]["in_domain"]
    assert 0 <= lines["its units, their durations"]["in_domain"]["bleu"] <= 100
    units = read_json(run / "decoding" / "units.json")
    written = [[" ".join(map(str, each)) for each in units[row].values()] for row in ("reference", "translation")]
    assert lines["the translated units"]["unit_error_rate"] == pytest.approx(100 * jiwer.wer(*written))
    table = (tmp_path / "results" / "oracles.md").read_text()
    assert all(f"| tiny/ablation/units | {row} | " in table for row in lines)


def test_rows_that_are_not_named_count_and_those_left_out_do_not():
    script = run_path(str(SCRIPTS / "ablation.py"))
    rows, steps = script["ROWS"], script["steps"]
    (first, own, _), (last, settings, new) = steps(["segmental", "-wide", "bigrams"], ["name=mine"])
    assert (first, last, new) == ("segmental", "bigrams", [rows["bigrams"]])
    assert own[0] == "name=mine" and set(rows["translator"][1].split()) < set(own)
    assert "units.time_reduction=8" not in own and "units=segmental" in own  # another kind of units begins anew
    assert [each.split("=")[0] for each in own] == list(dict.fromkeys(each.split("=")[0] for each in own))
    assert not set(rows["wide"][1].split()) & set(settings)
    assert [name for name, *_ in steps(["-wide"], [])] == [name for name in rows if name != "wide"]
    with pytest.raises(UserError, match="no row is called wider; choose among paper, "):
        list(steps(["paper", "-wider"], []))


@pytest.mark.parametrize(
    ("first", "best", "rows", "apart"),
    [
        ("phrasebook", "best_fr_en", ["-wide", "-long", "-clusters", "-source_shift"], ("name",)),
        ("phrasebook_ja_en", "best_ja_en", ["-wide", "-long", "-clusters", "-source_shift"], ("name",)),
        ("tatoeba_fr_en", "best_tatoeba_fr_en", ["-dot"], ("name",)),
        ("tatoeba_ja_en", "best_tatoeba_ja_en", ["-dot"], ("name",)),
    ],
)
def test_the_ablation_ends_with_the_best_system(first, best, rows, apart):
    overrides = ["corpus.path=.", f"experiment={first}"]
    *_, (_, last, _) = run_path(str(SCRIPTS / "ablation.py"))["steps"](rows, overrides)
    ours, theirs = (asdict(compose(each)) for each in (last, ["corpus.path=.", f"experiment={best}"]))
    assert ours | dict.fromkeys(apart) == theirs | dict.fromkeys(apart)
