"""Sentences and the times of their phones, as voices tell them: what units are compared with. Evaluation only."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from speech2code.audio.features import HOP, Mfcc
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import speech_bounds
from speech2code.corpora.shards import start_worker
from speech2code.corpora.voices import PAUSE, Phone, load_voice
from speech2code.unit_quality.abx import Item
from speech2code.workers import workers


class Spoken(NamedTuple):
    """One sentence by one speaker, trimmed as the corpus is."""

    speaker: str  # a voice, or a person
    mfcc: np.ndarray  # float32 (time, 39), not standardised
    phones: list[Phone]  # seconds from the first frame on

    def phone_of(self, frames: np.ndarray) -> list[str]:
        """What sounds in the middle of each frame (may be broken numbers: the middle of a unit)."""
        ends = np.array([phone.end for phone in self.phones])
        places = np.searchsorted(ends, frames * HOP / SAMPLE_RATE, side="right").clip(max=len(ends) - 1)
        return [self.phones[place].symbol for place in places]

    def triphones(self, vectors: np.ndarray, frames_each: int) -> list[Item]:
        """Vectors `(steps, dim)`, one each `frames_each` frames → those of each phone between two others.

        A triphone lasts from the start of its first phone to the end of its last; where no vector has its middle there,
        the nearest one stands for it. There is none with a pause in it.
        """
        middles = (np.arange(len(vectors)) * frames_each + (frames_each - 1) / 2) * HOP / SAMPLE_RATE
        items = []
        for before, phone, after in zip(self.phones, self.phones[1:], self.phones[2:]):
            if PAUSE in (before.symbol, phone.symbol, after.symbol):
                continue
            inside = np.flatnonzero((middles >= before.start) & (middles <= after.end))
            if not len(inside):
                inside = np.array([np.abs(middles - (before.start + after.end) / 2).argmin()])
            items.append(Item(vectors[inside], phone.symbol, (before.symbol, after.symbol), self.speaker))
        return items


def speak_with_phones(voice: str, texts: list[str], jobs: int) -> list[Spoken]:
    """Each sentence as `voice` says it; UserError where it tells no phones."""
    load_voice(voice).speak_with_phones(texts[0])  # a voice that cannot fails here, in one sentence
    with workers(jobs, start_worker) as pool:
        return list(pool.map(partial(_speak, voice), texts, chunksize=16))


def _speak(name: str, text: str) -> Spoken:
    waveform, phones = load_voice(name).speak_with_phones(text)
    first, last = speech_bounds(waveform)
    return Spoken(name, mfcc_of(waveform[first:last]), between(phones, first, last))


def between(phones: list[Phone], first: int, last: int) -> list[Phone]:
    """Those that sound between two samples, which `speech_bounds` has found; seconds from the first of them on."""
    start, seconds = first / SAMPLE_RATE, (last - first) / SAMPLE_RATE
    shifted = (Phone(each.symbol, each.start - start, each.end - start) for each in phones)
    return [each for each in shifted if each.end > 0 and each.start < seconds]


def mfcc_of(speech: np.ndarray) -> np.ndarray:
    """Waveform `(samples,)`, trimmed → MFCC float32 `(time, 39)`."""
    with torch.inference_mode():
        return Mfcc()(torch.from_numpy(speech)[None], torch.tensor([len(speech)]))[0].numpy()
