"""The notebooks run from top to bottom, show what they promise, call the library, and are kept without output."""

import ast
import html
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from conftest import record
from nbclient import NotebookClient

from speech2code.config import InverterConfig, LstmConfig, SearchConfig, SegmentalConfig, VqVaeConfig
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.records import records_of
from speech2code.registry import ROW
from speech2code.report.run_folder import RunFolder
from speech2code.report.tables import read_table

FOLDER = Path(__file__).parent.parent / "notebooks"
RESULTS = FOLDER.parent / "results"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
EXPERIMENTS = ("recordings", "units=segmental")
speaks = pytest.mark.skipif(shutil.which("flite") is None, reason="its English is spoken by flite: make voices")

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


class Seen(NamedTuple):
    """What the cells of a notebook show, in order."""

    shown: list[dict]  # kind → content
    printed: str

    def of(self, kind: str, start: str = "") -> list[str]:
        """What is of this kind and begins so."""
        contents = [each.get(kind, "") for each in self.shown]
        return [each for each in contents if each and each.lstrip().startswith(start)]

    @property
    def pictures(self) -> int:
        return len(self.of("image/png"))

    @property
    def players(self) -> int:
        return len(self.of("text/html", "<audio"))


def execute(name: str) -> Seen:
    """Runs a notebook from top to bottom; a cell that fails ends the test."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = [each["text"] for each in outputs if each.get("name") == "stdout"]
    return Seen([each.get("data", {}) for each in outputs], "".join(printed))


@speaks
def test_the_units_are_heard(model):
    seen = execute("01_hear_the_units")
    assert seen.pictures == 5  # waveform, features, units, resynthesis, alignment
    units = len(seen.of("text/markdown", "unit **"))
    assert 1 <= units <= 8
    assert seen.players == 4 + units  # waveform, resynthesis, French, translation, and one a unit


@speaks
def test_a_small_system_is_trained_and_translates(tmp_path, monkeypatch):
    monkeypatch.setenv("SPEECH2CODE_SENTENCES", "60")
    monkeypatch.setenv("SPEECH2CODE_HOME", str(tmp_path))
    seen = execute("02_train_and_translate")
    assert seen.pictures == 4  # curves of the units, codes in use, curves of the others, alignment
    assert seen.players == 3 * 3  # French, resynthesis and translation of three sentences
    run = RunFolder(tmp_path / "runs" / "small_60")
    for row in ("original", "resynthesis", "translation"):
        bleu = run.scores()[row]["pocketsphinx"]["bleu"]
        assert re.search(rf"{re.escape(ROW[row].title)} +pocketsphinx +{bleu:.1f} \(", seen.printed)
    [page] = seen.of("text/html", "<div><iframe")
    assert html.escape((run.path / "report.html").read_text()) in page
    [read] = seen.of("text/markdown", "| sentence | reference |")
    assert read.count("| test-0") == 4
    for name in ("units", "vocoder", "translator"):  # the last cell asks for them again, and they are done already
        assert [each["exit"] for each in records_of(run.path)[name]["attempts"]] == ["done"]


def test_the_tables_are_read():
    seen = execute("03_read_the_tables")
    # rows, ceilings, interval over sentences, over trainings, significance, dev and test
    assert seen.pictures == 6
    cells = {each["row"]: each for each in read_table(RESULTS / "ja_en_seeds" / "table.json")["cells"]}
    whisper = {row: cell["scores"]["test"]["whisper"] for row, cell in cells.items()}
    [table] = seen.of("text/markdown", "| row |")
    lines = table.splitlines()[2:]
    assert lines[0].startswith(f"| {ROW['original'].title} |")  # the ceiling comes first
    assert [line.split(" | ")[-1].strip(" |") for line in lines] == [f"{each['bleu']:.1f}" for each in whisper.values()]
    p = f"{whisper['topline']['p_value']:.3f}"
    assert re.search(rf"sentences and trainings: p = {p}\nin the table: +p = {p}\n", seen.printed)
    singles = re.findall(r"seed \d: \S+ BLEU, p = (\S+)", seen.printed)
    assert len(singles) == 3 and all(float(each) < 0.05 < float(p) for each in singles)  # what the text speaks of
    assert "mark: False | one with 45 %: True" in seen.printed
    assert "normalised already: True" in seen.printed
    assert "chosen on dev: segmental; to be quoted: 99.6 BLEU" in seen.printed


def test_planted_faults_are_found(monkeypatch):
    monkeypatch.setenv("SPEECH2CODE_STEPS", "4")
    seen = execute("04_your_own_recordings")
    told = dict.fromkeys(re.findall(r"^(?:SERIOUS|WARNING) (\w+): ", seen.printed, re.MULTILINE))
    assert {"leak_audio", "unreadable", "refused", "clipping", "noise"} <= told.keys()
    rejected = re.findall(r"^(train-\d+),(source|target),(.{6})", seen.printed, re.MULTILINE)
    assert rejected[-3:] == [
        ("train-0004", "source", "cannot"), ("train-0000", "target", "silent"), ("train-0001", "target", '"too s'),
    ]  # fmt: skip
    assert [each.partition("**:")[0] for each in seen.of("text/markdown", "**")] == ["**clipping", "**noise"]
    assert seen.pictures == 3  # these two, and the minutes
    assert seen.players == 4  # these two, a recording and its units
    [page] = seen.of("text/html", "<div><iframe")
    assert "the same recording on" not in page and "flat tops" in page
    assert all(re.search(rf"^{name}: about \d+ minutes", seen.printed, re.MULTILINE) for name in EXPERIMENTS)
    [measures] = seen.of("text/markdown", "| measure |")
    assert len(re.findall(r"\| [\d.e+]+ \|", measures)) == 6


def test_own_recordings_are_looked_at_and_left_alone(tmp_path, monkeypatch):
    manifest = record(tmp_path / "mine", text=False)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setenv("SPEECH2CODE_PAIRS", str(manifest))
    monkeypatch.setenv("SPEECH2CODE_STEPS", "4")
    seen = execute("04_your_own_recordings")
    assert f"{manifest}: 29 rows" in seen.printed and "\nid,side,reason\n" in seen.printed  # some tones are no speech
    assert "train-0" not in seen.printed
    bad = seen.of("text/markdown", "**")
    assert seen.pictures == len(bad) + 1 and seen.players == len(bad) + 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_is_kept_without_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(cell.source)))


def test_the_notebooks_are_numbered_in_the_order_of_reading():
    names = ["01_hear_the_units", "02_train_and_translate", "03_read_the_tables", "04_your_own_recordings"]
    assert [each.stem for each in NOTEBOOKS] == names
