"""Unit sequences on disk: bound to their codebook and to the ids of their sentences."""

import numpy as np
import pytest

from speech2code.errors import UserError
from speech2code.units.sequences import UnitSequences

IDS = ["a", "b", "c"]
UNITS = [np.array([3, 1, 1]), np.array([7]), np.array([0, 2])]
DURATIONS = [np.array([1, 2, 9]), np.array([4]), np.array([1, 1])]


@pytest.fixture
def saved(tmp_path):
    UnitSequences("book1", IDS, UNITS, DURATIONS).save(tmp_path / "train.npz")
    return tmp_path / "train.npz"


def test_what_is_saved_is_loaded(saved):
    loaded = UnitSequences.load(saved)
    assert loaded.codebook == "book1" and loaded.ids == IDS
    assert [each.tolist() for each in loaded.units] == [each.tolist() for each in UNITS]
    assert [each.tolist() for each in loaded.durations] == [each.tolist() for each in DURATIONS]
    assert all(each.dtype == np.int64 for each in (*loaded.units, *loaded.durations))
    loaded.check("book1", IDS, saved)


def test_units_of_another_codebook_are_refused(saved):
    with pytest.raises(UserError, match=r"train\.npz holds units of codebook book1, not of book2"):
        UnitSequences.load(saved).check("book2", IDS, saved)


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        (["a", "x", "c"], "item 1 has units of sentence b but speech of x"),
        (["b", "a", "c"], "item 0 has units of sentence a but speech of b"),
        (["a", "b"], "holds 3 sentences, the corpus 2"),
        (["a", "b", "c", "d"], "holds 3 sentences, the corpus 4"),
    ],
)
def test_the_first_misaligned_sentence_is_named(saved, ids, sentence):
    with pytest.raises(UserError, match=sentence):
        UnitSequences.load(saved).check("book1", ids, saved)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_missing_or_broken_file_is_one_sentence(saved, content):
    saved.unlink()
    if content is not None:
        saved.write_bytes(content)
    with pytest.raises(UserError, match=r"cannot read units .*train\.npz.*run `speech2code train units` again"):
        UnitSequences.load(saved)


def test_a_file_cut_short_is_one_sentence(saved):
    saved.write_bytes(saved.read_bytes()[:-40])
    with pytest.raises(UserError, match="cannot read units"):
        UnitSequences.load(saved)
