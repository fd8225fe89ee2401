import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech2code.scoring.normalise import normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 7:30, O’Neil – the 3rd café!", "it's seven thirty o'neil the third cafe"),
        ("'Hello,' she said; “dogs' bones”.", "hello she said dogs bones"),
        ("A twenty-one   year\told", "a twenty one year old"),
        ("At 7:05 or 12:00", "at seven oh five or twelve o'clock"),
        ("1,234,567 people", "one million two hundred thirty four thousand five hundred sixty seven people"),
        ("0 10 19 40 100 110", "zero ten nineteen forty one hundred one hundred ten"),
        ("the 1st, 12th, 20th and 21st", "the first twelfth twentieth and twenty first"),
        ("3.14 and 50%", "three point one four and fifty percent"),
        (
            "room 007, call 12345678901",
            "room zero zero seven call one two three four five six seven eight nine zero one",
        ),
        ("5km", "five km"),
        ("Œuvre, straße", "oeuvre strasse"),
        ("７時 Ｔｏｋｙｏ", "seven 時 tokyo"),
        ("... !? '", ""),
    ],
)
def test_examples(text, expected):
    assert normalise(text) == expected


@given(st.text())
def test_idempotent(text):
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_gives_only_words(text):
    assert all(
        word.replace("'", "").isalpha() and word == word.strip("'").lower()
        for word in normalise(text).split(" ")
        if word
    )


@given(st.integers(0, 999_999_999))
def test_numbers_with_and_without_commas_agree(number):
    assert normalise(f"{number:,}") == normalise(str(number))
