"""Unit error rate and unit BLEU against cases worked out by hand, and against sacreBLEU itself."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from speech2code.unit_quality.edits import translation_scores, unit_error_rate
from speech2code.unit_quality.intervals import mean_with_interval


def test_unit_error_rate_is_the_edit_distance():
    spoken = [np.array([1, 2, 3, 4]), np.array([5, 6])]
    assert unit_error_rate(spoken, spoken) == 0
    assert unit_error_rate(spoken, [np.array([1, 3, 4, 4]), np.array([5, 6])]) == pytest.approx(100 * 2 / 6)


def test_translations_are_compared_without_how_long_a_unit_lasts():
    references = [[1, 1, 2, 3, 3, 3, 4], [5, 6, 7, 8]]
    again = translation_scores(references, [[1, 2, 2, 3, 4], [5, 5, 6, 7, 8, 8]])
    assert again == dict.fromkeys(("unit_error_rate", "unit_error_rate_low", "unit_error_rate_high"), 0) | {
        name: pytest.approx(100) for name in ("unit_bleu", "unit_bleu_low", "unit_bleu_high")
    }


def test_one_wrong_unit_and_a_silent_answer_count_by_the_length_of_the_references():
    references = [[1, 2, 3, 4, 5, 6], [5, 6, 7, 8], [9, 10]]
    found = translation_scores(references, [[1, 2, 3, 40, 5, 6], [5, 6, 7, 8], []])
    assert found["unit_error_rate"] == pytest.approx(100 * (1 + 0 + 2) / 12)
    assert found["unit_error_rate_low"] < found["unit_error_rate"] < found["unit_error_rate_high"] <= 100
    said = BLEU(tokenize="none", force=True).corpus_score(
        ["1 2 3 40 5 6", "5 6 7 8", "_"], [["1 2 3 4 5 6", "5 6 7 8", "9 10"]]
    )
    assert found["unit_bleu"] == pytest.approx(said.score)  # the empty answer counts as one wrong unit
    assert found["unit_bleu_low"] <= found["unit_bleu"] <= found["unit_bleu_high"]


def test_units_are_words_and_not_digits():
    assert translation_scores([[12, 3, 4, 5]], [[1, 23, 4, 5]])["unit_error_rate"] == pytest.approx(50)


def test_a_mean_lies_in_its_interval():
    found = mean_with_interval("far", [1.0, 2.0, 3.0, 6.0])
    assert found["far"] == 3 and 1 <= found["far_low"] < 3 < found["far_high"] <= 6
    assert mean_with_interval("far", [2.0]) == {"far": 2, "far_low": 2, "far_high": 2}
