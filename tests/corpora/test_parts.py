"""A sentence that is a part of a long file, and one that a voice speaks because nobody has recorded it."""

import csv

import numpy as np
import pytest
import soundfile

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.corpora.manifest import read_manifest
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError

RATE = 16_000
MAKERS = ["a.wav", "a.flac", "a.ogg", "a.mp3"]


def siren(seconds):
    """A tone that rises by 200 Hz a second: each part tells by its pitch from where it is."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * (200 + 100 * time) * time)).astype(np.float32)


def pitch(waveform):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return spectrum.argmax() * RATE / len(waveform)


@pytest.mark.parametrize("name", MAKERS)
def test_a_part_of_a_file_is_read_wherever_it_is(tmp_path, name):
    soundfile.write(tmp_path / name, siren(10), RATE)
    part = load_waveform(tmp_path / name, start=6.0, end=6.2)
    assert len(part) == 3_200
    assert pitch(part) == pytest.approx(200 + 200 * 6.1, abs=10)
    assert len(load_waveform(tmp_path / name, start=9.5)) == pytest.approx(8_000, abs=1_200)  # MP3 is padded


def test_a_part_of_an_hour_is_read_though_an_hour_is_refused(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 8_000, 1) as file:
        for _ in range(61):
            file.write(np.full(80_000, 0.1, np.float32))
        file.write(np.full(8_000, 0.2, np.float32))
    assert load_waveform(tmp_path / "a.wav", start=610.2, end=610.8).mean() == pytest.approx(0.2, abs=0.01)
    with pytest.raises(UserError, match="longer than 600 s"):
        load_waveform(tmp_path / "a.wav")


@pytest.mark.parametrize(("times", "sentence"), [
    ({"start": 12.0, "end": 13.0}, "it has no part that begins at 12 s; correct the times"),
    ({"start": 8.0, "end": 13.0}, "it ends at 10.00 s, and a part up to 13.00 s is wanted"),
    ({"start": 1e300, "end": None}, "it has no part that begins at 1e+300 s"),
])  # fmt: skip
def test_a_part_that_is_not_there(tmp_path, times, sentence):
    soundfile.write(tmp_path / "a.wav", siren(10), RATE)
    with pytest.raises(UserError, match=r"a\.wav") as caught:
        load_waveform(tmp_path / "a.wav", **times)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("row", "reason"), [
    ("a,s.wav,1,2,t.wav,,", None),
    ("a,s.wav,two,2,t.wav,,", "line 2: source_start 'two' is no time; write seconds, such as 12.5"),
    ("a,s.wav,1,nan,t.wav,,", "line 2: source_end 'nan' is no time"),
    ("a,s.wav,-1,2,t.wav,,", "line 2: source_start '-1' is no time"),
    ("a,s.wav,2,2,t.wav,,", "line 2: source_start 2 is not before source_end 2"),
    ("a,s.wav,,0,t.wav,,", "line 2: source_start 0 is not before source_end 0"),
    ("a,s.wav,,,,3,", "line 2: no value for target_audio"),
    ("a,s.wav,,,,3,Yes", "line 2: target_start without target_audio"),
])  # fmt: skip
def test_times_in_a_manifest(tmp_path, row, reason):
    header = "id,source_audio,source_start,source_end,target_audio,target_start,target_text"
    (tmp_path / "pairs.csv").write_text(f"{header}\n{row}\n")
    pairs, rejected = read_manifest(tmp_path / "pairs.csv", spoken=["target"])
    assert [each.reason[: len(reason or "")] for each in rejected] == ([reason] if reason else [])
    assert [(each.source_start, each.source_end, each.target_end) for each in pairs] == [(1, 2, None)] * (not reason)


def test_a_manifest_may_leave_out_the_audio_that_a_voice_speaks(tmp_path, refused):
    (tmp_path / "pairs.csv").write_text("id,source_audio,target_text\na,s.wav,Yes\nb,s.wav,\n")
    (pair,), (rejected,) = read_manifest(tmp_path / "pairs.csv", spoken=["target"])
    assert (pair.target_audio, pair.target_text) == (None, "Yes")
    assert rejected.reason == "line 3: no value for target_audio"
    given = ("corpus=manifest", f"corpus.path={tmp_path}/pairs.csv", "experiment=best_fr_en", f"runs={tmp_path}")
    assert "let a voice speak target_text: corpus.target_voice=" in refused("prepare", *given)


def test_one_long_file_and_a_voice_make_a_corpus(tmp_path):
    """The French side is one recording of all sentences, the English one is spoken by two voices."""
    soundfile.write(tmp_path / "all.wav", siren(20), RATE)
    splits = ["train"] * 8 + ["dev", "test"]
    with open(tmp_path / "pairs.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "source_audio", "source_start", "source_end", "target_text", "split"])
        for number, split in enumerate(splits):
            table.writerow([number, "all.wav", 2 * number + 0.5, 2 * number + 1.5, f"number {number}", split])
    given = [f"corpus.path={tmp_path}/pairs.csv", f"data={tmp_path}/data", f"runs={tmp_path}/runs", "corpus.name=long"]
    voices = "corpus.target_voice=flite:slt+flite:rms"
    main(["prepare", "experiment=best_fr_en", "corpus=manifest", *given, "corpus.target=en", voices])
    store = FeatureStore(tmp_path / "data" / "long", "train")
    pitches = [pitch(store.waveform("source", number)) for number in range(8)]
    assert pitches == pytest.approx([400 * number + 400 for number in range(8)], abs=60)
    assert set(store.speakers["target"]) == {"flite:slt", "flite:rms"}
    assert store.texts("target")[3] == "number 3" and store.lengths("target_waveform").min() > 4_000
