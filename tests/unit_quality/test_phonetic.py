"""Units and phones: what a voice says is cut where it sounds, and `measure` measures a trained codebook."""

import json

import numpy as np
import pytest
from conftest import sentences, speak, tiny

from speech2code.cli import main
from speech2code.corpora.store import FeatureStore
from speech2code.corpora.voices import PAUSE, Phone
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score
from speech2code.unit_quality.conversion import VoiceClassifier
from speech2code.unit_quality.distortion import mel_cepstral_distortion
from speech2code.unit_quality.spoken import Spoken, mfcc_of, speak_with_phones

PHONES = [Phone("s", 0, 0.1), Phone("i", 0.1, 0.2), Phone("t", 0.2, 0.3), Phone(PAUSE, 0.3, 0.4), Phone("a", 0.4, 0.5)]


def test_triphones_hold_the_vectors_whose_middle_they_cover():
    spoken = Spoken("v", np.zeros((50, 39)), PHONES)
    (item,) = spoken.triphones(np.arange(7)[:, None], frames_each=8)  # middles at 35, 115, 195, 275, 355 ms ...
    assert (item.phone, item.context, item.speaker) == ("i", ("s", "t"), "v")
    assert item.frames[:, 0].tolist() == [0, 1, 2, 3]
    long = spoken.triphones(np.arange(2)[:, None], frames_each=100)  # middles at 495 and 1495 ms: none inside
    assert [item.frames[:, 0].tolist() for item in long] == [[0]]


def test_a_frame_has_the_phone_that_sounds_in_it():
    spoken = Spoken("v", np.zeros((50, 39)), PHONES)
    assert spoken.phone_of(np.array([0, 9, 10, 29, 35, 49, 80])) == ["s", "s", "i", "t", PAUSE, "a", "a"]


def test_spoken_sentences_are_trimmed_with_their_phones():
    one, two = speak_with_phones("espeak:en-us", ["Six ships.", "Yes."], jobs=1)
    for each in (one, two):
        seconds = len(each.mfcc) / 100
        assert each.phones[0].start <= 0 < each.phones[0].end and seconds - 0.05 < each.phones[-1].end < seconds + 0.5
        assert each.mfcc.shape[1] == 39 and each.voice == "espeak:en-us"
    assert len(one.phones) > len(two.phones)


def test_distortion_is_zero_for_itself_slower_too_and_grows():
    random = np.random.default_rng(0)
    mfcc = np.cumsum(random.standard_normal((40, 39)), 0)
    assert mel_cepstral_distortion(mfcc, mfcc) == 0
    assert mel_cepstral_distortion(mfcc, np.repeat(mfcc, 2, axis=0)) == 0
    louder = mfcc + 5 * np.eye(39)[0]
    assert mel_cepstral_distortion(mfcc, louder) == 0
    one_band = np.zeros((3, 39)), np.tile(np.eye(39)[3], (3, 1)) * np.sqrt(128)
    assert mel_cepstral_distortion(*one_band) == pytest.approx(1)  # one decibel, root mean square over the bands


def test_a_voice_is_known_by_its_other_sentences():
    pitches = [110, 190] * 40
    mfcc = [mfcc_of(speak(words, pitch, seed=seed)) for seed, (words, pitch) in enumerate(zip(sentences(80), pitches))]
    whose = VoiceClassifier(mfcc[:60], np.array([0, 1] * 30))
    assert np.mean([whose(each) == place % 2 for place, each in enumerate(mfcc[60:])]) >= 0.9


def test_units_of_voices_are_measured(tmp_path, capsys):
    overrides = [
        *tiny(), "corpus=phrasebook_fr_en", "corpus.train=40", "corpus.dev=4", "corpus.test=12", "corpus.unseen=0",
        "corpus.target_voice=espeak:en-us+espeak:en-gb", "measure.voices=[espeak:en-gb-scotland]",
        f"data={tmp_path}/data", f"runs={tmp_path}/runs",
    ]  # fmt: skip
    for verb in ("prepare", "train units", "measure"):
        main([*verb.split(), *overrides])
    speakers = FeatureStore(tmp_path / "data/phrasebook_fr_en", "train").speakers["target"]
    assert 10 < speakers.count("espeak:en-us") < 30 and set(speakers) == {"espeak:en-us", "espeak:en-gb"}
    found = json.loads((tmp_path / "runs/tiny/units.json").read_text())
    assert (found["corpus"], found["codebook_size"], found["time_reduction"]) == ("phrasebook_fr_en", 8, 4)
    assert 24 < found["units_a_second"] < 27 and found["bitrate"] <= 3 * found["units_a_second"]
    assert 1 <= found["perplexity"] <= 8 * found["used"]
    assert 0 < found["pnmi"] < 1 and 0 < found["phone_purity"] < 1
    for name in ("abx_within", "abx_across", "abx_within_mfcc", "abx_across_mfcc"):
        assert 0 <= found[name] <= 60
    assert found["abx_within_mfcc"] < found["abx_within"]  # a few steps of training know less than the features
    assert found["unit_error_rate_between_voices"] > 0
    assert "abx_within" in capsys.readouterr().out
    counts = np.load(tmp_path / "runs/tiny/quality/phones.npz")
    assert counts["counts"].shape == (8, len(counts["phones"])) and counts["counts"].sum() > 1000


def test_speakers_that_change_places_are_judged_by_their_words_too(transcribed, tmp_path):
    overrides = transcribed.overrides(tmp_path)
    read = [f"transcribe {row} pocketsphinx" for row in ("original", "resynthesis")]
    for verb in ("train units", "train vocoder", *read, "measure"):
        main([*verb.split(), *overrides])
    found = json.loads((tmp_path / "tiny/units.json").read_text())
    assert found["wer_converted_pocketsphinx"] > 0  # nobody says these words
    for row in ("original", "resynthesis"):  # read, though nothing was translated or scored
        references, hypotheses = zip(*RunFolder(tmp_path / "tiny").transcripts(row, "pocketsphinx").values())
        assert found[f"wer_{row}_pocketsphinx"] == score(list(hypotheses), list(references), "target").wer
    assert "abx_within" not in found  # recordings tell no phones


def test_units_of_recordings_are_counted(textless, tmp_path):
    overrides = textless.overrides(tmp_path)
    for verb in ("train units", "train vocoder", "measure"):
        main([*verb.split(), *overrides])
    found = json.loads((tmp_path / "tiny/units.json").read_text())
    assert "bitrate" in found and found["mel_cepstral_distortion"] > 0
    assert "abx_within" not in found and "wer_converted_pocketsphinx" not in found  # there is no text
    assert 0 <= found["converted_voice"] <= 100  # of ann's sentences as bea and the other way round
    assert len(list((tmp_path / "tiny/quality/sounds").glob("*.wav"))) == 8
    main(["report", *overrides])
    page = (tmp_path / "tiny/report.html").read_text()
    assert "mel cepstral distortion" in page
