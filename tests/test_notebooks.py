"""The notebooks run from top to bottom on any exported model, call the library, and are kept without output."""

import ast
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from speech2code.config import InverterConfig, LstmConfig, SearchConfig, SegmentalConfig, VqVaeConfig
from speech2code.pipeline import Limits, SpeechTranslator

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


NARROW = {"codebook_size": 8, "code_dim": 8, "width": 16, "blocks": 1}
UNITS = [VqVaeConfig(time_reduction=4, **NARROW), SegmentalConfig(target_unit_rate=12, **NARROW)]


@pytest.fixture(params=UNITS, ids=lambda units: units.kind)
def model(request, tmp_path, monkeypatch) -> Path:
    """A system that has learnt nothing: the notebook must not care how it sounds."""
    system = SpeechTranslator(
        request.param,
        InverterConfig(width=16, frame_width=16, blocks=1, lstm_layers=1, fft_size=512, iterations=3),
        LstmConfig(
            conv_width=16, encoder_width=16, encoder_layers=1, decoder_width=16, embedding_dim=8, attention_size=16
        ),
        SearchConfig(beam=2),
        Limits(longest=30, longest_run=3),
        vtln=[1.0],
    )
    system.save_pretrained(tmp_path / "model")
    monkeypatch.setenv("SPEECH2CODE_MODEL", str(tmp_path / "model"))
    return tmp_path / "model"


def outputs(notebook) -> list[dict]:
    """Everything that the cells show: kind → content."""
    return [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.skipif(shutil.which("flite") is None, reason="the notebook's English is spoken by flite: make voices")
def test_hear_the_units_runs_from_top_to_bottom(model):
    notebook = nbformat.read(FOLDER / "hear_the_units.ipynb", as_version=4)
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    seen = outputs(notebook)
    assert sum("image/png" in each for each in seen) == 5  # waveform, features, units, resynthesis, alignment
    players = sum("<audio" in each.get("text/html", "") for each in seen)
    units = sum(each.get("text/markdown", "").startswith("unit **") for each in seen)
    assert 1 <= units <= 8
    assert players == 4 + units  # waveform, resynthesis, French, translation, and one a unit


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_is_kept_without_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(cell.source)))


def test_there_is_a_notebook():
    assert NOTEBOOKS
