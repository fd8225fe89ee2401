"""Speech as another person, room or microphone would have it: computed on MFCC, beside the same done to sound."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from speech2code.audio.distortion import add_echo, add_noise, cepstra, change_tempo, mel_power, telephone
from speech2code.audio.features import Mfcc

RATE = 16_000
SECONDS = 1.5


def speech():
    """A buzz whose loudness and formant move, with pauses."""
    time = np.arange(int(SECONDS * RATE)) / RATE
    formant = 700 + 500 * np.sin(7 * time)
    tones = 120 * np.arange(1, 60)[:, None]
    buzz = (np.sin(2 * np.pi * tones * time) / (1 + ((tones - formant) / 300) ** 2)).sum(0)
    hiss = np.random.default_rng(1).standard_normal(len(time)) * 0.05
    return torch.from_numpy(((buzz + hiss) * (0.003 + np.sin(9 * time).clip(0))).astype(np.float32) * 0.2)


def mfcc(waveform):
    """`(1, time, 13)` and lengths."""
    found = Mfcc()(waveform[None], torch.tensor([len(waveform)]))[:, :, :13]
    return found, torch.tensor([found.shape[1]])


def decibels(static):
    return 10 * torch.log10(mel_power(static))


def distance(one, other):
    """Mean difference of the envelopes, in dB."""
    return (decibels(one) - decibels(other)).abs().mean().item()


@pytest.mark.parametrize("below", [0.0, 10.0, 25.0])
def test_noise_is_that_of_noisy_sound(below):
    torch.manual_seed(0)
    clean = speech()
    hiss = torch.randn(len(clean))
    noisy, lengths = mfcc(clean + hiss * clean.norm() / hiss.norm() * 10 ** (-below / 20))
    static, _ = mfcc(clean)
    power = add_noise(mel_power(static), lengths, torch.tensor([below]), torch.tensor([0.0]))
    found = cepstra(power, lengths)
    assert (decibels(found).mean((0, 1)) - decibels(noisy).mean((0, 1))).abs().mean() < 1.5
    assert distance(found, noisy) < 0.4 * distance(static, noisy)


def test_noise_that_falls_is_deeper():
    static, lengths = mfcc(speech())
    spectra = []
    for fall in (0.0, 1.0):
        power = add_noise(mel_power(static), lengths, torch.tensor([0.0]), torch.tensor([fall]))
        spectra.append(decibels(cepstra(power, lengths))[0].mean(0))
    assert spectra[1][:4].mean() > spectra[0][:4].mean() and spectra[1][-8:].mean() < spectra[0][-8:].mean()


def test_an_echo_is_that_of_a_room():
    clean, seconds, below = speech(), 0.4, 3.0
    time = torch.arange(int(seconds * RATE)) / RATE
    torch.manual_seed(0)
    room = torch.randn(len(time)) * 10 ** (-3 * time / seconds)
    room = room / room.norm() * 10 ** (-below / 20)
    room[0] = 1
    heard = torch.from_numpy(np.convolve(clean.numpy(), room.numpy())[: len(clean)].astype(np.float32))
    (static, lengths), (wanted, _) = mfcc(clean), mfcc(heard)
    found = cepstra(add_echo(mel_power(static), torch.tensor([seconds]), torch.tensor([below])), lengths)
    assert distance(found, wanted) < 0.5 * distance(static, wanted)


def test_a_telephone_is_a_filter():
    clean = speech()
    filtered = sosfilt(butter(6, (300, 3400), "band", fs=RATE, output="sos"), clean)
    wanted, lengths = mfcc(torch.from_numpy(filtered.astype(np.float32)))
    static, _ = mfcc(clean)
    found = cepstra(telephone(mel_power(static)), lengths)
    assert distance(found, wanted) < 0.5 * distance(static, wanted)


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_a_tempo_changes_length_and_order_of_nothing(rate):
    time = torch.arange(100.0)
    static = torch.stack([time, time + 500])[:, :, None].expand(2, 100, 13)
    lengths = torch.tensor([100, 60])
    changed, counts = change_tempo(static, lengths, torch.full((2, 100), rate))
    assert counts.tolist() == [round(100 / rate), round(60 / rate)]
    for item, count, first, length in zip(changed, counts, (0, 500), (100, 60)):
        moments = item[:count, 0] - first
        assert moments[0] < 2 and moments[-1] == pytest.approx(length - 1, abs=2)
        assert (moments.diff() - rate).abs()[2:-2].max() < 1e-3


def test_a_tempo_may_change_on_the_way():
    static, lengths = torch.arange(80.0)[None, :, None].expand(1, 80, 13), torch.tensor([80])
    changed, counts = change_tempo(static, lengths, torch.cat([torch.full((1, 40), 2.0), torch.full((1, 40), 0.5)], 1))
    assert counts.item() == 100
    assert changed[0, 10:19, 0].diff().tolist() == pytest.approx([2.0] * 8)
    assert changed[0, 40:90, 0].diff().tolist() == pytest.approx([0.5] * 49)


def test_what_nothing_is_done_to_stays():
    static, lengths = mfcc(speech())
    torch.testing.assert_close(cepstra(mel_power(static), lengths)[:, :, 1:], static[:, :, 1:], atol=1.0, rtol=0.02)
    torch.testing.assert_close(change_tempo(static, lengths, torch.ones(1, static.shape[1]))[0], static)
