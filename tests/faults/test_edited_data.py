"""Recordings or their text that change after they were prepared: noticed, and the advice works when it is followed.
What the text says is nothing to the stages that learn from speech."""

import csv
import os
import re
import shutil

import numpy as np
import pytest
import soundfile
from conftest import Corpus, record

from speech2code.cli import main
from speech2code.corpora.store import FeatureStore, problem_of
from speech2code.report.run_folder import RunFolder

SMALL = {"train": 8, "dev": 2, "test": 2}
SPEECH = ("units", "vocoder", "translator", "resynthesis", "decoding")  # stages that no text is anything to
READ = ("recogniser", "transcripts/original.in_domain", "transcripts/translation.in_domain")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Recordings with text, and a whole run of them."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = Corpus(record(folder / "recordings", text=True, splits=SMALL), folder / "data")
    for verb in ("prepare", "train units", "train vocoder", "train translator", "resynthesise", "decode"):
        main([*verb.split(), *overrides_of(corpus)])
    for verb in ("train recogniser", "transcribe"):
        main([*verb.split(), *overrides_of(corpus)])
    return corpus


@pytest.fixture
def corpus(trained, tmp_path):
    """A copy at the same place, for the paths are part of what was prepared; the original is put back afterwards."""
    there = trained.data.parent
    shutil.copytree(there, tmp_path / "kept", symlinks=True)
    yield trained
    shutil.rmtree(there)
    shutil.copytree(tmp_path / "kept", there, symlinks=True)


def overrides_of(corpus):
    kinds = {"units": "kmeans", "vocoder": "linear"}
    return corpus.overrides(corpus.data.parent / "runs", "recognisers=[in_domain]", **kinds)


def run_of(corpus):
    return corpus.data.parent / "runs" / "tiny"


def rewrite(corpus, change):
    """The manifest, its rows changed by `change(rows)`."""
    with open(corpus.manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with open(corpus.manifest, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def records(corpus, stages):
    return {name: (run_of(corpus) / name / "stage.json").read_bytes() for name in stages}


def follow(sentence, corpus):
    """Deletes what the sentence says, and nothing else; gives it."""
    names = re.search(rf"delete in {re.escape(str(run_of(corpus)))} what was made so: (.*)", sentence)[1].split(", ")
    for name in names:
        shutil.rmtree(run_of(corpus) / name)
    return names


def test_a_corrected_text_is_noticed_by_those_who_read_it_alone(corpus, refused, capsys):
    overrides, before = overrides_of(corpus), records(corpus, SPEECH)
    speech = {path: path.read_bytes() for path in corpus.folder.rglob("*.npy")}

    def correct(rows):
        rows[-1]["target_text"] = "ki ki ki"

    rewrite(corpus, correct)
    main(["prepare", *overrides])
    assert "the text has changed and is written anew; the speech is as it was" in capsys.readouterr().out
    assert FeatureStore(corpus.folder, "test").texts("target")[-1] == "ki ki ki" and problem_of(corpus.folder) is None
    for verb in ("train units", "train vocoder", "train translator", "resynthesise", "decode"):
        main([*verb.split(), *overrides])
    assert records(corpus, SPEECH) == before
    assert speech == {path: path.read_bytes() for path in speech}
    sentence = refused("train", "recogniser", *overrides)
    assert "recogniser was made with text=" in sentence
    names = follow(sentence, corpus)
    assert set(READ) <= set(names) and not set(SPEECH) & set(names)
    for verb in ("train recogniser", "transcribe"):
        main([*verb.split(), *overrides])
    assert records(corpus, SPEECH) == before
    table = RunFolder(run_of(corpus)).transcripts("original", "in_domain")
    assert [meant for meant, _ in table.values()][-1] == "ki ki ki"
    capsys.readouterr()
    main(["prepare", *overrides])  # now nothing has changed
    assert "written anew" not in capsys.readouterr().out


def test_a_column_of_text_may_come_later_and_go(corpus, refused):
    without = [FeatureStore(corpus.folder, "test").texts("target")]

    def remove(rows):
        for row in rows:
            del row["target_text"], row["source_text"]

    kept = corpus.manifest.read_bytes()
    rewrite(corpus, remove)
    main(["prepare", *overrides_of(corpus)])
    assert not list(corpus.folder.rglob("text.json")) and problem_of(corpus.folder) is None
    assert "recogniser was made with text=" in refused("train", "recogniser", *overrides_of(corpus))
    main(["train", "units", *overrides_of(corpus)])
    corpus.manifest.write_bytes(kept)
    main(["prepare", *overrides_of(corpus)])
    assert [FeatureStore(corpus.folder, "test").texts("target")] == without
    main(["train", "recogniser", *overrides_of(corpus)])  # the text that it was trained on is back


def rerecorded(corpus):
    path = corpus.manifest.parent / "t0.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(12_000) * 0.2), 16_000)
    os.utime(path, (1, 1))


def added(corpus):
    rewrite(corpus, lambda rows: rows.append(rows[-1] | {"id": "new"}))


def test_other_speech_is_refused_and_made_anew_as_the_sentences_say(corpus, refused):
    for edit in (added, rerecorded):
        edit(corpus)
        sentence = refused("prepare", *overrides_of(corpus))
        assert f"{corpus.folder} was prepared from other sentences or recordings than there are now; " in sentence
    assert sentence.endswith("or delete the folder")
    shutil.rmtree(corpus.folder)
    main(["prepare", *overrides_of(corpus)])
    sentence = refused("train", "units", *overrides_of(corpus))
    assert "units was made with corpus=" in sentence
    assert {*SPEECH, "transcripts/translation.in_domain"} <= set(follow(sentence, corpus))
    main(["train", "units", *overrides_of(corpus)])


def test_a_missing_recording_is_named_and_a_missing_manifest_is_not_needed(corpus, refused, capsys):
    (corpus.manifest.parent / "t0.wav").unlink()
    assert "t0.wav: no such file" in refused("prepare", *overrides_of(corpus))
    corpus.manifest.unlink()
    main(["prepare", *overrides_of(corpus)])
    assert f"pairs.csv is gone: {corpus.folder} is taken as it was prepared" in capsys.readouterr().out
    shutil.rmtree(corpus.folder)
    assert "pairs.csv does not exist" in refused("prepare", *overrides_of(corpus))
