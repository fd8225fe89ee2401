"""MFCC and log magnitude against librosa, in padded batches."""

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import chirp

from speech2code.audio.features import LOG_FLOOR, LogMagnitude, Mfcc, frame_count
from speech2code.padding import frame_mask, pad

pytestmark = pytest.mark.filterwarnings("ignore:n_fft")  # librosa, of 0.1 s
RATE = 16_000
MFCC = Mfcc()


def oracle(waveform):
    """librosa's 13 MFCC, Δ and Δ², `(time, 39)`, with this project's framing."""
    shape = {"n_fft": 2048, "hop_length": 160, "win_length": 400, "pad_mode": "constant"}
    power = np.abs(librosa.stft(waveform, **shape)) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=RATE, n_mels=128)
    static = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=13)
    return np.concatenate([static, librosa.feature.delta(static), librosa.feature.delta(static, order=2)]).T


def signals():
    """Noise, a chirp, one that fades into silence, a decaying burst, 0.1 s, the shortest that has deltas, a click."""
    generator = np.random.default_rng(0)
    time = np.arange(24_000) / RATE
    sweep = 0.8 * chirp(time, 80, 1.5, 7000)
    burst = generator.standard_normal(9_999) * np.exp(-np.arange(9_999) / 1500)
    made = [0.1 * generator.standard_normal(16_000), sweep, sweep * np.linspace(1, 0, 24_000) ** 4, burst * 0.3]
    made += [sweep[:1600], generator.standard_normal(1280) * 0.01, sweep[:12_345]]
    # a click on the last sample is loudest in a frame behind the end, which must not set the 80 dB range
    click = 1e-5 * generator.standard_normal(50 * 160 - 1)
    click[-1] = 0.9
    return [each.astype(np.float32) for each in [*made, click]]


def test_mfcc_of_a_padded_batch_is_librosas():
    waveforms = signals()
    features = MFCC(*pad(waveforms))
    for item, waveform in zip(features, waveforms):
        frames = frame_count(len(waveform))
        np.testing.assert_allclose(item[:frames], oracle(waveform), atol=1e-3, rtol=0)
        assert (item[frames:] == 0).all()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1280, 6000), min_size=1, max_size=3), st.floats(1e-3, 1), st.integers(0, 9))
def test_mfcc_of_any_length_and_level(lengths, level, seed):
    generator = np.random.default_rng(seed)
    waveforms = [(level * generator.uniform(-1, 1, length)).astype(np.float32) for length in lengths]
    for item, waveform in zip(MFCC(*pad(waveforms)), waveforms):
        np.testing.assert_allclose(item[: frame_count(len(waveform))], oracle(waveform), atol=1e-3, rtol=0)


@pytest.mark.parametrize("samples", [0, 1, 800, 1279])
def test_what_is_too_short_for_a_delta_has_features_too(samples):
    """Speech of less than nine frames, which a system may well utter: alone as beside longer ones."""
    sound = torch.randn(1, samples) * 0.1
    alone = Mfcc()(sound, torch.tensor([samples]))
    assert alone.shape == (1, samples // 160 + 1, 39) and alone.isfinite().all()
    batch = torch.cat([torch.nn.functional.pad(sound, (0, 4000 - samples)), torch.randn(1, 4000) * 0.1])
    together = Mfcc()(batch, torch.tensor([samples, 4000]))
    torch.testing.assert_close(together[0, : alone.shape[1]], alone[0], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("fft_size", [2048, 512])
def test_log_magnitude_of_a_padded_batch_is_librosas(fft_size):
    waveforms = signals()
    batch, _ = pad(waveforms)
    spectrum = LogMagnitude(fft_size)(batch)
    assert spectrum.shape == (len(waveforms), frame_count(batch.shape[1]), fft_size // 2 + 1)
    for item, waveform in zip(spectrum, waveforms):
        magnitude = np.abs(librosa.stft(waveform, n_fft=fft_size, hop_length=160, win_length=400, pad_mode="constant"))
        wanted = np.maximum(magnitude, LOG_FLOOR).T
        # where the floor is near, float32 noise of the transform is all there is: compare magnitudes there
        np.testing.assert_allclose(item[: len(wanted)].exp(), wanted, atol=1e-3, rtol=1e-3)
        loud = wanted > 1e-2
        np.testing.assert_allclose(item[: len(wanted)].numpy()[loud], np.log(wanted[loud]), atol=1e-3, rtol=0)


def test_a_coarse_grid_is_every_fourth_bin_of_the_fine_one():
    batch, _ = pad(signals())
    fine, coarse = LogMagnitude(2048).magnitude(batch), LogMagnitude(512).magnitude(batch)
    torch.testing.assert_close(fine[:, :, ::4], coarse, atol=1e-4, rtol=1e-4)


@given(st.integers(1, 10**6))
def test_frames_of_so_many_samples(samples):
    assert frame_count(samples) == samples // 160 + 1
    assert frame_count(torch.tensor([samples])).tolist() == [frame_count(samples)]


def test_frame_mask_is_true_where_real():
    assert frame_mask(torch.tensor([2, 0, 3])).tolist() == [[True, True, False], [False] * 3, [True] * 3]
    assert frame_mask(torch.tensor([1]), 2).tolist() == [[True, False]]
