"""BCP 47 tags of languages, as far as this program reads them: language, script, region."""

import re

from speech2code.errors import UserError

_TAG = re.compile(r"([a-z]{2,3})(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")
UNKNOWN = "und"  # undetermined


def primary(tag: str) -> str:
    """ "pt-BR" → "pt", the language alone. UserError for what is no such tag."""
    match = _TAG.fullmatch(tag)
    if match is None:
        raise UserError(f"{tag!r} is no BCP 47 tag; write the language like en, fr, pt-BR or zh-Hant")
    return match[1]
