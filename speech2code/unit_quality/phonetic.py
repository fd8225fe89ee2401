"""What units know of phones: sentences whose phones have known times, encoded, compared. Evaluation only."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from speech2code.corpora.batches import in_order
from speech2code.corpora.vtln import apply_vtln
from speech2code.padding import pad
from speech2code.protocols import UnitEncoder
from speech2code.unit_quality.abx import Item, abx
from speech2code.unit_quality.information import Sequences, phone_information
from speech2code.unit_quality.spoken import Spoken


class Phonetic(NamedTuple):
    """`measures`: name → percent (ABX, error rates) or share; `counts`: frames `(codebook_size, phones)`."""

    measures: dict[str, float]
    counts: np.ndarray
    phones: list[str]


class Encoded(NamedTuple):
    """Sentences, their frames as the encoder got them, and the unit of each step."""

    spoken: list[Spoken]
    features: list[np.ndarray]  # (time, 39) each
    steps: Sequences


def encode(
    encoder: UnitEncoder, standard: tuple[Tensor, Tensor], spoken: list[Spoken], factors: dict[str, float]
) -> Encoded:
    """`standard`: mean and deviation of the MFCC; `factors`: speaker → VTLN factor, 1 for those not in it."""
    features = [_features(each, standard, factors.get(each.speaker, 1.0)) for each in spoken]
    steps: list = [None] * len(spoken)
    for items in in_order(np.array([len(each) for each in features]), 64):
        for item, found in zip(items, encoder.encode(*pad([features[item] for item in items]))):
            steps[item] = found.numpy()
    return Encoded(spoken, features, steps)


def phonetic(encoder: UnitEncoder, encoded: Encoded, counted: Encoded | None = None) -> Phonetic:
    """ABX of all sentences within and across speakers, by the codes, by one mean code a triphone and by the MFCC; phone
    information of those that are `counted`, or of all. What there is nothing to compare for is left out."""
    codes, step = encoder.inventory.codes.numpy(), encoder.spec.step_frames
    coded = [item for each, steps in zip(encoded.spoken, encoded.steps) for item in each.triphones(codes[steps], step)]
    frames = [item for each, mfcc in zip(encoded.spoken, encoded.features) for item in each.triphones(mfcc, 1)]
    found: dict[str, float | None] = {}
    for name, items in (("", coded), ("_pooled", [_pooled(item) for item in coded]), ("_mfcc", frames)):
        found |= {f"abx_{what}{name}": abx(items, across=what == "across") for what in ("within", "across")}
    measures = {name: error for name, error in found.items() if error is not None}
    counts, phones = _together(counted or encoded, len(codes), step)
    return Phonetic(measures | phone_information(counts)._asdict(), counts, phones)


def _features(sentence: Spoken, standard: tuple[Tensor, Tensor], factor: float) -> np.ndarray:
    mean, deviation = (each.numpy() for each in standard)
    mfcc = sentence.mfcc if factor == 1 else apply_vtln(sentence.mfcc, factor)
    return (mfcc - mean) / deviation


def _pooled(item: Item) -> Item:
    return item._replace(frames=item.frames.mean(0, keepdims=True))


def _together(encoded: Encoded, codebook_size: int, step: int) -> tuple[np.ndarray, list[str]]:
    """In how many frames each unit stands with each phone."""
    sounding = [np.array(each.phone_of(np.arange(len(each.mfcc)))) for each in encoded.spoken]
    units = [np.repeat(steps, step)[: len(phones)] for steps, phones in zip(encoded.steps, sounding)]
    phones, places = np.unique(np.concatenate(sounding), return_inverse=True)
    counts = np.zeros((codebook_size, len(phones)), np.int64)
    np.add.at(counts, (np.concatenate(units), places), 1)
    return counts, phones.tolist()
