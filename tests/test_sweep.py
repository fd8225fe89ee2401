"""A sweep in miniature, from the command line to the table: shared work once, a failed cell is shown, resume."""

import csv
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from speech2code.cli import main
from speech2code.files import read_json, write_json
from speech2code.report.cells import read_cells
from speech2code.report.run_folder import RunFolder
from speech2code.report.tables import write_tables
from speech2code.scoring.scores import score_pairs

CELLS = ["units.time_reduction=choice(2,4)", "vocoder.reduction_factor=2", "units.codebook_size=8"]


def speech2code(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "speech2code", *arguments], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def swept(transcribed, tmp_path_factory):
    """Where to run it, and its overrides."""
    folder = tmp_path_factory.mktemp("sweep")
    overrides = [each for each in transcribed.overrides(folder / "runs") if not each.startswith("units.")]
    overrides += [
        "units.code_dim=8",
        "units.width=16",
        "units.blocks=1",
        "units.training.steps=6",
        "trainer.jobs=2",
        *CELLS,
    ]
    return folder, overrides


def test_shared_work_is_done_once_and_the_table_follows(swept):
    folder, overrides = swept
    ended = speech2code(folder, "sweep", *overrides)
    assert ended.returncode == 0, ended.stderr
    assert (
        ended.stdout.count("recogniser: done already")
        == ended.stdout.count("transcripts/original.pocketsphinx: done already")
        == 2
    )
    cells = read_json(folder / "results" / "tiny" / "table.json")
    assert [(cell["system"], cell["codebook_size"], cell["time_reduction"]) for cell in cells] == [
        ("speech2code", 8, 2), ("speech2code", 8, 4), ("baseline", None, None), ("topline", None, None),
    ]  # fmt: skip
    for cell in cells:
        run = RunFolder(folder / "runs" / "tiny" / cell["cell"])
        row = "translation" if cell["system"] == "speech2code" else cell["system"]
        again = score_pairs(run.transcripts(row, "in_domain").values(), "target")
        assert [cell[name] for name in ("bleu", "bleu_low", "bleu_high")] == pytest.approx(
            [again.bleu, again.bleu_low, again.bleu_high]
        )
        assert cell["meteor"] == pytest.approx(again.meteor)
        assert cell["train_pairs"] == 20
        assert cell["origin"]["command"].startswith("speech2code run ") or cell["cell"] == "shared"
        assert row != "translation" or cell["bitrate"] == run.json("units.json")["bitrate"]
    assert max(cell["p_value"] for cell in cells[:2]) == 1  # the best against itself
    table = (folder / "results" / "tiny" / "table.md").read_text()
    assert (
        "| ours | vqvae | lstm | inverter | 8 | 4 | " in table
        and "| topline (had transcripts) | – | – | – | – | – | " in table
        and f"`speech2code sweep {shlex.join(overrides)}`" in table
    )
    assert ": 20 training pairs, " in table
    samples = (folder / "results" / "tiny" / "samples.md").read_text()
    assert samples.count("| ground truth | ") == samples.count("| ours | ") == samples.count("| topline | ") == 6
    with open(folder / "results" / "tiny" / "table.csv") as file:
        assert [float(line["bleu"]) for line in csv.DictReader(file)] == [cell["bleu"] for cell in cells]


def test_a_stopped_sweep_goes_on_in_joblib_s_workers(swept):
    folder, overrides = swept
    cells = [folder / "runs" / "tiny" / f"units.time_reduction-{reduction}" for reduction in (2, 4)]
    for cell in cells:
        shutil.rmtree(cell / "units")
    ended = speech2code(folder, "sweep", *overrides, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert ended.returncode == 0, ended.stderr
    assert all((cell / "units" / "model.safetensors").exists() for cell in cells)


def test_a_failed_cell_is_shown_and_stops_no_other(swept):
    folder, overrides = swept
    ended = speech2code(folder, "sweep", *overrides, "units.training.steps=7")  # its units were made with 6
    assert ended.returncode == 2
    assert "speech2code: units.time_reduction-2, units.time_reduction-4 failed; the same command" in ended.stderr
    table = (folder / "results" / "tiny" / "table.md").read_text()
    assert (
        table.count("| ours | vqvae | lstm | inverter | 8 | 2 | – |") == 1
        and "`units.time_reduction-2` failed: `train units` failed" in table
    )


def test_nothing_to_sweep_and_no_cell(refused, tmp_path):
    assert "nothing to sweep" in refused("sweep", "experiment=phrasebook")
    assert "holds no sweep" in refused("table", "experiment=phrasebook", f"runs={tmp_path}")
    write_json(tmp_path / "phrasebook" / "sweep.json", {"command": "speech2code sweep …"})
    assert "holds no finished cell" in refused("table", "experiment=phrasebook", f"runs={tmp_path}")


def test_cells_without_text_have_measures_only(tmp_path):
    cell = tmp_path / "runs" / "sweep" / "units.time_reduction-4"
    (cell / "config.yaml").parent.mkdir(parents=True)
    corpus = "{name: c, source: fr, target: en}"
    (cell / "config.yaml").write_text(
        f"data: {tmp_path}\ncorpus: {corpus}\nunits: {{kind: vqvae, codebook_size: 8, time_reduction: 4}}\n"
        "translator: {kind: lstm}\nvocoder: {kind: inverter}\n"
    )
    write_json(cell / "units.json", {"bitrate": 70.04, "used": 1.0})
    for split, ids in (("train", ["a", "b"]), ("test", ["c"])):
        write_json(tmp_path / "c" / split / "items.json", {"ids": ids})
    cells = read_cells(cell.parent)
    assert [(each["train_pairs"], each["bitrate"]) for each in cells] == [(2, 70.04)] and "bleu" not in cells[0]
    write_tables(cells, tmp_path / "results", "speech2code sweep …")
    table = (tmp_path / "results" / "table.md").read_text()
    assert "| ours | vqvae | lstm | inverter | 8 | 4 | – | – | – | – | – | – | 70 | 100% |" in table


def test_kinds_are_swept_and_a_single_run_is_donor_of_all(transcribed, tmp_path):
    """What a researcher compares: translators on the same units, which are trained once."""
    overrides = transcribed.overrides(tmp_path / "runs")
    for part in ("units", "vocoder", "recogniser"):
        main(["train", part, *overrides])
    fixed = [each for each in overrides if not each.startswith(("translator", "name="))]
    swept = ["name=kinds", "donor=tiny", "translator=lstm,transformer", "translator.training.steps=4"]
    ended = speech2code(tmp_path, "sweep", *fixed, *swept)
    assert ended.returncode == 0, ended.stderr
    cells = read_json(tmp_path / "results" / "kinds" / "table.json")
    assert [cell["translator"] for cell in cells if cell["system"] == "speech2code"] == ["lstm", "transformer"]
    for kind in ("lstm", "transformer"):
        assert (
            tmp_path / "runs" / "kinds" / f"translator-{kind}" / "units"
        ).resolve() == tmp_path / "runs" / "tiny" / "units"
