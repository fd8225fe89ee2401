"""The constant matrices of the MFCC.

librosa's and scipy's functions for them need seconds of imports; tests/audio/test_filters.py compares with them.
"""

from functools import cache

import numpy as np

from speech2code.audio.files import SAMPLE_RATE

FFT_SIZE = 2048  # points: 1025 bins (paper, section 6.2)
COEFFICIENTS = 13
MEL_BANDS = 128
DELTA_WIDTH = 9  # frames of the Savitzky-Golay filter; the shortest utterance that has deltas


@cache
def mel_filters(bands: int = MEL_BANDS, fft_size: int = FFT_SIZE) -> np.ndarray:
    """Slaney's triangles of equal area (librosa.filters.mel), float32 `(bands, fft_size // 2 + 1)`."""
    corners = _mel_to_hertz(np.linspace(0, _hertz_to_mel(SAMPLE_RATE / 2), bands + 2))[:, None]
    bins = np.linspace(0, SAMPLE_RATE / 2, fft_size // 2 + 1)
    widths = np.diff(corners, axis=0)
    rising, falling = (bins - corners[:-2]) / widths[:-1], (corners[2:] - bins) / widths[1:]
    area = 2 / (corners[2:] - corners[:-2])
    return (np.maximum(0, np.minimum(rising, falling)) * area).astype(np.float32)


# Slaney's mel scale: 200 / 3 Hz a mel up to 1000 Hz, 27 mel for a factor of 6.4 from there


def _hertz_to_mel(hertz: np.ndarray | float) -> np.ndarray:
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4))


def _mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


@cache
def dct_matrix() -> np.ndarray:
    """Orthonormal DCT-II, float32 `(128, 13)`."""
    return cosines(np.arange(MEL_BANDS)).astype(np.float32)


def band_hertz(bands: np.ndarray) -> np.ndarray:
    """Centres of mel bands, which may lie between two of the 128."""
    return _mel_to_hertz((bands + 1) / (MEL_BANDS + 1) * _hertz_to_mel(SAMPLE_RATE / 2))


def vtln_matrices(factors: np.ndarray) -> np.ndarray:
    """Factors `(batch,)` → float32 `(batch, 13, 13)`: MFCC → MFCC of the same envelope along `factor` times the
    frequency, a linear map (Pitz & Ney 2005). What would come from beyond the highest band is that band."""
    top = _hertz_to_mel(SAMPLE_RATE / 2)
    bands = _hertz_to_mel(band_hertz(np.arange(MEL_BANDS)) * np.asarray(factors)[:, None]) / top * (MEL_BANDS + 1) - 1
    return np.einsum("jk,njl->nkl", dct_matrix(), cosines(bands.clip(-0.5, MEL_BANDS - 0.5))).astype(np.float32)


def cosines(bands: np.ndarray) -> np.ndarray:
    """Rows of the orthonormal DCT-II at bands that may lie between two: `(..., 13)`."""
    order = np.arange(COEFFICIENTS)
    return np.cos(np.pi / MEL_BANDS * (bands[..., None] + 0.5) * order) * np.sqrt(np.where(order, 2, 1) / MEL_BANDS)


@cache
def delta_matrices() -> np.ndarray:
    """Row k: first or second derivative at frame k of nine, of the line or parabola fitted to them, float32 `(2, 9, 9)`
    (Savitzky & Golay 1964)."""
    times = np.arange(DELTA_WIDTH) - DELTA_WIDTH // 2
    matrices = []
    for order in (1, 2):
        fit = np.linalg.pinv(np.vander(times, order + 1))  # nine values → coefficients, highest first
        matrices.append(np.stack([np.polyval(np.polyder(each, order), times) for each in fit.T], axis=1))
    return np.stack(matrices).astype(np.float32)
