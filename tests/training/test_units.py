"""Units on disk: what the settled model writes, and writes alike more often."""

from collections import Counter

import numpy as np
from conftest import VARIABLE

from speech2code.cli import main
from speech2code.compose import compose
from speech2code.stages.folders import discoverer_of, speech_of
from speech2code.training.units import write_units
from speech2code.units.sequences import UnitSequences


def surprise(sequences: list[np.ndarray]) -> float:
    """Mean nats of a unit behind another, by the counts of just these sequences."""
    pairs = Counter(pair for units in sequences for pair in zip(units[:-1].tolist(), units[1:].tolist()))
    first = Counter()
    for (before, _), count in pairs.items():
        first[before] += count
    total = sum(count * np.log(first[before] / count) for (before, _), count in pairs.items())
    return total / sum(pairs.values())


def written_again(overrides, split, path):
    """By the weights on disk."""
    discoverer, _ = discoverer_of(compose(overrides))
    write_units(discoverer, speech_of(compose(overrides), split), path)
    return UnitSequences.load(path)


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
    again = written_again(overrides, "train", tmp_path / "again.npz")
    assert all(map(np.array_equal, again.units, found[3].units))


def test_named_units_tell_more_apart_in_as_many_segments(textless, tmp_path):
    found = {}
    for size, codes in ((4, 0), (24, 4)):
        overrides = textless.overrides(
            tmp_path / str(size), *VARIABLE, "units.training.steps=60", "units.training.learning_rate=1e-2",
            f"units.codebook_size={size}", f"units.segment_codes={codes}",
        )  # fmt: skip
        main(["discover", *overrides])
        found[size] = UnitSequences.load(tmp_path / str(size) / "tiny" / "units" / "train.npz")
    named, codes = found[24], found[4]
    assert len(np.unique(np.concatenate(codes.units))) <= 4
    assert len(np.unique(np.concatenate(named.units))) > 15
    for units, steps, others in zip(named.units, named.steps, codes.steps):
        # the same borders, but where neighbours got one name
        assert set(np.cumsum(steps)) <= set(np.cumsum(others)) and len(units) == len(steps)
    again = written_again(overrides, "train", tmp_path / "again.npz")
    assert all(map(np.array_equal, again.units, named.units)) and again.codebook == named.codebook
