"""Digits → words of a language, by num2words; where it does not know the language, digits stay."""

import functools
import re
from decimal import Decimal

from speech2code.scoring.languages import DECIMAL_COMMA, SPACED_THOUSANDS

_OTHER_NAMES = {"nb": "no", "nn": "no", "kk": "kz"}  # BCP 47 → num2words
_BROKEN = {"am", "az"}  # num2words 0.5.14 never returns for a large number, reads 11,000 as 10,000
# Where num2words 0.5.14 reads 3.05 as 3.5 or as 3, rounds, or raises: the word for the sign, then digits.
_POINT = {
    "it": "virgola",
    "tr": "virgül",
    "cy": "pwynt",
    "fa": "ممیز",
    "bn": "দশমিক",
    "ar": "فاصلة",
    "vi": "phẩy",
    "hu": "egész",
    "ce": "",
}
# For scripts without spaces whose digits stay: no sign but a word keeps 3.14 from becoming 314.
_KEPT_POINT = {"zh": "点", "cmn": "点", "yue": "点", "lo": "ຈຸດ", "km": "ក្បៀស", "my": "ဒသမ"}
_LONGEST, _LONGEST_FRACTION = 9, 5  # digits; a longer number is read digit by digit

_ENGLISH_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\b")
ORDINAL_SIGNS = ("es", "it", "pt")  # where º and ª make a digit an ordinal number
_ORDINALS = {
    "en": re.compile(r"\b(\d{1,4})(st|nd|rd|th)\b"),
    "fr": re.compile(r"\b(\d{1,4})(er|[eè]?re|e|[eè]me|nde?)\b"),
    **{language: re.compile(r"\b(\d{1,4})\.?([ºª])") for language in ORDINAL_SIGNS},
}
_FRENCH = {"1re": "première", "1ere": "première", "1ère": "première", "2nd": "second", "2nde": "seconde"}


def knows_numbers(language: str) -> bool:
    """Whether num2words has words for the numbers of a primary subtag."""
    from num2words import CONVERTER_CLASSES

    return language not in _BROKEN and _OTHER_NAMES.get(language, language) in CONVERTER_CLASSES


def ordinals_in_words(text: str, language: str) -> str:
    """1st, 1er, 2e, 3º, 3ª → words, in English, French, Spanish, Italian and Portuguese; lower-case text."""
    pattern = _ORDINALS.get(language)
    return pattern.sub(lambda match: f" {_ordinal(match[1], match[2], language)} ", text) if pattern else text


def numbers_in_words(text: str, language: str) -> str:
    """ "1,234.5 at 7:30" → "one thousand, two hundred and thirty-four point five at seven thirty", with the
    language's signs for thousands and decimals. Digits must be those of ASCII."""
    if language == "en":
        text = _ENGLISH_TIME.sub(lambda match: f" {_english_time(int(match[1]), int(match[2]))} ", text)
    knows = knows_numbers(language)

    def spelled(match: re.Match) -> str:
        whole, fraction = re.sub(r"\D", "", match["whole"]), match["fraction"] or ""
        if knows:
            return f" {_spelled(whole, fraction, language)} "
        return f" {whole} {_KEPT_POINT.get(language, '')} {fraction} " if fraction else f" {whole} "

    return _pattern(language, knows).sub(spelled, text)


@functools.cache
def _pattern(language: str, knows: bool) -> re.Pattern:
    thousands, decimal = (r"\.", ",") if language in DECIMAL_COMMA else (",", r"\.")
    # Where digits stay, "1,234 567" could become 1234567 only in a second pass: then spaces part numbers.
    between = f"[{thousands} ]" if language in SPACED_THOUSANDS and knows else f"[{thousands}]"
    grouped = rf"\d{{1,3}}(?P<sign>{between})\d{{3}}(?:(?P=sign)\d{{3}})*(?!\d)"
    return re.compile(rf"(?<!\d)(?P<whole>{grouped}|\d+)(?:{decimal}(?P<fraction>\d+))?", re.ASCII)


@functools.cache
def _spelled(whole: str, fraction: str, language: str) -> str:
    if (len(whole) > 1 and whole.startswith("0")) or len(whole) > _LONGEST:
        return " ".join([*(_read(digit, language) for digit in whole), *(_read(digit, language) for digit in fraction)])
    if not fraction:
        return _read(whole, language)
    if language in _POINT or len(fraction) > _LONGEST_FRACTION:
        digits = [_read(digit, language) for digit in fraction]
        return " ".join([_read(whole, language), _POINT.get(language, ""), *digits])
    return _read(f"{whole}.{fraction}", language)


@functools.cache
def _read(number: str, language: str, to: str = "cardinal") -> str:
    from num2words import num2words

    value = Decimal(number) if "." in number else int(number)
    return num2words(value, lang=_OTHER_NAMES.get(language, language), to=to)


def _ordinal(digits: str, ending: str, language: str) -> str:
    if digits.startswith("0"):
        return _spelled(digits, "", language)
    if language == "fr" and digits + ending in _FRENCH:
        return _FRENCH[digits + ending]
    words = _read(digits, language, "ordinal")
    return re.sub(r"o\b", "a", words) if ending == "ª" else words


def _english_time(hour: int, minute: int) -> str:
    """7, 30 → "seven thirty"; 7, 5 → "seven oh five"; 7, 0 → "seven o'clock"."""
    if minute == 0:
        return f"{_read(str(hour), 'en')} o'clock"
    return f"{_read(str(hour), 'en')} {'oh ' if minute < 10 else ''}{_read(str(minute), 'en')}"
