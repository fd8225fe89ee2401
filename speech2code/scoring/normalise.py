"""One text normaliser for references and hypotheses alike; its name stands in every score's signature."""

import re
import unicodedata

from speech2code.scoring.number_words import number_in_words, ordinal_in_words, time_in_words

NORMALISER = "lc+no-punct+num-words"

_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "ı": "i", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"}
)
_ACCENTS = re.compile(
    "[\u0300-\u036f]"
)  # combining marks of Latin, Greek, Cyrillic; the voicing marks of Japanese are others
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\b")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.(\d+))?")


def normalise(text: str) -> str:
    """Lower case, punctuation off but apostrophes inside words, numbers in English words, accents off, spaces squeezed.

    "It's 7:30, O'Neil – the 3rd café!" → "it's seven thirty o'neil the third cafe". Idempotent.
    Letters of other scripts stay. A year is read as a number, "&" and "%" as words.
    """
    text = _fold(text)
    text = _TIME.sub(lambda match: f" {time_in_words(int(match[1]), int(match[2]))} ", text)
    text = _ORDINAL.sub(lambda match: f" {ordinal_in_words(match[1])} ", text)
    text = _NUMBER.sub(_spell_number, text)
    text = text.replace("%", " percent ").replace("&", " and ")
    kept = "".join(character if _belongs_to_a_word(character) else " " for character in text)
    return " ".join(word for token in kept.split() if (word := token.strip("'")))


def _fold(text: str) -> str:
    # Compatibility forms (full width, ligatures, bold letters) become plain letters before lower() can see them.
    text = unicodedata.normalize("NFKD", text).lower().translate(_LETTERS)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def _spell_number(match: re.Match) -> str:
    words = number_in_words(match[1].replace(",", ""))
    if match[2]:
        words += " point " + " ".join(number_in_words(digit) for digit in match[2])
    return f" {words} "


def _belongs_to_a_word(character: str) -> bool:
    return character == "'" or unicodedata.category(character)[0] in "LM"
