"""All stages of one experiment; those that do not need each other run side by side, one process each."""

import os
import sys
import time
from multiprocessing import get_context, set_start_method
from multiprocessing.process import BaseProcess
from pathlib import Path
from runpy import run_module

from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.evaluation.provenance import describe_run
from speech2code.files import write_json
from speech2code.stages.folders import data_folder, run_folder
from speech2code.stages.judge import HEARD
from speech2code.stages.learn import prepare
from speech2code.stages.record import RECORD, seconds_of

# PocketSphinx keeps no training from its core: it runs beside them at the lowest priority, on what they leave idle
LISTENING = tuple(f"listen {row}" for row in HEARD)
LOWEST = 19  # priority: 15 parts of a core's time where a training has 1024
# a server imports these once and every stage is a fork of it: none waits seconds for torch
HEAVY = ["speech2code.stages.learn", "speech2code.stages.speak", "speech2code.stages.judge", "lightning_fabric"]
# stage → stages it needs; in the order in which free cores take them
NEEDS = {
    "discover": (),
    "recognise": (),
    "invert": ("discover",),  # the longest first
    "translate": ("discover",),
    "synthesise": ("invert", "translate"),
    "listen original": (),
    "listen resynthesis": ("invert", "listen original"),
    "listen translation": ("synthesise", "listen resynthesis"),
    "evaluate": ("synthesise", "recognise", *LISTENING),
    "units": ("evaluate",),
    "voice": (),
    "baseline": (),
    "spell": (),
    "compare": ("baseline", "spell", "voice", "recognise"),
    "report": ("evaluate", "units"),
}
COMPARING = ("voice", "baseline", "spell", "compare")  # the paper's baseline and topline: a sweep trains them once
TEXTUAL = ("recognise", *LISTENING, "evaluate", *COMPARING)  # the stages that a corpus without text skips
CELL = tuple(name for name in NEEDS if name not in COMPARING)
USUAL = tuple(name for name in CELL if name != "units")  # measuring the units takes minutes: a sweep does it


def run(config: Config, overrides: list[str], stages: tuple[str, ...] = USUAL) -> None:
    """Prepares, then runs the stages; UserError when one fails, after the others that were running have ended."""
    began = time.monotonic()
    prepare(config)
    if not (run_folder(config) / "run.json").exists():
        write_json(run_folder(config) / "run.json", describe_run(config.trainer.seed))
    skipped = NEEDS.keys() - stages
    if not FeatureStore(data_folder(config), "test").has_text():
        skipped |= set(TEXTUAL)
        print("the corpus has no target text: nothing is scored, the report shows speech and units only", flush=True)
    _side_by_side(config, overrides, skipped)
    print(f"\n{'stage':12} seconds")
    for name, seconds in seconds_of(run_folder(config)).items():
        print(f"{name:12} {seconds:7.0f}")
    taken = f"this run took {(time.monotonic() - began) / 60:.1f} minutes"
    print(f"{taken}; open {run_folder(config) / 'report.html'}" if "report" in stages else taken)


def _side_by_side(config: Config, overrides: list[str], done: set[str]) -> None:
    waiting = [name for name in NEEDS if name not in done]
    running: dict[str, tuple[BaseProcess, int]] = {}
    failed: list[str] = []
    try:
        while running or (waiting and not failed):
            for name in [] if failed else [each for each in waiting if set(NEEDS[each]) <= done]:
                if name == "report" and _report_is_fresh(run_folder(config)):
                    waiting.remove(name)
                elif name in LISTENING or len(running.keys() - LISTENING) < config.trainer.jobs:
                    row = min(set(range(len(running) + 1)) - {taken for _, taken in running.values()})
                    running[name] = _start(name, overrides, row, config.trainer.threads), row
                    waiting.remove(name)
            time.sleep(0.2)
            for name, (process, _) in list(running.items()):
                if process.exitcode is not None:
                    del running[name]
                    (failed.append if process.exitcode else done.add)(name)
    except KeyboardInterrupt:
        for process, _ in running.values():
            process.terminate()
            process.join()  # each writes its checkpoint first
        raise
    if failed:
        raise UserError(
            f"stage {failed[0]} failed (its message stands above); the same command goes on once that is mended"
        )


def _report_is_fresh(run: Path) -> bool:
    """True where report.html is younger than every stage."""
    page = run / "report.html"
    return page.exists() and all(each.stat().st_mtime <= page.stat().st_mtime for each in run.glob(f"*/{RECORD}"))


def _start(name: str, overrides: list[str], row: int, threads: int) -> BaseProcess:
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by the server, when the first stage starts
    # also as the default, of which the child is told: one of joblib's workers has `loky` there, which no child knows
    set_start_method("forkserver", force=True)
    context = get_context()
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=_stage, args=([*name.split(), *overrides], row))
    process.start()
    if name in LISTENING:
        os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)
    return process


def _stage(arguments: list[str], row: int) -> None:
    os.environ["SPEECH2CODE_ROW"], sys.argv = str(row), ["speech2code", *arguments]
    run_module("speech2code", run_name="__main__", alter_sys=True)  # `python -m speech2code`, also for whom it starts
