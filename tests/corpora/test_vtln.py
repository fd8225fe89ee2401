"""VTLN: from the sound alone, how much longer or shorter a vocal tract is."""

import conftest
import numpy as np
import pytest

from speech2code.corpora.vtln import apply_vtln, estimate_vtln
from speech2code.unit_quality.spoken import mfcc_of


def voice(monkeypatch, formants, seed):
    """MFCC of sixty sentences whose formants all lie `formants` times as high, a little higher or lower each time."""
    generator, spoken = np.random.default_rng(seed), []
    for words in conftest.sentences(60, seed):
        shift = formants * np.exp(generator.normal(0, 0.03))
        table = {name: (first * shift, second * shift) for name, (first, second) in conftest.SYLLABLES.items()}
        monkeypatch.setattr(conftest, "SYLLABLES", table)
        spoken.append(mfcc_of(conftest.speak(words, generator.uniform(90, 130), seed=seed)))
        monkeypatch.undo()
    return np.concatenate(spoken)


@pytest.mark.parametrize("formants", [0.85, 1.0, 1.15])
def test_a_shorter_vocal_tract_is_found_and_made_good(monkeypatch, formants):
    voices = {"far": voice(monkeypatch, formants, 1), "near": voice(monkeypatch, 1.0, 2)}
    found = estimate_vtln(voices, reference="near")
    assert found["near"] == 1
    assert found["far"] == pytest.approx(formants, rel=0.06)


def test_a_warped_envelope_comes_back():
    smooth = np.random.default_rng(0).standard_normal((50, 39)) * np.tile(0.5 ** np.arange(13), 3)
    there = apply_vtln(smooth, 1.1)
    assert np.abs(there - smooth).max() > 0.05
    np.testing.assert_allclose(apply_vtln(there, 1 / 1.1), smooth, atol=0.03)
