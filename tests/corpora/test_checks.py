"""Bad recordings are found and named; a few are left out, many stop the run."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.corpora.checks import Rejection, check_share, reason_to_reject, write_rejections
from speech2code.errors import UserError


def tone(seconds: float, peak: float = 0.5) -> np.ndarray:
    time = np.arange(int(seconds * 16_000)) / 16_000
    return (peak * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


@settings(deadline=None)  # the first call imports librosa
@given(seconds=st.floats(0.2, 3), peak=st.floats(0.01, 0.99))
def test_ordinary_sound_is_kept(seconds, peak):
    assert reason_to_reject(tone(seconds, peak)) is None


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.zeros(0, np.float32), "empty"),
        (np.where(np.arange(16_000) == 5, np.nan, tone(1)), "not a number"),
        (np.where(np.arange(16_000) == 5, np.inf, tone(1)), "not a number"),
        (np.zeros(16_000, np.float32), "silent"),
        (tone(1, peak=0.0009), "silent"),
        (np.clip(tone(1, peak=20), -1, 1), "clipped"),
        (tone(0.05), "too short (0.05 s"),
        (np.concatenate([np.zeros(16_000), tone(0.05), np.zeros(16_000)]).astype(np.float32), "too short"),
        (tone(30.5), "too long (30.5 s"),
    ],
)
def test_bad_sound_is_named(waveform, reason):
    assert reason in reason_to_reject(waveform)


@settings(deadline=None)  # the first call imports librosa
@given(silence=st.floats(0, 2), seconds=st.floats(0.5, 1))
def test_silence_around_speech_does_not_matter(silence, seconds):
    pause = np.zeros(int(silence * 16_000), np.float32)
    assert reason_to_reject(np.concatenate([pause, tone(seconds), pause])) is None


def test_a_few_samples_at_full_scale_are_no_clipping():
    loud = tone(1)
    loud[:1000] = 1
    assert reason_to_reject(loud) is None


def test_rejections_are_written_as_a_table(tmp_path):
    path = tmp_path / "data" / "rejected.csv"
    write_rejections(path, [Rejection("7", "target", 'too short, "really"'), Rejection("é", "both", "duplicate id")])
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["id", "side", "reason"], ["7", "target", 'too short, "really"'], ["é", "both", "duplicate id"]]
    write_rejections(path, [])
    assert path.read_text() == "id,side,reason\n"
    assert [each.name for each in path.parent.iterdir()] == ["rejected.csv"]


def test_share_of_rejections(tmp_path):
    bad = [Rejection(str(number), "source", "silent") for number in range(11)]
    check_share(bad[:10], 100, 0.1, tmp_path)
    check_share([], 0, 0.1, tmp_path)
    with pytest.raises(
        UserError, match=r"11 of 100 pairs \(11.0%\).*see data/rejected.csv, or set corpus.max_rejected.*0: silent"
    ):
        check_share(bad, 100, 0.1, "data/rejected.csv")
