import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech2code.errors import UserError
from speech2code.scoring.normalisation import normalise, normaliser_name, tokens

LANGUAGES = [
    "en", "fr", "de", "es", "it", "pt", "ca", "nl", "tr", "ru", "uk", "cs", "fi", "ar", "fa", "he", "hi", "ja", "zh",
    "th", "my", "ko", "vi", "sw", "bg",
]  # fmt: skip
# what each language's rules are about, beside any other text
SIGNS = "0123456789٣५３.,٫٬:%&'’\" -ºª²½aeoılIİœß·゙́̇אבאلأـَかハ々时ทำ\u200c\ufe0f"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "It's 7:30, O’Neil – the 3rd café!", "it's seven thirty o'neil the third cafe"),
        ("en", "'Hello,' she said; “dogs' bones”.", "hello she said dogs bones"),
        ("en-GB", "A twenty-one   year\told", "a twenty one year old"),
        ("en", "At 7:05 or 12:00", "at seven oh five or twelve o'clock"),
        ("en", "1,205,067 men", "one million two hundred and five thousand and sixty seven men"),
        ("en", "0 10 19 40 105", "zero ten nineteen forty one hundred and five"),
        ("en", "the 1ST, 12th, 20th and 21st", "the first twelfth twentieth and twenty first"),
        ("en", "3.14 and 50%", "three point one four and fifty percent"),
        ("en", "007 12345678901", "zero zero seven one two three four five six seven eight nine zero one"),
        ("en", "5km, Œuvre, straße, İstanbul", "five km oeuvre strasse istanbul"),
        ("en", "７時 Ｔｏｋｙｏ 10² 1½", "seven 時 tokyo ten two one one two"),
        ("en", "... !? ' ️", ""),
        ("fr", "L’homme, l' homme et l'été", "l' homme l' homme et l' été"),
        ("fr", "Qu'il dise 'bonjour'", "qu' il dise bonjour"),
        (
            "fr-CA",
            "1 234,5 œufs à 3,14 %",
            "mille deux cent trente quatre virgule cinq oeufs à trois virgule un quatre pour cent",
        ),
        ("fr", "le 1er, la 1re, la 2e & le 21ème", "le premier la première la deuxième et le vingt et unième"),
        ("fr", "1.234.567", "un million deux cent trente quatre mille cinq cent soixante sept"),
        ("de", "Ich habe 2 Hunde, Straße, Äpfel", "ich habe zwei hunde straße äpfel"),
        ("de", "1.234,5", "eintausendzweihundertvierunddreißig komma fünf"),
        ("es", "El 3º y la 3.ª, 3,5 años", "el tercero y la tercera tres punto cinco años"),
        ("it", "Dell'arte, un po’ di 3,05", "dell' arte un po' di tre virgola zero cinque"),
        ("pt-BR", "a 21ª vez", "a vigésima primeira vez"),
        ("ca", "l'home col·labora", "l' home collabora"),
        ("tr", "ISPARTA İZMİR 105", "ısparta izmir yüzbeş"),
        ("uk", "П’ять і 5", "п'ять і п'ять"),
        ("ar", "أَهْلاً وَسَهْـلاً ٣", "اهلا وسهلا ثلاثة"),
        ("fa", "۲ كتاب", "دو کتاب"),
        ("he", "שָׁלוֹם צה״ל", "שלום צהל"),
        ("hi", "मेरे पास ३ कुत्ते हैं।", "मेरे पास 3 कुत्ते हैं"),
        ("ja", "７時 に、 東京タワー。50％", "七時に東京タワー五十パーセント"),
        ("zh-Hant", "我有 3.5 個，1,234 個", "我有3点5個1234個"),
        ("th", "๓ คน", "สามคน"),
        ("sw", "Mbwa 1,234 na 3.5", "mbwa 1234 na 3 5"),
    ],
)
def test_examples(language, text, expected):
    assert normalise(text, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.one_of(st.text(), st.text(alphabet=SIGNS)))
def test_idempotent(language, text):
    once = normalise(text, language)
    assert normalise(once, language) == once


@given(text=st.text(), language=st.sampled_from(LANGUAGES))
def test_tokens_are_the_words_or_the_characters(text, language):
    normal = normalise(text, language)
    apart = "" if language in ("ja", "zh", "th", "my") else " "
    assert apart.join(tokens(normal, language)) == normal
    assert all(token.strip() == token != "" for token in tokens(normal, language))


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_gives_only_words(text):
    for word in normalise(text, "en").split():
        assert re.fullmatch("[a-z](?:[a-z']*[a-z])?", word)


@given(st.integers(0, 999_999_999), st.sampled_from(["en", "fr", "de", "it", "tr", "ja", "sw"]))
def test_numbers_with_and_without_thousands_signs_agree(number, language):
    sign = "," if language in ("en", "ja", "sw") else "."
    assert normalise(f"{number:,}".replace(",", sign), language) == normalise(str(number), language)


@pytest.mark.parametrize("language", ["en", "fr", "it", "tr", "fa", "bn", "cy", "ru", "vi", "ar", "hu"])
@given(whole=st.integers(0, 99_999), one=st.integers(1, 999), other=st.integers(1, 999))
def test_different_decimals_are_read_differently(language, whole, one, other):
    sign = "." if language in {"en", "fa", "bn", "cy", "ar"} else ","
    first, second = (normalise(f"{whole}{sign}{part:03d}", language) for part in (one, other))
    assert (first == second) == (one == other)


def test_the_name_says_what_was_done():
    assert re.fullmatch(r"en\.lc\+no-punct\+no-accents\+num2words-[\d.]+", normaliser_name("en-US"))
    assert re.fullmatch(r"fr\.lc\+no-punct\+elisions\+num2words-[\d.]+", normaliser_name("fr"))
    assert normaliser_name("zh-Hant") == "zh.lc+no-punct+no-spaces+digits"
    assert normaliser_name("am") == "am.lc+no-punct+digits"  # num2words never returns from a million in Amharic
    assert normalise("11000", "az") == "11000"  # and has "ten thousand" for it in Azeri


@pytest.mark.parametrize("language", ["", "e", "the English language"])
def test_what_is_no_language_tag_is_refused(language):
    with pytest.raises(UserError, match="BCP 47"):
        normalise("text", language)
