"""Stage `report`: everything that the run's folder holds, on one page."""

import json
from dataclasses import asdict
from pathlib import Path

from speech2code.compose import from_yaml, to_yaml
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.files import write_atomically
from speech2code.records import records_of
from speech2code.report.card import write_card
from speech2code.report.page import write_report
from speech2code.report.run_folder import RunFolder
from speech2code.stages.folders import data_folder, run_folder
from speech2code.stages.record import check_same


def report(config: Config) -> None:
    """One HTML page from what the run's folder holds; and the model's card."""
    run = run_folder(config)
    _check_made_with(config, run)
    write_settings(config)
    print(f"report: {write_report(run)}")
    write_card(RunFolder(run), data_folder(config))


def write_settings(config: Config) -> None:
    """`config.yaml`: what page and tables say of the run."""
    with write_atomically(run_folder(config) / "config.yaml") as temporary:
        temporary.write_text(to_yaml(config) + "\n", encoding="utf-8")


def _check_made_with(config: Config, run: Path) -> None:
    """The page shows these settings. UserError where the folder holds no run, one of another version, or one that was
    made with other settings."""
    records = records_of(run)
    if not records:
        raise UserError(f"{run} holds no run; `speech2code run` with the same settings makes one")
    if (run / "config.yaml").exists():
        from_yaml(run / "config.yaml")
    sections = {key: value for key, value in json.loads(json.dumps(asdict(config))).items() if isinstance(value, dict)}
    for name, record in records.items():
        for section, then in record["settings"].items():
            if section in sections and isinstance(then, dict):  # else a fingerprint: of a corpus or of a stage
                now = {key: value for key, value in sections[section].items() if key in then}
                then = {key: value for key, value in then.items() if key in now}
                check_same(run, name, {section: then}, {section: now})
