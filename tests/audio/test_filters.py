"""The constant matrices of the MFCC against librosa's and scipy's functions."""

import librosa
import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal import savgol_filter

from speech2code.audio.filters import dct_matrix, delta_matrices, mel_filters


def test_mel_filters_are_librosas():
    np.testing.assert_allclose(mel_filters(), librosa.filters.mel(sr=16_000, n_fft=2048, n_mels=128), atol=1e-8)


def test_dct_is_scipys():
    np.testing.assert_allclose(dct_matrix(), dct(np.eye(128), norm="ortho")[:, :13], atol=1e-7)


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_are_the_savitzky_golay_filter(order):
    nine = np.random.default_rng(0).standard_normal(9)
    wanted = savgol_filter(nine, 9, order, deriv=order, mode="interp")
    np.testing.assert_allclose(delta_matrices()[order - 1] @ nine, wanted, atol=1e-6)
