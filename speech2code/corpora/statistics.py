"""What training has to know of a prepared corpus as a whole: means, deviations, hours, VTLN factors; and what a trained
system has to know of the sentences that it has learnt from."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from speech2code.audio.features import MFCC_DIM
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.filters import COEFFICIENTS
from speech2code.audio.pauses import longest_pause
from speech2code.corpora.store import SIDES, FeatureStore, read_corpus
from speech2code.corpora.vtln import estimate_vtln

VTLN_ITEMS = 200  # utterances of a speaker that tell the length of the vocal tract
PIECE = 100_000  # frames in memory at once
PAUSES_ITEMS = 2_000  # utterances that are searched for pauses
USUAL = 99  # percent of the sentences: one recording that was cut wrongly does not count


class SourceRange(NamedTuple):
    """What 99 % of the source sentences of a training stay within."""

    longest: float  # seconds of a sentence
    pause: float  # seconds of the longest pause in a sentence
    distance: float | None = None  # `distance` of a sentence; None: exported before it was measured
    shortest: float | None = None  # seconds of a sentence; likewise


def statistics_of(folder: Path) -> dict:
    """Of the training split: mean and standard deviation of each MFCC coefficient and hours, per side; VTLN factors."""
    store = FeatureStore(folder, "train")
    statistics: dict = {"pairs": len(store), "speakers": {side: sorted(set(store.speakers[side])) for side in SIDES}}
    for side in SIDES:
        frames = np.load(store.folder / f"{side}_mfcc.npy", mmap_mode="r")
        total, square = np.zeros(MFCC_DIM), np.zeros(MFCC_DIM)
        for start in range(0, len(frames), PIECE):
            part = frames[start : start + PIECE].astype(np.float64)
            total += part.sum(0)
            square += np.square(part).sum(0)
        mean = total / len(frames)
        std = np.sqrt(np.maximum(square / len(frames) - mean**2, 1e-6))
        statistics[f"{side}_mean"], statistics[f"{side}_std"] = mean.tolist(), std.tolist()
        statistics[f"{side}_hours"] = float(store.lengths(f"{side}_waveform").sum() / SAMPLE_RATE / 3600)
    return statistics | {"target_vtln": _vtln(store)}


def source_range(store: FeatureStore) -> SourceRange:
    """Of the training split."""
    seconds = store.lengths("source_waveform") / SAMPLE_RATE
    items = np.linspace(0, len(store) - 1, min(PAUSES_ITEMS, len(store))).astype(int).tolist()
    pauses = [longest_pause(store.waveform("source", item)) for item in items]
    known = read_corpus(store.folder.parent)
    mean, std = (np.array(known[f"source_{what}"], np.float32) for what in ("mean", "std"))
    distances = [distance((store.mfcc("source", item) - mean) / std) for item in items]
    ends = ((seconds, USUAL), (pauses, USUAL), (distances, USUAL), (seconds, 100 - USUAL))
    return SourceRange(*(round(float(np.percentile(each, end)), 3) for each, end in ends))


def distance(features: np.ndarray) -> float:
    """Standardised MFCC of a sentence `(time, 39)` → how far its average is from that of all, in standard deviations of
    a frame: voice, microphone and room make it, words hardly do. The level does not count."""
    average = features[:, 1:COEFFICIENTS].astype(np.float32).mean(0)
    return float(np.sqrt(np.square(average).mean()))


def _vtln(store: FeatureStore) -> dict[str, float]:
    """Target speaker → factor of VTLN, towards the one of whom there is most speech; a lone speaker needs none."""
    speakers, lengths = np.array(store.speakers["target"]), store.lengths("target_mfcc")
    frames = {str(name): int(lengths[speakers == name].sum()) for name in np.unique(speakers)}
    if len(frames) == 1:
        return dict.fromkeys(frames, 1.0)
    items = {name: np.flatnonzero(speakers == name)[:VTLN_ITEMS] for name in frames}
    mfcc = {name: np.concatenate([store.mfcc("target", item) for item in each]) for name, each in items.items()}
    return estimate_vtln(mfcc, reference=max(frames, key=lambda name: frames[name]))
