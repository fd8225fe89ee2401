"""A prepared corpus that was damaged: one sentence that names the file, and what it says to do makes it whole again."""

import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest

from speech2code.cli import main
from speech2code.corpora.speech import Speech
from speech2code.corpora.store import SIDES, problem_of
from speech2code.errors import UserError

FILES = (
    "corpus.json", "test/items.json", "test/text.json", "test/source_mfcc.npy", "test/target_waveform.npy",
    "test/target_mfcc_ends.npy", "test/source_waveform_ends.npy", "test/source_mfcc_crc.npy",
)  # fmt: skip
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "halved": lambda whole: whole[: len(whole) // 2],
    "one byte short": lambda whole: whole[:-1],
    "a bit flipped": lambda whole: _flipped(whole, len(whole) * 2 // 3),
    "a bit of its head flipped": lambda whole: _flipped(whole, 3),
    "a digit of its shape": lambda whole: whole.replace(b"'shape': (1", b"'shape': (9", 1),
    "zeros": lambda whole: bytes(len(whole)),
    "a list": lambda whole: b"[1, 2]",
    "nested": lambda whole: b"[" * 100_000,
    "another's": lambda whole: json.dumps({"ids": 3}).encode(),
}


def _flipped(whole, place):
    return whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]


def read_all(folder):
    """As the stages do."""
    speech = Speech(folder, "test")
    store, items = speech.store, np.arange(len(speech))
    for side in SIDES:
        store.texts(side)
        speech.mfcc(side, items)
        speech.waveforms(side, items)
        speech.speakers(side, items)
    speech.target_features(items)


@pytest.fixture
def corpus(transcribed, tmp_path):
    return transcribed._replace(data=shutil.copytree(transcribed.data, tmp_path / "data"))


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(corpus, name):
    path = corpus.folder / name
    whole = path.read_bytes()
    read_all(corpus.folder)
    for what, damage in DAMAGES.items():
        damaged = damage(whole)
        if damaged in (whole, whole.rstrip(b"\n")):
            continue
        path.write_bytes(damaged)
        with pytest.raises(UserError) as caught:
            read_all(corpus.folder)
        assert str(path) in str(caught.value) and "run `speech2code prepare`" in str(caught.value), what
    path.unlink()
    with pytest.raises(UserError, match="run `speech2code prepare`"):
        read_all(corpus.folder)


@pytest.mark.parametrize("gone", ["test", "dev/text.json", "corpus.json"])
def test_what_was_deleted_is_made_again(corpus, tmp_path, capsys, gone):
    overrides = corpus.overrides(tmp_path / "runs")
    main(["prepare", *overrides])
    whole = {path: path.read_bytes() for path in corpus.folder.rglob("*.*") if path.is_file() and path.name[0] != "."}
    path = corpus.folder / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert problem_of(corpus.folder) is not None
    main(["prepare", *overrides])  # which had said that it was done
    if gone != "corpus.json":
        assert f"is prepared again: {corpus.folder / gone.split('/')[0]}" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in whole} == whole
    read_all(corpus.folder)


def test_what_was_damaged_is_made_again_as_the_sentence_says(corpus, tmp_path, refused):
    overrides, path = corpus.overrides(tmp_path / "runs"), corpus.folder / "train" / "target_mfcc.npy"
    path.write_bytes(_flipped(path.read_bytes(), 5000))
    sentence = refused("train", "units", *overrides)
    assert f"{path} is not what `prepare` wrote; delete it and run `speech2code prepare`" in sentence
    path.unlink()
    main(["prepare", *overrides])
    main(["train", "units", *overrides])


def test_what_is_half_made_is_not_whole(corpus, tmp_path, monkeypatch):
    (corpus.folder / "test" / "items.json").unlink()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr("speech2code.corpora.prepare.statistics_of", killed)
        main(["prepare", *corpus.overrides(tmp_path / "runs")])
    assert "holds no prepared corpus" in str(problem_of(corpus.folder))
    main(["prepare", *corpus.overrides(tmp_path / "runs"), "name=other"])  # finds the folder as another experiment does
    assert problem_of(corpus.folder) is None


@pytest.mark.parametrize("name", ["corpus.json", "train/items.json"])
def test_a_link_to_nowhere_is_damage_that_can_be_mended(corpus, tmp_path, refused, name):
    overrides, path = corpus.overrides(tmp_path / "runs"), corpus.folder / name
    path.unlink()
    path.symlink_to("nowhere")
    sentence = refused("train", "units", *overrides)
    assert str(path) in sentence and "delete it and run `speech2code prepare`" in sentence
    path.unlink()
    main(["prepare", *overrides])
    read_all(corpus.folder)
