"""The test list by voices that training never met: prepared, translated, read and scored, and nowhere learnt from."""

from collections import Counter

import pytest

from speech2code.cli import main
from speech2code.corpora.store import FeatureStore
from speech2code.files import read_json
from speech2code.recognisers.pocketsphinx import PocketSphinx

VOICES = ("espeak:de", "espeak:fr-fr/f2", "espeak:it")
STAGES = ("train units", "train recogniser", "train vocoder", "train translator", "resynthesise", "decode",
          "transcribe", "score", "report")  # fmt: skip


@pytest.fixture
def _quick_sphinx(monkeypatch):
    """It needs a minute for what is no speech."""
    monkeypatch.setattr(PocketSphinx, "transcribe", lambda self, waveforms, **_: ["da"] * len(waveforms))


@pytest.mark.usefixtures("_quick_sphinx")
def test_they_are_a_split_of_their_own_with_figures_for_each(transcribed, tmp_path, capsys):
    given = transcribed.overrides(
        tmp_path / "runs", f"data={tmp_path}/data", f"corpus.unseen_voices={'+'.join(VOICES)}"
    )
    for verb in ("prepare", *STAGES):
        main([*verb.split(), *given])
    run, folder = tmp_path / "runs" / "tiny", tmp_path / "data" / "recordings"
    test, voices = (FeatureStore(folder, split) for split in ("test", "voices"))
    who = voices.speakers["source"]
    assert voices.ids == [f"{name}@{speaker}" for name, speaker in zip(test.ids, who)]
    assert set(who) == set(VOICES[1:]) and voices.texts("target") == test.texts("target")
    assert not any(set(VOICES) & set(FeatureStore(folder, split).speakers["source"]) for split in ("train", "dev"))
    scores = read_json(run / "scores.json")
    assert scores["splits"]["voices"].keys() == {"translation"}  # the original is that of test
    assert scores["splits"]["voices"]["translation"].keys() == {"in_domain", "pocketsphinx"}
    by_speaker = scores["speakers"]["voices"]["translation"]["in_domain"]
    assert {name: each["sentences"] for name, each in by_speaker.items()} == Counter(who)
    assert not list((run / "resynthesis").glob("voices*")) and not list((run / "units").glob("voices*"))
    page = (run / "report.html").read_text()
    assert all(f"{name} ({count} sentences)" in page for name, count in Counter(who).items())
    capsys.readouterr()
    main(["run", *given])
    assert "translation, unseen voices" in capsys.readouterr().out


def test_another_unseen_voice_asks_for_no_new_units(transcribed, tmp_path):
    """What was learnt of the target speech serves any list of source voices."""
    main(["train", "units", *transcribed.overrides(tmp_path)])
    given = transcribed.overrides(tmp_path, f"data={tmp_path}/data", f"corpus.unseen_voices={VOICES[1]}", "name=other")
    main(["prepare", *given, "donor=tiny"])
    main(["run", *given, "donor=tiny", "recognisers=[in_domain]"])
    assert (tmp_path / "other" / "units").is_symlink()


@pytest.mark.parametrize(("voice", "sentence"), [
    ("espeak:fr-fr/f99", "voice espeak:fr-fr/f99 does not exist; variants of fr-fr: Alex"),
    ("mbrola:none", "voice mbrola:none"),
])  # fmt: skip
def test_a_voice_that_is_not_there_is_told_before_any_work(transcribed, tmp_path, refused, voice, sentence):
    given = transcribed.overrides(tmp_path, f"data={tmp_path}/data", f"corpus.unseen_voices={voice}")
    assert sentence in refused("prepare", *given)


def test_without_source_text_no_voice_can_say_it(textless, tmp_path, refused):
    given = textless.overrides(tmp_path, f"data={tmp_path}/data", f"corpus.unseen_voices={VOICES[0]}")
    assert "corpus.unseen_voices needs test sentences with source_text" in refused("prepare", *given)
