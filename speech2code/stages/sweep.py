"""`run` for every combination of comma-separated values; Hydra's multirun expands and launches the cells."""

import re
import shlex
import sys
from dataclasses import asdict
from itertools import product
from pathlib import Path

import hydra
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from speech2code import compose
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.locks import hold
from speech2code.overrides import readable
from speech2code.records import origin_of
from speech2code.registry import MEASURE, RUN, judging_stages, shared_stages, stages_of
from speech2code.report.cells import FAILED, SHARED, SWEEP, coordinates, read_cells
from speech2code.report.evidence import write_evidence
from speech2code.report.samples import write_samples
from speech2code.report.table_page import write_table_page
from speech2code.report.tables import write_tables
from speech2code.stages.folders import run_folder
from speech2code.stages.machine import check_machine
from speech2code.stages.record import reuse
from speech2code.stages.report import write_settings
from speech2code.stages.runner import run_stages
from speech2code.training.checkpoints import WEIGHTS
from speech2code.workers import end_with_parent

SEED = "trainer.seed"
# the shared stages know nothing of these, or have one a seed
BEFORE = ("donor", "start")  # settings that name the run that a run goes on from
APART = ("units", "vocoder", "translator", "search", "start", SEED)
CELL = stages_of(RUN, MEASURE)
BRACKETS = "[]{}()'\" "
LONGEST = 200  # bytes of a cell's name; file systems hold 255, temporary names are longer


def sweep(overrides: list[str]) -> None:
    """Each cell is an experiment of its own, `runs/<name>/<changed settings>`; any Hydra launcher may run them.
    `seeds=0,1,2` trains each of them so many times, `seeds=3` later once more.

    The in-domain recogniser and what is read of the original are made once, for all; the paper's baseline and its
    topline once a seed. A cell that fails leaves the reason in its folder and the others go on; at the end comes the
    table, and UserError where one failed.
    """
    typed = overrides
    overrides = [_trainings(each) if each.startswith("seeds=") else each for each in overrides]
    overrides = readable(overrides, sweep=True)
    parsed = _parsed(overrides)
    swept = [each for each in parsed if each.is_sweep_override()]
    if not swept:
        raise UserError("nothing to sweep: give a setting several values, e.g. units.codebook_size=32,64,128 seeds=0,1")
    fixed = [each.input_line or "" for each in parsed if not each.is_sweep_override()]
    config = compose.compose(fixed)
    folder = Path(config.runs) / config.name
    seeds = _seeds(swept) or [config.trainer.seed]
    for what in BEFORE:
        run = getattr(config, what)
        if len(seeds) > 1 and run and not (Path(config.runs) / run / SWEEP).exists():
            raise UserError(f"{what}={run} is one training; a sweep of seeds needs a {what} with the same seeds")
    _check_cells(config, fixed, swept)
    with hold(folder):
        known = read_json(folder / SWEEP)["commands"] if (folder / SWEEP).exists() else []
        this = shlex.join(["speech2code", "sweep", *typed])
        write_json(folder / SWEEP, {"commands": [*(each for each in known if each != this), this]})
        shared = all(_apart(each) for each in swept)
        if shared:
            share(config, fixed, seeds)
        sys.argv = ["speech2code", "--multirun", *overrides]
        names = [each.key_or_group for each in swept]
        launch = hydra.main(config_path=str(compose.FOLDER), config_name="config", version_base=None)
        launch(lambda composed: _cell(composed, names, shared))()
        failed = [cell["cell"] for cell in table(folder) if "error" in cell]
    if failed:
        raise UserError(f"{', '.join(failed)} failed; the same command goes on once that is mended")


def table(folder: Path) -> list[dict]:
    """Writes the tables of the sweep or the single run in `folder` into `results/`; gives its cells. UserError where
    neither has been."""
    if (folder / SWEEP).exists():
        known = read_json(folder / SWEEP)
    elif (folder / "config.yaml").exists():
        known = {"commands": origin_of(folder)["commands"]}  # a donor's, too
    else:
        raise UserError(f"{folder} holds no sweep and no run; run `speech2code sweep` with this experiment first")
    cells, results = read_cells(folder), Path("results") / folder.name
    legend = known.get("legend", {})
    write_tables(cells, results, known["commands"], legend)
    write_table_page(cells, results / "table.html", known["commands"], legend)
    write_samples(folder, cells, results)
    write_evidence(folder, results / "evidence.tar.xz")
    return cells


def share(config: Config, overrides: list[str], seeds: list[int]) -> None:
    """Does once a seed, in `shared/seed-N` of this experiment, what depends on no unit: cells reuse it from there. The
    judge is that of the first seed, also where that was another sweep's."""
    judge = _shared(Path(config.runs) / config.name, _first(Path(config.runs) / config.name, seeds))
    for seed in seeds:
        shared = [*overrides, *named(config, f"{SHARED}/seed-{seed}"), f"{SEED}={seed}"]
        composed = compose.compose(shared)
        reuse(run_folder(composed), judge, judging_stages())
        run_stages(composed, shared, shared_stages())
        write_settings(composed)


def _first(sweep: Path, seeds: list[int]) -> int:
    """The first seed that has a judge, or will have one. Unpacked evidence has its record, and no weights."""
    judges = (path.parent.parent.name for path in (sweep / SHARED).glob(f"seed-*/recogniser/{WEIGHTS}"))
    return min((int(name.removeprefix("seed-")) for name in judges), default=seeds[0])


def _shared(sweep: Path, seed: int) -> Path:
    return sweep / SHARED / f"seed-{seed}"


def named(sweep: Config | DictConfig, cell: str) -> list[str]:
    """What tells a cell from its sweep: its folder, and the run before it: its like in that one's sweep, or that run
    itself where it is a single one."""
    names = [f"name={sweep.name}/{cell}"]
    for what in BEFORE:
        if run := getattr(sweep, what):
            is_sweep = (Path(sweep.runs) / run / SWEEP).exists()
            names.append(f"{what}={run}/{cell}" if is_sweep else f"{what}={run}")
    return names


def _parsed(overrides: list[str]) -> list[Override]:
    try:
        with initialize_config_dir(str(compose.FOLDER), version_base=None):
            files = GlobalHydra.instance().config_loader()  # which `units=glob(*)` asks
        return OverridesParser.create(files).parse_overrides(overrides)
    except HydraException as error:
        raise UserError(f"sweep takes key=value, several values with commas: {' '.join(str(error).split())}") from error


def _check_cells(config: Config, fixed: list[str], swept: list[Override]) -> None:
    """UserError where a combination is not possible, here or at all, or two would share a folder."""
    taken: dict[str, str] = {}
    for changed in product(*(_values(each) for each in swept)):
        cell, words = cell_name(list(changed)), " ".join(changed)
        if cell in taken:
            raise UserError(f"{taken[cell]} and {words} would share the folder {cell}; choose another value")
        if len(cell.encode()) > LONGEST:
            raise UserError(f"{words} makes too long a name for a folder; choose shorter values")
        taken[cell] = words
        check_machine(compose.compose([*fixed, *changed, *named(config, cell)]))


def _values(swept: Override) -> list[str]:
    """Every value of a setting as an override; of an interval, which some sweepers draw from, both ends."""
    known, key = swept.value(), swept.get_key_element()
    ends = [known.start, known.end] if isinstance(known, IntervalSweep) else swept.sweep_string_iterator()
    return [f"{key}={value}" for value in ends]


def cell_name(changed: list[str]) -> str:
    """`["units.codebook_size=32", "splits=[dev,test]"]` → "units.codebook_size-32_splits-dev-test", a safe name."""
    pairs = [each.partition("=") for each in changed]
    return "_".join(re.sub(r"[^\w.+:-]+", "-", f"{key}={value.strip(BRACKETS)}") for key, _, value in pairs)


def _trainings(override: str) -> str:
    """`seeds=0,1` as Hydra sweeps it; `seeds=2` too is one training of several."""
    values = override.removeprefix("seeds=")
    return f"{SEED}={values}" if {*values} & {*",("} else f"{SEED}=choice({values})"


def _seeds(swept: list[Override]) -> list[int]:
    """The seeds that are swept, in order; none where they are not."""
    values = [value for each in swept if each.key_or_group == SEED for value in each.sweep_string_iterator()]
    if wrong := [value for value in values if not str(value).isdecimal()]:
        raise UserError(f"seeds={wrong[0]} is no seed; give whole numbers, such as seeds=0,1,2")
    return [int(value) for value in values]


def _apart(swept: Override) -> bool:
    return swept.key_or_group in APART or swept.key_or_group.split(".")[0] in APART


def _cell(composed: DictConfig, swept: list[str], shared: bool) -> None:
    """One combination, as Hydra composed it; `shared`: whether it reuses what was done once."""
    from hydra.core.hydra_config import HydraConfig

    end_with_parent()  # of another launcher's workers
    compose.register()  # there too
    overrides = list(HydraConfig.get().overrides.task)
    changed = [each for each in overrides if each.split("=")[0] in swept]
    for override in named(composed, cell_name(changed)):
        overrides.append(override)
        OmegaConf.update(composed, *override.split("=", 1))
    config = compose.to_config(composed)
    sys.argv = ["speech2code", "run", *overrides]  # what makes this cell alone: its records say so
    folder = Path(config.runs) / config.name
    if shared:
        reuse(folder, _shared(folder.parent, config.trainer.seed), shared_stages())
    (folder / FAILED).unlink(missing_ok=True)
    try:
        run_stages(config, overrides, CELL, wait=True)  # cells may share a corpus that none has prepared yet
    except UserError as error:
        write_json(folder / FAILED, coordinates(asdict(config)) | {"error": str(error)})
        print(f"{config.name} failed: {error}", file=sys.stderr, flush=True)
