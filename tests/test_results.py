"""What stands in results/ is what `speech2code table` wrote there, unchanged by hand."""

import csv
from pathlib import Path

import pytest

from speech2code.report.tables import markdown, read_table

RESULTS = Path(__file__).parent.parent / "results"
TABLES = sorted(RESULTS.glob("*/table.json"))
WRITTEN = {
    "table.json",
    "table.html",
    "table.md",
    "table.csv",
    "table.tex",
    "table.png",
    "samples.md",
    "evidence.tar.xz",
}


def test_nothing_else_is_there():
    files = {path.relative_to(RESULTS) for path in RESULTS.rglob("*") if path.is_file()} - {Path("README.md")}
    assert TABLES and {path.name for path in files} <= WRITTEN
    assert {path.parent for path in files} == {path.parent.relative_to(RESULTS) for path in TABLES}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_a_table_says_what_its_cells_say(path):
    known = read_table(path)  # refuses a hash that does not fit
    assert path.with_suffix(".md").read_text(encoding="utf-8") == markdown(**known)
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        assert [line["cell"] for line in csv.DictReader(file)] == [cell["cell"] for cell in known["cells"]]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_every_cell_tells_where_it_comes_from(path):
    for cell in read_table(path)["cells"]:
        for origin in cell["origins"] if "error" not in cell else ():
            assert origin["commands"] and origin["machines"] and origin["clean"]
            assert all(len(commit) == 40 for commit in origin["commits"])
