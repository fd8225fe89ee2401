"""Mel-cepstral distortion: how far one spectrum is from another, in decibels (Kubichek 1993)."""

import numpy as np

DECIBELS = 10 / np.log(10) * np.sqrt(2)  # c are of ln amplitude, and each but c₀ stands for two of a spectrum's


def mel_cepstral_distortion(first: np.ndarray, second: np.ndarray) -> float:
    """Two sequences of mel-cepstra `(time, 25)` of one sentence → 10 / ln 10 · √(2 Σ (c − c′)²) over the coefficients 1
    to 24, averaged along the cheapest path of dynamic time warping, in dB. Loudness (the coefficient 0) does not count.
    """
    from librosa.sequence import dtw
    from scipy.spatial.distance import cdist

    distances = DECIBELS * cdist(first[:, 1:], second[:, 1:])
    _, path = dtw(C=distances)
    return float(distances[path[:, 0], path[:, 1]].mean())
