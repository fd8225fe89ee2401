"""Waveform → mel-cepstra as SPTK's `mcep` estimates them, the ones behind published mel-cepstral distortions.

The unbiased estimate of the log spectrum on a warped frequency axis (Fukada, Tokuda, Kobayashi & Imai 1992). The axis
is that of a first-order all-pass (Oppenheim & Johnson 1972); on it the log spectrum is a sum of cosines, and their
weights are the mel-cepstrum. Frames and eps are those of ESPnet's `evaluate_mcd.py`: samples count as 16-bit numbers.
"""

from functools import cache

import numpy as np

from speech2code.audio.files import SAMPLE_RATE

ORDER, ALPHA = 24, 0.42  # SPTK's and ESPnet's all-pass constant for the mel scale at 16 kHz
WINDOW, SHIFT = 1024, 256  # samples: ESPnet's
EPS = 1e-6  # added to the periodogram
TOLERANCE, MOST = 1e-3, 30  # of SPTK: relative change of the residual's power, iterations


def mel_cepstra(waveform: np.ndarray) -> np.ndarray:
    """Waveform `(samples,)` in [−1, 1] at 16 kHz → `(time, 25)`, float64; a short one is filled up to one window."""
    assert SAMPLE_RATE == 16_000  # what ALPHA is for
    samples = np.asarray(waveform, np.float64) * 32768
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::SHIFT]
    window = np.hamming(WINDOW)
    window /= np.sqrt(np.square(window).sum())  # as SPTK's
    return cepstra_of(np.abs(np.fft.rfft(frames * window)) ** 2 + EPS)


def cepstra_of(power: np.ndarray) -> np.ndarray:
    """Power spectra `(time, 513)`, above zero → mel-cepstra `(time, 25)`: Newton's method on a convex function, from
    the frequency transform of the log spectrum on."""
    cosines, weights, start = _axis()
    short, size = cosines[:, : ORDER + 1], np.arange(ORDER + 1)
    toeplitz, hankel = np.abs(size[:, None] - size), size[:, None] + size
    found, before = 0.5 * np.log(power) @ start, np.full(len(power), np.inf)
    left = np.arange(len(power))
    for _ in range(MOST):
        residual = power[left] * np.exp(-2 * found[left] @ short.T)
        moments = (residual * weights) @ cosines
        moving = np.abs(moments[:, 0] - before[left]) >= TOLERANCE * moments[:, 0]
        before[left] = moments[:, 0]
        left, moments = left[moving], moments[moving]
        if not len(left):
            break
        gradient = moments[:, : ORDER + 1] - weights @ short
        found[left] += np.linalg.solve(moments[:, toeplitz] + moments[:, hankel], gradient[:, :, None])[:, :, 0]
    return found


@cache
def _axis() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines on the warped axis `(513, 49)`, each bin's share of the circle `(513,)`, and the matrix `(513, 25)` from
    a log spectrum to its mel-cepstrum: the same cosines, weighed by how wide a bin is on the warped axis."""
    omega = np.linspace(0, np.pi, WINDOW // 2 + 1)
    warped = omega + 2 * np.arctan2(ALPHA * np.sin(omega), 1 - ALPHA * np.cos(omega))
    cosines = np.cos(warped[:, None] * np.arange(2 * ORDER + 1))
    weights = np.where((omega == 0) | (omega == np.pi), 1, 2) / WINDOW
    widths = weights * (1 - ALPHA**2) / (1 + ALPHA**2 - 2 * ALPHA * np.cos(omega))
    return cosines, weights, cosines[:, : ORDER + 1] * widths[:, None] * np.where(np.arange(ORDER + 1), 2, 1)
