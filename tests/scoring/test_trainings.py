import numpy as np
import pytest
from test_scores import damaged, sentences

from benchmarks.false_alarms import bleu_counts_of
from benchmarks.false_alarms import sentences as drawn
from speech2code.errors import UserError
from speech2code.scoring.bootstrap import resample, sentence_weights, two_sided_p
from speech2code.scoring.counts import METRICS, bleu_of
from speech2code.scoring.scores import score
from speech2code.scoring.significance import paired_bootstrap
from speech2code.scoring.trainings import over_trainings, p_value, paired_bootstrap_trainings

REFERENCES = sentences(80)


def system(*rates, seed=0):
    return [damaged(REFERENCES, rate, seed=10 * seed + at + 1) for at, rate in enumerate(rates)]


@pytest.mark.parametrize("metric", METRICS)
def test_one_training_has_the_plain_interval(metric):
    (hypotheses,) = system(0.3)
    plain, found = score(hypotheses, REFERENCES, "pl"), over_trainings([hypotheses], REFERENCES, "pl", metric)
    expected = [getattr(plain, name) for name in (metric, f"{metric}_low", f"{metric}_high")]
    assert [found.mean, found.low, found.high] == pytest.approx(expected) and found.deviation is None


def test_mean_and_deviation_are_those_of_the_scores():
    hypotheses = system(0.1, 0.3, 0.5)
    each = [score(training, REFERENCES, "pl").bleu for training in hypotheses]
    found = over_trainings(hypotheses, REFERENCES, "pl")
    assert found.mean == pytest.approx(np.mean(each)) and found.deviation == pytest.approx(np.std(each, ddof=1))
    alike = over_trainings(system(0.3, 0.3, 0.3), REFERENCES, "pl")
    assert alike.high - alike.low < (found.high - found.low) / 2  # trainings that differ widen it


def test_the_same_training_three_times_is_one_training():
    (hypotheses,) = system(0.3)
    one, three = (over_trainings([hypotheses] * count, REFERENCES, "pl") for count in (1, 3))
    assert three.deviation == 0 and (three.low, three.high) == pytest.approx((one.low, one.high))


def test_one_training_each_is_the_plain_paired_bootstrap():
    a, b = system(0.3), system(0.4, seed=1)
    assert paired_bootstrap_trainings(a, b, REFERENCES, "pl") == paired_bootstrap(a[0], b[0], REFERENCES, "pl")


def test_tells_a_difference_only_where_it_exceeds_that_of_trainings():
    steady, other = system(0.10, 0.12, 0.11), system(0.50, 0.52, 0.51, seed=1)
    assert paired_bootstrap_trainings(steady, other, REFERENCES, "pl") < 0.01
    wide, as_wide = system(0.1, 0.3, 0.6), system(0.2, 0.5, 0.7, seed=1)
    assert paired_bootstrap(wide[0], as_wide[0], REFERENCES, "pl") < 0.05  # one training each would have said so
    assert paired_bootstrap_trainings(wide, as_wide, REFERENCES, "pl") > 0.2


@pytest.mark.parametrize(("spreads", "most"), [((0.1, 0.1), 0.08), ((0.4, 0.4), 0.08), ((0.0, 0.4), 0.09)])
def test_false_alarms_of_three_trainings(spreads, most):
    chance, weights, found, of_sentences = np.random.default_rng(4), sentence_weights(200, 300), [], []
    for _ in range(300):
        difficulty, lengths = drawn(200, chance)
        effects = chance.normal(0, 1, (2, 3, 1)) * np.array(spreads)[:, None, None]
        a, b = bleu_counts_of(difficulty + effects, lengths, chance).astype(float)
        found.append(p_value(a, b, bleu_of, weights))
        means = [resample(each, bleu_of, weights).mean(axis=0) for each in (a, b)]
        observed = bleu_of(a.sum(axis=-2)).mean() - bleu_of(b.sum(axis=-2)).mean()
        of_sentences.append(two_sided_p(means[0] - means[1], observed))
    assert 0.01 <= np.mean(np.array(found) < 0.05) <= most
    assert np.mean(np.array(of_sentences) < 0.05) > 0.12  # sentences alone do not know how trainings differ


def test_bad_lists_are_refused():
    with pytest.raises(UserError, match="one training and several cannot be compared"):
        paired_bootstrap_trainings(system(0.1), system(0.1, 0.2), REFERENCES, "pl")
    with pytest.raises(UserError, match="no training"):
        over_trainings([], ["a"], "en")
    with pytest.raises(UserError, match="hypotheses for"):
        over_trainings([["a"], ["a", "b"]], ["a"], "en")
