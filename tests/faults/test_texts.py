"""Target texts that are missing or hold no word: `prepare` tells them, and only those sentences are not scored."""

import csv

import numpy as np
import pytest
from conftest import Corpus, ended, record

from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.store import FeatureStore, claim
from speech2code.files import read_json
from speech2code.recognisers.pocketsphinx import PocketSphinx
from speech2code.registry import BY_NAME
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.meteor import MeteorUnavailable
from speech2code.stages import runner
from speech2code.stages.texts import as_judged

SPLITS = {"train": 6, "dev": 3, "test": 3}  # n0 to n5, n6 to n8, n9 to n11
BAD = {"n3": "", "n7": "…", "n9": "?!"}  # one in each


def _prepared(folder, text_of):
    """A corpus whose target texts are `text_of(row)`."""
    manifest = record(folder / "recordings", text=True, splits=SPLITS)
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(manifest, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(row | {"target_text": text_of(row)} for row in rows)
    corpus = Corpus(manifest, folder / "data")
    main(["prepare", *corpus.overrides(folder / "runs")])
    return corpus


@pytest.fixture(scope="module")
def with_gaps(tmp_path_factory):
    """A text in each split is missing or holds no word."""
    folder = tmp_path_factory.mktemp("gaps")
    return _prepared(folder, lambda row: BAD.get(row["id"], row["target_text"]))


@pytest.fixture(scope="module")
def told_in_test(tmp_path_factory):
    """Two of the three test sentences have text, nothing else has."""
    folder = tmp_path_factory.mktemp("alone")
    return _prepared(folder, lambda row: row["target_text"] if row["id"] in ("n10", "n11") else "")


@pytest.fixture
def in_process(monkeypatch):
    """Stages of `run` as calls instead of processes, without METEOR's program → their names in order."""
    started = []

    def no_meteor(*_):
        raise MeteorUnavailable("not here")

    def start(name, overrides, *_):
        started.append(name)
        main([*BY_NAME[name].verb.split(), *overrides])
        return ended(0)

    monkeypatch.setattr("speech2code.scoring.scores.meteor_counts", no_meteor)
    monkeypatch.setattr("speech2code.stages.score.start_meteor", lambda language: None)
    monkeypatch.setattr(runner, "_start", start)
    return started


@pytest.fixture
def left(monkeypatch):
    """Runs nothing → the stages that `run` would start."""

    def run(overrides):
        found = []
        monkeypatch.setattr(runner, "_side_by_side", lambda config, _, done: found.extend(BY_NAME.keys() - done))
        main(["run", *overrides])
        return set(found)

    return run


def test_prepare_lists_what_cannot_be_scored(with_gaps, tmp_path, capsys):
    overrides, path = with_gaps.overrides(tmp_path / "runs"), with_gaps.folder / "unscored.csv"
    path.unlink()
    main(["prepare", *overrides])  # another experiment's: the corpus is there, the list is told again
    assert (
        "without a word of target text are not scored: 1 of 3 in dev, 1 of 3 in test, 1 of 6 in train; "
        f"see {path}, the first is n7: no word in its text '…'"
    ) in capsys.readouterr().out
    with open(path, encoding="utf-8", newline="") as file:
        found = {(row["id"], row["side"]): row["reason"] for row in csv.DictReader(file)}
    assert found == {
        ("n7", "target"): "no word in its text '…'",
        ("n9", "target"): "no word in its text '?!'",
        ("n3", "target"): "no text",
    }
    assert (path.parent / "rejected.csv").read_text() == "id,side,reason\n"  # units are learnt from all of them
    claim(path.parent)  # the list is no stranger in that folder


def test_nothing_is_listed_where_all_is_well_or_nothing_was_told(transcribed, textless, tmp_path, capsys):
    for number, each in enumerate((transcribed, textless)):
        main(["prepare", *each.overrides(tmp_path / str(number))])
        assert not (each.folder / "unscored.csv").exists()
    assert "not scored" not in capsys.readouterr().out


def test_a_recogniser_and_a_topline_learn_and_are_scored_without_them(with_gaps, tmp_path, in_process):
    overrides = with_gaps.overrides(tmp_path, "recognisers=[in_domain]", "recogniser.tokens=char")
    main(["baselines", "baselines=[topline]", *overrides])
    run = RunFolder(tmp_path / "tiny")
    for row in ("original", "topline"):
        assert list(run.transcripts(row, "in_domain", "dev")) == ["n6", "n8"]
        assert list(run.transcripts(row, "in_domain", "test")) == ["n10", "n11"]
    texts = read_json(run.path / "baselines" / "topline_texts.json")
    assert list(texts["test"]["topline"]) == ["n10", "n11"]
    assert run.scores("test")["topline"]["in_domain"]["wer"] > 0 and run.text_bleu("topline", "dev") is not None
    assert len(list(run.sounds("topline").glob("*.wav"))) == 3  # it speaks them all
    known = read_json(run.path / "recogniser" / "recogniser.json")["vocabulary"]["tokens"]
    assert set(known) <= set("damokisu ")


def test_text_in_test_alone_is_enough_for_who_need_not_learn(told_in_test, tmp_path, in_process, monkeypatch, capsys):
    heard = []

    def transcribe(self, waveforms, **_):
        heard.append(len(waveforms))
        return ["da mo"] * len(waveforms)

    monkeypatch.setattr(PocketSphinx, "transcribe", transcribe)
    overrides = told_in_test.overrides(tmp_path, units="kmeans", vocoder="linear")
    main(["run", *overrides])
    gone = "in_domain, topline, topline_tuned, topline_voice"
    assert f"no target text in train or dev to learn from: {gone} left out" in capsys.readouterr().out
    assert not [name for name in in_process if "recogniser" in name or "in_domain" in name]
    assert heard == [2, 2, 2]  # of the rows' three sentences, and none of dev
    run = tmp_path / "tiny"
    scores = read_json(run / "scores.json")["splits"]
    assert scores["test"].keys() == {"original", "resynthesis", "translation"} and not scores["dev"]
    assert read_json(run / "scores" / "detectors.json")["translation"]["sentences"] == 2
    assert len(list(RunFolder(run).sounds("translation").glob("*.wav"))) == 3
    assert (run / "report.html").exists()


def test_what_learns_from_text_says_that_there_is_none(told_in_test, tmp_path, refused):
    overrides = told_in_test.overrides(tmp_path)
    assert as_judged(compose(overrides)).baselines == ["baseline"]
    for part in ("recogniser", "topline_stt", "topline_tts"):
        sentence = refused("train", part, *overrides)
        assert f"{told_in_test.folder / 'train'} has no target text, or no word in it" in sentence


def test_units_judge_where_nobody_can(told_in_test, transcribed, tmp_path, left, monkeypatch, capsys):
    started = left(told_in_test.overrides(tmp_path / "one", "recognisers=[in_domain]"))
    assert "quality" in started and not [name for name in started if BY_NAME[name].text]
    assert "the corpus has no target text in train or dev to learn from: nothing is scored" in capsys.readouterr().out
    started = left(transcribed.overrides(tmp_path / "two"))
    assert "scores" in started and "quality" not in started
    monkeypatch.setattr(FeatureStore, "texts", lambda self, side: ["…"] * len(self))
    assert "scores" not in left(transcribed.overrides(tmp_path / "two"))
    assert "the corpus has no target text: nothing is scored" in capsys.readouterr().out


def test_some_items_of_a_split_are_those_items(transcribed):
    whole = FeatureStore(transcribed.folder, "dev")
    some = whole.only([3, 1]).only([1, 0])
    assert (len(some), some.ids) == (2, [whole.ids[1], whole.ids[3]])
    assert some.speakers["target"] == [whole.speakers["target"][item] for item in (1, 3)]
    assert some.texts("target") == [whole.texts("target")[item] for item in (1, 3)]
    assert np.array_equal(some.lengths("target_mfcc"), whole.lengths("target_mfcc")[[1, 3]])
    for place, item in enumerate((1, 3)):
        assert np.array_equal(some.mfcc("source", place), whole.mfcc("source", item))
        assert np.array_equal(some.waveform("target", place), whole.waveform("target", item))
    assert len(whole) == 4 and len(whole.only([])) == 0
