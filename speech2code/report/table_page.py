"""A sweep's table as one HTML page: heat maps, a table a recogniser that sorts by a click, shaded by its figures."""

import re
from functools import partial
from pathlib import Path

from speech2code.files import write_atomically
from speech2code.report import figures
from speech2code.report.heat_map import draw_heat_map, inches, sizes_and_reductions
from speech2code.report.page import template
from speech2code.report.tables import HEAD, columns, remarks, shown

FIRST = re.compile(r"-?\d+(\.\d+)?")  # the figure before its interval
MISSING = "–"
UNSHADED = ("p", "± over seeds", "the paper: BLEU / METEOR")  # larger is no more
PLAIN = str.maketrans("", "", "*`")  # Markdown's marks


def write_table_page(cells: list[dict], path: Path, commands: list[str], legend: dict[str, str]) -> None:
    """Cells (`read_cells`), the commands that make them, what `legend` says of them → one HTML file at `path` that
    needs no network."""
    forms = columns(cells)
    readers = list(dict.fromkeys(where[2] for where in forms.values() if where[2]))
    groups = {
        f"Read by {name}": {each.removesuffix(f", {name}"): each for each in forms if each.endswith(f", {name}")}
        for name in readers
    }
    read = {each for group in groups.values() for each in group.values()}
    groups["Units, sound and cost"] = {each: each for each in forms if each not in read and each not in HEAD}
    html = template(Path(__file__).with_name("table.html.jinja")).render(
        name=path.parent.name,
        maps=_maps(cells, readers),
        tables=[made for title, group in groups.items() if (made := _table(title, group, cells, forms))],
        failed=[cell for cell in cells if "error" in cell],
        legend=legend,
        remarks=[line.translate(PLAIN).strip() for each in remarks(cells) for line in each.split("\n")],
        commands=commands,
    )
    with write_atomically(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _maps(cells: list[dict], readers: list[str]) -> list[tuple[str, str]]:
    """What it shows, and the SVG: one for each recogniser, where both codebook sizes and time reductions were tried."""
    sizes, reductions = sizes_and_reductions(cells)
    if len(sizes) < 2 or len(reductions) < 2:
        return []
    draw = partial(draw_heat_map, cells=cells)
    pictures = (figures.svg(f"heat {name}", partial(draw, recogniser=name), *inches(cells)) for name in readers)
    return [(f"BLEU by {name}", picture) for name, picture in zip(readers, pictures)]


def _table(title: str, heads: dict[str, str], cells: list[dict], forms: dict[str, tuple[str, str, str]]) -> dict | None:
    """Columns (head → name) that a cell fills, beside those that tell the systems apart; None where there is none."""
    texts = {head: [shown(forms[name][0], cell, *forms[name][1:]) for cell in cells] for head, name in heads.items()}
    texts = {head: column for head, column in texts.items() if {*column} != {MISSING}}
    who = {name: [shown(form, cell, "test", "") for cell in cells] for name, form in HEAD.items()}
    systems, names = who.pop("system"), who.pop("cell")
    who = {head: column for head, column in who.items() if len({*column} - {MISSING}) > 1}
    columns_ = [*zip(*who.values())] or [()] * len(cells)
    shaded = zip(*(_shaded(column, head not in UNSHADED) for head, column in texts.items()))
    lines = [
        {"system": system, "cell": name, "who": told, "figures": figures_, "best": cell.get("best")}
        for cell, system, name, told, figures_ in zip(cells, systems, names, columns_, shaded)
    ]
    return {"title": title, "heads": [*who, *texts], "lines": lines} if texts else None


def _shaded(texts: list[str], shade: bool) -> list[tuple[str, float | None]]:
    """Each text with the place of its figure between the least (0) and the largest (1) of its column; None where there
    is no figure, or nothing is shaded."""
    found = [FIRST.match(text) if shade else None for text in texts]
    values = [float(each[0]) if each else None for each in found]
    known = [value for value in values if value is not None]
    span = max(known) - min(known) if known else 0.0
    return [
        (text, None if value is None or not span else (value - min(known)) / span) for text, value in zip(texts, values)
    ]
