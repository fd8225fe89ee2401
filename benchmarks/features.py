"""MFCC-39 and the 1025-bin magnitude of 16 sentences: librosa, ours, and the FFT alone."""

import librosa
import numpy as np
import torch

from benchmarks.timing import Line, race, sentences
from speech2code.audio.features import HOP, WINDOW, Mfcc, power_of
from speech2code.audio.filters import FFT_SIZE


def measure() -> Line:
    waveforms = sentences(16)
    mfcc = Mfcc()

    @torch.inference_mode()
    def ours():
        done = []
        for waveform in waveforms:
            one = torch.from_numpy(waveform)[None]
            power = power_of(one, FFT_SIZE)
            done.append((mfcc.of_power(power, torch.tensor([power.shape[1]]))[0], power.sqrt()[0]))
        return done

    def peer():
        return [_librosa(waveform) for waveform in waveforms]

    @torch.inference_mode()
    def bare():
        for waveform in waveforms:
            padded = torch.nn.functional.pad(torch.from_numpy(waveform), [FFT_SIZE // 2] * 2)
            torch.fft.rfft(padded.unfold(0, FFT_SIZE, HOP))

    for (features, spectrum), (wanted, bins) in zip(ours(), peer()):
        np.testing.assert_allclose(features.numpy(), wanted, atol=1e-3, rtol=1e-3)
        np.testing.assert_allclose(spectrum.numpy(), bins, atol=1e-3)
    fast, slow, fft = race(ours, peer, bare)
    seconds = sum(map(len, waveforms)) / 16_000
    met = bool(slow / fast >= 2 and fast / fft <= 1.5)
    notes = {"times the bare FFT": fast / fft}
    return Line("features", seconds / fast, seconds / slow, "× real time", slow / fast, "≥ 2, ≤ 1.5 × FFT", met, notes)


def _librosa(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = {"n_fft": FFT_SIZE, "hop_length": HOP, "win_length": WINDOW, "pad_mode": "constant"}
    static = librosa.feature.mfcc(y=waveform, sr=16_000, n_mfcc=13, **options)
    deltas = [librosa.feature.delta(static, order=order) for order in (1, 2)]
    return np.concatenate([static, *deltas]).T, np.abs(librosa.stft(waveform, **options)).T
