"""60 iterations for three sentences: librosa at 2048 points, ours on the grid where nothing is lost."""

import librosa
import numpy as np
import torch

from benchmarks.timing import Line, race, sentences
from speech2code.audio.features import HOP, WINDOW, LogMagnitude
from speech2code.audio.filters import FFT_SIZE
from speech2code.audio.griffin_lim import griffin_lim

OPTIONS = {"hop_length": HOP, "win_length": WINDOW, "n_fft": FFT_SIZE, "pad_mode": "constant"}


def measure() -> Line:
    magnitudes = [LogMagnitude().magnitude(torch.from_numpy(each)[None]) for each in sentences(3)]
    logs = [each.clamp_min(1e-8).log() for each in magnitudes]
    peers = [each[0].T.contiguous().numpy() for each in magnitudes]

    def ours():
        return [griffin_lim(each, 60)[0].numpy() for each in logs]

    def peer():
        return [librosa.griffinlim(each, n_iter=60, momentum=0.99, random_state=0, **OPTIONS) for each in peers]

    here, there = (float(np.mean([_distance(*each) for each in zip(done(), peers)])) for done in (ours, peer))
    fast, slow = race(ours, peer, rounds=5)
    notes = {"spectral convergence": here, "librosa's": there}
    met = slow / fast >= 6 and here <= 1.05 * there
    return Line("griffin_lim", fast, slow, "s", slow / fast, "≥ 6, equal convergence", met, notes)


def _distance(waveform: np.ndarray, wanted: np.ndarray) -> float:
    """Spectral convergence on the 2048-point grid: ‖|STFT| − wanted‖ / ‖wanted‖."""
    got = np.abs(librosa.stft(waveform, **OPTIONS))
    frames = min(got.shape[1], wanted.shape[1])
    return float(np.linalg.norm(got[:, :frames] - wanted[:, :frames]) / np.linalg.norm(wanted[:, :frames]))
