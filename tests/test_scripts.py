"""The scripts are sound, and the demo's goes through the stages as the command line knows them."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest

from speech2code.registry import BY_NAME, MEASURE, RUN, stages_of
from speech2code.report.run_folder import RunFolder
from speech2code.report.tables import read_table

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
                source = tmp_path / "runs" / "mine" / "decoding" / "source" / "test"
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
    judged = [
        name for name in stages_of(RUN, MEASURE) if BY_NAME[name].recogniser != "whisper"
    ]  # not one of the demo's
    verbs = [BY_NAME[name].verb for name in ("prepare", *judged)]
    assert calls[:-1] == [verb + settings for verb in verbs]
    done: set[str] = set()
    for name in ("prepare", *stages_of(RUN, MEASURE)):  # each finds what it needs
        assert set(BY_NAME[name].needs) <= done
        done.add(name)
    run = tmp_path / "runs" / "mine"
    assert calls[-1] == f"translate {run}/decoding/source/test/test-0001.wav {run}/translated.wav model={run}/model"


def test_the_demo_stops_where_a_stage_fails(demo):
    code, calls = demo("name=mine", broken="train vocoder")
    assert code == 2
    assert calls[-1].startswith("train vocoder ")


def test_the_ablation_adds_one_thing_at_a_time(transcribed, tmp_path):
    script = (SCRIPTS / "ablation.py").read_text()
    start, end = script.index("ROWS = {"), script.index("\n\ndef main(")
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
    overrides = transcribed.overrides(tmp_path / "runs", "vocoder.reduction_factor=2", "recognisers=[in_domain]")
    overrides += [
        "corpus.target=sw",
        f"data={tmp_path}/data",
        "baselines=[]",
    ]  # METEOR knows no Swahili: its program need
    # not start
    command = [sys.executable, tmp_path / "ablation.py", *overrides]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    folder, runs = tmp_path / "results" / "tiny_ablation", tmp_path / "runs" / "tiny_ablation"
    known = read_table(folder / "table.json")
    assert known["legend"] == {name: change for name, (change, _) in rows.items()}
    cells = {cell["cell"]: cell for cell in known["cells"] if cell["row"] == "translation"}
    assert cells.keys() == rows.keys() and "original" in {cell["row"] for cell in known["cells"]}
    assert (runs / "translator" / "units").resolve() == runs / "paper" / "units"
    assert (runs / "units" / "units").resolve() == runs / "units" / "units"
    scores = RunFolder(runs / "units").scores()["translation"]["in_domain"]
    assert cells["units"]["scores"]["test"]["in_domain"]["bleu"] == scores["bleu"]
    table = (folder / "table.md").read_text()
    assert "* `translator`: a larger step" in table and table.count("| ours | ") == 3
    cell = (runs / "units").rename(runs.parent / "tiny" / "cell")  # as if the sweep had made it
    again = [*command[:2], "paper", "units", *overrides]
    ended = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.stdout.count("translator: done already") == 2, ended.stderr
    assert read_table(folder / "table.json")["legend"] == {"paper": "as it was", "units": "a larger step; clusters"}
    assert (runs / "units" / "translator").resolve() == cell / "translator"
