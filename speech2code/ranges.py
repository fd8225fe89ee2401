"""Settings against what their fields say in `config.py`: of a user's, and of a stranger's model."""

from collections.abc import Mapping
from dataclasses import fields
from types import GenericAlias
from typing import Any, TypeVar, get_args

from omegaconf import MISSING

from speech2code.config import (
    BLOCK_STEPS,
    DiscriminantConfig,
    InverterConfig,
    MaskedConfig,
    Seq2SeqConfig,
    TransformerConfig,
    UnitsConfig,
    VocoderConfig,
)
from speech2code.errors import UserError

T = TypeVar("T")
LONGEST = 10_000  # tokens of a sentence that a search may be told: more than 30 s at a token each 10 ms, and a fifth


def problem(value: Any, limits: Mapping[str, Any]) -> str | None:
    """What a value should have been, by its field's metadata; None where it is possible."""
    if value in ("", MISSING):
        return "it needs a value"
    if isinstance(value, list) and any(str(each)[:1] in ("[", "{") for each in value):
        return "it is a list of words, without lists in it"
    if limits.get("choices") and value not in limits["choices"]:
        return f"choose one of {', '.join(map(str, limits['choices']))}"
    least, most = limits.get("at_least"), limits.get("at_most")
    if value is None or least is None or most is None:
        return None
    if not least <= value <= most:  # nor is NaN
        return f"it must be at least {least:,} and at most {most:,}"
    step = limits.get("multiple_of")
    return f"it must be a multiple of {step}" if step and value % step else None


def mismatch(units: UnitsConfig, vocoder: VocoderConfig, networks: Mapping[str, Seq2SeqConfig]) -> str | None:
    """Which values do not fit each other, and why; None where all do. `networks`: by their sections."""
    for section, network in networks.items():
        if isinstance(network, TransformerConfig) and network.width % network.heads:
            heads = f"{section}.heads={network.heads}"
            return f"{section}.width={network.width} is not possible; it must be a multiple of {heads}"
    if isinstance(units, DiscriminantConfig) and units.code_dim > (seen := 26 * units.context + 39):
        most = f"at most the {seen} numbers that units.context={units.context} lets it see"
        return f"units.code_dim={units.code_dim} is not possible; it must be {most}"
    if isinstance(units, MaskedConfig):
        for which, limit in (("code_dim", 2 * units.width), ("layer", units.layers)):
            if getattr(units, which) > limit:
                of = "units.layers" if which == "layer" else "2 · units.width"
                return f"units.{which}={getattr(units, which)} is not possible; it must be at most {limit} ({of})"
    if isinstance(vocoder, InverterConfig):
        variable = getattr(units, "target_unit_rate", None) is not None
        read = BLOCK_STEPS if variable else getattr(units, "time_reduction", 1)
        if read % vocoder.reduction_factor:
            divided = f"{read}, the frames read as one block" if variable else f"units.time_reduction={read}"
            return f"vocoder.reduction_factor={vocoder.reduction_factor} is not possible; it must divide {divided}"
    return None


def settings_from(document: Any, settings: type[T]) -> T:
    """A JSON object that anybody may have written → the dataclass; what is not in it has its default. UserError where a
    name is none of its fields, or a value has another type or lies outside its range."""
    if not isinstance(document, dict):
        raise UserError("settings are an object with names")
    known = {each.name: each for each in fields(settings)}  # type: ignore[arg-type]
    for name, value in document.items():
        if name not in known:
            raise UserError(f"no setting is called {name[:80]}")
        if not _is_a(value, known[name].type):
            raise UserError(f"{name} has a value of another type")
        if reason := problem(value, known[name].metadata):
            raise UserError(f"{name}={str(value)[:80]} is not possible; {reason}")
    return settings(**document)


def whole_number(value: Any, name: str, most: int = LONGEST) -> int:
    """A number of JSON that counts something; UserError where it is none from 1 to `most`."""
    if not _is_a(value, int) or not 1 <= value <= most:
        raise UserError(f"{name} must be a whole number from 1 to {most:,}")
    return value


def number(value: Any, name: str, least: float, most: float) -> float:
    """A number of JSON; UserError where it is none from `least` to `most`."""
    if not _is_a(value, float) or not least <= value <= most:
        raise UserError(f"{name} must be a number from {least:,} to {most:,}")
    return value


def _is_a(value: Any, wanted: Any) -> bool:
    """Of JSON's types: an integer is a float too, a boolean is neither."""
    if isinstance(wanted, GenericAlias):
        return isinstance(value, list) and all(isinstance(each, get_args(wanted)) for each in value)
    kinds = get_args(wanted) or (wanted,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)
