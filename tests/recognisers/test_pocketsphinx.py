import shutil
import subprocess

import numpy as np
import pytest

from speech2code.audio.files import SAMPLE_RATE, load_waveform
from speech2code.recognisers.pocketsphinx import PADDING, PEAK, PocketSphinx, prepare

SENTENCES = ["where is the train station", "he likes to read books"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    if shutil.which("flite") is None:
        pytest.skip("flite speaks the sentences of this test")
    waveforms = []
    for number, sentence in enumerate(SENTENCES):
        path = tmp_path_factory.mktemp("spoken") / f"{number}.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", sentence, "-o", str(path)], check=True)
        waveforms.append(load_waveform(path))
    return waveforms


def test_reads_speech_whatever_the_order_and_the_number_of_processes(spoken):
    a, b = spoken
    loud_noise = (
        np.random.default_rng(1).normal(0, 0.2, 8000).astype(np.float32)
    )  # would spoil a running mean or noise estimate
    forward = PocketSphinx().transcribe([a, loud_noise, b], processes=1)
    backward = PocketSphinx().transcribe(iter([b, loud_noise, a]), processes=1)
    assert forward == backward[::-1]
    assert [forward[0], forward[2]] == SENTENCES
    assert PocketSphinx().transcribe([a, loud_noise, b], processes=2) == forward


def test_silence_and_nothing_give_an_empty_transcript():
    assert PocketSphinx().transcribe([np.zeros(SAMPLE_RATE, np.float32), np.zeros(0, np.float32)], processes=1) == [
        "",
        "",
    ]
    assert PocketSphinx().transcribe([]) == []


def test_silence_policy():
    tone = 0.02 * np.sin(np.arange(8000) / 5).astype(np.float32)
    around = np.pad(tone, 6000)
    samples = np.frombuffer(prepare(around), "<i2")
    padding = round(PADDING * SAMPLE_RATE)
    assert np.abs(samples[:padding]).max() <= 1 and samples[:padding].any()  # dither, not digital silence
    assert np.abs(samples).max() == pytest.approx(PEAK * 32767, abs=2)
    assert prepare(around) == prepare(around)
    assert (
        np.abs(len(samples) - 2 * padding - len(tone)) < 1200
    )  # the silence around the tone is gone, but for a frame or two


def test_level_does_not_matter(spoken):
    quiet, loud = (np.frombuffer(prepare(spoken[0] * gain), "<i2").astype(int) for gain in (0.05, 0.9))
    assert np.abs(quiet - loud).max() <= 1
