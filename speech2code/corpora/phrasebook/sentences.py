"""All sentences of the phrasebook: every pattern of the YAML tables with every filling of its slots."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import yaml

from speech2code.corpora.phrasebook.grammar import Word, fill

LANGUAGES = ("en", "fr", "ja")
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Pattern:
    """One sentence pattern: `templates` by language; `slots` maps a slot's name to a group, the main slot first."""

    name: str
    situation: str
    templates: dict[str, str]
    slots: dict[str, str]


@dataclass(frozen=True)
class Sentence:
    """One sentence in three languages (`texts`), with its pattern and the keys of its fillers, the main one first."""

    pattern: str
    fillers: tuple[str, ...]
    texts: dict[str, str]

    @property
    def main(self) -> str:
        """The key of the word in the pattern's main slot."""
        return self.fillers[0]

    @cached_property
    def words(self) -> set[str]:
        """Its vocabulary in all languages: English and French words, Japanese characters."""
        latin = re.findall(r"\w+", f"{self.texts['en']} {self.texts['fr']}".replace("o'clock", "oclock").lower())
        return set(latin) | set(self.texts["ja"])


@cache
def patterns() -> tuple[Pattern, ...]:
    """The patterns of patterns.yaml, in the order of the file."""
    table = yaml.safe_load((FOLDER / "patterns.yaml").read_text(encoding="utf-8"))
    found = []
    for situation, entries in table.items():
        for name, entry in entries.items():
            templates = {language: entry[language] for language in LANGUAGES}
            found.append(Pattern(f"{situation}/{name}", situation, templates, entry["slots"]))
    return tuple(found)


@cache
def _groups() -> dict[str, tuple[Word, ...]]:
    table = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    words = {}
    for key, (french, japanese, *tags) in table["words"].items():
        words[key] = Word(key, french, japanese, frozenset(" ".join(tags).split()))
    return {name: tuple(words[key] for key in keys) for name, keys in table["groups"].items()}


def _fillings(pattern: Pattern) -> Iterator[dict[str, Word]]:
    groups = _groups()
    for chosen in product(*(groups[group] for group in pattern.slots.values())):
        if len(set(chosen)) == len(chosen):  # never "from the station to the station"
            yield dict(zip(pattern.slots, chosen))


@cache
def sentences() -> tuple[Sentence, ...]:
    """All sentences, each text once: where two fillings agree in any language, the first alone stays."""
    seen: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    found = []
    for pattern in patterns():
        for words in _fillings(pattern):
            texts = {language: fill(pattern.templates[language], language, words) for language in LANGUAGES}
            if any(texts[language] in seen[language] for language in LANGUAGES):
                continue
            for language in LANGUAGES:
                seen[language].add(texts[language])
            found.append(Sentence(pattern.name, tuple(word.key for word in words.values()), texts))
    return tuple(found)
