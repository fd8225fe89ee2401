"""`run` for every combination of comma-separated values; Hydra's multirun expands and launches the cells."""

import sys

import hydra
from omegaconf import DictConfig

from speech2code import compose
from speech2code.errors import UserError


def sweep(overrides: list[str]) -> None:
    """Each cell is an experiment of its own, `runs/<name>/<changed settings>`; any Hydra launcher may run them."""
    if not any("," in override for override in overrides):
        raise UserError("nothing to sweep: give a setting several values, e.g. units.codebook_size=32,64,128")
    sys.argv = ["speech2code", "--multirun", *overrides]
    hydra.main(config_path=str(compose.FOLDER), config_name="config", version_base=None)(_cell)()


def _cell(composed: DictConfig) -> None:
    from hydra.core.hydra_config import HydraConfig

    from speech2code.runner import run

    overrides = list(HydraConfig.get().overrides.task)
    changed = [each for each in overrides if each.split("=")[0] not in ("experiment", "name", "data", "runs")]
    name = f"{composed.name}/{'_'.join(each.replace('=', '-') for each in changed)}"
    run(compose.compose([*overrides, f"name={name}"]), [*overrides, f"name={name}"])
