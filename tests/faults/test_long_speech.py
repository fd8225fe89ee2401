"""Recordings unlike the sentences of the training: several sentences, one that is too long, noise and tones."""

import json
import warnings
from copy import copy
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from conftest import RATE, speak

from speech2code.audio.features import Mfcc
from speech2code.audio.files import load_waveform
from speech2code.audio.pauses import find_pauses, split_at_pauses
from speech2code.audio.steadiness import is_steady
from speech2code.audio.trimming import trim_silence
from speech2code.cli import main
from speech2code.config import InverterConfig, LstmConfig, SearchConfig, VqVaeConfig
from speech2code.corpora.statistics import SourceRange, source_range
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.sentences import InputWarning

USUAL = SourceRange(longest=0.8, pause=0.05)  # seconds; the fixture's sentences last up to 0.8
SAMPLES = sorted((Path(__file__).parents[2] / "docs" / "samples").glob("*.mp3"))
FIRST, SECOND = trim_silence(speak(["da", "mo", "ki"], 110)), trim_silence(speak(["su", "ki", "da", "mo"], 130))


def silence(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


def noise(seconds, slope=0.0):
    """Peak 0.3; its power falls with the frequency to this power."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(int(seconds * RATE)))
    sound = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 20 * seconds) ** (slope / 2))
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def tones(seconds, *frequencies):
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * sum(np.sin(2 * np.pi * each * time) for each in frequencies) / len(frequencies)).astype(np.float32)


STEADY = {
    "white": noise(2),
    "pink": noise(2, 1),
    "brown": noise(2, 2),
    "fading": noise(2) * np.linspace(0.01, 1, 2 * RATE, dtype=np.float32),
    "low tone": tones(2, 100),
    "tone": tones(2, 1000),
    "chord": tones(2, 262, 330, 392),
    "hum": tones(2, *range(50, 1000, 50)),
    "hiss of a quiet room": noise(2) / 100,
}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    units = VqVaeConfig(codebook_size=8, time_reduction=4, code_dim=4, width=8, blocks=1)
    vocoder = InverterConfig(width=8, frame_width=8, reduction_factor=1, blocks=1, lstm_layers=1, iterations=2)
    narrow = {"conv_width": 8, "encoder_width": 8, "decoder_width": 8, "embedding_dim": 4, "attention_size": 4}
    parts = units, vocoder, LstmConfig(**narrow), SearchConfig(2)
    return SpeechTranslator(*parts, Limits(10, 3), [1.0], USUAL).eval()


@pytest.fixture
def said(model):
    """Waveform → its translation and what was said to it."""

    def translated(waveform):
        with warnings.catch_warnings(record=True, action="always") as caught:
            answer = model.translate(waveform)
        assert all(each.category is InputWarning for each in caught)
        return answer, [str(each.message) for each in caught]

    return translated


def test_two_sentences_are_answered_by_two(model, said):
    answer, sentences = said(np.concatenate([FIRST, silence(0.6), SECOND]))
    assert sentences == ["split at 1 pause, for the sentences of the training last up to 0.8 s and pause up to 0.1 s"]
    first, second = model.translate(FIRST), model.translate(SECOND)
    pause = len(answer) - len(first) - len(second)
    assert pause / RATE == pytest.approx(0.6, abs=0.03)
    np.testing.assert_allclose(answer, np.concatenate([first, np.zeros(pause), second]), atol=0.02)


def test_a_long_recording_is_split_where_it_pauses_longest():
    parts = [FIRST, silence(0.25), SECOND, silence(0.3), FIRST, silence(0.1), SECOND]
    recording = np.concatenate(parts)
    ends = np.cumsum([len(each) for each in parts])
    sentences = split_at_pauses(recording, longest=0.8, pause=0.5)
    assert [start for start, _ in sentences] == pytest.approx([0, ends[1], ends[3]], abs=0.03 * RATE)
    assert len(split_at_pauses(recording, longest=1.5, pause=0.5)) == 2
    assert split_at_pauses(recording, longest=9, pause=0.5) == [(0, len(recording))]


@pytest.mark.parametrize("decibels", [30, 20, 15])
def test_a_pause_is_found_in_noise(decibels):
    recording = np.concatenate([silence(0.5), FIRST, silence(0.6), SECOND, silence(0.5)])
    hiss = noise(len(recording) / RATE, 1)[: len(recording)]
    loudness = np.sqrt(np.mean(FIRST**2) / np.mean(hiss**2)) * 10 ** (-decibels / 20)
    sentences = split_at_pauses(recording + loudness * hiss, longest=2, pause=0.1)
    middles = [(start + end) / 2 / RATE for start, end in sentences]
    first, second = len(FIRST) / RATE, len(SECOND) / RATE
    assert middles == pytest.approx([0.5 + first / 2, 1.1 + first + second / 2], abs=0.12)


def test_clicks_and_nothing_are_no_sentences():
    click = np.concatenate([silence(1), tones(0.02, 500), silence(1)])
    assert len(split_at_pauses(np.concatenate([FIRST, click, SECOND]), 2, 0.1)) == 2
    assert split_at_pauses(np.concatenate([click, click]), 2, 0.1) == []
    assert split_at_pauses(silence(0.3), 2, 0.1) == [(0, 4800)]
    assert len(find_pauses(np.zeros(0, np.float32))) <= 1


def test_a_sentence_without_a_pause_that_is_too_long_is_warned_of(model, said):
    long = np.concatenate([FIRST, SECOND])
    answer, (sentence,) = said(long)
    assert sentence.startswith("seconds 0.0 to 1.1 have no pause, and the sentences of the training last up to 0.8 s")
    assert len(answer) and "words may be missing" in sentence
    with pytest.raises(UserError, match=r"seconds 0.0 to 31.\d are too long a sentence, at most 30 s"):
        model.translate(np.tile(long, 28))


def test_what_training_had_is_neither_split_nor_spoken_of(model, said):
    for sound in (FIRST, SECOND, np.concatenate([FIRST[:4000], silence(0.15), FIRST[-4000:]])):
        answer, sentences = said(sound)
        assert not sentences
        np.testing.assert_array_equal(answer, model.speak([model.translate_to_units([sound])[0].tokens])[0])


@pytest.mark.parametrize("sound", STEADY.values(), ids=STEADY)
def test_noise_and_tones_are_answered_by_silence_and_a_warning(said, sound):
    answer, (sentence,) = said(sound)
    assert sentence.startswith("no speech in seconds 0.") and len(answer) > 1.8 * RATE and not answer.any()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_voice_is_taken_for_one_even_in_noise(path):
    voice = trim_silence(load_waveform(path))
    hiss = noise(len(voice) / RATE + 1, 1)[: len(voice)]
    for decibels in (60, 5):
        loudness = np.sqrt(np.mean(voice**2) / np.mean(hiss**2)) * 10 ** (-decibels / 20)
        sound = torch.from_numpy(voice + loudness * hiss)
        assert not is_steady(Mfcc()(sound[None], torch.tensor([len(sound)]))[0])


def test_the_command_line_says_it_in_a_line(model, tmp_path, capsys):
    model.save_pretrained(tmp_path / "model")
    recording = np.concatenate([FIRST, silence(1), noise(2), *[silence(5), SECOND] * 6])
    soundfile.write(tmp_path / "in.wav", recording, RATE)
    command = ["translate", str(tmp_path / "in.wav"), str(tmp_path / "out.wav"), f"model={tmp_path / 'model'}"]
    main(command)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"speech2code: {tmp_path}/in.wav: split at 7 pauses, for the sentences of the training")
    assert "no speech in seconds 1." in second
    assert len(recording) > 30 * RATE and soundfile.info(tmp_path / "out.wav").duration > 20


def test_a_model_that_does_not_know_its_training_takes_all_as_one_sentence(model, tmp_path):
    model.save_pretrained(tmp_path)
    assert SpeechTranslator.from_pretrained(tmp_path).source_range == USUAL
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["source_range"]
    path.write_text(json.dumps(config))
    before = SpeechTranslator.from_pretrained(tmp_path)
    two = np.concatenate([FIRST, silence(0.6), SECOND])
    with warnings.catch_warnings(action="error"):
        answer = before.translate(two)
    np.testing.assert_array_equal(answer, before.speak([before.translate_to_units([two])[0].tokens])[0])
    with pytest.warns(InputWarning, match="no speech"):
        assert not before.translate(STEADY["white"]).any()


def test_the_range_of_the_training(textless):
    store = FeatureStore(textless.folder, "train")
    usual = source_range(store)
    seconds = store.lengths("source_waveform") / RATE
    assert np.sort(seconds)[-2] <= usual.longest <= seconds.max() and 0 <= usual.pause < 0.1
    assert np.sort(seconds)[1] >= usual.shortest >= seconds.min()
    assert 0 < usual.distance < 2


def knowing(model, **facts):
    """The same model, with other facts of its training."""
    other = copy(model)
    other.source_range = USUAL._replace(**facts)
    return other


def test_a_click_behind_a_pause_is_no_sentence(model):
    clicks = np.concatenate([FIRST, silence(0.6), FIRST[: RATE // 10]])
    with pytest.warns(InputWarning, match=r"seconds 1\.\d to 1\.\d are too short for a sentence: answered by silence"):
        sentences = knowing(model, shortest=0.4).translate_sentences(clicks)
    assert [each.hypothesis is None for each in sentences] == [False, True] and not sentences[1].waveform.any()


def test_speech_unlike_the_training_s_is_told(model):
    with pytest.warns(InputWarning, match="do not sound like the training's speech"):
        knowing(model, distance=0.01).translate(FIRST)
    with warnings.catch_warnings(action="error"):
        knowing(model, distance=100.0).translate(FIRST)
