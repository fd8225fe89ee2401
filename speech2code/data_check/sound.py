"""A recording → numbers that tell how good it is. Nothing of its samples is kept."""

import hashlib
from typing import NamedTuple

import numpy as np
import soxr
import torch

from speech2code.audio.features import Mfcc
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.pauses import SHORTEST_PAUSE, find_pauses
from speech2code.audio.reading import Sound
from speech2code.audio.steadiness import is_steady
from speech2code.audio.trimming import TRIM_FRAME, TRIM_HOP, frame_power, speech_bounds
from speech2code.corpora.checks import reason_to_reject
from speech2code.data_check.fingerprint import spectral_fingerprint

FAINTEST = 1e-12  # power of a sample: −120 dBFS, below the noise of 16 bits
FLAT = 3  # equal samples in a row at the peak: an amplifier or a file format has cut it off
NEAR_PEAK = 0.999
FFT = 512
BELOW, ABOVE = (2_000, 3_400), (4_500, 7_500)  # Hz: what a telephone lets through, and what it does not


class Quality(NamedTuple):
    """Levels in dB; those of a sample are relative to full scale."""

    rate: int  # Hz, the file's own
    channels: int
    seconds: float  # as recorded
    speech_seconds: float  # without the silence at both ends
    refused: str | None  # why `prepare` leaves it out; what follows then says little
    peak: float
    level: float  # RMS of the speech, pauses left out
    snr: float  # RMS of the speech over that of its pauses of 0.2 s or more; NaN where it has none
    cancelled: float  # peak of the loudest channel over that of their mean
    clipped: float  # share of the samples
    offset: float  # the mean of the samples (DC) over the loudest 25 ms
    start: float  # seconds of quiet at the beginning
    end: float
    left: float  # seconds of quiet at one end that `prepare` does not cut off
    talk: float  # share of speech in what `prepare` keeps
    cliff: float  # 2 to 3.4 kHz over 4.5 to 7.5 kHz, of the speech
    steady: bool  # sounds the same all the time: noise, a tone, hum
    digest: str  # of the samples
    fingerprint: bytes  # of the sound


def quality_of(sound: Sound, mfcc: Mfcc, trimming: str) -> Quality:
    """What is told of the recording as it was read, and of what `prepare` makes of it (16 kHz, mono)."""
    mono = sound.mono
    waveform = mono if sound.rate == SAMPLE_RATE else soxr.resample(mono, sound.rate, SAMPLE_RATE).astype(np.float32)
    peak = float(np.abs(mono).max(initial=0))
    first, last = speech_bounds(waveform, trimming) if len(waveform) else (0, 0)
    refused = reason_to_reject(waveform, trimming=trimming)
    return Quality(
        rate=sound.rate,
        channels=sound.channels,
        seconds=len(mono) / sound.rate,
        speech_seconds=(last - first) / SAMPLE_RATE,
        refused=refused,
        peak=20 * np.log10(max(peak, FAINTEST**0.5)),
        cancelled=20 * np.log10(max(sound.peak, FAINTEST**0.5) / max(peak, FAINTEST**0.5)),
        clipped=clipped_share(mono),
        digest=hashlib.sha256(np.round(mono * 32767).astype(np.int32).tobytes()).hexdigest()[:16],
        steady=refused is None and _is_steady(waveform[first:last], mfcc),
        **_of_speech(waveform, first, last),
    )


def _of_speech(waveform: np.ndarray, first: int, last: int) -> dict:
    """What depends on where speech is and where it pauses; the speech itself is from sample `first` to `last`."""
    power = frame_power(waveform) / TRIM_FRAME if len(waveform) else np.zeros(1, np.float32)
    pauses = find_pauses(waveform) if len(waveform) else np.zeros((0, 2), np.int64)
    quiet = _frames_in(pauses, len(power))
    clear = _frames_in(pauses[np.diff(pauses)[:, 0] >= SHORTEST_PAUSE * SAMPLE_RATE], len(power))
    kept = slice(first // TRIM_HOP, max(first // TRIM_HOP + 1, last // TRIM_HOP))
    start = pauses[0, 1] if len(pauses) and pauses[0, 0] == 0 else 0
    end = len(waveform) - pauses[-1, 0] if len(pauses) and pauses[-1, 1] >= len(waveform) else 0
    left = max(start - first, end - (len(waveform) - last), 0)
    speech = float(power[~quiet].mean()) if (~quiet).any() else 0.0
    noise = float(np.median(power[clear])) if clear.any() else 0.0  # the median: edges still sound
    spectra = _spectra(waveform[first:last])
    return {
        "level": decibel(speech),
        "snr": decibel(speech) - decibel(noise) if clear.any() else float("nan"),
        "offset": decibel(float(np.mean(waveform)) ** 2 if len(waveform) else 0.0) - decibel(float(power.max())),
        "start": start / SAMPLE_RATE,
        "end": end / SAMPLE_RATE,
        "left": left / SAMPLE_RATE,
        "talk": float(1 - quiet[kept].mean()),
        "cliff": _cliff(spectra),
        "fingerprint": spectral_fingerprint(spectra),
    }


def _frames_in(stretches: np.ndarray, frames: int) -> np.ndarray:
    """Stretches of samples `(stretches, 2)` → which of the frames stand in one, bool `(frames,)`."""
    within = np.zeros(frames, bool)
    for begin, end in stretches:
        within[begin // TRIM_HOP : -(-end // TRIM_HOP)] = True
    return within


def decibel(power: float) -> float:
    """Mean square of samples in [−1, 1] → dB relative to full scale, −120 at least."""
    return float(10 * np.log10(max(power, FAINTEST)))


def clipped_share(mono: np.ndarray) -> float:
    """`(samples,)` at the file's own rate → the share of them that stand in a flat top: three equal ones in a row at
    the highest or the lowest value there is, wherever an earlier amplifier had its limit."""
    if len(mono) < FLAT:
        return 0.0
    high, low = float(mono.max()), float(mono.min())
    limit = (mono >= NEAR_PEAK * high) if high > 0 else np.zeros(len(mono), bool)
    limit |= (mono <= NEAR_PEAK * low) if low < 0 else False
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[False], limit, [False]]))))[::2]
    return float(runs[runs >= FLAT].sum() / len(mono))


def _spectra(waveform: np.ndarray) -> np.ndarray:
    """Power `(time, 257)` of frames of 25 ms, each 10 ms."""
    padded = np.pad(waveform, TRIM_FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, TRIM_FRAME)[::TRIM_HOP]
    spectrum = np.fft.rfft(frames * np.hanning(TRIM_FRAME).astype(np.float32), FFT)
    return (spectrum.real**2 + spectrum.imag**2).astype(np.float32)


def _cliff(spectra: np.ndarray) -> float:
    mean = spectra.mean(0)
    bands = [mean[slice(*(round(each * FFT / SAMPLE_RATE) for each in band))].mean() for band in (BELOW, ABOVE)]
    return decibel(float(bands[0])) - decibel(float(bands[1]))


def _is_steady(waveform: np.ndarray, mfcc: Mfcc) -> bool:
    with torch.inference_mode():
        return is_steady(mfcc(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))[0])
