import random
import re
import subprocess

import jiwer
import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from speech2code.errors import UserError
from speech2code.scoring import meteor as meteor_module
from speech2code.scoring import scores as scores_module
from speech2code.scoring.bootstrap import sentence_weights
from speech2code.scoring.counts import EMPTY, bleu_counts, bleu_of
from speech2code.scoring.meteor import MeteorUnavailable, meteor
from speech2code.scoring.normalise import NORMALISER
from speech2code.scoring.scores import score
from speech2code.scoring.significance import paired_bootstrap

WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "sat",
    "on",
    "mat",
    "is",
    "red",
    "big",
    "in",
    "house",
    "where",
    "station",
    "my",
    "friend",
]


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

    monkeypatch.setattr(scores_module, "meteor", refuse)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_bleu_equals_sacrebleu(no_meteor, rate):
    references = sentences()
    hypotheses = ["", *damaged(references, rate)[1:]]
    reference_value = (
        BLEU(tokenize="none", smooth_method="exp").corpus_score([h or EMPTY for h in hypotheses], [references]).score
    )
    assert score(hypotheses, references).bleu == pytest.approx(reference_value, abs=1e-9)


def test_bleu_of_every_resample_equals_sacrebleu():
    references = sentences(12)
    hypotheses = damaged(references, 0.6)
    weights = sentence_weights(12, resamples=40)
    ours = bleu_of(weights @ bleu_counts(hypotheses, references))
    for row, value in zip(weights, ours):
        drawn = np.repeat(np.arange(12), row)
        metric = BLEU(tokenize="none", smooth_method="exp")
        assert value == pytest.approx(
            metric.corpus_score([hypotheses[i] for i in drawn], [[references[i] for i in drawn]]).score, abs=1e-9
        )


def test_bleu_without_any_four_gram_is_zero_as_in_sacrebleu(no_meteor):
    assert score(["a cat", "no"], ["a cat", "yes"]).bleu == 0.0
    assert score(["x y z w"], ["the cat sat down"]).bleu == 0.0


def test_error_rates_equal_jiwer_and_lie_in_their_interval(no_meteor):
    references = sentences()
    hypotheses = ["", *damaged(references, 0.3)[1:]]
    result = score(hypotheses, references)
    assert result.wer == pytest.approx(100 * jiwer.wer(references, hypotheses), abs=1e-9)
    assert result.cer == pytest.approx(100 * jiwer.cer(references, hypotheses), abs=1e-9)
    assert result.wer_low < result.wer < result.wer_high
    assert result.bleu_low < result.bleu < result.bleu_high


def test_both_sides_are_normalised(no_meteor):
    result = score(["it’s seven thirty"] * 2, ["It's 7:30!", "IT'S 7:30."])
    assert (result.wer, result.cer) == (0.0, 0.0)
    assert NORMALISER in result.bleu_signature and "tok:none" in result.bleu_signature


def test_deterministic_and_meteor_stated_as_missing(no_meteor):
    references = sentences()
    first, second = (score(damaged(references, 0.3), references) for _ in range(2))
    assert first == second
    assert first.as_dict()["meteor"] is None
    assert first.meteor_signature == "not available: no Java here"


@pytest.mark.parametrize(("hypotheses", "references"), [(["a"], ["a", "b"]), ([], []), (["a"], ["?!"])])
def test_bad_lists_are_refused(hypotheses, references):
    with pytest.raises(UserError):
        score(hypotheses, references)


def test_meteor_equals_the_jar_run_by_hand(tmp_path):
    hypotheses, references = (
        ["the cat sat on a mat", "", "hello my friend"],
        ["a cat sits on the mat", "where is it", "hello friend"],
    )
    (tmp_path / "h").write_text("\n".join(hypotheses) + "\n")
    (tmp_path / "r").write_text("\n".join(references) + "\n")
    command = (
        f"{meteor_module._java()} -Duser.language=en -Dfile.encoding=UTF8 -Xmx2G -jar {meteor_module._jar()} h r -l en"
    )
    output = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    value = meteor(hypotheses, references)
    assert value == pytest.approx(100 * float(re.search(r"Final score:\s+(\S+)", output)[1]), abs=1e-4)
    segments = [float(s) for s in re.findall(r"Segment \d+ score:\s+(\S+)", output)]
    assert len(segments) == 3 and abs(value - 100 * sum(segments) / 3) > 0.1  # aggregated, not a mean of sentences
    assert re.search(r"Eval ID:\s+(\S+)", output)[1] == meteor_module.EVALUATION_ID
    assert meteor(references, references) == pytest.approx(100)  # the same program, asked again


def test_meteor_says_what_java_says(monkeypatch):
    meteor_module._program.cache_clear()
    monkeypatch.setattr(meteor_module, "_jar", lambda: "nowhere.jar")
    with pytest.raises(MeteorUnavailable, match=r"nowhere\.jar"):
        meteor(["a"], ["a"])


def test_meteor_without_a_jar_says_so(monkeypatch):
    meteor_module._program.cache_clear()
    monkeypatch.setattr(meteor_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MeteorUnavailable, match=r"meteor-1\.5\.jar is missing|Java runtime is missing"):
        meteor(["a"], ["a"])


def test_paired_bootstrap_tells_a_real_difference_from_none():
    references = sentences(80)
    good, bad, as_bad = damaged(references, 0.1), damaged(references, 0.5), damaged(references, 0.5, seed=2)
    assert paired_bootstrap(good, bad, references) < 0.01
    assert paired_bootstrap(bad, as_bad, references) > 0.05


def test_paired_bootstrap_agrees_with_sacrebleu():
    references = sentences(80)
    a, b = damaged(references, 0.40), damaged(references, 0.46, seed=3)
    metrics = {"BLEU": BLEU(tokenize="none", references=[references])}
    _, table = PairedTest([("a", a), ("b", b)], metrics, None, test_type="bs", n_samples=1000)()
    assert paired_bootstrap(a, b, references) == pytest.approx(table["BLEU"][1].p_value, abs=0.06)
    assert paired_bootstrap(a, a, references) > 0.9


def test_paired_bootstrap_refuses_different_tests():
    with pytest.raises(UserError):
        paired_bootstrap(["a"], ["a", "b"], ["a"])
