"""Where somebody speaks in a noisy recording."""

import numpy as np
import pytest

from speech2code.audio.trimming import ACTIVITY, LEVEL, speech_bounds, trim_silence
from speech2code.corpora.checks import reason_to_reject
from speech2code.corpora.voices import load_voice

RATE = 16_000
NEAR = 0.2 * RATE  # samples: a breath before the first sound


def in_noise(speech, decibels):
    """A second of noise before and behind it, the speech so many dB louder."""
    noise = np.random.default_rng(0).standard_normal(len(speech) + 2 * RATE)
    noise *= np.sqrt(np.mean(speech**2)) * 10 ** (-decibels / 20)
    return (np.pad(speech, RATE) + noise).astype(np.float32)


@pytest.fixture(scope="module")
def speech():
    return trim_silence(load_voice("flite:slt").speak("where can i buy a blanket near the garden"))


@pytest.mark.parametrize("decibels", [5, 20, 60])
def test_speech_is_found_in_noise_where_its_level_tells_nothing(speech, decibels):
    noisy = in_noise(speech, decibels)
    first, last = speech_bounds(noisy, ACTIVITY)
    assert abs(first - RATE) < NEAR and abs(last - RATE - len(speech)) < NEAR
    assert (len(trim_silence(noisy, LEVEL)) == len(noisy)) == (decibels < 40)


def test_noise_alone_is_no_speech():
    noise = in_noise(np.zeros(RATE, np.float32) + 0.01, 0)
    assert speech_bounds(noise, ACTIVITY) == (0, 0)
    assert reason_to_reject(noise) is None
    assert "too short (0.00 s of sound" in reason_to_reject(noise, trimming=ACTIVITY)


def test_one_recording_is_trimmed_alike_after_any_other(speech):
    first = speech_bounds(in_noise(speech, 10), ACTIVITY)
    speech_bounds(in_noise(speech[::-1].copy(), 3), ACTIVITY)
    assert speech_bounds(in_noise(speech, 10), ACTIVITY) == first
