import re
import subprocess

import numpy as np
import pytest

from speech2code.scoring import meteor as meteor_module
from speech2code.scoring.bootstrap import sentence_weights
from speech2code.scoring.meteor import MeteorUnavailable, evaluation_id, meteor_counts, meteor_of
from speech2code.scoring.scores import score

HYPOTHESES = ["the cat sat on a mat", "", "hello my friend", "where is it"]
REFERENCES = ["a cat sits on the mat", "where is it", "hello friend", "where is it"]
LANGUAGES = ["en", "fr", "de", "es", "cs", "ar"]


@pytest.fixture
def no_program():
    meteor_module._program.cache_clear()
    yield
    meteor_module._program.cache_clear()


def by_hand(folder, hypotheses, references, language):
    """What the jar prints of two files."""
    (folder / "h").write_text("\n".join(hypotheses) + "\n")
    (folder / "r").write_text("\n".join(references) + "\n")
    known = meteor_module._LANGUAGES[language]
    options = f"-Duser.language=en -Dfile.encoding=UTF8 -Xmx2G -jar {meteor_module._jar()} h r -l {known.option} -m"
    command = [str(meteor_module._java()), *options.split(), known.modules]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def whole(hypotheses, references, language):
    return meteor_of(meteor_counts(hypotheses, references, language).sum(axis=0, keepdims=True), language)[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_equals_the_jar_run_by_hand(tmp_path, language):
    output = by_hand(tmp_path, HYPOTHESES, REFERENCES, language)
    value = whole(HYPOTHESES, REFERENCES, language)
    assert value == pytest.approx(100 * float(re.search(r"Final score:\s+(\S+)", output)[1]), abs=1e-4)
    segments = [float(s) for s in re.findall(r"Segment \d+ score:\s+(\S+)", output)]
    assert len(segments) == 4 and abs(value - 100 * sum(segments) / 4) > 0.1  # aggregated, not a mean of sentences
    assert re.search(r"Eval ID:\s+(\S+)", output)[1] == evaluation_id(language)
    assert whole(REFERENCES, REFERENCES, language) == pytest.approx(100)  # the same program, asked again


def test_every_resample_equals_the_program_on_its_sentences(tmp_path):
    counts = meteor_counts(HYPOTHESES, REFERENCES, "de")
    weights = sentence_weights(4, resamples=6)
    for row, value in zip(weights, meteor_of(weights @ counts, "de")):
        drawn = np.repeat(np.arange(4), row.astype(int))
        output = by_hand(tmp_path, [HYPOTHESES[i] for i in drawn], [REFERENCES[i] for i in drawn], "de")
        assert value == pytest.approx(100 * float(re.search(r"Final score:\s+(\S+)", output)[1]), abs=1e-4)


def test_score_has_its_interval():
    result = score(["le chat noir", "un ami", "la rue"] * 9, ["le chat noir", "mes amis", "une rue"] * 9, "fr-CA")
    assert 0 < result.meteor_low < result.meteor < result.meteor_high < 100
    assert result.signatures["meteor"].startswith("meteor-1.5-wo-fr-no_norm-0.9_1.4_0.6_0.65-ex_st-1.0_0.2|tok:words|")


def test_arabic_words_are_stemmed():
    assert whole(["الكتاب"], ["كتاب"], "ar") > 0
    assert whole(["الكتاب"], ["مدرسة"], "ar") == 0


@pytest.mark.parametrize("language", ["ja", "sw"])
def test_other_languages_are_refused(language):
    with pytest.raises(MeteorUnavailable, match=f"METEOR 1.5 knows no {language}"):
        meteor_counts(["a"], ["a"], language)
    with pytest.raises(MeteorUnavailable, match="no parameters for it of its own"):
        meteor_counts(["a"], ["a"], "it")


def test_says_what_java_says(monkeypatch, no_program):
    monkeypatch.setattr(meteor_module, "_jar", lambda: "nowhere.jar")
    with pytest.raises(MeteorUnavailable, match=r"nowhere\.jar"):
        meteor_counts(["a"], ["a"], "en")


def test_without_a_jar_says_so(monkeypatch, no_program):
    monkeypatch.setattr(meteor_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MeteorUnavailable, match=r"meteor-1\.5\.jar is missing|Java runtime is missing"):
        meteor_counts(["a"], ["a"], "en")
