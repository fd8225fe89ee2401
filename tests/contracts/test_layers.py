"""Who may import whom: imports go downwards only."""

import ast
from pathlib import Path

import pytest

import speech2code

ROOT = Path(speech2code.__file__).parent
# every room of the house, ground floor first: each may import those before it in this list, at the top or inside a
# function. `protocols` and `builders` name classes of higher rooms in annotations and in strings only.
FLOORS = [
    "errors", "bcp47", "config", "ranges", "padding", "hardware", "files", "hub", "npz", "locks", "workers", "seals",
    "audio", "layers", "provenance", "corpora", "protocols", "builders", "registry", "records",
    "units", "vocoders", "translation", "baselines", "training", "scoring", "recognisers", "unit_quality", "report",
    "overrides", "compose", "sentences", "pipeline", "export", "stages", "data_check", "app", "cli", "__main__",
]  # fmt: skip
APART = {  # neighbours that know nothing of each other
    "vocoders": {"units"},
    "translation": {"units", "vocoders"},
    "baselines": {"units", "vocoders"},
    "scoring": {"units", "vocoders", "translation", "training", "corpora", "audio"},
    "pipeline": {"compose", "report", "recognisers", "unit_quality", "baselines"},
}
HYDRA_HOMES = {"overrides", "compose", "stages"}
MODELS = {"units", "vocoders", "translation", "baselines"}


def imports(path):
    """Dotted names that a file imports anywhere in it, but for annotations."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    annotations = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in annotations:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = [path for path in sorted(ROOT.rglob("*.py")) if part(path) != "__init__"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards(path):
    used = {name.split(".")[1] for name in imports(path) if name.startswith("speech2code.")} - {part(path)}
    below = set(FLOORS[: FLOORS.index(part(path))])
    assert used <= below, f"{path} reaches up to {used - below}"
    assert not used & APART.get(part(path), set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_hydra_has_one_home(path):
    outside = {name.split(".")[0] for name in imports(path)}
    if part(path) not in HYDRA_HOMES:
        assert "hydra" not in outside
    if part(path) in MODELS | {"audio", "layers", "pipeline"}:
        assert not outside & {"omegaconf", "lightning_fabric", "matplotlib", "tensorboard"}


def test_the_list_names_what_there_is():
    there = {part(path) for path in FILES}
    assert there == set(FLOORS), f"say where {there ^ set(FLOORS)} stands"
