"""The constant matrices of the MFCC against librosa's and scipy's functions."""

import librosa
import numpy as np
import pytest
import torch
from scipy.fft import dct
from scipy.signal import lfilter, savgol_filter

from speech2code.audio.features import Mfcc
from speech2code.audio.filters import dct_matrix, delta_matrices, mel_filters, vtln_matrices


@pytest.mark.parametrize(("bands", "fft_size"), [(128, 2048), (80, 512)])
def test_mel_filters_are_librosas(bands, fft_size):
    wanted = librosa.filters.mel(sr=16_000, n_fft=fft_size, n_mels=bands)
    np.testing.assert_allclose(mel_filters(bands, fft_size), wanted, atol=1e-8)


def test_dct_is_scipys():
    np.testing.assert_allclose(dct_matrix(), dct(np.eye(128), norm="ortho")[:, :13], atol=1e-7)


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_are_the_savitzky_golay_filter(order):
    nine = np.random.default_rng(0).standard_normal(9)
    wanted = savgol_filter(nine, 9, order, deriv=order, mode="interp")
    np.testing.assert_allclose(delta_matrices()[order - 1] @ nine, wanted, atol=1e-6)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_a_stretched_envelope_is_the_envelope_elsewhere(factor):
    coefficients = np.random.default_rng(0).standard_normal(13)
    centres = librosa.mel_frequencies(130, fmax=8000)[1:-1]
    elsewhere = np.interp(centres * factor, centres, dct_matrix() @ coefficients)
    np.testing.assert_allclose(vtln_matrices([factor])[0] @ coefficients, dct_matrix().T @ elsewhere, atol=0.02)


def test_a_shorter_vocal_tract_is_a_stretched_one():
    """A sound of two formants, and one whose formants are a fifth higher: their MFCC differ by that stretch."""

    def sound(factor):
        noise = np.random.default_rng(0).standard_normal(32_000)
        for formant in (700, 1800):
            angle = 2 * np.pi * formant * factor / 16_000
            noise = lfilter([1], [1, -2 * 0.95 * np.cos(angle), 0.95**2], noise)
        waveform = torch.tensor(0.1 * noise / np.abs(noise).max(), dtype=torch.float32)[None]
        return Mfcc()(waveform, torch.tensor([32_000]))[0, :, :13].mean(0).numpy()

    low, high = sound(1.0), sound(1.2)
    away = [np.abs(vtln_matrices([each])[0] @ high - low)[1:].mean() for each in (1.0, 1.2)]
    assert away[1] < 0.5 * away[0]
