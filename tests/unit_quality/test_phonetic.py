"""Units and phones: what a voice says is cut where it sounds, and `measure` measures a trained codebook."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import sentences, speak, tiny

from speech2code.cli import main
from speech2code.corpora.store import FeatureStore
from speech2code.corpora.voices import PAUSE, Phone
from speech2code.corpora.vtln import apply_vtln
from speech2code.unit_quality.conversion import VoiceClassifier
from speech2code.unit_quality.phonetic import encode, phonetic
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
        assert each.mfcc.shape[1] == 39 and each.speaker == "espeak:en-us"
    assert len(one.phones) > len(two.phones)


TARGETS = {"s": 0, "i": 1, "t": 2, "a": 3, PAUSE: 4}


def saying(words, speaker, frames=6):
    """One utterance; the MFCC of a frame say its phone, and nothing else."""
    phones = [Phone(symbol, n * frames / 100, (n + 1) * frames / 100) for n, symbol in enumerate(words)]
    mfcc = np.repeat(np.eye(39, dtype=np.float32)[[TARGETS[each] for each in words]], frames, axis=0)
    return Spoken(speaker, mfcc, phones)


def encoder_that(names):
    """Units of two frames each; `names`: features `(batch, time, 39)` → unit of each frame."""
    return SimpleNamespace(
        inventory=SimpleNamespace(codes=torch.eye(6)),
        spec=SimpleNamespace(step_frames=2),
        encode=lambda features, lengths: [
            names(each)[: length : 2] for each, length in zip(features, lengths.tolist())
        ],
    )  # fmt: skip


STANDARD = torch.zeros(39), torch.ones(39)


def measured(names, speakers):
    spoken = [saying(("s", middle, "t", PAUSE), who) for who in speakers for middle in "ia" for _ in range(2)]
    encoder = encoder_that(names)
    return phonetic(encoder, encode(encoder, STANDARD, spoken, {}))


def test_units_that_are_the_phones_know_all_of_them_and_one_unit_knows_none():
    found = measured(lambda features: features.argmax(-1), ("ann", "bea"))
    assert found.measures == pytest.approx(
        {f"abx_{what}{of}": 0 for what in ("within", "across") for of in ("", "_pooled", "_mfcc")}
        | dict.fromkeys(("pnmi", "phone_purity", "unit_purity"), 1)
    )
    assert found.phones == sorted(TARGETS) and found.counts.sum() == 8 * 4 * 6
    nothing = measured(lambda features: features.argmax(-1) * 0, ("ann", "bea")).measures
    assert nothing["abx_within"] == nothing["abx_across"] == 50 and nothing["pnmi"] == 0
    assert nothing["abx_within_mfcc"] == 0


def test_one_speaker_alone_has_no_error_across_speakers():
    found = measured(lambda features: features.argmax(-1), ("ann",)).measures
    assert "abx_within" in found and not [name for name in found if "across" in name]
    assert None not in found.values()


def test_each_speaker_is_heard_as_if_the_reference_spoke():
    spoken, encoder = [saying("sit", "ann"), saying("sit", "bea")], encoder_that(lambda features: features.argmax(-1))
    encoded = encode(encoder, STANDARD, spoken, {"bea": 1.1})
    assert np.array_equal(encoded.features[0], spoken[0].mfcc)
    assert np.allclose(encoded.features[1], apply_vtln(spoken[1].mfcc, 1.1), atol=1e-6)


def test_a_voice_is_known_by_its_other_sentences():
    pitches = [110, 190] * 40
    mfcc = [mfcc_of(speak(words, pitch, seed=seed)) for seed, (words, pitch) in enumerate(zip(sentences(80), pitches))]
    whose = VoiceClassifier(mfcc[:60], np.array([0, 1] * 30))
    assert np.mean([whose(each) == place % 2 for place, each in enumerate(mfcc[60:])]) >= 0.9


def test_units_of_voices_are_measured(tmp_path, capsys):
    overrides = [
        *tiny(), "corpus=phrasebook_fr_en", "corpus.train=40", "corpus.dev=4", "corpus.test=12", "corpus.unseen=0",
        "corpus.target_voice=espeak:en-us+espeak:en-gb", "measure.voices=[espeak:en-gb-scotland,openjtalk:mei]",
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
    told = capsys.readouterr().out
    assert "abx_within" in told and "openjtalk:mei does not tell the times of its phones: left out" in told
    counts = np.load(tmp_path / "runs/tiny/quality/phones.npz")
    assert counts["counts"].shape == (8, len(counts["phones"])) and counts["counts"].sum() > 1000


def test_speakers_that_change_places_are_judged_by_their_words_too(transcribed, tmp_path):
    overrides = transcribed.overrides(tmp_path)
    for verb in ("train units", "train vocoder", "measure"):
        main([*verb.split(), *overrides])
    found = json.loads((tmp_path / "tiny/units.json").read_text())
    assert found["wer_converted_pocketsphinx"] > 0  # nobody says these words
    assert "abx_within" not in found  # recordings tell no phones
