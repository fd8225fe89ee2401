"""The page of a sweep's table: every figure of the table, heat maps where there is a grid, sorted by a click."""

import copy
import re
from pathlib import Path

import pytest
from browser import NEEDED, opened, serious

from speech2code.report.table_page import write_table_page
from speech2code.report.tables import read_table

TABLE = Path(__file__).parents[2] / "results/fr_en/table.json"


@pytest.fixture
def sweep() -> dict:
    """A real table, its three kinds of units moved onto a grid of sizes and reductions; one cell has failed."""
    known = copy.deepcopy(read_table(TABLE))
    ours = [cell for cell in known["cells"] if cell["row"] == "translation"]
    for cell, place in zip(ours, ((32, 4), (32, 8), (64, 4), (64, 8))):
        cell |= dict(zip(("codebook_size", "time_reduction"), place))
    failed = {name: ours[0][name] for name in ("pair", "corpus", "units", "translator", "vocoder")}
    known["cells"].append(
        failed
        | {"row": "translation", "cell": "<broken>", "error": "no <space>", "codebook_size": 64, "time_reduction": 8}
    )
    known["legend"] = {"<broken>": "what broke & why"}
    return known


def bleu(known: dict, reader: str) -> list[str]:
    return [
        f"{cell['scores']['test'][reader]['bleu']:.1f}"
        for cell in known["cells"]
        if cell["row"] == "translation" and "scores" in cell
    ]


def test_it_holds_what_the_table_holds(sweep, tmp_path):
    write_table_page(path=tmp_path / "mine/table.html", **sweep)
    html = (tmp_path / "mine/table.html").read_text(encoding="utf-8")
    assert "<h1>mine</h1>" in html and "http" not in html
    assert html.count("<figure") == 3  # a heat map for each recogniser
    for reader in ("in_domain", "pocketsphinx", "whisper"):
        section = re.search(rf"<h2>Read by {reader}</h2>.*?</section>", html, re.DOTALL)
        assert section and all(f">{value} [" in section[0] for value in bleu(sweep, reader))
    assert "<b>&lt;broken&gt; failed:</b> no &lt;space&gt;" in html and "what broke &amp; why" in html
    assert all(command.split()[0] in html for command in sweep["commands"])
    assert (
        html.count('<tr class="key">') == html.count("★</th>") + html.count(" ★<small>") == 4
    )  # the best, once a table


def test_without_a_grid_there_is_no_heat_map(tmp_path):
    write_table_page(path=tmp_path / "mine/table.html", **read_table(TABLE))
    assert "<figure" not in (tmp_path / "mine/table.html").read_text(encoding="utf-8")


@NEEDED
def test_it_sorts_and_keeps_nobody_out(sweep, tmp_path):
    write_table_page(path=tmp_path / "mine/table.html", **sweep)
    with opened() as browser:
        page = browser.new_page()
        page.goto((tmp_path / "mine/table.html").as_uri())
        assert not serious(page)
        read = page.get_by_role("region", name="Read by whisper")
        read.get_by_role("button", name="WER").click()
        shown = read.locator("tbody tr").first.inner_text()
        worst = max(cell["scores"]["test"]["whisper"]["wer"] for cell in sweep["cells"] if "scores" in cell)
        assert f"{worst:.1f} [" in shown
