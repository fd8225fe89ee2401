"""Units on disk: what the settled model writes, and writes alike more often."""

from collections import Counter

import numpy as np
import torch
from conftest import VARIABLE

from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.batches import pad
from speech2code.stages.folders import discoverer_of, speech_of
from speech2code.training.discover import write_units
from speech2code.units.sequences import UnitSequences


def surprise(sequences: list[np.ndarray]) -> float:
    """Mean nats of a unit behind another, by the counts of just these sequences."""
    pairs = Counter(pair for units in sequences for pair in zip(units[:-1].tolist(), units[1:].tolist()))
    first = Counter()
    for (before, _), count in pairs.items():
        first[before] += count
    total = sum(count * np.log(first[before] / count) for (before, _), count in pairs.items())
    return total / sum(pairs.values())


def test_units_spelt_anew_are_less_of_a_surprise_to_a_language_model(textless, tmp_path):
    overrides = textless.overrides(
        tmp_path,
        *VARIABLE,
        "units.training.steps=100",
        "units.training.learning_rate=1e-2",
        "units.respell=2",
        "units.language.steps=60",
        "units.language.batch_size=8",
    )
    main(["discover", *overrides])
    discoverer, record = discoverer_of(compose(overrides))
    speech, folder = speech_of(compose(overrides), "train"), tmp_path / "tiny" / "units"
    assert [each["steps"] for each in record["language"]] == [60, 60] and discoverer.language.price > 0
    with_it = UnitSequences.load(folder / "train.npz")
    write_units(discoverer, speech, tmp_path / "again.npz")  # the weights on disk are those that wrote
    again = UnitSequences.load(tmp_path / "again.npz")
    assert all(map(np.array_equal, again.units, with_it.units))
    assert [steps.sum() for steps in again.steps] == speech.store.lengths("target_mfcc").tolist()
    language, discoverer.language = discoverer.language, None
    write_units(discoverer, speech, tmp_path / "without.npz")
    without = UnitSequences.load(tmp_path / "without.npz")

    def nats(sequences):
        batch = pad(sequences.units, torch.int64)
        return float(language.loss(language(batch[0]), *batch)[0]) * sum(map(len, sequences.units))

    assert nats(with_it) < nats(without)


def test_units_that_have_settled_follow_each_other_more_predictably(textless, tmp_path):
    found = {}
    for rounds in (0, 3):
        overrides = textless.overrides(
            tmp_path / str(rounds),
            *VARIABLE,
            "units.training.steps=100",
            "units.training.learning_rate=1e-2",
            f"units.settle={rounds}",
        )
        main(["discover", *overrides])
        found[rounds] = UnitSequences.load(tmp_path / str(rounds) / "tiny" / "units" / "train.npz")
    assert surprise(found[3].units) < surprise(found[0].units)
    discoverer, _ = discoverer_of(compose(overrides))  # the weights on disk are those that wrote
    write_units(discoverer, speech_of(compose(overrides), "train"), tmp_path / "again.npz")
    again = UnitSequences.load(tmp_path / "again.npz")
    assert all(map(np.array_equal, again.units, found[3].units))
