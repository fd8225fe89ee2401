"""scripts/listening_test.py on runs' folders made by hand: what webMUSHRA gets, and what is refused."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from speech2code.audio.files import save_waveform
from speech2code.errors import UserError
from speech2code.report.run_folder import RunFolder

main = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "listening_test.py"))["main"]
TONE = (0.3 * np.sin(np.arange(8000) / 5)).astype(np.float32)


def run(path, *sentences, rows=("source", "original", "resynthesis", "translation")):
    path.mkdir(parents=True)
    for sentence in sentences:
        for row in rows:
            save_waveform(RunFolder(path).sounds(row) / f"{sentence}.wav", TONE)
    return str(path)


def test_each_common_sentence_is_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = run(tmp_path / "ours", "a", "b", "c"), run(tmp_path / "other", "b", "c", "d")
    main(["mine", *runs])
    test = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    (kind, *pages), finish = test["pages"]
    assert kind == "random" and [page["id"] for page in pages] == ["b", "c"] and finish["writeResults"]
    assert pages[0]["stimuli"].keys() == {
        f"{name}.{row}" for name in ("ours", "other") for row in ("resynthesis", "translation")
    }
    sounds = {place for page in pages for place in (page["reference"], *page["stimuli"].values())}
    assert sounds == {f"configs/mine/{path.name}" for path in (tmp_path / "mine").iterdir()}
    played = soundfile.info(tmp_path / pages[0]["reference"].removeprefix("configs/"))
    assert played.samplerate == 48_000 and played.duration == pytest.approx(0.5, abs=0.01)


def test_what_makes_no_test_is_refused(tmp_path):
    ours, apart = run(tmp_path / "ours", "a"), run(tmp_path / "x" / "apart", "b")
    for arguments, told in (
        (["mine"], "which runs"),
        (["mine", ours, apart], "no sentence in common"),
        (["mine", ours, run(tmp_path / "y" / "ours", "a")], "have the same name"),
        (["mine", run(tmp_path / "half", "a", rows=("source", "original"))], "has no resynthesis of a"),
        (["mine", str(tmp_path / "none")], "there is no run folder"),
    ):
        with pytest.raises(UserError, match=told):
            main([str(tmp_path / arguments[0]), *arguments[1:]])
