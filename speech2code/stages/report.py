"""Stage `report`: everything that the run's folder holds, on one page."""

import time

from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.files import read_json, write_atomically, write_json
from speech2code.provenance import describe_run
from speech2code.report.page import write_report
from speech2code.stages.folders import run_folder
from speech2code.stages.record import seconds_of


def report(config: Config) -> None:
    """One HTML page from what the run's folder holds; the times of all stages go into `scores.json`."""
    run, began = run_folder(config), time.monotonic()
    with write_atomically(run / "config.yaml") as temporary:
        temporary.write_text(to_yaml(config) + "\n", encoding="utf-8")
    write_json(run / "seconds.json", seconds_of(run))
    if not (run / "run.json").exists():
        write_json(run / "run.json", describe_run(config.trainer.seed))
    print(f"report: {write_report(run)}")
    if (run / "scores.json").exists():
        seconds = seconds_of(run) | {"report": round(time.monotonic() - began, 2)}
        write_json(run / "scores.json", read_json(run / "scores.json") | {"seconds": seconds})
