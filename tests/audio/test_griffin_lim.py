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


def plain(magnitude, iterations, momentum=0.99, seed=0):
    """The same algorithm on torch.stft and torch.istft, with complex abs."""
    size = 2 * (magnitude.shape[2] - 1)
    shape = {"hop_length": 160, "win_length": 400, "window": torch.hann_window(400)}
    noise = torch.rand(magnitude.shape[1:], generator=torch.Generator().manual_seed(seed))
    # torch's frames begin where the padding of the window does, so its phases turn by that much in each bin
    turn = torch.exp(-2j * torch.pi * torch.arange(size // 2 + 1) * ((size - 400) // 2) / size)
    angles = (torch.polar(torch.ones_like(noise), 2 * torch.pi * noise) * turn)[None]
    previous = 0
    for _ in range(iterations):
        sound = torch.istft((magnitude * angles).transpose(1, 2), size, **shape)
        rebuilt = torch.stft(sound, size, **shape, pad_mode="constant", return_complex=True).transpose(1, 2)
        angles = rebuilt - momentum / (1 + momentum) * previous
        angles = angles / angles.abs().clamp_min(1e-8)
        previous = rebuilt
    return torch.istft((magnitude * angles).transpose(1, 2), size, **shape)


@pytest.mark.parametrize("iterations", [0, 1, 8])
def test_the_fast_way_is_the_plain_one(iterations):
    spectrum = COARSE(waveform("voice")[None])
    wanted = plain(spectrum.exp(), iterations)
    torch.testing.assert_close(griffin_lim(spectrum, iterations), wanted, atol=1e-4, rtol=0)
