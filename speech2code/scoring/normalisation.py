"""One text normaliser for references and hypotheses alike; its name stands in every score's signature."""

import re
import unicodedata

from speech2code.bcp47 import primary
from speech2code.scoring.languages import AND, DECIMAL_COMMA, DOTTED_I, ELIDING, PERCENT, has_spaces
from speech2code.scoring.number_words import ORDINAL_SIGNS, knows_numbers, numbers_in_words, ordinals_in_words

_QUOTES = str.maketrans(dict.fromkeys("’‘‛ʼ`´＇׳", "'"))
_INVISIBLE = re.compile(
    "[\u00ad\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_ACCENTS = re.compile("[\u0300-\u036f]")  # combining marks of Latin, Greek, Cyrillic
_ENGLISH = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "ı": "i"})
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")  # vowel marks, tatweel
_ALEF = str.maketrans(dict.fromkeys("أإآٱ", "ا"))
_PERSIAN = str.maketrans("يىك", "ییک")
_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
_ACRONYM = re.compile('(?<=[א-ת])["״](?=[א-ת])')
_QUOTED = re.compile(r"(^| )'([^']*)'(?= |$)")


def normalise(text: str, language: str) -> str:
    """Lower case, punctuation off but apostrophes inside words, numbers in the language's words, spaces squeezed.

    `language`: a BCP 47 tag, of which the primary subtag decides. "It's 7:30, O'Neil – the 3rd café!", "en" → "it's
    seven thirty o'neil the third cafe"; "L'été à 3,5 €", "fr" → "l' été à trois virgule cinq"; "７時です。", "ja" →
    "七時です". Accents go in English alone; vowel marks of Arabic and points of Hebrew go too. A script without spaces
    keeps none. Idempotent. Raises UserError for what is no language tag.
    """
    language = primary(language)
    text = _plain(text, language)
    text = numbers_in_words(ordinals_in_words(text, language), language)
    text = text.replace("%", f" {PERCENT.get(language, '')} ").replace("&", f" {AND.get(language, '')} ")
    text = _letters(_lower(text, language), language)
    kept = re.sub(r"'+", "'", "".join(each if _belongs_to_a_word(each) else " " for each in text))
    words = _elided(kept) if language in ELIDING else [word.strip("'") for word in kept.split()]
    words = [word for word in words if any(unicodedata.category(each)[0] in "LN" for each in word)]
    # A mark may meet its letter only now, where the sign or the space between them is gone.
    return unicodedata.normalize("NFKC", (" " if has_spaces(language) else "").join(words))


def holds_words(text: str, language: str) -> bool:
    """Whether anything of the text is left to be scored: "…" and "" hold no word."""
    return bool(text) and bool(normalise(text, language))


def tokens(text: str, language: str | None) -> list[str]:
    """Normalised text → what scores count: words, or characters in a script without spaces."""
    return text.split() if has_spaces(language) else list(text)


def normaliser_name(language: str) -> str:
    """Names what `normalise` does in this language, as "fr.lc+no-punct+elisions+num2words-0.5.14"."""
    from importlib.metadata import version

    language = primary(language)
    rules = {
        "no-accents": language == "en",
        "elisions": language in ELIDING,
        "no-marks": language in ("ar", "fa", "ur", "he"),
        "no-spaces": not has_spaces(language),
    }
    numbers = f"num2words-{version('num2words')}" if knows_numbers(language) else "digits"
    return f"{language}." + "+".join(["lc", "no-punct", *(rule for rule, holds in rules.items() if holds), numbers])


def _plain(text: str, language: str) -> str:
    """One form for each character, ASCII digits, lower case; ordinal signs stay where they are read as such."""
    text = _INVISIBLE.sub("", text.translate(_QUOTES))
    # "10²" is not 102, and "1½" not 11/2
    text = "".join(f" {each}" if unicodedata.category(each) == "No" else each for each in text)
    parts = re.split("([ºª])", text) if language in ORDINAL_SIGNS else [text]
    text = "".join(part if part in ("º", "ª") else unicodedata.normalize("NFKC", part) for part in parts)
    text = "".join(str(unicodedata.decimal(each)) if unicodedata.category(each) == "Nd" else each for each in text)
    thousands, decimal = (".", ",") if language in DECIMAL_COMMA else (",", ".")
    text = text.replace("٬", thousands).replace("٫", decimal).replace("٪", "%")
    return _lower(text, language)


def _lower(text: str, language: str) -> str:
    if language in DOTTED_I:
        text = text.replace("I\u0307", "i").replace("İ", "i").replace("I", "ı")
    return text.lower()


def _letters(text: str, language: str) -> str:
    """Letters that a language writes in two ways become one."""
    text = unicodedata.normalize("NFKC", text)
    if language == "en":
        folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(_ENGLISH)))
        return unicodedata.normalize("NFKC", folded)
    if language == "fr":
        return text.replace("œ", "oe").replace("æ", "ae")
    if language == "ca":
        return text.replace("l·l", "ll")
    if language == "he":
        return _ACRONYM.sub("", _POINTS.sub("", text))
    if language in ("ar", "fa", "ur"):
        text = _ARABIC_MARKS.sub("", unicodedata.normalize("NFKC", text))
        return text.translate(_ALEF if language == "ar" else _PERSIAN)
    return text


def _belongs_to_a_word(character: str) -> bool:
    # The enclosing marks (Me) are keycaps and circles. Nl holds the Chinese zero.
    return character in "'0123456789" or unicodedata.category(character) in (
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "Mn",
        "Mc",
        "Nl",
    )


def _elided(text: str) -> list[str]:
    """ "l'homme" and "l' homme" → ["l'", "homme"]; pairs of single quotes around words go."""
    text = _QUOTED.sub(r"\1\2", text)
    return [word.lstrip("'") for word in text.replace("'", "' ").split()]
