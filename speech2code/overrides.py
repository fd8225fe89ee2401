"""What is typed, `key=value`, → overrides that Hydra reads as they were meant. Text stays the text that was typed."""

import re
import shlex
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from speech2code.builders import SECTIONS, settings_class
from speech2code.config import Config
from speech2code.errors import UserError

GROUPS = ("experiment", "corpus", *SECTIONS)  # folders of conf/
TEXT = (str, str | None)
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # line breaks, and bytes that are no UTF-8


@cache
def setting_types() -> dict[str, Any]:
    """Every setting of every kind, such as "units.training.steps" → its type."""
    kinds = [(section, settings_class(section, kind)) for section, kinds in SECTIONS.items() for kind in kinds]
    found = types_of(Config)
    for section, settings in kinds:
        found |= types_of(settings, f"{section}.")
    return found


def types_of(settings: type, prefix: str = "") -> dict[str, Any]:
    """Dataclass → its settings and those of the dataclasses in it, with their types."""
    found: dict[str, Any] = {}
    for each in fields(settings):
        found[prefix + each.name] = each.type
        if isinstance(each.type, type) and is_dataclass(each.type):
            found |= types_of(each.type, f"{prefix}{each.name}.")
    return found


def readable(overrides: list[str], sweep: bool = False) -> list[str]:
    """The same overrides, text in quotes where Hydra's grammar would read it as something else or not at all.

    `sweep`: commas separate values. UserError, with the quoted form, where nobody can tell what is meant.
    """
    return [_readable(each, sweep) for each in overrides]


def _readable(override: str, sweep: bool) -> str:
    if UNPRINTABLE.search(override):
        raise UserError(f"{override!r} holds signs that cannot be printed; give it another name")
    key, equals, value = override.partition("=")
    if key in GROUPS and "${" in value:
        raise UserError(f"{key}={value} is not possible; give the name itself, without ${{…}}")
    known, several = _parsed(override), sweep and "," in value
    if known and (known.is_sweep_override() if sweep else _means(known, value)):
        return override
    if equals and _is_text(key) and not several and not _is_hydras(key, value):
        return f"{key}={_quoted(value)}"
    if known is None:
        raise UserError(_advice(key, equals, value))
    if known.is_sweep_override() and not sweep:
        raise UserError(f"{override} names several values; `speech2code sweep` tries one after the other")
    return override


def _parsed(override: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(override)
    except (HydraException, ValueError, RecursionError):
        return None


def _means(known: Override, typed: str) -> bool:
    return not known.is_sweep_override() and known.value() == typed


def _is_text(key: str) -> bool:
    return key in GROUPS or setting_types().get(key) in TEXT


def _is_hydras(key: str, value: str) -> bool:
    """Whether the value is written in Hydra's way already: in quotes, null, or what a group may be beside a name."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    null = value == "null" and setting_types().get(key) is not str
    return quoted or null or (key in GROUPS and value.startswith(("[", "{")))


def _quoted(value: str) -> str:
    return QuotedString(value, Quote.double).with_quotes()


def _advice(key: str, equals: str, value: str) -> str:
    """For an override that Hydra's grammar does not know."""
    if not equals:
        return f"{key} is no setting with a value; say {key}=…"
    inner = value.removeprefix("[").removesuffix("]") if value.startswith("[") else value
    parts = ",".join(_quoted(re.sub("[\"'\\[\\]]", "", each).strip()) for each in inner.split(","))
    meant = f"{key}=[{parts}]" if value.startswith("[") else f"{key}={parts}"
    return f"{key}={value} cannot be read; text with signs beside letters and digits needs quotes: {shlex.quote(meant)}"
