"""Some speech pairs → one shard: speak or read, check, trim, extract. Runs in worker processes."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech2code.audio.features import MFCC_DIM, Mfcc
from speech2code.audio.trimming import trim_silence
from speech2code.corpora.checks import Rejection, reason_to_reject
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import SIDES
from speech2code.corpora.voices import Voice, load_voice
from speech2code.errors import UserError
from speech2code.files import write_atomically

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h

_voices: dict[str, Voice] = {}  # one of each for a process


def start_worker() -> None:
    """One thread: several processes with several each would slow each other down. And glibc keeps the memory of spectra
    that it else gives back and fetches again a page at a time, for a third of the time of the features."""
    torch.set_num_threads(1)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            libc.mallopt(option, 1 << 30)


def make_shard(path: Path, pairs: list[Pair], trimming: str) -> int:
    """Speaks or reads both sides of some pairs, keeps the good ones, writes their features; returns how many it saw."""
    kept, refused = [], []
    waveforms: dict[str, list] = {side: [] for side in SIDES}
    for pair in pairs:
        sides = {side: _waveform(pair, side, trimming) for side in SIDES}
        bad = [Rejection(pair.id, side, found) for side, found in sides.items() if isinstance(found, str)]
        if bad:
            refused += bad[:1]
            continue
        kept.append(pair.id)
        for side in SIDES:
            waveforms[side].append(sides[side])
    arrays: dict[str, Any] = {}
    for side in SIDES:
        arrays |= _features(side, waveforms[side])
    arrays["kept"] = np.array(kept, dtype=str)
    arrays["refused"] = np.array([[each.id, each.side, each.reason] for each in refused], dtype=str).reshape(-1, 3)
    with write_atomically(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)
    return len(pairs)


def _waveform(pair: Pair, side: str, trimming: str) -> np.ndarray | str:
    """The trimmed waveform of one side, or why it cannot be used."""
    voice, text = getattr(pair, f"{side}_voice"), getattr(pair, f"{side}_text")
    try:
        if getattr(pair, f"{side}_audio") is not None:
            waveform = pair.recording(side)
        else:
            if voice is None:
                return f"neither a recording nor a voice: set corpus.{side}_voice"
            if voice not in _voices:
                _voices[voice] = load_voice(voice)
            waveform = _voices[voice].speak(text)
    except UserError as error:
        return str(error)
    return reason_to_reject(waveform, trimming=trimming) or trim_silence(waveform, trimming)


def _features(side: str, waveforms: list[np.ndarray]) -> dict[str, np.ndarray]:
    samples = [np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16) for waveform in waveforms]
    extract, mfcc = Mfcc(), [np.zeros((0, MFCC_DIM), np.float16)]
    with torch.inference_mode():
        for waveform in waveforms:  # one by one: twice as fast as a padded batch, whose spectra outgrow the cache
            features = extract(torch.from_numpy(waveform)[None], torch.tensor([len(waveform)]))
            mfcc.append(features[0].numpy().astype(np.float16))
    return {
        f"{side}_mfcc": np.concatenate(mfcc),
        f"{side}_mfcc_lengths": np.array([len(each) for each in mfcc if len(each)], np.int64),
        f"{side}_waveform": np.concatenate(samples or [np.zeros(0, np.int16)]),
        f"{side}_waveform_lengths": np.array([len(each) for each in samples], np.int64),
    }
