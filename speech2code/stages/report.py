"""Stage `report`: everything that the run's folder holds, on one page."""

from speech2code.compose import to_yaml
from speech2code.config import Config
from speech2code.files import write_atomically, write_json
from speech2code.report.page import write_report
from speech2code.stages.folders import run_folder
from speech2code.stages.record import seconds_of


def report(config: Config) -> None:
    """One HTML page from what the run's folder holds."""
    run = run_folder(config)
    with write_atomically(run / "config.yaml") as temporary:
        temporary.write_text(to_yaml(config) + "\n", encoding="utf-8")
    write_json(run / "seconds.json", seconds_of(run))
    print(f"report: {write_report(run)}")
