"""Speech as another person, room or microphone would have it."""

import numpy as np
import pytest
import torch

from speech2code.audio.distortion import change_speed, distort

RATE = 16_000


def tone(hertz, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def loudest(waveform):
    return np.abs(np.fft.rfft(waveform)).argmax() * RATE / len(waveform)


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.2])
def test_faster_speech_is_shorter_and_higher(factor):
    fast = change_speed(tone(1000), factor)
    assert len(fast) == pytest.approx(RATE / factor, abs=2)
    assert loudest(fast) == pytest.approx(1000 * factor, abs=2)


@pytest.mark.parametrize("below", [0.0, 10.0, 30.0])
@pytest.mark.parametrize("seconds", [0.3, 1.7])
def test_noise_has_the_level_that_was_asked_for(below, seconds):
    speech = torch.from_numpy(tone(500, seconds))
    noise = distort(speech, below, echo=False, telephone=False) - speech
    assert 10 * torch.log10(speech.square().mean() / noise.square().mean()).item() == pytest.approx(below, abs=1)


def test_an_echo_sounds_on_where_the_speech_has_ended():
    speech = torch.from_numpy(np.concatenate([tone(500, 0.5), np.zeros(RATE // 10, np.float32)]))
    after = slice(RATE // 2 + 200, RATE // 2 + 800)
    assert speech[after].abs().max() == 0
    heard = distort(speech, None, echo=True, telephone=False)
    assert len(heard) == len(speech) and heard[after].square().mean() > 1e-4 * speech.square().mean()


def test_a_telephone_has_neither_depths_nor_heights():
    speech = torch.from_numpy(tone(100) + tone(1000) + tone(6000))
    heard = np.abs(np.fft.rfft(distort(speech, None, echo=False, telephone=True).numpy()))
    low, middle, high = (heard[hertz] for hertz in (100, 1000, 6000))
    assert low < 0.01 * middle and high < 0.01 * middle and middle == pytest.approx(0.3 * RATE / 2, rel=0.05)


def test_nothing_asked_for_is_nothing_done():
    speech = torch.from_numpy(tone(440, 0.37))
    torch.testing.assert_close(distort(speech, None, echo=False, telephone=False), speech, atol=1e-6, rtol=0)
