"""Corpora too small or too quiet to learn from: handled, or refused by a sentence."""

import numpy as np
import pytest
import soundfile
from conftest import Corpus, record

from speech2code.cli import main
from speech2code.corpora.vtln import GRID, estimate_vtln
from speech2code.unit_quality.conversion import VoiceClassifier

ONE = {"train": 1, "dev": 1, "test": 1}


@pytest.mark.parametrize("count", [9, 63])
def test_speakers_with_few_frames_have_a_factor(count):
    drawn = np.random.default_rng(0)
    mfcc = {"a": drawn.normal(size=(count, 39)), "b": drawn.normal(size=(count // 2, 39))}
    factors = estimate_vtln(mfcc, "a")
    assert factors["a"] == 1 and GRID[0] <= factors["b"] <= GRID[-1]


@pytest.mark.parametrize("speakers", [[0], [0, 2], [1, 1, 0]])
def test_voices_of_few_sentences_are_told_apart(speakers):
    sentences = [np.full((3, 39), float(each)) for each in speakers]
    whose = VoiceClassifier(sentences, np.array(speakers))
    assert [whose(each) for each in sentences] == speakers


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """One pair in each split, each with a speaker of its own."""
    folder = tmp_path_factory.mktemp("alone")
    corpus = Corpus(record(folder / "recordings", text=False, splits=ONE), folder / "data")
    main(["prepare", *corpus.overrides(folder / "runs")])
    return corpus


def test_one_pair_is_enough_to_go_all_the_way(alone, tmp_path):
    overrides = alone.overrides(tmp_path, "units.codebook_size=2", vocoder="linear")
    for verb in ("train units", "train vocoder", "train translator", "resynthesise", "decode", "measure"):
        main([*verb.split(), *overrides])
    assert list((tmp_path / "tiny" / "decoding" / "test").glob("*.wav"))


@pytest.mark.parametrize(("units", "more"), [
    ("kmeans", ["units.codebook_size=4096"]),
    ("segmental", ["units.codebook_size=4096", "units.segment_codes=4"]),
])  # fmt: skip
def test_more_units_than_there_are_frames_are_refused(alone, tmp_path, capsys, units, more):
    with pytest.raises(SystemExit) as caught:
        main(["train", "units", *alone.overrides(tmp_path, *more, units=units)])
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert caught.value.code == 2 and sentence.startswith("speech2code: ")
    assert "choose a smaller units.codebook_size" in sentence or "the units collapsed" in sentence


def test_a_corpus_of_silence_is_refused(tmp_path, refused):
    corpus = Corpus(record(tmp_path / "recordings", text=False, splits=ONE), tmp_path / "data")
    for path in corpus.manifest.parent.glob("*.wav"):
        soundfile.write(path, np.zeros(16_000), 16_000)
    sentence = refused("prepare", *corpus.overrides(tmp_path / "runs"))
    assert "3 of 3 pairs (100.0%) cannot be used" in sentence and "silent" in sentence
    sentence = refused("prepare", *corpus.overrides(tmp_path / "runs", "corpus.max_rejected=1"))
    assert "has no train pair left" in sentence
