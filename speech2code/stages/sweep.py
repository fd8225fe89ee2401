"""`run` for every combination of comma-separated values; Hydra's multirun expands and launches the cells."""

import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from speech2code import compose
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.registry import MEASURE, RUN, shared_stages, stages_of
from speech2code.report.cells import FAILED, SHARED, coordinates, read_cells
from speech2code.report.samples import write_samples
from speech2code.report.tables import write_tables
from speech2code.stages.record import reuse
from speech2code.stages.runner import run_stages

COMMAND = "sweep.json"  # how to make the sweep again
APART = ("units", "vocoder", "translator", "search")  # sections that the shared stages know nothing of
CELL = stages_of(RUN, MEASURE)


def sweep(overrides: list[str]) -> None:
    """Each cell is an experiment of its own, `runs/<name>/<changed settings>`; any Hydra launcher may run them.

    The in-domain recogniser, what is read of the original, the paper's baseline and its topline are made once, for all.
    A cell that fails leaves the reason in its folder and the others go on; at the end comes the table, and UserError
    where one failed.
    """
    parsed = OverridesParser.create().parse_overrides(overrides)
    swept = [each for each in parsed if each.is_sweep_override()]
    if not swept:
        raise UserError("nothing to sweep: give a setting several values, e.g. units.codebook_size=32,64,128")
    fixed = [each.input_line or "" for each in parsed if not each.is_sweep_override()]
    config = compose.compose(fixed)
    folder = Path(config.runs) / config.name
    write_json(folder / COMMAND, {"command": shlex.join(["speech2code", "sweep", *overrides])})
    if _can_share(swept):
        share(config, fixed)
    sys.argv = ["speech2code", "--multirun", *overrides]
    names = [each.key_or_group for each in swept]
    launch = hydra.main(config_path=str(compose.FOLDER), config_name="config", version_base=None)
    launch(lambda composed: _cell(composed, names))()
    failed = [cell["cell"] for cell in table(folder) if "error" in cell]
    if failed:
        raise UserError(f"{', '.join(failed)} failed; the same command goes on once that is mended")


def table(folder: Path) -> list[dict]:
    """Writes the tables of the sweep in `folder`; gives its cells. Raises UserError where no sweep has been."""
    if not (folder / COMMAND).exists():
        raise UserError(f"{folder} holds no sweep; run `speech2code sweep` with this experiment first")
    cells = read_cells(folder)
    results = Path("results") / folder.name
    write_tables(cells, results, read_json(folder / COMMAND)["command"])
    write_samples(folder, cells, results)
    return cells


def share(config: Config, overrides: list[str]) -> None:
    """Does once, in the folder `shared` of this experiment, what depends on no unit: cells reuse it from there."""
    shared = [*overrides, *named(config, SHARED)]
    run_stages(compose.compose(shared), shared, shared_stages())


def named(sweep: Config | DictConfig, cell: str) -> list[str]:
    """What tells a cell from its sweep: its folder, and the donor of its target side: its like in the donor's sweep, or
    the donor itself where that is a single run."""
    names = [f"name={sweep.name}/{cell}"]
    if sweep.donor:
        is_sweep = (Path(sweep.runs) / sweep.donor / COMMAND).exists()
        names.append(f"donor={sweep.donor}/{cell}" if is_sweep else f"donor={sweep.donor}")
    return names


def _can_share(swept: list[Override]) -> bool:
    return all(each.key_or_group.split(".")[0] in APART for each in swept)


def _cell(composed: DictConfig, swept: list[str]) -> None:
    """One combination, as Hydra composed it."""
    from hydra.core.hydra_config import HydraConfig

    compose.register()  # also in another launcher's workers
    overrides = list(HydraConfig.get().overrides.task)
    changed = [each for each in overrides if each.split("=")[0] in swept]
    cell = "_".join(each.replace("=", "-").replace("/", "-") for each in changed)
    for override in named(composed, cell):
        overrides.append(override)
        OmegaConf.update(composed, *override.split("=", 1))
    config = compose.to_config(composed)
    sys.argv = ["speech2code", "run", *overrides]  # what makes this cell alone: its records say so
    folder = Path(config.runs) / config.name
    reuse(folder, folder.parent / SHARED, shared_stages())
    (folder / FAILED).unlink(missing_ok=True)
    try:
        run_stages(config, overrides, CELL)
    except UserError as error:
        write_json(folder / FAILED, coordinates(asdict(config)) | {"error": str(error)})
        print(f"{config.name} failed: {error}", file=sys.stderr, flush=True)
