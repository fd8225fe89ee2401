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

from speech2code.cli import STAGES
from speech2code.cli import main as program
from speech2code.compose import compose
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.runner import COMPARING
from speech2code.stages.judge import HEARD
from speech2code.training.checkpoints import WEIGHTS

SCRIPTS = Path(__file__).parent.parent / "scripts"
# stands for the program: writes down how it was called, and makes what the script reads
STAND_IN = """#!/usr/bin/env bash
echo "$*" >>"$CALLS"
if [ "$1" = config ]; then
  printf 'name: mine\\ncorpus:\\n  name: other\\nruns: %s\\n' "$RUNS"
elif [ "$1" = synthesise ]; then
  mkdir -p "$RUNS/mine/synthesis/source"
  touch "$RUNS/mine/synthesis/source/test-0001.wav" "$RUNS/mine/synthesis/source/test-0002.wav"
elif [ "$1" = "$BROKEN" ]; then
  exit 2
fi
"""


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_shell_script_parses_and_stops_at_the_first_error(path):
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_python_script_parses_and_says_what_it_does(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def demo(tmp_path, *overrides, broken="nothing") -> tuple[int, list[list[str]]]:
    """Runs scripts/demo.sh with a stand-in for speech2code: its exit code, and the calls it made."""
    program, calls = tmp_path / "bin" / "speech2code", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    settings = {"PATH": f"{program.parent}:{os.environ['PATH']}", "CALLS": str(calls), "RUNS": str(tmp_path / "runs")}
    command = ["bash", SCRIPTS / "demo.sh", *overrides]
    ended = subprocess.run(command, env=os.environ | settings | {"BROKEN": broken}, capture_output=True, check=False)
    return ended.returncode, [line.split() for line in calls.read_text().splitlines()]


def test_the_demo_takes_every_stage_in_the_order_of_the_command_line(tmp_path):
    code, calls = demo(tmp_path, "name=mine", "trainer.threads=1")
    assert code == 0
    verbs = [verb for verb in STAGES if verb not in COMPARING]  # what others would do is not the demo's
    stages = [each for verb in verbs for each in ([f"listen {row}" for row in HEARD] if verb == "listen" else [verb])]
    settings = " experiment=best_fr_en name=mine trainer.threads=1"
    assert [" ".join(call) for call in calls[:-1]] == [each + settings for each in ("config", *stages)]
    run = tmp_path / "runs" / "mine"
    assert calls[-1] == ["say", f"{run}/synthesis/source/test-0001.wav", f"{run}/said.wav", f"model={run}/model"]


def test_the_demo_stops_where_a_stage_fails(tmp_path):
    code, calls = demo(tmp_path, broken="invert")
    assert code != 0
    assert calls[-1][0] == "invert"


def test_the_ablation_adds_one_thing_at_a_time(transcribed, tmp_path):
    script = (SCRIPTS / "ablation.py").read_text()
    start, end = script.index("ROWS = {"), script.index("COLUMNS = {")
    rows = {
        "paper": ("as it was", ""),
        "translator": ("a larger step", "translator.training.learning_rate=2e-3"),
        "units": ("named units", "units.rate=20 units.time_reduction=1 units.segment_codes=3"),
    }
    (tmp_path / "ablation.py").write_text(f"{script[:start]}ROWS = {rows!r}\n{script[end:]}")
    overrides = transcribed.overrides(tmp_path / "runs", "inverter.frames_at_once=2")
    command = [sys.executable, tmp_path / "ablation.py", *overrides]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found, runs = read_json(tmp_path / "results" / "ablation.json"), tmp_path / "runs" / "tiny" / "ablation"
    assert [(row["change"], row["pair"], row["train_pairs"]) for row in found] == [
        (change, "source-target", 20) for change, _ in rows.values()
    ]
    assert found[0]["p_value"] is None and 0 < found[1]["p_value"] <= 1 and found[2]["training_seconds"] > 0
    assert found[1]["p_value_first"] == found[1]["p_value"]
    rivals = read_json(runs / "units" / "comparisons" / "scores.json")
    assert all(
        0 < row["p_value_topline"] <= 1 and row["topline_bleu"] == rivals["topline"]["own"]["bleu"] for row in found
    )
    assert found[2]["topline_seconds"] == rivals["seconds"]["speller"] + rivals["seconds"]["voice"]
    against_the_first = found[2]["p_value_first"]
    assert (runs / "translator" / "units").resolve() == runs / "paper" / "units"
    assert (runs / "units" / "units").resolve() == runs / "units" / "units"
    assert read_json(runs / "units" / "scores.json")["translation"]["own"]["bleu"] == found[2]["bleu"]
    assert "a larger step" in (runs / "units" / "report.html").read_text()
    assert (tmp_path / "results" / "ablation.md").read_text().count("| tiny | ") == 3
    cell = (runs / "units").rename(runs.parent / "cell")  # as if the sweep had made it
    known = {key: value for key, value in found[0].items() if not key.startswith(("p_value_t", "topline_s"))}
    write_json(tmp_path / "results" / "ablation.json", [known | {"experiment": "older"}])  # than these two figures
    again = [*command[:2], "paper", "units", *overrides]
    ended = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.stdout.count("translator: done already") == 2, ended.stderr
    found = read_json(tmp_path / "results" / "ablation.json")
    assert [row["change"] for row in found] == ["as it was", "as it was", "a larger step; named units"]
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
        assert lines[shown]["own"] == scores[row]["own"]
    assert 0 <= lines["its units, their durations"]["own"]["bleu"] <= 100
    units = read_json(run / "synthesis" / "units.json")
    written = [[" ".join(map(str, each)) for each in units[row].values()] for row in ("reference", "translation")]
    assert lines["the translated units"]["unit_error_rate"] == pytest.approx(100 * jiwer.wer(*written))
    table = (tmp_path / "results" / "oracles.md").read_text()
    assert all(f"| tiny/ablation/units | {row} | " in table for row in lines)


def test_rows_that_are_not_named_count_and_those_left_out_do_not():
    script = run_path(str(SCRIPTS / "ablation.py"))
    rows, steps = script["ROWS"], script["steps"]
    (first, own, _), (last, settings, new) = steps(["rate", "-wide", "settle"], ["name=mine"])
    assert (first, last, new) == ("rate", "settle", [rows["settle"]])
    assert own[0] == "name=mine" and set(rows["jitter"][1].split()) < set(own) < set(settings)
    assert not set(rows["wide"][1].split()) & set(settings)
    assert [name for name, *_ in steps(["-wide"], [])] == [name for name in rows if name != "wide"]
    with pytest.raises(UserError, match="no row is called wider; choose among paper, "):
        list(steps(["paper", "-wider"], []))


@pytest.mark.parametrize(
    ("first", "best", "rows", "apart"),
    [
        # the command sets the topline's voice
        ("phrasebook", "best_fr_en", ["-wide", "-long", "-named", "-moved"], ("name", "voice")),
        ("phrasebook_ja_en", "best_ja_en", ["-wide", "-long", "-named", "-moved"], ("name", "voice")),
        ("tatoeba_fr_en", "best_tatoeba_fr_en", ["-dot"], ("name",)),
        ("tatoeba_ja_en", "best_tatoeba_ja_en", ["-dot"], ("name",)),
    ],
)
def test_the_ablation_ends_with_the_best_system(first, best, rows, apart):
    overrides = ["corpus.path=.", f"experiment={first}"]
    *_, (_, last, _) = run_path(str(SCRIPTS / "ablation.py"))["steps"](rows, overrides)
    ours, theirs = (asdict(compose(each)) for each in (last, ["corpus.path=.", f"experiment={best}"]))
    assert ours | dict.fromkeys(apart) == theirs | dict.fromkeys(apart)


def test_the_ladder_sets_ours_against_the_topline(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "ladder.py").write_text((SCRIPTS / "ladder.py").read_text())
    for rung, train_pairs in (("all", 2000), ("few", 100)):
        sizes = {"corpus": f"tatoeba_fr_en_{rung}", "train_pairs": train_pairs, "test_sentences": 10}
        ours = {"system": "speech2code", "codebook_size": 64, "time_reduction": 12, "bleu_low": 9.0, "bleu_high": 13.0}
        cells = [
            ours | {"bleu": 10.0},
            {"system": "topline", "bleu": 40.0},
            {"system": "topline_voice", "bleu": 80.0},
            ours | {"error": "diverged"},
        ]
        write_json(tmp_path / "results" / sizes["corpus"] / "table.json", [sizes | cell for cell in cells])
    best = {"row": "rate", "bleu": 30.0, "bleu_low": 28.0, "bleu_high": 32.0, "p_value": 0.001}
    paper = {"row": "paper", "bleu": 10.0, "p_value": None}  # the cell 64/12 once more
    experiment = {"experiment": "tatoeba_fr_en_all"}
    write_json(tmp_path / "results" / "ablation.json", [paper | experiment, best | experiment])
    command = [sys.executable, tmp_path / "scripts" / "ladder.py", "fr_en"]
    subprocess.run(command, check=True, capture_output=True)
    lines = (tmp_path / "results" / "ladder_fr_en.md").read_text().splitlines()[2:5]
    assert lines == [
        "| tatoeba_fr_en_few | 100 | 10 | 40.0 | 80.0 | 64/12 | 10.0 (9.0 to 13.0) | 0.25 |",
        "| tatoeba_fr_en_all | 2,000 | 10 | 40.0 | 80.0 | 64/12 | 10.0 (9.0 to 13.0) | 0.25 |",
        "| tatoeba_fr_en_all | 2,000 | 10 | 40.0 | 80.0 | rate | 30.0 (28.0 to 32.0) | 0.75 |",
    ]
    assert (tmp_path / "results" / "ladder_fr_en.png").stat().st_size > 1000


def test_other_signs_are_written_and_read(transcribed, tmp_path):
    script = (SCRIPTS / "targets.py").read_text()
    (tmp_path / "targets.py").write_text(script.replace("READING = 3000", "READING = 6"))
    overrides = transcribed.overrides(tmp_path / "runs", "units.rate=20", "units.time_reduction=1")
    program(["discover", *overrides])
    command = [sys.executable, tmp_path / "targets.py", "characters", "units", *overrides]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = read_json(tmp_path / "results" / "targets.json")
    assert [row["signs"] for row in found] == ["characters", "units"]
    assert found[0]["origin"]["seed"] == 0 and found[0]["size"] <= 27 and found[1]["size"] <= 8
    texts = [text for split in ("dev", "test") for text in FeatureStore(transcribed.folder, split).texts("target")]
    assert found[0]["signs_a_sentence"] == pytest.approx(sum(map(len, texts)) / len(texts))
    weights = [tmp_path / "runs" / "tiny" / "targets" / row["signs"] / "reader" / WEIGHTS for row in found]
    assert weights[0].read_bytes() != weights[1].read_bytes()
    assert all(row["error_rate"] > 0 for row in found)
    assert all(0 <= row[read]["bleu"] <= 100 for row in found for read in ("translated", "true"))
    assert (tmp_path / "results" / "targets.md").read_text().count("| tiny | ") == 2
    again = subprocess.run(command[:3] + overrides, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (
        "characters: done already" in again.stdout and read_json(tmp_path / "results" / "targets.json")[1] == found[0]
    )
    strange = subprocess.run([*command[:2], "signs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert strange.returncode == 1 and "no signs are called signs" in strange.stderr


def test_worse_phones_are_worse_in_one_way_each():
    signs_of = run_path(str(SCRIPTS / "targets.py"))["signs_of"]
    texts = {"train": ["Six ships.", "six", "ships six", "but the pleasure"], "dev": ["ships"]}
    made = {name: signs_of(name, texts, "flite:slt")["train"] for name in ("phones", "neighbours", "chance", "classes")}
    phones = made["phones"]
    assert phones[0].tolist() == [*phones[1], *phones[2][: -len(phones[1])]]  # a word is spelt alike everywhere
    for name in ("neighbours", "chance"):
        assert all((each // 4).tolist() == plain.tolist() for each, plain in zip(made[name], phones))
    assert made["classes"][1][0] == made["classes"][1][-1] == 3 and made["classes"][0].max() < 15
    with pytest.raises(UserError, match="none of the classes"):
        signs_of("classes", texts, "espeak:en-us")
