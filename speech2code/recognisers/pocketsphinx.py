"""PocketSphinx with its US English model: a second recogniser, which no training of ours has met."""

import functools
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import trim_silence
from speech2code.config import Config
from speech2code.hardware import cores
from speech2code.workers import workers

if TYPE_CHECKING:
    from pocketsphinx import Decoder
    from tqdm import tqdm

SILENCE_POLICY = "trimmed at -40 dB, peak set to 0.5, 0.1 s of dither (±1 of 32768) on both sides"
# WER in % on 60 (and 60 other) sentences of Flite's slt: 0 s 19.9; 0.1 s 11.3 (12.4); 0.2 s 12.4 (13.8); 0.5 s 13.2.
PADDING = 0.1  # seconds
PEAK = 0.5  # level hardly matters (unchanged 12.4, 0.5 12.4, 0.9 12.9, at 0.2 s), but then it cannot matter at all
DITHER = 1.0  # 16-bit steps: digital silence would give log(0) features
# cmn: full_utt's mean is that of the utterance alone. maxhmmpf: the default of 30,000 HMMs a frame finds the same words
# (docs/lab-notes.md), a quarter slower. Narrower beams ruin it (WER 6 % → 17 %).
SETTINGS = {"cmn": "batch", "maxhmmpf": 4000}
_TASKS_A_PROCESS = 8  # chunks a process: small enough to share the work evenly


class PocketSphinx:
    """waveforms → transcripts."""

    name = "pocketsphinx"
    signature = f"pocketsphinx:{version('pocketsphinx')}|en-us|silence:{SILENCE_POLICY}"

    @classmethod
    def load(cls, run: Path, config: Config) -> "PocketSphinx":
        """Its model comes with its package: nothing of a run's folder is needed."""
        return cls()

    def transcribe(
        self, waveforms: Iterable[np.ndarray], description: str = "pocketsphinx", processes: int | None = None
    ) -> list[str]:
        """One transcript a waveform (float32 `(samples,)`, 16 kHz), in order; "" where nothing was recognised.

        `processes` None: one a core that this process may use. Neither it nor the order changes a transcript.
        """
        from tqdm import tqdm

        waveforms = list(waveforms)
        processes = min(processes or cores(), max(1, len(waveforms)))
        with tqdm(total=len(waveforms), desc=description, unit="utterance", disable=None) as progress:
            if processes == 1:
                return [_counted(_transcribe_one(waveform), progress) for waveform in waveforms]
            chunk = max(1, len(waveforms) // (processes * _TASKS_A_PROCESS))
            with workers(processes, _decoder) as pool:
                return [_counted(text, progress) for text in pool.map(_transcribe_one, waveforms, chunksize=chunk)]


def prepare(waveform: np.ndarray) -> bytes:
    """The silence policy: float32 `(samples,)` → 16-bit PCM, trimmed, at one level, padded; silence stays silence."""
    speech = trim_silence(np.asarray(waveform, dtype=np.float32))
    peak = np.abs(speech).max(initial=0.0)
    speech = np.pad(speech * (PEAK / peak if peak else 0.0), round(PADDING * SAMPLE_RATE))
    dither = np.random.default_rng(0).uniform(-DITHER, DITHER, len(speech))
    return np.round(speech * 32767 + dither).astype("<i2").tobytes()


@functools.cache  # one a process: loading the model takes longer than reading a sentence
def _decoder() -> "Decoder":
    from pocketsphinx import Decoder

    return Decoder(loglevel="FATAL", **SETTINGS)


def _transcribe_one(waveform: np.ndarray) -> str:
    decoder = _decoder()
    # full_utt with batch CMN: the mean is that of this utterance alone, so nothing leaks from the one before. It also
    # reads better (WER 12.4 and 13.8 % at 0.2 s) than a running mean reset before each utterance (16.7 and 15.5 %).
    decoder.start_utt()
    decoder.process_raw(prepare(waveform), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""


def _counted(text: str, progress: "tqdm") -> str:
    progress.update()
    return text
