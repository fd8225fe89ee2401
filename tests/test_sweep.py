"""A sweep in miniature, from the command line to the table: shared work once, a failed cell is shown, resume."""

import csv
import os
import shlex
import shutil
import subprocess
import sys
import tarfile

import pytest

from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.report.run_folder import RunFolder
from speech2code.report.tables import read_table
from speech2code.scoring.scores import score_pairs

QUIET = (
    "recognisers=[in_domain]",
    "corpus.target=sw",
)  # METEOR knows no Swahili: its program need not start, ten seconds
CELLS = ["units.time_reduction=choice(2,4)", "vocoder.reduction_factor=2", "units.codebook_size=8"]


def speech2code(tmp_path, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "speech2code", *arguments], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def swept(transcribed, tmp_path_factory):
    """Where it was run, its overrides, and how it ended."""
    folder = tmp_path_factory.mktemp("sweep")
    usual = transcribed.overrides(folder / "runs", *QUIET, f"data={folder}/data")
    overrides = [each for each in usual if not each.startswith("units.")]
    overrides += [
        "units.code_dim=8",
        "units.width=16",
        "units.blocks=1",
        "units.training.steps=6",
        "trainer.jobs=2",
        *CELLS,
    ]
    return folder, overrides, speech2code(folder, "sweep", *overrides)


def test_shared_work_is_done_once_and_the_table_follows(swept):
    folder, overrides, ended = swept
    assert ended.returncode == 0, ended.stderr
    assert (
        ended.stdout.count("recogniser: done already")
        == ended.stdout.count("transcripts/original.in_domain: done already")
        == 2
    )
    cells = read_table(folder / "results" / "tiny" / "table.json")["cells"]
    assert [(cell["row"], cell.get("codebook_size"), cell.get("time_reduction")) for cell in cells] == [
        ("original", None, None), ("translation", 8, 2), ("translation", 8, 4), ("baseline", None, None),
        ("topline", None, None), ("topline_tuned", None, None),
    ]  # fmt: skip
    for cell in cells:
        shared = cell["row"] in ("baseline", "topline", "topline_tuned")
        run = RunFolder(folder / "runs" / "tiny" / ("shared" if shared else "") / cell["cell"])
        for split, figures in cell["scores"].items():
            again = score_pairs(run.transcripts(cell["row"], "in_domain", split).values(), "sw")
            for name in ("bleu", "bleu_low", "bleu_high", "chrf", "wer", "cer"):
                assert figures["in_domain"][name] == pytest.approx(getattr(again, name))
        assert cell["train_pairs"] == 20 and cell["dev_pairs"] == 4
        assert cell["row"] == "original" or cell["processor_seconds"] > 0
        if cell["row"] == "topline":
            text = run.sealed("baselines/scores.json")["splits"]["test"]["topline_text"]["as text"]["bleu"]
            assert cell["scores"]["test"]["in_domain"]["text_bleu"] == text
        if cell["row"] == "translation":
            assert cell["measures"]["bitrate"] == run.sealed("units.json")["bitrate"]
            assert cell["scores"]["test"]["in_domain"]["resynthesis_bleu"] >= 0
    # chosen on dev, compared on test
    ours = cells[1:3]
    best = max(ours, key=lambda cell: cell["scores"]["dev"]["in_domain"]["bleu"])
    assert [cell.get("best", False) for cell in ours] == [cell is best for cell in ours]
    compared = [by["p_value"] for cell in cells[1:] for by in cell["scores"]["test"].values()]
    assert {by["p_value"] for by in best["scores"]["test"].values()} == {1} and all(0 < p <= 1 for p in compared)
    assert len(compared) >= len(cells[1:])
    table = (folder / "results" / "tiny" / "table.md").read_text()
    assert (
        table.index("| original target speech |")
        < table.index("| ours |")
        < table.index("| topline (had transcripts) |")
    )
    assert f"Chosen on dev by in_domain: **{best['cell']}**" in table and "BLEU on dev, in_domain" in table
    assert "in_domain: this recogniser cannot judge this corpus" in table and " (!) |" in table
    assert f"`speech2code sweep {shlex.join(overrides)}`" in table and ": 20 training pairs, " in table
    samples = (folder / "results" / "tiny" / "samples.md").read_text()
    assert samples.count("| ground truth | ") == samples.count("| ours | ") == samples.count("| topline | ") == 6
    with open(folder / "results" / "tiny" / "table.csv") as file:
        written = [float(line["scores.test.in_domain.bleu"]) for line in csv.DictReader(file)]
    assert written == [cell["scores"]["test"]["in_domain"]["bleu"] for cell in cells]


def test_seeds_are_trainings_of_one_system(transcribed, tmp_path):
    fixed = transcribed.overrides(tmp_path / "runs", *QUIET, "splits=[dev,test]", f"data={tmp_path}/data")
    ended = speech2code(tmp_path, "sweep", *fixed, "name=three", "seeds=0,1", "baselines=[topline]")
    assert ended.returncode == 0, ended.stderr
    runs = tmp_path / "runs" / "three"
    assert (
        not list(tmp_path.glob("*.yaml")) and (runs / "multirun.yaml").exists()
    )  # what Hydra writes lies with the rest
    # the judge and what it reads of the original are made once; units, topline and all that follows from them twice
    for name in ("recogniser", "transcripts/original.in_domain"):
        for place in ("shared/seed-1", "trainer.seed-0", "trainer.seed-1"):
            assert (runs / place / name).resolve() == runs / "shared" / "seed-0" / name
    for name in ("topline_stt", "topline_tts"):
        assert (runs / "shared" / "seed-1" / name).resolve() == runs / "shared" / "seed-1" / name
    cells = {cell["row"]: cell for cell in read_table(tmp_path / "results" / "three" / "table.json")["cells"]}
    assert cells["translation"]["seeds"] == cells["topline"]["seeds"] == [0, 1]
    each = [RunFolder(runs / f"trainer.seed-{seed}").scores()["translation"]["in_domain"] for seed in (0, 1)]
    found = cells["translation"]["scores"]["test"]["in_domain"]
    for name in ("bleu", "chrf", "wer", "cer"):
        assert found[name] == pytest.approx((each[0][name] + each[1][name]) / 2)
    assert found["bleu_sd"] == pytest.approx(abs(each[0]["bleu"] - each[1]["bleu"]) / 2**0.5)
    assert found["bleu_low"] <= found["bleu"] <= found["bleu_high"]
    assert [each["seeds"] for each in cells["translation"]["origins"]] == [[0], [0, 1]]
    assert "| 0, 1 |" in (tmp_path / "results" / "three" / "table.md").read_text()
    # one more in a sweep of its own has the same judge
    ended = speech2code(tmp_path, "sweep", *fixed, "name=three", "seeds=2", "baselines=[]")
    assert ended.returncode == 0, ended.stderr
    assert (runs / "trainer.seed-2" / "recogniser").resolve() == runs / "shared" / "seed-0" / "recogniser"
    assert "| 0, 1, 2 |" in (tmp_path / "results" / "three" / "table.md").read_text()


def test_a_single_run_has_a_table_of_its_own(transcribed, tmp_path, refused, monkeypatch):
    overrides = transcribed.overrides(tmp_path / "runs", *QUIET, "splits=[test]", f"data={tmp_path}/data")
    for verb in ("prepare", "train units", "run"):
        monkeypatch.setattr("sys.argv", ["speech2code", *verb.split()])
        main([*verb.split(), *overrides])
    card = (tmp_path / "runs" / "tiny" / "model" / "README.md").read_text()
    assert card.startswith('---\nlanguage: ["sw"]\n') and "recordings of 2 speaker(s)" in card
    assert "| translation | in_domain (cannot judge) | " in card
    monkeypatch.chdir(tmp_path)
    main(["table", *overrides])
    path = tmp_path / "results" / "tiny" / "table.json"
    assert [cell["row"] for cell in read_table(path)["cells"]] == ["original", "translation"]
    took = ["speech2code prepare", "speech2code train units", "speech2code run"]
    assert read_table(path)["commands"] == took
    evidence, table = path.with_name("evidence.tar.xz").read_bytes(), path.read_bytes()
    shutil.rmtree(tmp_path / "runs")
    with tarfile.open(path.with_name("evidence.tar.xz")) as archive:
        archive.extractall(tmp_path / "runs", filter="data")
    main(["table", *overrides])  # from the archive alone
    assert path.read_bytes() == table and path.with_name("evidence.tar.xz").read_bytes() == evidence
    assert "Nothing is chosen and nothing compared: dev was not judged." in path.with_suffix(".md").read_text()
    read = next((tmp_path / "runs" / "tiny" / "transcripts").rglob("test.tsv"))
    read.write_text(read.read_text() + "x\ty\tz\n")
    assert f"{read} is not what its stage wrote" in refused("table", *overrides)
    changed = path.read_text().replace('"row": "original"', '"row": "topline"')
    path.write_text(changed)
    with pytest.raises(UserError, match="changed by hand"):
        read_table(path)


def test_a_stopped_sweep_goes_on_in_joblib_s_workers(swept):
    folder, overrides, _ = swept
    cells = [folder / "runs" / "tiny" / f"units.time_reduction-{reduction}" for reduction in (2, 4)]
    for cell in cells:
        shutil.rmtree(cell / "units")
    ended = speech2code(folder, "sweep", *overrides, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert ended.returncode == 0, ended.stderr
    assert all((cell / "units" / "model.safetensors").exists() for cell in cells)


def test_a_failed_cell_is_shown_and_stops_no_other(swept):
    folder, overrides, _ = swept
    ended = speech2code(folder, "sweep", *overrides, "units.training.steps=7")  # its units were made with 6
    assert ended.returncode == 2
    assert "speech2code: units.time_reduction-2, units.time_reduction-4 failed; the same command" in ended.stderr
    table = (folder / "results" / "tiny" / "table.md").read_text()
    assert (
        table.count("| ours | units.time_reduction-2 | vqvae | lstm | inverter | 8 | 2 |") == 1
        and "`units.time_reduction-2` failed: `train units` failed" in table
    )


def test_mistakes_are_told_before_any_work(refused, tmp_path):
    fixed = ("experiment=phrasebook", f"runs={tmp_path}")
    assert "seeds=a is no seed" in refused("sweep", *fixed, "seeds=a,b")
    assert "foo is no setting with a value; say foo=" in refused("sweep", *fixed, "seeds=0,1", "foo")
    assert "donor=one is one training" in refused("sweep", *fixed, "donor=one", "seeds=0,1")
    assert not list(tmp_path.iterdir())


def test_nothing_to_sweep_and_no_cell(refused, tmp_path):
    assert "nothing to sweep" in refused("sweep", "experiment=phrasebook")
    assert "holds no sweep and no run" in refused("table", "experiment=phrasebook", f"runs={tmp_path}")
    write_json(tmp_path / "phrasebook" / "sweep.json", {"commands": ["speech2code sweep …"]})
    assert "holds no finished run" in refused("table", "experiment=phrasebook", f"runs={tmp_path}")


def test_cells_without_text_have_measures_only(textless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = textless.overrides(tmp_path / "runs")
    for verb in ("run", "measure", "table"):
        main([verb, *overrides])
    [cell] = read_table(tmp_path / "results" / "tiny" / "table.json")["cells"]
    assert cell["measures"]["unit_error_rate"] > 0 and "scores" not in cell
    head, _, line, *_ = (tmp_path / "results" / "tiny" / "table.md").read_text().splitlines()
    assert "unit errors, %" in head and "MCD, dB" in head and "BLEU on" not in head and "WER" not in head
    assert " – |" not in line


def test_kinds_are_swept_and_a_single_run_is_donor_of_all(transcribed, tmp_path):
    """What a researcher compares: translators on the same units, which are trained once."""
    overrides = transcribed.overrides(tmp_path / "runs", *QUIET, f"data={tmp_path}/data")
    main(["prepare", *overrides])
    for part in ("units", "vocoder", "recogniser"):
        main(["train", part, *overrides])
    fixed = [each for each in overrides if not each.startswith(("translator", "name="))]
    swept = ["name=kinds", "donor=tiny", "baselines=[]", "translator=lstm,transformer", "translator.training.steps=4"]
    ended = speech2code(tmp_path, "sweep", *fixed, *swept)
    assert ended.returncode == 0, ended.stderr
    cells = read_table(tmp_path / "results" / "kinds" / "table.json")["cells"]
    assert [cell["translator"] for cell in cells if cell["row"] == "translation"] == ["lstm", "transformer"]
    for kind in ("lstm", "transformer"):
        assert (
            tmp_path / "runs" / "kinds" / f"translator-{kind}" / "units"
        ).resolve() == tmp_path / "runs" / "tiny" / "units"
