"""Overrides → a checked Config: Hydra composes, dataclasses check, a mistake is one sentence."""

import re
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from speech2code.baselines.pretrained import check_cascade
from speech2code.bcp47 import primary
from speech2code.builders import RECOGNISERS, SECTIONS, judges_of, settings_class
from speech2code.config import Config
from speech2code.corpora.pairs import SPLITS
from speech2code.errors import UserError
from speech2code.overrides import readable, setting_types, types_of
from speech2code.ranges import mismatch, problem
from speech2code.registry import BASELINES, ROW, ROWS

PACKAGE = Path(__file__).resolve().parent
FOLDER = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"  # in the wheel, or in a checkout


def register() -> None:
    """Makes every kind of every section known to Hydra, as a choice of the group of that name."""
    store = ConfigStore.instance()
    store.store("schema", node=Config)
    for section, kinds in SECTIONS.items():
        for kind in kinds:
            store.store(kind, node=settings_class(section, kind), group=section)


def compose(overrides: list[str]) -> Config:
    """`["experiment=best_fr_en", "units.codebook_size=32"]` → Config. UserError names the key, and the nearest right
    one."""
    register()
    overrides = readable(overrides)
    try:
        with initialize_config_dir(str(FOLDER), version_base=None):
            composed = hydra_compose("config", overrides=overrides)
    except (HydraException, OmegaConfBaseException, ValueError, OverflowError, RecursionError) as error:
        raise UserError(_sentence(error)) from error
    return to_config(composed)


def to_config(composed: DictConfig) -> Config:
    """A composed Hydra configuration → Config, values checked."""
    try:
        config: Any = OmegaConf.to_object(composed)
    except MissingMandatoryValue as error:
        key = re.search(r"full_key: ([\w.]+)|value: ([\w.]+)", str(error))
        name = next(filter(None, key.groups())) if key else str(error)
        raise UserError(f"{name} has no value; choose an experiment (experiment=best_fr_en) or set {name}=…") from error
    except (OmegaConfBaseException, OverflowError, RecursionError) as error:
        raise UserError(_sentence(error)) from error
    _check_values(config)
    _check_together(config)
    return config


def _check_values(settings: Any, prefix: str = "") -> None:
    """Each value against what its field says in `config.py`."""
    known = {each.name: each for each in fields(settings)}
    if unknown := [name for name in vars(settings) if name not in known]:
        raise UserError(_unknown(prefix + unknown[0]))
    for name, each in known.items():
        value, key = getattr(settings, name), prefix + name
        if is_dataclass(each.type):
            if not isinstance(value, cast(type, each.type)):  # an interpolation may give anything
                raise UserError(f"{key} is a section, and cannot be a value; set one of its settings, {key}.…=…")
            _check_values(value, f"{key}.")
        elif reason := problem(value, each.metadata):
            raise UserError(f"{key}={value} is not possible; {reason}")


def _check_together(config: Config) -> None:
    """Values that only fit some others, and those that no list of choices can hold."""
    for section in SECTIONS:
        settings = getattr(config, section)
        meant = settings_class(section, settings.kind)  # compared by fields: workers of joblib get copies of classes
        if [each.name for each in fields(settings)] != [each.name for each in fields(meant)]:
            raise UserError(f"{section}.kind={settings.kind} lacks its settings; say {section}={settings.kind}")
    _check_judging(config)
    networks = {section: getattr(config, section) for section in ("translator", "recogniser", "topline_stt")}
    if reason := mismatch(config.units, config.vocoder, networks):
        raise UserError(reason)
    _check_start(config)


def _check_start(config: Config) -> None:
    """Whether a training can begin where another has ended."""
    if config.start and config.donor:
        raise UserError("start and donor do not go together: what a donor gives is not trained again; choose one")
    learns_codes = hasattr(config.units, "ema_decay") and not vars(config.units).get("segment_codes")
    if config.start and not learns_codes:
        raise UserError(
            f"start={config.start}: units={config.units.kind} finds its clusters anew, and what another run knows of "
            "its units then means nothing; take units=vqvae or units=segmental, or leave start out"
        )


def _check_judging(config: Config) -> None:
    """Languages, splits and recognisers."""
    for side in ("source", "target"):
        try:
            primary(getattr(config.corpus, side))
        except UserError as error:
            raise UserError(f"corpus.{side}: {error}") from error
    judged = SPLITS[1:]  # all but train
    for split in config.splits:
        if split not in judged:
            raise UserError(f"splits: {split} cannot be judged; choose among {', '.join(judged)}")
    if "test" not in config.splits:
        raise UserError("splits lacks test, which every score and measure is of; add it")
    for name in config.recognisers:
        if name not in RECOGNISERS:
            raise UserError(f"recognisers: no recogniser is called {name}; choose among {', '.join(RECOGNISERS)}")
    rows = [row.name for row in ROWS if row.group == BASELINES]
    for name in config.baselines:
        if name not in rows:
            raise UserError(f"baselines: nothing is called {name}; choose among {', '.join(rows)}")
    if not config.recognisers:
        raise UserError(f"recognisers=[] leaves nobody to judge; choose among {', '.join(RECOGNISERS)}")
    cascades = [ROW[name] for name in config.baselines if ROW[name].cascade]
    if "whisper" in judges_of(config) or cascades:
        from speech2code.recognisers.whisper import check_model

        check_model(config.whisper)
    for row in cascades:
        check_cascade(config, row)


def from_yaml(path: Path) -> Config:
    """What `to_yaml` has written of a run. UserError where nothing has, or another version of this program."""
    if not path.exists():
        raise UserError(f"{path} is missing; `speech2code report` writes it at the end of a run")
    try:
        known: Any = OmegaConf.load(path)
        schema = OmegaConf.structured(Config)
        for section in SECTIONS:
            schema[section] = settings_class(section, known[section]["kind"])
        merged: Any = OmegaConf.merge(schema, known)
        return to_config(merged)
    except (OmegaConfBaseException, KeyError, TypeError) as error:
        raise UserError(f"{path} is of another version: {_sentence(error)}; move that run away") from error


def to_yaml(config: Config) -> str:
    return OmegaConf.to_yaml(OmegaConf.structured(config)).rstrip()


def choices(group: str) -> list[str]:
    """What `group=` may be: the section's kinds, and the presets in `conf/`."""
    return sorted({*SECTIONS.get(group, ()), *(path.stem for path in (FOLDER / group).glob("*.yaml"))})


def _sentence(error: Exception) -> str:
    """Hydra's several lines → one that a user can act on."""
    text = " ".join(str(error).split())
    cause = " ".join(str(error.__cause__ or "").split())
    missing = re.search(r"Could not find '(\w+)/([^']+)'", text)
    if missing:
        group, name = missing.groups()
        have = choices(group)
        return (
            f"{group}={name} does not exist; choose one of {', '.join(have)}" if have else f"no group is called {group}"
        )
    unknown = re.search(r"Could not override '([\w.]+)'|Key '(\w+)' (?:is not in struct|not in '\w+')", text)
    if unknown and ("not in" in text or "not in" in cause):
        return _unknown(next(filter(None, unknown.groups())))
    place = re.search(r" full_key: ([\w.]+)", text)
    key = getattr(error, "full_key", None) or (place and place[1])
    told = f"{text} {cause}".split(" full_key:")[0].split(" See https")[0].strip()
    return told if key is None or key in told else f"{key}: {told}"


def _unknown(key: str) -> str:
    """What to say of a setting that is none, or one of another kind."""
    if kinds := _kinds_with(key):
        return f"{key} is a setting of {' and '.join(kinds)} only; choose that, or leave {key} away"
    near = get_close_matches(key, [each for each in setting_types() if each != key], 1, 0.5)
    return f"no setting is called {key}" + (f"; did you mean {near[0]}?" if near else "; see `speech2code config`")


def _kinds_with(key: str) -> list[str]:
    """ "units.segment_codes" → ["units=segmental"]: the kinds of its section that have this setting."""
    section, _, name = key.partition(".")
    return [
        f"{section}={kind}" for kind in SECTIONS.get(section, ()) if name in types_of(settings_class(section, kind))
    ]
