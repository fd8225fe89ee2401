"""How good units are, whatever they are used for: how many are used, what they cost, what they say of the phones."""

from typing import NamedTuple

import numpy as np

Sequences = list[np.ndarray]  # int64 `(units,)` each


class Usage(NamedTuple):
    used: float  # share of the codebook
    perplexity: float
    bitrate: float  # bits a second
    units_a_second: float


class PhoneInformation(NamedTuple):
    """Of the joint counts of units and phones, frame by frame (Hsu et al. 2021, HuBERT, section 4.3)."""

    pnmi: float  # share of the phones' entropy that the units take away, 0 to 1
    phone_purity: float  # accuracy of naming each frame's phone by its unit's most frequent one
    unit_purity: float  # accuracy of naming each frame's unit by its phone's most frequent one


def usage(sequences: Sequences, codebook_size: int, seconds: float) -> Usage:
    """Of all units of `seconds` of speech. Bit rate as the ZeroSpeech challenges define it: units a second times the
    entropy of their distribution, whatever stands beside whatever."""
    units = np.concatenate(sequences)
    shares = np.bincount(units, minlength=codebook_size) / len(units)
    bits = _entropy(shares)
    return Usage(float((shares > 0).mean()), float(2**bits), bits * len(units) / seconds, len(units) / seconds)


def bitrate_with_durations(sequences: Sequences, durations: Sequences, seconds: float) -> float:
    """Bits a second of units and of the steps that each lasts: units a second times the entropy of both together.

    Where each unit lasts one step, this is the bit rate of the units alone: their number says how long they last.
    """
    both = np.stack([np.concatenate(sequences), np.concatenate(durations)], axis=1)
    _, counts = np.unique(both, axis=0, return_counts=True)
    return _entropy(counts / len(both)) * len(both) / seconds


def phone_information(counts: np.ndarray) -> PhoneInformation:
    """Frames `(codebook_size, phones)` in which a unit and a phone stand together → PNMI and both purities."""
    joint = counts / counts.sum()
    units, phones = joint.sum(1), joint.sum(0)
    information = _entropy(units) + _entropy(phones) - _entropy(joint.ravel())
    entropy = _entropy(phones)
    return PhoneInformation(
        information / entropy if entropy else 0.0, float(joint.max(1).sum()), float(joint.max(0).sum())
    )


def _entropy(shares: np.ndarray) -> float:
    """In bits."""
    real = shares[shares > 0]
    return float(-(real * np.log2(real)).sum())
