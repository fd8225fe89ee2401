"""Griffin-Lim: how well the magnitude comes back, and that nothing but the input decides the waveform."""

import numpy as np
import pytest
import torch
from scipy.signal import chirp

from speech2code.audio.features import LogMagnitude
from speech2code.audio.griffin_lim import griffin_lim

FINE, COARSE = LogMagnitude(2048), LogMagnitude(512)


def waveform(kind):
    time = np.arange(16_000) / 16_000
    if kind == "chirp":
        return torch.tensor(0.5 * chirp(time, 100, 1, 5000), dtype=torch.float32)
    # like a voice: harmonics of a falling pitch, a formant that moves, syllables of 0.2 s
    phase = 2 * np.pi * np.cumsum(140 - 40 * time) / 16_000
    formant = 700 + 500 * np.sin(2 * np.pi * 2 * time)
    voice = sum(np.exp(-(((130 * n - formant) / 400) ** 2)) * np.sin(n * phase) for n in range(1, 25))
    return torch.tensor(0.2 * voice * np.abs(np.sin(np.pi * 5 * time)), dtype=torch.float32)


def convergence(rebuilt, original):
    """‖|rebuilt| − |original|‖ / ‖|original|‖ on the 2048 grid."""
    size = min(len(rebuilt), len(original))
    made, wanted = (FINE.magnitude(each[None, :size]) for each in (rebuilt, original))
    return float((made - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("kind", ["chirp", "voice"])
def test_the_magnitude_comes_back(kind):
    original = waveform(kind)
    few, many = (griffin_lim(FINE(original[None]), iterations)[0] for iterations in (1, 60))
    assert convergence(many, original) < 0.1 < convergence(few, original)


def test_1025_bins_give_the_waveform_of_257():
    original = waveform("voice")[None]
    fine, coarse = griffin_lim(FINE(original), 5), griffin_lim(COARSE(original), 5)
    assert fine.shape == coarse.shape == (1, 16_000)
    torch.testing.assert_close(fine, coarse, atol=1e-3, rtol=0)


def test_an_item_sounds_as_alone_and_again():
    batch = torch.stack([COARSE(waveform(kind)[None])[0] for kind in ("chirp", "voice")])
    together = griffin_lim(batch, 10)
    for item, sound in zip(batch, together):
        torch.testing.assert_close(griffin_lim(item[None], 10)[0], sound, atol=1e-5, rtol=0)
    torch.manual_seed(7)  # only its own seed counts
    assert torch.equal(griffin_lim(batch, 10), together)
    assert not torch.equal(griffin_lim(batch, 10, seed=1), together)
