"""Ids become names of files, and of arrays in an npz: in one place, and no two have the same."""

import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from speech2code.cli import main
from speech2code.files import safe_name, sound_file, write_atomically, write_json
from speech2code.report.run_folder import RunFolder
from speech2code.seals import sealed
from speech2code.unit_quality.phone_times import read_phone_times

ODD = ["../../x", "file", "a" * 251, "é/" * 130, '"a"', ".hidden", "fr\\1", "50%", "allow_pickle"]
ids = st.text(min_size=1, max_size=400)


@pytest.mark.parametrize(
    "id", ["n0", "train-000001", "abiayi_2015-09-08-11-27-44_Dico17_1", "1.mp3", "a b", "é日本", "A"]
)
def test_ids_of_ordinary_corpora_keep_their_names(id):
    assert safe_name(id) == id


@given(st.lists(ids, min_size=2, max_size=2, unique=True))
@example(["a/b", "a%2Fb"])
@example(["a" * 251, "a" * 252])
@example(["a" * 400, safe_name("a" * 400)])
@example([".a", "%2Ea"])
@example(["file", "%66ile"])
def test_no_two_ids_have_the_same_name(two):
    names = [safe_name(each) for each in two]
    assert names[0] != names[1]
    for name in names:
        assert not set(name) & set("/\\\0\n\t") and not name.startswith(".") and len(name.encode()) <= 230


@pytest.mark.parametrize("id", [*ODD, "a\0", "\ud800"])
def test_any_id_is_the_name_of_a_file_and_of_an_array(tmp_path, id):
    path = sound_file(tmp_path / "test", id)
    with write_atomically(path) as temporary:
        temporary.write_text("sound")
    assert [each.stem for each in (tmp_path / "test").iterdir()] == [safe_name(id)]
    file = io.BytesIO()
    np.savez(file, **{safe_name(id): np.arange(3)})
    assert np.load(io.BytesIO(file.getvalue()))[safe_name(id)].tolist() == [0, 1, 2]


def test_odd_ids_are_spoken_within_the_run_read_and_shown(transcribed, tmp_path):
    """A data folder of somebody else: its ids are what they are, also `../../x`."""
    corpus = transcribed._replace(data=tmp_path / "data")
    shutil.copytree(transcribed.data, corpus.data)
    for split, some in {"train": [], "dev": ODD[3:7], "test": ODD[:3], "unseen": ODD[7:]}.items():
        path = corpus.folder / split / "items.json"
        items = json.loads(path.read_text())
        items["ids"][: len(some)] = some
        write_json(path, sealed(items))
    overrides = corpus.overrides(tmp_path / "runs", units="kmeans", vocoder="linear")
    before = {path for path in tmp_path.rglob("*") if "runs" not in path.parts}
    for verb in ("train units", "train vocoder", "train translator", "resynthesise", "decode", "measure"):
        main([*verb.split(), *overrides])
    assert {path for path in tmp_path.rglob("*") if "runs" not in path.parts} == before
    run = RunFolder(tmp_path / "runs" / "tiny")
    assert run.shown_ids() == sorted(ODD[:3]) and run.alignments().keys() == set(ODD[:3])
    assert all(run.waveform("translation", each) is not None for each in ODD[:3])
    main(["train", "recogniser", *overrides])
    main(["transcribe", "translation", "in_domain", *overrides])
    for split, some in {"dev": ODD[3:7], "test": ODD[:3]}.items():
        assert list(run.transcripts("translation", "in_domain", split)) == some


def test_phones_of_an_id_that_is_no_name(tmp_path):
    (tmp_path / "fr%2F1.ctm").write_text("x 1 0.0 0.5 a\n")
    assert read_phone_times(tmp_path, {"fr/1": tmp_path / "1.wav"}).keys() == {"fr/1"}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_are_printed_whatever_the_terminal_knows(encoding, monkeypatch):
    screen = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(screen, encoding))
    main(["config", "experiment=best_fr_en", "name=日本"])
    assert rb"name: \u65e5\u672c" in screen.getvalue()
