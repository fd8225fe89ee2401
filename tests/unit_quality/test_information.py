"""Measures of units against numbers worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from speech2code.unit_quality.information import bitrate_with_durations, phone_information, usage


def test_usage_counts_codes_bits_and_seconds():
    found = usage([np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3])], codebook_size=8, seconds=2.0)
    assert found == pytest.approx((0.5, 4.0, 8.0, 4.0))  # eight units of two bits in two seconds
    uneven = usage([np.array([0, 0, 0, 1])], codebook_size=2, seconds=1.0)
    assert uneven.bitrate == pytest.approx(4 * (0.75 * np.log2(4 / 3) + 0.25 * 2))


def test_phone_information_of_perfect_useless_and_other_units():
    perfect = phone_information(np.diag([5, 2, 3]))
    assert perfect == pytest.approx((1, 1, 1))
    useless = phone_information(np.outer([1, 2], [3, 5, 1]))
    assert useless.pnmi == pytest.approx(0, abs=1e-12) and useless.phone_purity == pytest.approx(5 / 9)
    random = np.random.default_rng(0)
    units, phones = random.integers(6, size=500), random.integers(4, size=500)
    units[:200] = phones[:200]
    counts = np.zeros((6, 4))
    np.add.at(counts, (units, phones), 1)
    shares = np.bincount(phones) / 500
    expected = mutual_info_score(units, phones) / -(shares * np.log(shares)).sum()
    found = phone_information(counts)
    assert found.pnmi == pytest.approx(expected)
    assert found.phone_purity == pytest.approx(
        np.mean([counts[unit].argmax() == phone for unit, phone in zip(units, phones)])
    )
    assert found.unit_purity == pytest.approx(counts.max(0).sum() / 500)


def test_durations_cost_what_they_do_not_share_with_the_units():
    units, ones = [np.array([0, 1, 2, 3])] * 2, [np.ones(4, np.int64)] * 2
    assert bitrate_with_durations(units, ones, seconds=2.0) == pytest.approx(8)  # as without: all last one step
    told = [np.array([1, 2, 3, 4])] * 2  # the unit says how long it lasts
    assert bitrate_with_durations(units, told, seconds=2.0) == pytest.approx(8)
    free = [np.array([1, 1, 1, 1]), np.array([5, 5, 5, 5])]  # a bit more each
    assert bitrate_with_durations(units, free, seconds=2.0) == pytest.approx(12)
