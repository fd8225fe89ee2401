"""What units know of phones: sentences spoken by several voices, encoded, compared. Evaluation only."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from speech2code.corpora.batches import in_order
from speech2code.corpora.vtln import apply_vtln, estimate_vtln
from speech2code.padding import pad
from speech2code.protocols import UnitEncoder
from speech2code.unit_quality.abx import Item, abx
from speech2code.unit_quality.information import Sequences, phone_information, unit_error_rate
from speech2code.unit_quality.spoken import Spoken, speak_with_phones


class Phonetic(NamedTuple):
    """`measures`: name → percent (ABX, error rates) or share; `counts`: frames `(codebook_size, phones)`."""

    measures: dict[str, float]
    counts: np.ndarray
    phones: list[str]


def phonetic(
    encoder: UnitEncoder,
    standard: tuple[Tensor, Tensor],
    texts: list[str],
    voices: list[str],
    known_vtln: dict[str, float],
    jobs: int,
) -> Phonetic:
    """`standard`: mean and deviation of the MFCC; `voices`: the corpus's own first; `known_vtln`: its VTLN factors.

    What needs a second voice is left out where there is one only. UserError where a voice tells no phones.
    """
    spoken = [speak_with_phones(voice, texts, jobs) for voice in voices]
    factors = _factors(dict(zip(voices, spoken)), known_vtln)
    normalised = [[_normalised(each, factors[voice]) for each in of] for voice, of in zip(voices, spoken)]
    encoded = [_encode(encoder, standard, of_voice) for of_voice in normalised]
    codes, reduction = encoder.inventory.codes.numpy(), encoder.spec.step_frames
    pairs = [pair for of_voice in zip(spoken, encoded) for pair in zip(*of_voice)]
    coded = [item for sentence, units in pairs for item in sentence.triphones(codes[units], reduction)]
    frames = [item for sentence, _ in pairs for item in sentence.triphones(_scaled(sentence, standard), 1)]
    found: dict[str, float | None] = {}
    for name, items in (("", coded), ("_pooled", [_pooled(item) for item in coded]), ("_mfcc", frames)):
        found |= {f"abx_{what}{name}": abx(items, across=what == "across") for what in ("within", "across")}
    measures = {name: error for name, error in found.items() if error is not None}
    if len(voices) > 1:
        first, *others = ([encoder.deduplicate(torch.from_numpy(each))[0].numpy() for each in of] for of in encoded)
        rates = [unit_error_rate(first, again) for again in others]
        measures["unit_error_rate_between_voices"] = float(np.mean(rates))
    counts, phones = _together(spoken[0], encoded[0], len(codes), reduction)
    return Phonetic(measures | phone_information(counts)._asdict(), counts, phones)


def _factors(spoken: dict[str, list[Spoken]], known: dict[str, float]) -> dict[str, float]:
    """VTLN factor of each voice: those of the corpus as its preparation found them, others by their likeness to the
    first."""
    first, *others = spoken
    new = [voice for voice in others if voice not in known]
    mfcc = {voice: np.concatenate([each.mfcc for each in spoken[voice]]) for voice in (first, *new)}
    found = estimate_vtln(mfcc, first) if new else {}
    return {voice: found[voice] * known.get(first, 1.0) for voice in new} | {first: 1.0} | known


def _normalised(sentence: Spoken, factor: float) -> Spoken:
    return sentence if factor == 1 else sentence._replace(mfcc=apply_vtln(sentence.mfcc, factor))


def _encode(encoder: UnitEncoder, standard: tuple[Tensor, Tensor], spoken: list[Spoken]) -> Sequences:
    units: list = [None] * len(spoken)
    for items in in_order(np.array([len(each.mfcc) for each in spoken]), 64):
        features, lengths = pad([_scaled(spoken[item], standard) for item in items])
        for item, found in zip(items, encoder.encode(features, lengths)):
            units[item] = found.numpy()
    return units


def _scaled(sentence: Spoken, standard: tuple[Tensor, Tensor]) -> np.ndarray:
    mean, deviation = (each.numpy() for each in standard)
    return (sentence.mfcc - mean) / deviation


def _pooled(item: Item) -> Item:
    return item._replace(frames=item.frames.mean(0, keepdims=True))


def _together(
    spoken: list[Spoken], encoded: Sequences, codebook_size: int, reduction: int
) -> tuple[np.ndarray, list[str]]:
    """In how many frames each unit stands with each phone."""
    sounding = [np.array(sentence.phone_of(np.arange(len(sentence.mfcc)))) for sentence in spoken]
    units = [np.repeat(of_sentence, reduction)[: len(phones)] for of_sentence, phones in zip(encoded, sounding)]
    phones, places = np.unique(np.concatenate(sounding), return_inverse=True)
    counts = np.zeros((codebook_size, len(phones)), np.int64)
    np.add.at(counts, (np.concatenate(units), places), 1)
    return counts, phones.tolist()
