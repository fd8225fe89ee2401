"""Mel-cepstral distortion: how far one spectrum is from another, in decibels (Kubichek 1993)."""

import numpy as np

BANDS = 128  # of the mel spectrum behind the MFCC


def mel_cepstral_distortion(first: np.ndarray, second: np.ndarray) -> float:
    """Two MFCC sequences `(time, 39)` of one sentence → 10 √2 / ln 10 · ‖c − c′‖ over the coefficients 1 to 12,
    averaged along the cheapest path of dynamic time warping, in dB. Loudness (the coefficient 0) does not count.
    """
    from librosa.sequence import dtw
    from scipy.spatial.distance import cdist

    # with ln power = c₀ + 2 Σ c cos, orthonormal MFCC of a power in dB are 10 √(2 · bands) / ln 10 · c
    distances = cdist(*(np.asarray(each, np.float64)[:, 1:13] / np.sqrt(BANDS) for each in (first, second)))
    _, path = dtw(C=distances)
    return float(distances[path[:, 0], path[:, 1]].mean())
