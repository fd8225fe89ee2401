"""Overrides → a checked Config: Hydra composes, dataclasses check, a mistake is one sentence."""

import re
from difflib import get_close_matches
from pathlib import Path

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from speech2code.config import TOGETHER, Config
from speech2code.errors import UserError

PACKAGE = Path(__file__).resolve().parent
FOLDER = PACKAGE / "conf" if (PACKAGE / "conf").is_dir() else PACKAGE.parent / "conf"  # in the wheel, or in a checkout
SEQ2SEQ = ("translator", "recogniser", "speller")
TRAINED = (*SEQ2SEQ, "units", "inverter", "baseline", "voice")
CHOICES = {
    "units.time_reduction": (1, 2, 4, 8, 12),
    "inverter.target_scale": ("log", "linear"),
    "inverter.loss": ("l2", "mel_huber"),
    **{f"{part}.attention": ("dot", "mlp", "mlp_history") for part in SEQ2SEQ},
    **{f"{part}.subsampling": (1, 2, 4, 8, 16) for part in SEQ2SEQ},
    **{f"{part}.fft_size": (512, 1024, 2048) for part in ("inverter", "baseline", "voice")},
    "corpus.kind": ("phrasebook", "parallel_text", "manifest"),
}
FASTEST = 50  # units a second: beyond, to change would be likelier than to stay
AT_LEAST_ONE = (
    "units.codebook_size", "units.rate", "units.code_dim", "units.width", "inverter.width", "inverter.frame_width",
    "inverter.iterations", "baseline.iterations", "voice.iterations", "baseline.width", "voice.width",
    *(f"{part}.frames_at_once" for part in ("inverter", "baseline", "voice")),
    *(f"{part}.training.batch_size" for part in TRAINED),
    "search.beam", "trainer.jobs", "trainer.threads", "trainer.devices",
)  # fmt: skip

ConfigStore.instance().store("schema", node=Config)


def compose(overrides: list[str]) -> Config:
    """`["experiment=best_fr_en", "units.codebook_size=32"]` → Config. UserError names the key, and the nearest right
    one."""
    try:
        with initialize_config_dir(str(FOLDER), version_base=None):
            composed = hydra_compose("config", overrides=overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(_sentence(error)) from error
    return to_config(composed)


def to_config(composed: DictConfig) -> Config:
    """A composed Hydra configuration → Config, values checked."""
    try:
        config = OmegaConf.to_object(composed)
    except MissingMandatoryValue as error:
        key = re.search(r"full_key: ([\w.]+)|value: ([\w.]+)", str(error))
        name = next(filter(None, key.groups())) if key else str(error)
        raise UserError(f"{name} has no value; choose an experiment (experiment=best_fr_en) or set {name}=…") from error
    for key, allowed in CHOICES.items():
        value = OmegaConf.select(composed, key)
        if value not in allowed:
            raise UserError(f"{key}={value} is not possible; choose one of {', '.join(map(str, allowed))}")
    for key in AT_LEAST_ONE:
        value = OmegaConf.select(composed, key)
        if value is not None and value < 1:
            raise UserError(f"{key}={value} is not possible; it must be at least 1")
    if config.units.rate and config.units.rate > FASTEST:
        raise UserError(
            f"units.rate={config.units.rate} is not possible; at most {FASTEST} units a second can each last two "
            "frames or more"
        )
    if config.units.rate and config.units.time_reduction != 1:
        raise UserError(
            f"units.time_reduction={config.units.time_reduction} is not possible with units.rate={config.units.rate}; "
            "units that last as long as their sound need units.time_reduction=1"
        )
    if config.units.segment_codes and not config.units.rate:
        raise UserError(
            f"units.segment_codes={config.units.segment_codes} is not possible without units.rate; only units that "
            "last as long as their sound cut speech into segments"
        )
    read = TOGETHER if config.units.rate else config.units.time_reduction
    if read % config.inverter.frames_at_once:
        raise UserError(
            f"inverter.frames_at_once={config.inverter.frames_at_once} is not possible; it must divide "
            + (f"{TOGETHER}, the frames read at once" if config.units.rate else f"units.time_reduction={read}")
        )
    return config


def from_yaml(path: Path) -> Config:
    """What `to_yaml` has written of a run. UserError where nothing has, or another version of this program."""
    if not path.exists():
        raise UserError(f"{path} is missing; `speech2code evaluate` writes it at the end of a run")
    try:
        return to_config(OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.load(path)))
    except OmegaConfBaseException as error:
        raise UserError(f"{path} is of another version: {_sentence(error)}; move that run away") from error


def to_yaml(config: Config) -> str:
    return OmegaConf.to_yaml(OmegaConf.structured(config)).rstrip()


def _sentence(error: Exception) -> str:
    """Hydra's several lines → one that a user can act on."""
    text = " ".join(str(error).split())
    cause = " ".join(str(error.__cause__ or "").split())
    missing = re.search(r"Could not find '(\w+)/([^']+)'", text)
    if missing:
        group, name = missing.groups()
        have = sorted(path.stem for path in (FOLDER / group).glob("*.yaml"))
        return (
            f"{group}={name} does not exist; choose one of {', '.join(have)}" if have else f"no group is called {group}"
        )
    unknown = re.search(r"Could not override '([\w.]+)'|Key '(\w+)' (?:is not in struct|not in '\w+')", text)
    if unknown and ("not in" in text or "not in" in cause):
        key = next(filter(None, unknown.groups()))
        near = get_close_matches(key, _keys(OmegaConf.structured(Config)), 1, 0.5)
        return f"no setting is called {key}" + (f"; did you mean {near[0]}?" if near else "; see `speech2code config`")
    return f"{text} {cause}".split(" full_key:")[0].split(" See https")[0]


def _keys(config: DictConfig, prefix: str = "") -> list[str]:
    keys = []
    for key in config:
        keys.append(prefix + key)
        if OmegaConf.is_dict(OmegaConf.to_container(config).get(key)) or isinstance(config._get_node(key), DictConfig):
            keys += _keys(config._get_node(key), f"{prefix}{key}.")
    return keys
