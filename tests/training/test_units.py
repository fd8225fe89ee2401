"""Units on disk: what the trained encoder gives, and how predictable and how distinct its units are."""

from collections import Counter

import numpy as np
import torch

from speech2code.builders import build_unit_encoder
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.stages.folders import speech_of, unit_encoder_of
from speech2code.training.units import CodebookTask, encode_split
from speech2code.units.sequences import UnitSequences


def surprisal(sequences: list[np.ndarray]) -> float:
    """Mean nats of a unit behind another, by the counts of just these sequences."""
    pairs = Counter(pair for units in sequences for pair in zip(units[:-1].tolist(), units[1:].tolist()))
    first = Counter()
    for (before, _), count in pairs.items():
        first[before] += count
    total = sum(count * np.log(first[before] / count) for (before, _), count in pairs.items())
    return total / sum(pairs.values())


def encoded_again(overrides, split):
    """By the weights on disk."""
    encoder, _ = unit_encoder_of(compose(overrides))
    return encode_split(encoder, speech_of(compose(overrides), split))


def test_a_bigram_prior_makes_units_follow_each_other_more_predictably(textless, tmp_path):
    found = {}
    for rounds in (0, 3):
        overrides = textless.overrides(
            tmp_path / str(rounds),
            "units.training.steps=100",
            "units.training.learning_rate=1e-2",
            f"units.bigram_rounds={rounds}",
            units="segmental",
        )
        main(["train", "units", *overrides])
        found[rounds] = UnitSequences.load(tmp_path / str(rounds) / "tiny" / "units" / "train.npz")
    assert surprisal(found[3].units) < surprisal(found[0].units)
    again = encoded_again(overrides, "train")
    assert all(map(np.array_equal, again.units, found[3].units))


def test_clusters_tell_more_apart_in_as_many_segments(textless, tmp_path):
    found = {}
    for size, codes in ((4, 0), (24, 4)):
        overrides = textless.overrides(
            tmp_path / str(size), "units.training.steps=60", "units.training.learning_rate=1e-2",
            f"units.codebook_size={size}", f"units.segment_codes={codes}", units="segmental",
        )  # fmt: skip
        main(["train", "units", *overrides])
        found[size] = UnitSequences.load(tmp_path / str(size) / "tiny" / "units" / "train.npz")
    clusters, codes = found[24], found[4]
    assert len(np.unique(np.concatenate(codes.units))) <= 4
    assert len(np.unique(np.concatenate(clusters.units))) > 15
    for units, durations, others in zip(clusters.units, clusters.durations, codes.durations):
        # the same borders, but where neighbours fell into one cluster
        assert set(np.cumsum(durations)) <= set(np.cumsum(others)) and len(units) == len(durations)
    again = encoded_again(overrides, "train")
    assert all(map(np.array_equal, again.units, clusters.units)) and again.codebook == clusters.codebook


def test_a_few_units_that_all_differ_have_not_collapsed(textless):
    """Twelve units are all that a short dev split has: of 256 codes they can use twelve, and healthy ones do."""
    train, dev = (speech_of(compose(textless.overrides(textless.data)), split) for split in ("train", "dev"))
    settings = compose(textless.overrides(textless.data, "units.codebook_size=256")).units
    task = CodebookTask(build_unit_encoder(settings, 2), settings, train, dev)
    counts, codebook = task.model.codebook.counts, task.model.codebook
    codebook.initialised.fill_(True)
    few, many = [((1,) * 12, False), ((12,), True), ((), False)], [((1200,) * 20, True), ((1200,) * 40, False)]
    for used, collapsed in few + many:
        counts[: len(used)] = torch.tensor(used).float()
        task.epoch_figures()  # a collapsed codebook starts anew
        assert bool(codebook.initialised) is not collapsed
        codebook.initialised.fill_(True)
