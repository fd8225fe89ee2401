"""Phone times of recordings: what each kind of file says, and what is said of a broken one."""

import numpy as np
import pytest
import soundfile

from speech2code.corpora.voices import PAUSE, Phone
from speech2code.errors import UserError
from speech2code.unit_quality.phone_times import read_phone_times

SAID = [Phone(PAUSE, 0, 0.2), Phone("d", 0.2, 0.3), Phone("a", 0.3, 0.45), Phone(PAUSE, 0.45, 0.6)]
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.6
tiers? <exists>
size = {size}
item []:
{tiers}
"""
TIER = """    item [{number}]:
        class = "IntervalTier"
        name = "{name}"
        xmin = 0
        xmax = 0.6
        intervals: size = {size}
{intervals}"""
INTERVAL = """        intervals [{number}]:
            xmin = {start}
            xmax = {end}
            text = "{label}"
"""
INTERVALS = [(0, 0.2, "sil"), (0.2, 0.3, "d"), (0.3, 0.45, "a"), (0.45, 0.6, "")]


def text_grid(**tiers):
    """Name → intervals (start, end, label)."""
    parts = [
        TIER.format(
            number=number,
            name=name,
            size=len(intervals),
            intervals="".join(
                INTERVAL.format(number=n, start=start, end=end, label=label)
                for n, (start, end, label) in enumerate(intervals, 1)
            ),
        )
        for number, (name, intervals) in enumerate(tiers.items(), 1)
    ]
    return LONG.format(size=len(parts), tiers="".join(parts))


@pytest.fixture
def read(tmp_path):
    """Writes files and reads the phones of the recordings `one` and `two`, 8 kHz both."""
    recordings = {name: tmp_path / "audio" / f"{name}.wav" for name in ("one", "two")}
    (tmp_path / "audio").mkdir()
    for path in recordings.values():
        soundfile.write(path, np.zeros(4800), 8000)
    folder = tmp_path / "phones"
    folder.mkdir()

    def written(only="", encoding="utf-8", **files):
        for name, text in files.items():
            path = folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode(encoding))
        return read_phone_times(folder / only, recordings)

    return written


def close(phones, others):
    return [each.symbol for each in phones] == [each.symbol for each in others] and np.allclose(
        [each[1:] for each in phones], [each[1:] for each in others]
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_text_grid_has_a_tier_of_phones_beside_others(read, encoding):
    words = [(0, 0.6, "da")]
    found = read(one_dot_TextGrid=text_grid(words=words, Phones=INTERVALS), encoding=encoding)
    assert list(found) == ["one"] and close(found["one"], SAID)
    assert close(read(one_dot_TextGrid=text_grid(words=words, MAU=INTERVALS))["one"], SAID)


def test_a_text_grid_with_one_tier_needs_no_name_for_it_and_a_speakers_name_may_stand_before_it(read):
    assert close(read(one_dot_TextGrid=text_grid(x=INTERVALS))["one"], SAID)
    assert close(
        read(one_dot_TextGrid=text_grid(**{"ann - words": [(0, 0.6, "da")], "ann - phones": INTERVALS}))["one"], SAID
    )


def test_a_short_text_grid_is_one_too(read):
    lines = [
        '"ooTextFile"',
        '"TextGrid"',
        "",
        "0",
        "0.6",
        "<exists>",
        "1",
        '"IntervalTier"',
        '"phones"',
        "0",
        "0.6",
        "4",
    ]
    lines = ["File type = " + lines[0], "Object class = " + lines[1], *lines[2:]]
    for start, end, label in INTERVALS:
        lines += [str(start), str(end), f'"{label}"']
    assert close(read(one_dot_TextGrid="\n".join(lines) + "\n")["one"], SAID)


def test_one_ctm_for_all_has_gaps_that_are_pauses(read):
    ctm = ";; aligned\none 1 0.20 0.10 d\none 1 0.30 0.15 a 0.9\n\ntwo A 0.00 0.30 mo\nthree A 0.00 0.30 ki\n"
    found = read(all_dot_ctm=ctm)
    assert set(found) == {"one", "two"}  # nobody asks for three
    assert close(found["one"], SAID[:3]) and close(found["two"], [Phone("mo", 0, 0.3)])
    assert read("all.ctm").keys() == found.keys()  # the file itself, too


def test_a_ctm_named_by_its_recording_may_call_it_what_it_likes(read):
    assert close(read(deeper__one_dot_ctm="session7 1 0.2 0.1 d\nsession7 1 0.3 0.15 a\n")["one"], SAID[:3])


def test_marks_of_the_place_in_a_word_are_no_phones_but_what_looks_so_elsewhere_is(read):
    marked = read(all_dot_ctm="one 1 0.0 0.2 SIL\none 1 0.2 0.1 d_B\none 1 0.3 0.15 a_E\none 1 0.45 0.15 SIL_S\n")
    assert close(marked["one"], SAID)
    other = read(all_dot_ctm="one 1 0.2 0.1 d\none 1 0.3 0.15 a_E\n")
    assert [each.symbol for each in other["one"]] == [PAUSE, "d", "a_E"]


def test_phn_counts_samples_of_its_recording(read):
    assert close(read(one_dot_PHN="0 1600 h#\n1600 2400 d\n2400 3600 a\n3600 4800 h#\n")["one"], SAID)


def test_times_that_were_rounded_leave_no_pause(read):
    found = read(all_dot_ctm="one 1 0.00 0.10 d\none 1 0.11 0.10 a\none 1 0.20 0.10 t\none 1 0.32 0.10 o\n")
    assert [each.symbol for each in found["one"]] == ["d", "a", "t", PAUSE, "o"]


def test_pauses_have_one_name_and_who_only_pauses_is_not_there(read):
    labels = ("sil", "SP", "spn", "pau", "h#", "<eps>", "<p:>", "")
    tier = [(n / 20, (n + 1) / 20, label) for n, label in enumerate(labels)]
    assert read(one_dot_TextGrid=text_grid(phones=tier)) == {}
    found = read(one_dot_TextGrid=text_grid(phones=[*tier, (0.4, 0.6, "a")]))["one"]
    assert {each.symbol for each in found} == {PAUSE, "a"} and len(found) == len(labels) + 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("all.ctm", "one 1 0.2 0.1 d\none 1 0.3 a\n", "all.ctm, line 2: 4 values, not recording, channel"),
        ("all.ctm", "one 1 0.2 x d\n", "all.ctm, line 1: 'x' is no time"),
        ("all.ctm", "one 1 nan 0.1 d\n", "all.ctm, line 1: 'nan' is no time"),
        ("all.ctm", "one 1 0.2 -0.1 d\n", "all.ctm, line 1: '-0.1' is no time"),
        ("all.ctm", "one 1 0.2 0.3 d\n\none 1 0.3 0.1 a\n", "all.ctm, line 3: 'a' begins at 0.300 s, before the phone"),
        ("one.ctm", "a 1 0.2 0.1 d\nb 1 0.3 0.1 a\n", "has the name of one recording and speaks of 2"),
        ("one.ctm", "", "one.ctm holds no phone"),
        ("one.phn", "0 1600 h# x\n", "one.phn, line 1: 4 values, not first sample, last sample and phone"),
        ("one.phn", "1600 800 d\n", "one.phn, line 1: 'd' ends before it begins"),
        ("one.phn", "d\xe9 0 1", "one.phn is not UTF-8"),
        ("one.TextGrid", "no grid", "one.TextGrid is no TextGrid"),
        ("one.TextGrid", text_grid(phones=INTERVALS)[:300], "one.TextGrid is no TextGrid"),
        ("one.TextGrid", text_grid(a=INTERVALS, b=INTERVALS), "2 interval tiers that may hold phones (a, b); call one"),
        ("one.TextGrid", text_grid(phones=INTERVALS, MAU=INTERVALS), "2 interval tiers that may hold phones"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_what_to_do(read, name, text, sentence):
    with pytest.raises(UserError) as caught:
        read(**{name.replace(".", "_dot_"): text}, encoding="latin-1")
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_two_files_of_one_recording_and_a_folder_that_is_not_there(read):
    with pytest.raises(UserError, match="both have phones of one; keep one"):
        read(one_dot_ctm="one 1 0.2 0.1 d\n", one_dot_phn="0 1600 d\n")
    with pytest.raises(UserError, match="nowhere does not exist; give a folder"):
        read("nowhere")
