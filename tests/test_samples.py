"""scripts/samples.py on a run's folder made by hand: what it chooses, what it writes, what it refuses."""

import contextlib
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speech2code.audio.files import load_waveform, save_waveform
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.report.run_folder import RunFolder
from speech2code.seals import digest, sealed

SCRIPT = Path(__file__).parent.parent / "scripts" / "samples.py"
IDS = [f"test-{number:03d}" for number in (0, 9, 20, 31, 40, 44, 58, 60, 77, 81, 90, 99)]
CHOSEN = ["test-031", "test-058", "test-081"]
ROWS = ("source", "original", "resynthesis", "translation")


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A folder with runs/mine and the corpus that its config.yaml names."""
    work = tmp_path_factory.mktemp("work")
    run, test = work / "runs" / "mine", work / "data" / "told" / "test"
    run.mkdir(parents=True)
    for number, sentence in enumerate(IDS):
        for row, name in enumerate(ROWS):
            time = np.arange(16_000 + 800 * number + 1600 * row) / 16_000
            tone = 0.4 * np.sin(2 * np.pi * (200 + 300 * row + 10 * number) * time)
            save_waveform(RunFolder(run).sounds(name) / f"{sentence}.wav", tone.astype(np.float32))
    machine = {"processor": "Abacus", "cores": 2, "gpu": "none"}
    attempt = {"command": "speech2code run name=mine", "seed": 7, "commit": "abc", "clean": False, "machine": machine}
    attempt |= {"versions": {}, "began": "2026-01-01T10:00:00+00:00"}
    record = {"done": True, "attempts": [attempt], "seconds": 1.0, "processor_seconds": 1.0}
    for row in ROWS[1:]:
        for recogniser in ("in_domain", "pocketsphinx"):
            lines = [f"{sentence}\tmeant {sentence}\t{recogniser} {row} {sentence}" for sentence in IDS]
            path = RunFolder(run).table(row, recogniser)
            path.parent.mkdir(parents=True)
            path.write_text("\n".join(["id\treference\thypothesis", *lines]) + "\n")
            write_json(path.parent / "stage.json", sealed(record | {"tables": {path.name: digest(path)}}))
    text = test / "text.json"
    write_json(text, {"source": [f"où est {each}" for each in IDS], "target": IDS})
    files = {text.name: {"sha256": digest(text), "bytes": text.stat().st_size}}
    write_json(test / "items.json", sealed({"ids": IDS, "source_speakers": [], "target_speakers": [], "files": files}))
    (run / "config.yaml").write_text("data: data\ncorpus:\n  name: told\n")
    write_json(run / "decoding" / "stage.json", sealed(record))
    return work


make_samples = runpy.run_path(str(SCRIPT))["main"]


@pytest.fixture(scope="module")
def made(work) -> Path:
    with contextlib.chdir(work):
        make_samples(["runs/mine", "page.md"])
    return work / "page"


def test_it_takes_the_sentences_at_the_quarters(made):
    names = [f"{sentence}.{row}.mp3" for sentence in CHOSEN for row in ROWS] + [f"{each}.webp" for each in CHOSEN]
    assert {path.name for path in made.iterdir()} == set(names)


def test_the_sounds_are_those_of_the_run(work, made):
    for row in ROWS:
        original = load_waveform(RunFolder(work / "runs" / "mine").sounds(row) / f"{CHOSEN[1]}.wav")
        played = load_waveform(made / f"{CHOSEN[1]}.{row}.mp3")  # some noise, and some samples more
        assert np.corrcoef(played[: len(original)], original[: len(played)])[0, 1] > 0.99


def test_the_page_tells_texts_transcripts_rule_and_origin(made):
    page = made.with_suffix(".md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == CHOSEN
    for expected in (
        "1/4, 1/2 and 3/4",
        "`speech2code run name=mine`",
        "seed 7",
        "`abc` with uncommitted changes",
        "Abacus",
        "of the 12",
    ):
        assert expected in page
    part = page[page.index(f"## {CHOSEN[1]}") : page.index(f"## {CHOSEN[2]}")]
    assert f"**où est {CHOSEN[1]}**" in part and f"**meant {CHOSEN[1]}**" in part
    for row in ROWS[1:]:
        assert f'.{row}.mp3"></audio> | in_domain {row} {CHOSEN[1]} | pocketsphinx {row} {CHOSEN[1]} |' in part


def test_every_link_leads_to_a_file(made):
    links = re.findall(r"\]\(([^)]+)\)", made.with_suffix(".md").read_text(encoding="utf-8"))
    assert len(links) == len(CHOSEN) * (len(ROWS) + 1)
    assert all((made.parent / link).is_file() for link in links)


def test_the_picture_has_four_panels_on_one_time_axis(made):
    from matplotlib.image import imread

    picture = imread(made / f"{CHOSEN[0]}.webp")[:, :, :3] / 255
    panels = np.array_split(picture, 4)
    dark = [np.mean(panel.sum(axis=2) < 0.5) for panel in panels]  # a tone's spectrogram is dark but for one line
    assert dark[0] > 0.3 and (np.diff(dark) > 0.01).all()  # each row of the run was made longer than the one before


@pytest.mark.parametrize(
    "lost, sentence",
    [
        ("decoding/test", "has no translation of test-031"),
        ("transcripts/resynthesis.in_domain", "has no resynthesis.in_domain of test-031"),
        ("decoding/source", "holds 0 sentences, not three"),
        ("config.yaml", "has no config.yaml"),
    ],
)
def test_an_unfinished_run_is_refused_before_anything_is_written(work, tmp_path, monkeypatch, lost, sentence):
    for part in ("runs", "data"):
        shutil.copytree(work / part, tmp_path / part)
    path = tmp_path / "runs" / "mine" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=sentence):
        make_samples(["runs/mine", "page.md"])
    assert not (tmp_path / "page.md").exists() and not (tmp_path / "page").exists()


def test_a_folder_that_is_no_run_is_one_sentence_on_the_command_line(tmp_path):
    ended = subprocess.run(
        [sys.executable, SCRIPT, "runs/no"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "samples: there is no run folder runs/no; give the folder of a run, such as runs/best_fr_en\n"
    )
