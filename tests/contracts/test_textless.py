"""The promise of the program: text is for the evaluation alone."""

import shutil
from itertools import product

import numpy as np
import pytest

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.corpora.store import FeatureStore
from speech2code.files import read_json
from speech2code.report.run_folder import RunFolder

TRAINING = ("train units", "train vocoder", "resynthesise", "train translator", "decode")
SPOKEN = {"dev": 4, "test": 3, "unseen": 2}  # sentences


def check_spoken(run):
    for row, (split, count) in product(("translation", "resynthesis"), SPOKEN.items()):
        sounds = [load_waveform(path) for path in sorted(RunFolder(run).sounds(row, split).glob("*.wav"))]
        assert len(sounds) == count
        assert all(len(sound) and np.isfinite(sound).all() and np.abs(sound).max() > 0.1 for sound in sounds)
    units = read_json(run / "decoding" / "units.json")
    assert len(units["translation"]) == len(units["reference"]) == sum(SPOKEN.values())


@pytest.mark.parametrize("units", ["vqvae", "segmental"])
def test_recordings_without_any_text_become_speech(textless, tmp_path, refused, units):
    assert not list(textless.data.rglob("text.json"))
    for verb in (*TRAINING, "measure"):
        main([*verb.split(), *textless.overrides(tmp_path, units=units)])
    check_spoken(tmp_path / "tiny")
    written = RunFolder(tmp_path / "tiny").units()
    if units == "segmental":  # each differs from the one before
        assert not any((np.diff(each) == 0).any() for row in written.values() for each in row.values())
    sentence = refused("train", "recogniser", *textless.overrides(tmp_path))
    assert "has no target text, or no word in it, which scoring needs" in sentence


@pytest.mark.parametrize("units", ["vqvae", "segmental"])
def test_text_that_is_there_is_never_opened(transcribed, tmp_path, monkeypatch, units):
    assert (transcribed.folder / "test" / "text.json").exists()
    corpus = transcribed._replace(data=tmp_path / "data")
    shutil.copytree(transcribed.data, corpus.data)
    for path in corpus.data.rglob("text.json"):
        path.write_text("no JSON")

    def opened(*_):
        pytest.fail("a stage before the evaluation read text")

    monkeypatch.setattr(FeatureStore, "texts", opened)
    for verb in TRAINING:
        main([*verb.split(), *corpus.overrides(tmp_path / "runs", units=units)])
    check_spoken(tmp_path / "runs" / "tiny")


def test_text_changes_nothing_that_is_learnt_from(textless, transcribed):
    for split in ("train", "dev", "test", "unseen"):
        for kind in ("source_mfcc", "target_mfcc", "source_waveform", "target_waveform"):
            one, two = (np.load(corpus.folder / split / f"{kind}.npy") for corpus in (textless, transcribed))
            assert np.array_equal(one, two)
