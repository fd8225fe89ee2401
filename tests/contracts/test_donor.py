"""A second source language needs no second codebook: `donor` takes over what knows the target speech only."""

import csv

import pytest

from speech2code.cli import main
from speech2code.files import read_json


@pytest.fixture
def other(textless, tmp_path):
    """Overrides of a corpus in which one side (`column`) says its sentences in another order."""

    def rotated(column: str) -> list[str]:
        with open(textless.manifest, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        audio = [row[column] for row in rows]
        path = textless.manifest.with_name(f"{column}.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(row | {column: each} for row, each in zip(rows, [*audio[1:], audio[0]]))
        own = [f"corpus.path={path}", f"data={tmp_path}/data", f"corpus.name={column}", f"name={column}"]
        return textless.overrides(tmp_path / "runs", *own, "donor=tiny")

    return rotated


def test_units_and_vocoder_are_reused(textless, other, tmp_path, capsys, refused):
    run, second = tmp_path / "runs" / "tiny", other("source_audio")
    assert f"{run} has no finished stage to reuse" in refused("prepare", *second)
    for verb in ("train units", "train vocoder"):
        main([*verb.split(), *textless.overrides(tmp_path / "runs")])
    capsys.readouterr()
    for verb in ("prepare", "train units", "train vocoder", "train translator", "decode"):
        main([*verb.split(), *second])
    said = capsys.readouterr().out
    assert "units: done already" in said and "vocoder: done already" in said
    there = tmp_path / "runs" / "source_audio"
    assert (there / "units").resolve() == run / "units"
    translator, units = (read_json(path / "stage.json") for path in (there / "translator", run / "units"))
    assert translator["settings"]["codebook"] == units["codebook"]
    assert translator["settings"]["corpus"] != units["settings"]["corpus"]
    assert (there / "model" / "model.safetensors").exists()


def test_other_target_speech_is_refused(textless, other, tmp_path, refused):
    main(["train", "units", *textless.overrides(tmp_path / "runs")])
    assert "learnt from other target speech than" in refused("prepare", *other("target_audio"))
    assert not (tmp_path / "runs" / "target_audio" / "units").exists()
