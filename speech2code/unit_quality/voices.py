"""The same sentences by several synthetic voices, which tell their phones: what units know of phones, and whether they
stay the same when another voice speaks."""

import numpy as np
import torch
from torch import Tensor

from speech2code.corpora.vtln import estimate_vtln
from speech2code.protocols import UnitEncoder
from speech2code.unit_quality.edits import unit_error_rate
from speech2code.unit_quality.phonetic import Encoded, Phonetic, encode, phonetic
from speech2code.unit_quality.spoken import Spoken, speak_with_phones


def phonetic_of_voices(
    encoder: UnitEncoder,
    standard: tuple[Tensor, Tensor],
    texts: list[str],
    voices: list[str],
    known_vtln: dict[str, float],
    jobs: int,
) -> Phonetic:
    """`standard`: mean and deviation of the MFCC; `voices`: the corpus's own first; `known_vtln`: its VTLN factors.

    Phone information is of the first voice. UserError where a voice tells no phones.
    """
    spoken = {voice: speak_with_phones(voice, texts, jobs) for voice in voices}
    factors = _factors(spoken, known_vtln)
    encoded = [encode(encoder, standard, of_voice, factors) for of_voice in spoken.values()]
    together = Encoded(*([each for of_voice in part for each in of_voice] for part in zip(*encoded)))
    found = phonetic(encoder, together, counted=encoded[0])
    if len(voices) > 1:
        first, *others = (
            [encoder.deduplicate(torch.from_numpy(steps))[0].tolist() for steps in of.steps] for of in encoded
        )
        rates = [unit_error_rate(first, again) for again in others]
        found.measures["unit_error_rate_between_voices"] = float(np.mean(rates))
    return found


def _factors(spoken: dict[str, list[Spoken]], known: dict[str, float]) -> dict[str, float]:
    """VTLN factor of each voice: those of the corpus as its preparation found them, others by their likeness to the
    first."""
    first, *others = spoken
    new = [voice for voice in others if voice not in known]
    mfcc = {voice: np.concatenate([each.mfcc for each in spoken[voice]]) for voice in (first, *new)}
    found = estimate_vtln(mfcc, first) if new else {}
    return {voice: found[voice] * known.get(first, 1.0) for voice in new} | {first: 1.0} | known
