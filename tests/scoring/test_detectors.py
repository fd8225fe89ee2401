import numpy as np
import pytest

from speech2code.errors import UserError
from speech2code.scoring.detectors import detect

N = 40
REFERENCES = [
    f"sentence about {word} and more"
    for word in (f"thing{'abcdefghij'[i // 10]}{'abcdefghij'[i % 10]}" for i in range(N))
]
LOUD = np.full(1600, 0.1, dtype=np.float32)


def run(**changes):
    arguments = {
        "waveforms": [LOUD] * N,
        "units": [[i, i + 1] for i in range(N)],
        "transcripts": list(REFERENCES),
        "references": REFERENCES,
        "language": "en",
        "ended": [True] * N,
    }
    return detect(**{**arguments, **changes})


def test_good_output_raises_no_warning():
    assert run() == {"same_output": 0, "near_silent": 0, "unending": 0, "sentences": N, "warnings": []}
    assert run(units=None, ended=None)["warnings"] == []


def test_same_units_and_same_transcripts():
    assert run(units=[[5, 5, 5]] * 30 + [[i] for i in range(10)])["same_output"] == 30
    result = run(units=None, transcripts=["run run run"] * N)
    assert result["same_output"] == N
    assert result["warnings"] == [
        f"{N} of {N} sentences have one and the same output although their references differ."
    ]


def test_equal_references_may_share_an_output():
    assert (
        run(references=["the same sentence"] * N, transcripts=["the same sentence"] * N, units=None)["same_output"] == 0
    )


def test_a_few_equal_outputs_are_no_collapse():
    assert run(transcripts=["yes", "yes", *REFERENCES[2:]])["same_output"] == 0  # 2 of 40 = 5 %, not over it
    assert run(transcripts=["yes", "yes", "yes", *REFERENCES[3:]])["same_output"] == 3


def test_near_silent():
    quiet = np.full(1600, 10 ** (-51 / 20), dtype=np.float32)
    audible = np.full(1600, 10 ** (-49 / 20), dtype=np.float32)
    waveforms = [quiet, np.zeros(0, np.float32), audible, *[LOUD] * (N - 3)]
    assert run(waveforms=waveforms)["near_silent"] == 2
    assert run(waveforms=waveforms, transcripts=[*REFERENCES[:-1], ""])["near_silent"] == 3


def test_unending():
    assert run(ended=[False, False, *[True] * (N - 2)])["unending"] == 2
    assert run(transcripts=["run " * 30, *REFERENCES[1:]])["unending"] == 1


def test_a_script_without_spaces_counts_characters():
    references = [f"猫が{'一二三四五六七八九十'[i % 10]}{'月火水木'[i // 10]}匹います" for i in range(N)]
    assert run(transcripts=references, references=references, language="ja")["unending"] == 0
    endless = [references[0] * 4, references[1] * 3, *references[2:]]
    assert run(transcripts=endless, references=references, language="ja")["unending"] == 1


def test_lists_of_different_length_are_refused():
    with pytest.raises(UserError, match="one length"):
        run(transcripts=["a"])
