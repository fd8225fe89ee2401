"""Mel-cepstra against SPTK's, and the distortion between them against cases worked out by hand."""

import numpy as np
import pytest
from conftest import speak

from speech2code.unit_quality.cepstra import ALPHA, WINDOW, cepstra_of, mel_cepstra
from speech2code.unit_quality.distortion import mel_cepstral_distortion

# pysptk 1.0.1: mcep(frame * pysptk.sptk.hamming(1024), 24, 0.42, eps=1e-6, etype=1) of 16-bit samples, frames 3 and 12
SPTK = [
    [5.932529, 1.403372, 0.240221, 1.036706, 1.111809, -0.432192, -0.959301, 0.037781, -0.132958, -1.040371, -0.687049,
     0.143375, -0.192855, -0.595268, -0.037201, 0.259852, -0.172907, -0.337516, 0.006688, 0.011729, -0.17793, -0.129853,
     -0.013365, -0.039204, -0.063254],
    [5.894941, 1.820005, -0.09185, -1.40844, -1.521479, -0.724738, 0.070977, 0.349736, 0.0835, -0.103571, 0.055167,
     0.31072, 0.386518, 0.128628, -0.212436, -0.216251, -0.139618, 0.139745, 0.166893, -0.064991, -0.172603, -0.008989,
     0.130596, 0.080753, 0.121987],
]  # fmt: skip


def test_they_are_those_of_sptk():
    found = mel_cepstra(speak(["da", "mo"], 190))
    assert found.shape == (17, 25) and found[[3, 12]] == pytest.approx(np.array(SPTK), abs=2e-6)


def test_a_spectrum_made_of_a_mel_cepstrum_gives_it_back():
    true = np.random.default_rng(0).standard_normal((3, 25)) / 5
    unit = np.exp(-1j * np.linspace(0, np.pi, WINDOW // 2 + 1))
    allpass = (unit - ALPHA) / (1 - ALPHA * unit)
    power = np.abs(np.exp(true @ allpass ** np.arange(25)[:, None])) ** 2
    assert cepstra_of(power) == pytest.approx(true, abs=1e-3)


@pytest.mark.parametrize("samples", [0, 1, WINDOW, WINDOW + 255])
def test_silence_and_less_than_a_window_are_one_flat_frame(samples):
    found = mel_cepstra(np.zeros(samples, np.float32))
    assert found.shape == (1, 25) and found[0, 0] < -6 and np.abs(found[0, 1:]).max() < 1e-9


def test_distortion_is_zero_for_itself_slower_or_louder_and_grows():
    random = np.random.default_rng(0)
    cepstra = np.cumsum(random.standard_normal((40, 25)), 0)
    assert mel_cepstral_distortion(cepstra, cepstra) == 0
    assert mel_cepstral_distortion(cepstra, np.repeat(cepstra, 2, axis=0)) == 0
    assert mel_cepstral_distortion(cepstra, cepstra + 5 * np.eye(25)[0]) == 0
    one_apart = np.zeros((3, 25)), np.tile(np.eye(25)[3], (3, 1))
    assert mel_cepstral_distortion(*one_apart) == pytest.approx(6.1418515)  # 10 / ln 10 · √2
    both = np.zeros((3, 25)), np.tile(0.3 * np.eye(25)[3] + 0.4 * np.eye(25)[24], (3, 1))
    assert mel_cepstral_distortion(*both) == pytest.approx(6.1418515 / 2)


def test_the_mean_is_over_the_steps_of_the_cheapest_path():
    zero, far = np.zeros(25), np.eye(25)[1]
    first, second = np.stack([zero, zero, far]), np.stack([zero, far, far, 3 * far])
    assert mel_cepstral_distortion(first, second) == pytest.approx(6.1418515 * 2 / 5)  # 2 steps at 0, 2 at far, 1 at 3


def test_louder_and_quieter_speech_is_the_same_speech():
    speech = speak(["da", "mo"], 190)
    assert mel_cepstral_distortion(mel_cepstra(speech), mel_cepstra(speech / 4)) < 0.01
    other = mel_cepstral_distortion(mel_cepstra(speech), mel_cepstra(speak(["su", "ki"], 190)))
    assert other > 5
