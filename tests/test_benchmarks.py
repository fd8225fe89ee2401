"""benchmarks/ still fits the package: what its modules take from speech2code is there, and is called as it wants to be.

They are read, not imported: the peers need not be installed.
"""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
MODULES = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))}
each_module = pytest.mark.parametrize("name", MODULES)


def imports(name: str, package: str) -> list[tuple[str, str, str]]:
    """(module, name there, name here) of each `from package.… import …`."""
    nodes = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.ImportFrom) and node.module]
    ours = [node for node in nodes if node.module.split(".")[0] == package]
    return [(node.module, each.name, each.asname or each.name) for node in ours for each in node.names]


def calls(name: str) -> list[ast.Call]:
    """Those of plain names."""
    nodes = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.Call)]
    return [node for node in nodes if isinstance(node.func, ast.Name)]


def taken(module: str, name: str):
    """What `from module import name` gives; a submodule counts."""
    found = import_module(module)
    return getattr(found, name) if hasattr(found, name) else import_module(f"{module}.{name}")


def test_every_line_measures_and_everything_that_measures_is_a_line():
    (lines,) = (node.value for node in MODULES["run"].body if ast.unparse(node).startswith("LINES = "))
    measures = [
        name for name, module in MODULES.items() if "measure" in [getattr(node, "name", "") for node in module.body]
    ]
    assert sorted(ast.literal_eval(lines)) == measures
    for name in measures:  # the table is kept by these names
        named = [call.args[0].value for call in calls(name) if call.func.id == "Line"]
        assert named == [name]


@each_module
def test_module_says_what_it_does(name):
    assert ast.get_docstring(MODULES[name])


@each_module
def test_what_it_takes_from_speech2code_is_there(name):
    for module, there, here in imports(name, "speech2code"):
        value = taken(module, there)
        if inspect.ismodule(value):
            for node in ast.walk(MODULES[name]):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == here:
                    assert hasattr(value, node.attr), f"{module}.{there} has no {node.attr}"


@each_module
def test_what_it_takes_from_its_neighbours_is_there(name):
    for module, there, _ in imports(name, "benchmarks"):
        body = MODULES[module.removeprefix("benchmarks.")].body
        assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        names = {node.id for target in assigned for node in ast.walk(target) if isinstance(node, ast.Name)}
        assert there in names | {getattr(node, "name", None) for node in body}


@each_module
def test_it_calls_speech2code_with_arguments_that_are_there(name):
    known = {here: taken(module, there) for module, there, here in imports(name, "speech2code")}
    for call in calls(name):
        keywords = {each.arg: each.value for each in call.keywords}
        starred = None in keywords or any(isinstance(each, ast.Starred) for each in call.args)
        if call.func.id in known and not starred:
            inspect.signature(known[call.func.id]).bind(*call.args, **keywords)  # TypeError where they do not fit
