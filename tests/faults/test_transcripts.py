"""What one stage has left for the next, gone, cut short or changed: the sentence says what to do, and that works."""

import shutil

import pytest

from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.report.run_folder import MADE_BY, RunFolder
from speech2code.seals import read_sealed

ROW = ("original", "in_domain")


@pytest.fixture(scope="module")
def scored(transcribed, tmp_path_factory):
    """A whole run, read by the in-domain recogniser."""
    runs = tmp_path_factory.mktemp("runs")
    for verb in ("train units", "train vocoder", "train translator", "train recogniser", "resynthesise", "decode"):
        main([*verb.split(), *transcribed.overrides(runs, "recognisers=[in_domain]")])
    for verb in ("transcribe", "score"):
        main([verb, *transcribed.overrides(runs, "recognisers=[in_domain]")])
    return runs


@pytest.mark.parametrize("damage", ["deleted", "halved", "its folder deleted"])
def test_its_advice_makes_it_again(scored, transcribed, tmp_path, refused, damage):
    runs = shutil.copytree(scored, tmp_path / "runs", symlinks=True)
    overrides = transcribed.overrides(runs, "recognisers=[in_domain]")
    table = RunFolder(runs / "tiny").table(*ROW)
    before = {path: path.read_bytes() for path in (table, runs / "tiny" / "scores.json")}
    if damage == "deleted":
        table.unlink()
    if damage == "halved":
        table.write_bytes(table.read_bytes()[: table.stat().st_size // 2])
    if damage == "its folder deleted":
        shutil.rmtree(table.parent)
    else:
        shutil.rmtree(runs / "tiny" / "scores")
        sentence = refused("score", *overrides)
        assert f"{table} is not what its stage wrote; delete {table.parent} and run `transcribe` again" in sentence
        shutil.rmtree(table.parent)
    main(["transcribe", *overrides])
    main(["score", *overrides])
    assert {path: path.read_bytes() for path in before} == before


def test_every_json_file_between_stages_is_sealed(scored):
    found = [path for path in (scored / "tiny").rglob("*.json") if path.parent.name != "model"]
    assert {"stage.json", "scores.json", "units.json", "ended.json"} <= {path.name for path in found}
    for path in found:
        assert read_sealed(path, "make it again")


@pytest.mark.parametrize(
    ("file", "advice"), [("decoding/ended.json", "decode"), ("decoding/units.json", "decode"), ("scores.json", "score")]
)
def test_a_changed_one_is_refused_and_its_advice_makes_it_again(scored, transcribed, tmp_path, refused, file, advice):
    runs = shutil.copytree(scored, tmp_path / "runs", symlinks=True)
    overrides = transcribed.overrides(runs, "recognisers=[in_domain]")
    path, made_by = runs / "tiny" / file, runs / "tiny" / MADE_BY[file]
    before = path.read_bytes()
    path.write_bytes(before.replace(b"1", b"2", 1))
    if file != "scores.json":
        shutil.rmtree(runs / "tiny" / "scores")
    sentence = refused("report" if file == "scores.json" else "score", *overrides)
    assert f"{path} was changed by hand" in sentence
    assert f"delete it and {made_by}, and run `speech2code {advice}` again" in sentence
    path.unlink()
    shutil.rmtree(made_by)
    main([advice, *overrides])
    assert path.read_bytes() == before


@pytest.mark.parametrize("file", MADE_BY)
def test_who_reads_it_is_told_which_stage_makes_it(tmp_path, file):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text('["a list"]')
    with pytest.raises(UserError, match=f"{path} has no hash, .*; delete it and {tmp_path / MADE_BY[file]}, and run"):
        RunFolder(tmp_path).sealed(file)
