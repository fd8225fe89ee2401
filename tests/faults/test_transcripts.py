"""A table of transcripts that is gone or cut short: the sentence says what to do, and that works."""

import shutil

import pytest

from speech2code.cli import main
from speech2code.report.run_folder import RunFolder

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
