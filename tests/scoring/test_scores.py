import random

import jiwer
import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from speech2code.errors import UserError
from speech2code.scoring import scores as scores_module
from speech2code.scoring.bootstrap import sentence_weights
from speech2code.scoring.counts import EMPTY, bleu_counts, bleu_of, chrf_counts, chrf_of
from speech2code.scoring.meteor import MeteorUnavailable
from speech2code.scoring.normalisation import normaliser_name
from speech2code.scoring.scores import score, score_pairs

WORDS = ["the", "a", "cat", "dog", "sat", "on", "mat", "is", "red", "big", "in", "house", "where", "my", "friend"]


def sentences(count=60, seed=0):
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(4, 9))) for _ in range(count)]


def damaged(references, rate, seed=1):
    chance = random.Random(seed)
    return [
        " ".join(chance.choice(WORDS) if chance.random() < rate else word for word in r.split()) for r in references
    ]


@pytest.fixture
def no_meteor(monkeypatch):
    def refuse(*_):
        raise MeteorUnavailable("no Java here")

    monkeypatch.setattr(scores_module, "meteor_counts", refuse)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_bleu_equals_sacrebleu(no_meteor, rate):
    references = sentences()
    hypotheses = ["", *damaged(references, rate)[1:]]
    reference_value = (
        BLEU(tokenize="none", smooth_method="exp").corpus_score([h or EMPTY for h in hypotheses], [references]).score
    )
    assert score(hypotheses, references, "en").bleu == pytest.approx(reference_value, abs=1e-9)


def test_bleu_of_every_resample_equals_sacrebleu():
    references = sentences(12)
    hypotheses = damaged(references, 0.6)
    weights = sentence_weights(12, resamples=40)
    ours = bleu_of(weights @ bleu_counts(hypotheses, references, None))
    for row, value in zip(weights, ours):
        drawn = np.repeat(np.arange(12), row.astype(int))
        metric = BLEU(tokenize="none", smooth_method="exp")
        assert value == pytest.approx(
            metric.corpus_score([hypotheses[i] for i in drawn], [[references[i] for i in drawn]]).score, abs=1e-9
        )


def test_bleu_without_any_four_gram_is_zero_as_in_sacrebleu(no_meteor):
    assert score(["a cat", "no"], ["a cat", "yes"], "en").bleu == 0.0
    assert score(["x y z w"], ["the cat sat down"], "en").bleu == 0.0


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_chrf_equals_sacrebleu(no_meteor, rate):
    references = [*sentences(), "a", "où est-ce", "のは"]
    hypotheses = ["", *damaged(references, rate)[1:]]
    expected = CHRF().corpus_score(hypotheses, [references]).score
    assert chrf_of(chrf_counts(hypotheses, references, None).sum(axis=0)) == pytest.approx(expected, abs=1e-6)
    expected = CHRF().corpus_score(hypotheses[:-3], [references[:-3]]).score
    assert score(hypotheses[:-3], references[:-3], "en").chrf == pytest.approx(expected, abs=1e-6)


def test_chrf_of_every_resample_equals_sacrebleu():
    references = [*sentences(10), "a", "no"]
    hypotheses = [*damaged(references, 0.6)[:-2], "abc", ""]
    weights = sentence_weights(12, resamples=40)
    for row, value in zip(weights, chrf_of(weights @ chrf_counts(hypotheses, references, None))):
        drawn = np.repeat(np.arange(12), row.astype(int))
        expected = CHRF().corpus_score([hypotheses[i] for i in drawn], [[references[i] for i in drawn]]).score
        assert value == pytest.approx(expected, abs=1e-6)


def test_nothing_in_common_scores_zero(no_meteor):
    result = score(["", ""], ["a cat", "yes"], "en")
    assert (result.bleu, result.chrf, result.chrf_high, result.wer) == (0, 0, 0, 100)


def test_a_script_without_spaces_is_judged_by_characters():
    references, hypotheses = ["今日は7時に東京へ行きます。", "猫がいる"], ["今日は 七時に 東京へ行きました", "猫がいる"]
    result = score(hypotheses, references, "ja")
    spaced = [
        [" ".join(text) for text in side]
        for side in (["今日は七時に東京へ行きました", "猫がいる"], ["今日は七時に東京へ行きます", "猫がいる"])
    ]
    expected = BLEU(tokenize="none", smooth_method="exp").corpus_score(spaced[0], [spaced[1]]).score
    assert result.bleu == pytest.approx(expected) and 50 < result.bleu < 100
    assert result.wer == result.cer == pytest.approx(100 * 2 / 17)
    assert "tok:char" in result.signatures["bleu"] and "tok:char" in result.signatures["wer"]
    assert result.meteor is None and result.signatures["meteor"] == "not available: METEOR 1.5 knows no ja"


def test_each_language_has_its_own_rules(no_meteor):
    assert score(["ich habe zwei hunde"], ["Ich habe 2 Hunde."], "de").wer == 0
    assert score(["l' homme a deux chiens"], ["L’homme a 2 chiens"], "fr").wer == 0
    assert score_pairs([("Ich habe 2 Hunde", "ich habe two hunde")], "de").wer == 25


def test_error_rates_equal_jiwer_and_lie_in_their_interval(no_meteor):
    references = sentences()
    hypotheses = ["", *damaged(references, 0.3)[1:]]
    result = score(hypotheses, references, "en")
    assert result.wer == pytest.approx(100 * jiwer.wer(references, hypotheses), abs=1e-9)
    assert result.cer == pytest.approx(100 * jiwer.cer(references, hypotheses), abs=1e-9)
    assert result.wer_low < result.wer < result.wer_high
    for name in ("bleu", "chrf", "cer"):
        assert getattr(result, f"{name}_low") < getattr(result, name) < getattr(result, f"{name}_high")


def test_both_sides_are_normalised(no_meteor):
    result = score(["it’s seven thirty"] * 2, ["It's 7:30!", "IT'S 7:30."], "en")
    assert (result.wer, result.cer) == (0.0, 0.0)
    for made in ("bleu", "chrf", "wer"):
        assert f"norm:{normaliser_name('en')}|bs:1000|seed:12345" in result.signatures[made]
    assert "tok:none" in result.signatures["bleu"] and "tok:words" in result.signatures["wer"]
    assert "version:" in result.signatures["chrf"] and "jiwer:" in result.signatures["wer"]


def test_deterministic_and_meteor_stated_as_missing(no_meteor):
    references = sentences()
    first, second = (score(damaged(references, 0.3), references, "en") for _ in range(2))
    assert first == second
    assert {first.figures()[name] for name in ("meteor", "meteor_low", "meteor_high")} == {None}
    assert first.signatures["meteor"] == "not available: no Java here"


@pytest.mark.parametrize(("hypotheses", "references"), [(["a"], ["a", "b"]), ([], []), (["a"], ["?!"])])
def test_bad_lists_are_refused(hypotheses, references):
    with pytest.raises(UserError):
        score(hypotheses, references, "en")
