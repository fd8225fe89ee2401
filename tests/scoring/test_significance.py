import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest
from test_scores import damaged
from test_scores import sentences as texts

from benchmarks.false_alarms import bleu_counts_of, sentences
from speech2code.errors import UserError
from speech2code.scoring import paired_bootstrap
from speech2code.scoring.bootstrap import resample, sentence_weights
from speech2code.scoring.counts import bleu_counts, bleu_of
from speech2code.scoring.significance import p_value


def as_sacrebleu(counts_a, counts_b, weights):
    """Its formula: absolute differences, centred on their own mean; with ">=" where it writes ">"."""
    observed = np.abs(bleu_of(counts_a.sum(axis=-2)) - bleu_of(counts_b.sum(axis=-2)))
    moved = np.abs(resample(counts_a, bleu_of, weights) - resample(counts_b, bleu_of, weights))
    far = moved - moved.mean(axis=-1, keepdims=True) >= observed[..., None]
    return (far.sum(axis=-1) + 1) / (len(weights) + 1)


def test_five_percent_of_equal_systems_are_called_different():
    chance, weights, found, theirs = np.random.default_rng(1), sentence_weights(223).astype(np.float32), [], []
    for _ in range(20):  # 2,000 pairs
        difficulty, lengths = sentences(223, chance, 100)
        a, b = (bleu_counts_of(difficulty, lengths, chance) for _ in range(2))
        found.append(p_value(a, b, weights))
        theirs.append(as_sacrebleu(a, b, weights))
    assert 0.04 <= np.mean(np.concatenate(found) < 0.05) <= 0.06
    assert np.mean(np.concatenate(theirs) < 0.05) > 0.09


def test_it_is_two_sided_and_the_program_uses_what_is_simulated():
    references = texts(80)
    a, b = damaged(references, 0.40), damaged(references, 0.46, seed=3)
    p = paired_bootstrap(a, b, references)
    assert p == paired_bootstrap(b, a, references)
    counts = [bleu_counts(side, references, None) for side in (a, b)]
    assert p == p_value(*counts, sentence_weights(80))


def test_tells_a_real_difference_from_none():
    references = texts(80)
    good, bad, as_bad = damaged(references, 0.1), damaged(references, 0.5), damaged(references, 0.5, seed=2)
    assert paired_bootstrap(good, bad, references) < 0.01
    assert paired_bootstrap(bad, as_bad, references) > 0.05
    assert paired_bootstrap(bad, bad, references) == 1


def test_the_formula_that_we_left_is_sacrebleus():
    references = texts(80)
    a, b = damaged(references, 0.40), damaged(references, 0.46, seed=3)
    _, table = PairedTest(
        [("a", a), ("b", b)],
        {"BLEU": BLEU(tokenize="none", references=[references])},
        None,
        test_type="bs",
        n_samples=1000,
    )()
    counts = [bleu_counts(side, references, None) for side in (a, b)]
    assert as_sacrebleu(*counts, sentence_weights(80)) == pytest.approx(table["BLEU"][1].p_value, abs=0.05)


def test_language_decides_how_texts_are_compared():
    references = ["今日は東京へ行きます", "猫が二匹います"] * 20
    a, b = ["今日は東京へ行きます。", "猫が2匹います"] * 20, ["今日は京都に行った", "猫が二匹います"] * 20
    assert paired_bootstrap(a, b, references, "ja") < 0.01
    assert paired_bootstrap(a, a, references, "ja") == 1
    assert paired_bootstrap(["A cat."] * 9, ["a cat"] * 9, ["a cat"] * 9, "en") == 1


def test_refuses_different_tests():
    with pytest.raises(UserError):
        paired_bootstrap(["a"], ["a", "b"], ["a"])
    with pytest.raises(UserError):
        paired_bootstrap([], [], [])
