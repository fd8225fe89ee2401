"""Text ⇄ tokens, whatever a token is, and what training never saw."""

import numpy as np
import pytest

from speech2code.files import read_json, write_json
from speech2code.recognisers.vocabulary import BPE, CHAR, WORD, Vocabulary

TEXTS = ["The station is near the hotel.", "It's the 2nd train, the station's train!", "the the trains rained"]
PLAIN = ["the station is near the hotel", "it's the second train the station's train", "the the trains rained"]
KINDS = (WORD, CHAR, BPE)


def vocabulary(kind: str, size: int = 40) -> Vocabulary:
    return Vocabulary.of(TEXTS, kind, "en", size)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_encoded_is_decoded_even_from_a_file(kind, tmp_path):
    first = vocabulary(kind)
    write_json(tmp_path / "vocabulary.json", first.state())
    for known in (first, Vocabulary.from_state(read_json(tmp_path / "vocabulary.json"))):
        for text, plain in zip(TEXTS, PLAIN):
            indices = known.encode(text)
            assert indices.dtype == np.int64 and indices.max() < len(known.tokens)
            assert known.decode(indices.tolist()) == plain
        assert known.encode("").shape == (0,) and known.decode([]) == ""


@pytest.mark.parametrize(("kind", "read"), [(WORD, "the train"), (CHAR, "the oo train"), (BPE, "the oo train")])
def test_what_training_never_saw_is_left_out(kind, read):
    known = vocabulary(kind)
    assert known.decode(known.encode("The zoo train").tolist()) == read


def test_byte_pairs_are_the_same_each_time_and_as_many_as_asked_for():
    first, second = vocabulary(BPE), vocabulary(BPE)
    assert first.state() == second.state()
    assert len(first.tokens) == 40 and "▁station" in first.tokens
    assert set(vocabulary(BPE, 2).tokens) == set("▁'acdehilnorst")  # no character is left out for the sake of size


def test_words_and_characters_stand_by_how_often_they_come():
    assert vocabulary(WORD).tokens[:2] == ["the", "train"] and vocabulary(CHAR).tokens[:2] == ["t", " "]
