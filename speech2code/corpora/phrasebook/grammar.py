"""The grammar that slot filling needs: articles, plurals, agreement, elision, contraction and Japanese counters.

A template holds `{slot}`, `{slot.form}` or `{adjective~slot}`; the forms are the keys of `FORMS`. French articles are
written in full ("de le pont", "la église"); `contract` turns the sentence into what is said ("du pont", "l'église").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

COUNTERS = frozenset("枚本個冊台着通部つ")
IRREGULAR_ENGLISH = {"knife": "knives", "scarf": "scarves"}
IRREGULAR_FRENCH = {
    "brosse à dents": "brosses à dents",
    "carte postale": "cartes postales",
    "sac à main": "sacs à main",
}
NEVER_ELIDED = ("hall", "haricot", "hamburger", "huit", "onze", "yaourt")  # h aspiré and its like: le hall, de onze

_HOLE = re.compile(r"\{(\w+)(?:([.~])(\w+))?\}")
_ELISION = re.compile(
    rf"(?<![-\w])(de|le|la|que|je|ne|me|se) (?!{'|'.join(NEVER_ELIDED)})(?=[aeiouyhâàéèêîôûœ])", re.IGNORECASE
)
_CONTRACTIONS = {"de le": "du", "de les": "des", "à le": "au", "à les": "aux"}
_CONTRACTION = re.compile(r"\b(" + "|".join(sorted(_CONTRACTIONS, key=len, reverse=True)) + r")\b")


@dataclass(frozen=True)
class Word:
    """What fills a slot: one word or set phrase in three languages, with the tags of words.yaml."""

    key: str
    french: str
    japanese: str
    tags: frozenset[str] = frozenset()

    @property
    def english(self) -> str:
        """The English words: the key without its "#…" mark."""
        return self.key.split("#")[0]

    @property
    def feminine(self) -> bool:
        """Whether the French noun is feminine."""
        return "f" in self.tags

    @property
    def counted(self) -> bool:
        """Whether it takes "a" and "un" (else "some", "du", "des")."""
        return not self.tags & {"mass", "plural"}

    @property
    def adjective(self) -> tuple[str, str]:
        """French masculine and feminine of an adjective."""
        masculine, _, feminine = self.french.partition("/")
        return masculine, feminine


def contract(french: str) -> str:
    """Elides and contracts: "près de le pont" becomes "près du pont", "de la église" becomes "de l'église"."""
    elided = _ELISION.sub(lambda match: match[1][:-1] + "'", french)
    return _CONTRACTION.sub(lambda match: _CONTRACTIONS[match[1]], elided)


def english_plural(noun: str) -> str:
    """The plural of an English noun of words.yaml."""
    if noun in IRREGULAR_ENGLISH:
        return IRREGULAR_ENGLISH[noun]
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|ch|sh)$", noun) else "s")


def french_plural(noun: str) -> str:
    """The plural of a French noun of words.yaml."""
    if noun in IRREGULAR_FRENCH:
        return IRREGULAR_FRENCH[noun]
    if noun.endswith("al"):
        return noun[:-2] + "aux"
    if noun.endswith(("s", "x", "z")):
        return noun
    return noun + ("x" if noun.endswith(("eau", "eu")) else "s")


def _article(english: str) -> str:
    an = re.match(r"[aeiou]", english) and not english.startswith("uni")
    return f"an {english}" if an else f"a {english}"


def _definite(word: Word) -> str:
    article = "les" if "plural" in word.tags else "la" if word.feminine else "le"
    return f"{article} {word.french}"


def _indefinite(word: Word) -> str:
    if word.counted:
        return f"{'une' if word.feminine else 'un'} {word.french}"
    return f"des {word.french}" if "plural" in word.tags else f"de {_definite(word)}"


def _possessive(word: Word, initial: str) -> str:
    if "plural" in word.tags:
        return f"{initial}es {word.french}"
    vowel = _ELISION.match(f"le {word.french}")  # mon enveloppe, although feminine
    return f"{initial}{'a' if word.feminine and not vowel else 'on'} {word.french}"


def _demonstrative(word: Word) -> str:
    if word.feminine:
        return f"cette {word.french}"
    return f"{'cet' if _ELISION.match(f'le {word.french}') else 'ce'} {word.french}"


def _counter(word: Word) -> str:
    return next(iter(word.tags & COUNTERS), "つ")


FORMS: dict[str, dict[str, Callable[[Word], str]]] = {
    "en": {
        "": lambda word: word.english,
        "a": lambda word: _article(word.english) if word.counted else f"some {word.english}",
        "s": lambda word: english_plural(word.english),
        "on": lambda word: f"on {word.english}" if "day" in word.tags else word.english,
        "aboard": lambda word: "on" if "aboard" in word.tags else "in",
        "his": lambda word: "her" if word.feminine else "his",
    },
    "fr": {
        "": lambda word: word.french,
        "f": lambda word: word.adjective[1],
        "art": lambda word: "la" if word.feminine else "le",  # before an adjective: le premier avion
        "un": _indefinite,
        "le": _definite,
        "s": lambda word: french_plural(word.french),
        "mon": lambda word: _possessive(word, "m"),
        "son": lambda word: _possessive(word, "s"),
        "ce": _demonstrative,
        "de": lambda word: f"de {_indefinite(word) if word.counted else word.french}",  # besoin d'un lit, besoin d'eau
    },
    "ja": {
        "": lambda word: word.japanese,
        "ni": lambda word: f"{word.japanese}に" if "day" in word.tags else word.japanese,
        "counter": _counter,
    },
}


@cache
def _parse(template: str) -> list[tuple[str, ...]]:
    """The template as (text before the hole, slot, mark, form); the last has no slot."""
    pieces = [piece or "" for piece in _HOLE.split(template)] + [""] * 3
    return [tuple(pieces[start : start + 4]) for start in range(0, len(pieces), 4)]


def fill(template: str, language: str, words: dict[str, Word]) -> str:
    """The sentence that `template` makes of `words` (slot name to word) in "en", "fr" or "ja"."""
    said = []
    for text, slot, mark, form in _parse(template):
        said.append(text)
        if mark == "~":  # a French adjective that agrees with the noun of another slot
            said.append(words[slot].adjective[words[form].feminine])
        elif slot:
            said.append(FORMS[language][form](words[slot]))
    sentence = "".join(said)
    return contract(sentence) if language == "fr" else sentence
