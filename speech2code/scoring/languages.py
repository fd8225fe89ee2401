"""What scoring knows of languages, by the primary subtag of their BCP 47 tag ("fr-CA" → "fr")."""

from speech2code.bcp47 import primary


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Written without spaces between words: one character is one token.
WITHOUT_SPACES = _codes("ja zh cmn yue wuu nan hak gan hsn th lo km my shn")
# An apostrophe ends a word and is part of it: l'homme = l' homme.
ELIDING = _codes("fr it ca oc co wa frp pms lij lmo nap scn sc fur vec")
DOTTED_I = frozenset({"tr", "az"})  # I without a dot is another letter than i

# "1.234,5" where it stands here, "1,234.5" elsewhere
DECIMAL_COMMA = _codes(
    "fr de es it pt nl da sv no nb nn fi pl cs sk hu ro ru uk be bg hr sr bs sl mk sq lt lv et is fo ca gl eu oc tr "
    "az kk uz id vi el eo af ka hy tg tet ce km lb"
)
SPACED_THOUSANDS = _codes("fr ru uk be bg pl cs sk sv no nb nn fi hu lt lv et eo kk tg")

PERCENT = {
    "en": "percent", "fr": "pour cent", "de": "prozent", "es": "por ciento", "it": "per cento", "pt": "por cento",
    "ca": "per cent", "nl": "procent", "sv": "procent", "da": "procent", "no": "prosent", "nb": "prosent",
    "pl": "procent", "ru": "процентов", "uk": "відсотків", "ar": "بالمئة", "ja": "パーセント", "ko": "퍼센트",
}  # fmt: skip
AND = {
    "en": "and", "fr": "et", "de": "und", "es": "y", "it": "e", "pt": "e", "ca": "i", "nl": "en", "sv": "och",
    "da": "og", "no": "og", "nb": "og", "pl": "i", "ru": "и", "uk": "і", "ar": "و",
}  # fmt: skip


def has_spaces(language: str | None) -> bool:
    """Whether spaces part its words; None stands for text whose tokens stand between spaces."""
    return language is None or primary(language) not in WITHOUT_SPACES
