"""The examples of docs/extending.md are whole: saved as modules and named in builders.py, each trains and works."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech2code import builders
from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.pipeline import SpeechTranslator
from speech2code.report.run_folder import RunFolder

PAGE = (Path(__file__).parent.parent / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
LONGEST = 40  # lines of code in an example
SHORT = ("training.steps=6", "training.batch_size=8", "training.validations=2", "training.warmup=2")
SMALL = {  # section of the settings → heading, its table in builders.py, small settings
    "units": ("A unit encoder", builders.UNIT_ENCODERS, ("codebook_size=8", "time_reduction=4")),
    "vocoder": ("A vocoder", builders.VOCODERS, ("width=16", "iterations=3", *SHORT)),
    "translator": ("A translator", builders.TRANSLATORS, ("conv_width=16", *SHORT)),
}
EXAMPLES = [*(heading for heading, *_ in SMALL.values()), "A recogniser"]


def example(heading: str) -> tuple[str, str, str, str]:
    """→ the name of the module, its code, the line for builders.py, the command."""
    code, line = re.findall(r"```python\n(.*?)```", SECTIONS[heading], re.DOTALL)
    command = re.search(r"```\n(speech2code .*?)\n```", SECTIONS[heading])
    return re.match(r'"""(\w+)\.py: ', code)[1], code, line, command[1]


@pytest.fixture
def modules(tmp_path, monkeypatch) -> Path:
    """A folder on the path of imports that holds all examples as modules."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for heading in EXAMPLES:
        name, code, *_ = example(heading)
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(folder)
    return folder


def register(monkeypatch, heading: str, kinds: dict) -> str:
    """Puts the line of an example into its table of builders.py → the name of the kind."""
    [(name, kind)] = eval(f"{{{example(heading)[2]}}}", vars(builders).copy()).items()
    monkeypatch.setitem(kinds, name, kind)
    return name


@pytest.mark.parametrize("heading", EXAMPLES)
def test_an_example_is_short(heading):
    code = example(heading)[1]
    documentation = {
        number
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = [line for number, line in enumerate(code.splitlines(), 1) if line.strip() and number not in documentation]
    assert len(lines) <= LONGEST


@pytest.mark.parametrize("section", SMALL)
def test_an_example_trains_translates_and_loads(section, modules, transcribed, tmp_path, monkeypatch):
    heading, kinds, settings = SMALL[section]
    name = register(monkeypatch, heading, kinds)
    others = {"units": "kmeans", "vocoder": "linear", "translator": "lstm"}
    usual = transcribed.overrides(tmp_path / "runs", **others)
    overrides = [each for each in usual if not each.startswith((f"{section}=", f"{section}."))]
    overrides += [f"{section}={name}", *(f"{section}.{each}" for each in settings)]
    for verb in ("train units", "train vocoder", "train translator", "decode"):
        main([*verb.split(), *overrides])
    run = RunFolder(tmp_path / "runs" / "tiny")
    known = json.loads((run.path / "model" / "config.json").read_text())
    assert known[section]["kind"] == name
    model = SpeechTranslator.from_pretrained(run.path / "model")
    sentence = run.shown_ids()[0]
    spoken = model.translate(run.waveform("source", sentence))
    assert spoken.dtype == np.float32 and np.isfinite(spoken).all() and np.abs(spoken).max() > 0.1
    again = load_waveform(run.sounds("translation") / f"{sentence}.wav")
    np.testing.assert_allclose(spoken, again, atol=0.02)  # the file has 16 bits, and Griffin-Lim only three iterations


def test_the_recogniser_reads_in_a_program_of_its_own(modules, transcribed, tmp_path):
    line = example("A recogniser")[2]
    # the registry makes its stages of the table when it is imported: so the line has to stand there before
    program = (
        f"from speech2code.builders import RECOGNISERS, Judge\nRECOGNISERS.update({{{line}}})\n"
        "import json, sys\nfrom speech2code.cli import main\nfor each in json.loads(sys.argv[1]): main(each)\n"
    )
    overrides = transcribed.overrides(tmp_path / "runs", "recognisers=[in_domain,frequent]")
    verbs = [["train", "recogniser"], ["transcribe", "original", "frequent"]]
    commands = json.dumps([[*verb, *overrides] for verb in verbs])
    path = os.pathsep.join([str(modules), str(Path(builders.__file__).parents[1])])
    subprocess.run([sys.executable, "-c", program, commands], check=True, env={**os.environ, "PYTHONPATH": path})
    read = RunFolder(tmp_path / "runs" / "tiny").transcripts("original", "frequent")
    words = " ".join(reference for reference, _ in read.values()).split()
    assert len(read) == 3
    [(word,)] = {(hypothesis,) for _, hypothesis in read.values()}
    assert word in words


@pytest.mark.parametrize("heading", EXAMPLES)
def test_the_command_of_an_example_composes(heading, modules, monkeypatch):
    import shlex

    from speech2code.compose import compose

    for section, (title, kinds, _) in SMALL.items():
        if title == heading:
            register(monkeypatch, title, kinds)
            overrides = shlex.split(example(heading)[3])[2:]
            config = compose(overrides)
            assert getattr(config, section).kind in kinds
            return
    register(monkeypatch, heading, builders.RECOGNISERS)
    assert "frequent" in compose(shlex.split(example(heading)[3])[2:]).recognisers
