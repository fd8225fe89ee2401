"""Every kind of units, vocoder and translator works with every other: trained, exported, loaded, it translates."""

from itertools import product

import numpy as np
import pytest
from conftest import SMALL

from speech2code import SpeechTranslator, builders
from speech2code.cli import main
from speech2code.corpora.statistics import source_range
from speech2code.corpora.store import FeatureStore
from speech2code.files import read_json

KINDS = {"units": builders.UNIT_ENCODERS, "vocoder": builders.VOCODERS, "translator": builders.TRANSLATORS}
COMBINATIONS = [dict(zip(KINDS, chosen)) for chosen in product(*KINDS.values())]


def test_every_kind_has_a_tiny_size():
    assert {section: list(kinds) for section, kinds in SMALL.items()} == {s: list(kinds) for s, kinds in KINDS.items()}


@pytest.mark.parametrize("kinds", COMBINATIONS, ids=lambda kinds: "-".join(kinds.values()))
def test_any_combination_learns_and_translates(textless, tmp_path, kinds):
    for verb in ("train units", "train vocoder", "train translator", "decode"):
        main([*verb.split(), *textless.overrides(tmp_path, **kinds)])
    run, store = tmp_path / "tiny", FeatureStore(textless.folder, "test")
    model = SpeechTranslator.from_pretrained(run / "model")
    assert model.source_range == source_range(FeatureStore(textless.folder, "train"))
    assert {name: model.settings[name].kind for name in kinds} == kinds
    units = model.translate_to_units([store.waveform("source", 0)])[0].tokens
    assert units == read_json(run / "decoding" / "units.json")["translation"][store.ids[0]]
    assert model.encode([store.waveform("target", 0)])[0] and max(units) < model.unit_encoder.spec.codebook_size
    sound = model.translate(store.waveform("source", 0))
    assert np.isfinite(sound).all() and np.abs(sound).max() == pytest.approx(0.7)
    assert len(np.concatenate(list(model.stream(units)))) == pytest.approx(len(sound), rel=0.1)
