"""The settings in speech2code/config.py, speech2code/builders.py and conf/ → docs/configuration.md.

python docs/generate_configuration.py            # writes the page
python docs/generate_configuration.py --check    # fails where the page is not what it would write
"""

import sys
from dataclasses import MISSING as NOTHING
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from omegaconf import MISSING

from speech2code.builders import SECTIONS, settings_class
from speech2code.compose import FOLDER
from speech2code.config import Config, RecogniserConfig, Seq2SeqConfig, TrainingConfig

PAGE = Path(__file__).with_name("configuration.md")
GROUPS = ("experiment", "corpus", "units", "vocoder", "translator", "recogniser", "topline_stt")  # folders of conf/
HEAD = """# Configuration

<!-- Made by docs/generate_configuration.py from speech2code/config.py, speech2code/builders.py and conf/. Do not edit:
change the settings there and run `make docs`. -->

Every setting stands once, in `speech2code/config.py`, with its type and its default. The command line changes it:

```
speech2code run experiment=best_fr_en name=mine units.codebook_size=64 translator.training.steps=4000
```

`units=kmeans` chooses another kind of a part, and `units=segmental_512` a preset: a file in `conf/` with settings that
belong together. A kind or a preset comes first, single settings come on top. `speech2code config`, followed by the same
words, prints the settings as a run would use them. A misspelt name or an impossible value is answered in one sentence
before any work begins.

A default of `–` means that the setting needs a value from you, from the experiment or from a preset. `null` means
"none". A folder in `runs/` belongs to one set of settings: a changed experiment needs a `name` of its own.
"""
TRAINING = "any setting of [a training](#training)"
PRESETS = "Files in `conf/`. Each holds only what differs from what it begins with: a kind, or another file."
TABLE = ["| setting | type | default | possible | what it is |", "|---|---|---|---|---|"]


def main(arguments: list[str]) -> None:
    text = page()
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit(f"{PAGE.name} is stale; run `python docs/generate_configuration.py`")
    elif arguments:
        sys.exit("generate_configuration.py takes nothing, or --check")
    else:
        PAGE.write_text(text, encoding="utf-8")


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## The experiment", _doc(Config), _table(Config, "")]
    for section, kinds in _sections():
        parts += [f"## {section}", *kinds]
    parts += ["## training", _doc(TrainingConfig), _table(TrainingConfig, "…training.")]
    parts += ["## Presets", PRESETS, _usual()]
    for group in GROUPS:
        parts += [f"### {group}=…", _presets(group)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _sections() -> list[tuple[str, list[str]]]:
    """Heading → paragraphs, in the order of `Config`; sections with the same kinds or the same dataclass share one."""
    found: dict[int, list[str]] = {}  # kinds or dataclass → the sections that have them
    known: dict[str, Any] = {each.name: SECTIONS.get(each.name, each.type) for each in fields(Config)}
    for name, what in known.items():
        if name in SECTIONS or is_dataclass(what):
            found.setdefault(id(what), []).append(name)
    pages = []
    for names in found.values():
        first, body = names[0], []
        also = f" {_listed(names)} have the same settings; below stand those of `{first}`." if len(names) > 1 else ""
        if first in SECTIONS:
            body.append(f"Kinds: {', '.join(f'`{first}={kind}`' for kind in SECTIONS[first])}.{also}")
            if "recogniser" in names:
                body += [
                    f"`recogniser` has more: {_doc(RecogniserConfig)}",
                    _table(RecogniserConfig, "recogniser.", but=Seq2SeqConfig),
                ]
            for kind in SECTIONS[first]:
                settings = settings_class(first, kind)
                body += [f"### {first}={kind}", _doc(settings), _table(settings, f"{first}.", chosen=kind)]
        else:
            body += [_doc(known[first]) + also, _table(known[first], f"{first}.")]
        pages.append((" · ".join(names), body))
    return pages


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:-1]) + f" and `{names[-1]}`"


def _doc(settings: type) -> str:
    return " ".join((settings.__doc__ or "").split())


def _table(settings: type, prefix: str, chosen: str = "", but: type | None = None) -> str:
    """`but`: whose settings stand elsewhere."""
    rows, elsewhere = list(TABLE), {each.name for each in fields(but)} if but else set()
    for each in fields(settings):
        if each.name in elsewhere:
            continue
        if each.type is TrainingConfig:
            rows += _training(each, prefix)
        elif is_dataclass(each.type) or (settings is Config and each.name in SECTIONS):
            continue  # a section of its own
        elif each.name == "kind" and chosen:
            continue  # stands in the heading
        else:
            rows.append(_row(prefix + each.name, each, _default(each)))
    return "\n".join(rows)


def _training(each: Field, prefix: str) -> list[str]:
    """Rows for what a training of this kind has of its own, and one for the rest."""
    mine, usual = _default(each), TrainingConfig()
    rows = [
        _row(f"{prefix}training.{field.name}", field, getattr(mine, field.name))
        for field in fields(TrainingConfig)
        if getattr(mine, field.name) != getattr(usual, field.name)
    ]
    return [*rows, f"| `{prefix}training.…` | | | | {TRAINING} |"]


def _row(name: str, each: Field, default: Any) -> str:
    help = str(each.metadata.get("help", "")).replace("|", "\\|")
    return f"| `{name}` | {_type(each.type)} | {_value(default)} | {_possible(each.metadata)} | {help} |"


def _default(each: Field) -> Any:
    return each.default if each.default_factory is NOTHING else each.default_factory()  # type: ignore[operator]


def _type(kind: Any) -> str:
    inner = get_args(kind)
    if type(None) in inner:
        return f"{_type(next(each for each in inner if each is not type(None)))} or null"
    if inner:
        return f"list of {_type(inner[0])}"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    return names.get(kind.__name__, kind.__name__)


def _value(value: Any) -> str:
    if value == MISSING:
        return "–"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """As it stands in a YAML file."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _possible(limits: Any) -> str:
    if limits.get("choices"):
        return ", ".join(f"`{each}`" for each in limits["choices"])
    bounds = [f"{sign} {limits[name]}" for sign, name in (("≥", "at_least"), ("≤", "at_most"))
              if limits.get(name) is not None]  # fmt: skip
    return ", ".join(bounds)


def _usual() -> str:
    """What conf/config.yaml sets for every experiment."""
    known = yaml.safe_load((FOLDER / "config.yaml").read_text(encoding="utf-8"))
    chosen = [f"`{group}={name}`" for group, name in _choices(known.pop("defaults")) if group in GROUPS and name]
    known.pop("hydra", None)
    rest = [f"`{each}`" for each in _flat(known)]
    return f"Every experiment begins with {', '.join([*chosen, *rest])} (`conf/config.yaml`)."


def _presets(group: str) -> str:
    rows = [f"| `{group}=…` | what it is | it begins with | it sets |", "|---|---|---|---|"]
    for path in sorted((FOLDER / group).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        known = yaml.safe_load(text) or {}
        before = [
            f"`{name}`" if base == group or not base else f"`{base}={name}`"
            for base, name in _choices(known.pop("defaults", []))
        ]
        sets = [f"`{each}`" for each in _flat(known, "" if group == "experiment" else f"{group}.")]
        rows.append(f"| `{path.stem}` | {_comment(text)} | {', '.join(before)} | {', '.join(sets)} |")
    return "\n".join(rows)


def _choices(defaults: list) -> list[tuple[str, str]]:
    """Hydra's list of defaults → (group, name); group "" where it is that of the file."""
    found = []
    for each in defaults:
        if isinstance(each, dict):
            [(group, name)] = each.items()
            group = group.removeprefix("override ").removeprefix("/")
            if not group.startswith("hydra"):
                found.append((group, name))
        elif each not in ("_self_", "schema"):
            found.append(("", each))
    return found


def _flat(known: dict, prefix: str = "") -> list[str]:
    """Nested settings → "key=value" each."""
    found = []
    for key, value in known.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}={_shown(value)}"]
    return found


def _shown(value: Any) -> str:
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(_yaml(value))


def _comment(text: str) -> str:
    """The sentences at the head of a file."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line.removeprefix("#").strip())
    return " ".join(lines).replace("|", "\\|")


if __name__ == "__main__":
    main(sys.argv[1:])
