"""Who may import whom: audio → units, inversion, translation → training, evaluation → pipeline → command line."""

import ast
from pathlib import Path

import pytest

import speech2code

ROOT = Path(speech2code.__file__).parent
GROUND = {"errors", "files", "config"}
MODELS = {"units", "inversion", "translation"}
CLERKS = {"corpora", "audio", "layers"} | GROUND
# part (folder or module) → the parts of this package that it may import, at the top or inside a function
ALLOWED = {
    "errors": set(),
    "config": set(),
    "files": {"errors"},
    "audio": {"errors", "files"},
    "layers": {"audio"},
    "corpora": {"audio"} | GROUND,
    "units": {"audio", "layers"} | GROUND,
    "inversion": {"audio", "layers", "units"} | GROUND,
    "translation": {"audio", "layers"} | GROUND,
    "training": MODELS | CLERKS,
    "evaluation": {"training", "speaking"} | MODELS | CLERKS,
    "speaking": MODELS | CLERKS,
    "pipeline": {"training", "speaking"} | MODELS | CLERKS,
    "comparisons": {"training", "evaluation", "speaking"} | MODELS | CLERKS,
    "stage": {"errors", "files"},
    "compose": {"config", "errors"},
}
TOP = {"stages", "runner", "sweep", "cli", "__main__", "app"}  # they put things together: anything below
HYDRA_HOMES = {"compose", "sweep"}


def imports(path):
    """Dotted names that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = [path for path in sorted(ROOT.rglob("*.py")) if part(path) != "__init__"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downhill(path):
    used = {name.split(".")[1] for name in imports(path) if name.startswith("speech2code.")} - {part(path)}
    if part(path) in TOP:
        assert not used & {"cli", "__main__"} or part(path) == "__main__"
    else:
        assert used <= ALLOWED[part(path)], f"{path} reaches uphill to {used - ALLOWED[part(path)]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_hydra_has_one_home(path):
    outside = {name.split(".")[0] for name in imports(path)}
    if part(path) not in HYDRA_HOMES:
        assert "hydra" not in outside
    if part(path) in MODELS | {"audio", "layers", "pipeline"}:
        assert not outside & {"omegaconf", "lightning_fabric", "matplotlib", "tensorboard"}


def test_the_table_names_what_there_is():
    there = {part(path) for path in FILES}
    assert there <= ALLOWED.keys() | TOP, f"say what {there - ALLOWED.keys() - TOP} may import"
