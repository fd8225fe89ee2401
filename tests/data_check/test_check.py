"""`speech2code check`: a clean corpus is called clean; each planted fault is found, with its id, and nothing else."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from conftest import RATE, SYLLABLES, speak, tiny

from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.pairs import Pair
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.expectations import expectations

ROOT = Path(__file__).parents[2]
SPLITS = ["train"] * 28 + ["dev"] * 4 + ["test"] * 4
ALWAYS = {"small_test"}  # a hundred test sentences would take a test of minutes


def sentence(number: int, side: str) -> np.ndarray:
    """Four to eleven syllables at a pace of its own, each behind a hiss, as of an "s": speech goes beyond 4 kHz."""
    generator = np.random.default_rng(number)
    words = generator.choice(list(SYLLABLES), generator.integers(4, 12)).tolist()
    speed, pitch = generator.uniform(0.85, 1.2, 2) * ((1.0, 110) if side == "source" else (1.1, 180))
    voice = np.random.default_rng((number, len(side)))
    parts = [np.zeros(RATE // 4)]
    for word in words if side == "source" else words[::-1]:
        hiss = np.diff(voice.standard_normal(1_000)) * np.hanning(999) * 0.1
        parts += [hiss, speak([word], pitch * voice.uniform(0.9, 1.1), speed, 0)]
    return np.concatenate([*parts, np.zeros(RATE // 4)]) + 1e-3 * voice.standard_normal(
        sum(map(len, parts)) + RATE // 4
    )


class Manifest:
    """Rows that a test may change, over recordings that are made once."""

    def __init__(self, clean: Path, folder: Path):
        self.clean, self.folder = clean, folder
        self.rows = [
            {"id": f"n{number}", "split": split, "target_text": f"sentence number {number}"}
            | {f"{side}_audio": str(clean / f"{side}{number}.wav") for side in ("source", "target")}
            for number, split in enumerate(SPLITS)
        ]

    def waveform(self, number: int, side: str) -> np.ndarray:
        return soundfile.read(self.clean / f"{side}{number}.wav")[0]

    def replace(self, number: int, side: str, samples: np.ndarray, rate: int = RATE, ending: str = "wav") -> None:
        path = self.folder / f"{side}{number}.{ending}"
        soundfile.write(path, samples, rate)
        self.rows[number][f"{side}_audio"] = str(path)

    def write(self) -> Path:
        path = self.folder / "pairs.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(dict.fromkeys(key for row in self.rows for key in row)))
            table.writeheader()
            table.writerows(self.rows)
        return path

    def check(self, *overrides: str) -> tuple[int, dict[str, set[str]]]:
        """→ exit code, and kind → ids of all that was found."""
        path, code = self.write(), 0
        try:
            main(["check", str(path), *tiny()[1:], "corpus.trimming=level", "time=false", *overrides])
        except SystemExit as ended:
            code = int(ended.code or 0)
        found: dict[str, set[str]] = {}
        for row in self.list():
            found.setdefault(row["what"], set()).add(row["id"])
        return code, {kind: ids for kind, ids in found.items() if kind not in ALWAYS}

    def list(self) -> list[dict[str, str]]:
        with open(self.folder / "pairs.check.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    for number in range(len(SPLITS)):
        for side in ("source", "target"):
            soundfile.write(folder / f"{side}{number}.wav", sentence(number, side), RATE)
    return folder


@pytest.fixture
def manifest(clean, tmp_path) -> Manifest:
    return Manifest(clean, tmp_path)


def test_a_clean_corpus_is_called_clean_and_its_training_is_timed(manifest, capsys):
    code, found = manifest.check("time=true", "trainer.jobs=2")
    assert (code, found) == (0, {})
    told = capsys.readouterr().out
    assert "36 rows" in told and "28 sentences" in told and "nothing serious" in told
    for stage in ("prepare", "units", "recogniser", "vocoder", "translator"):
        assert f"\n  {stage} " in told
    assert "6 steps" in told and "494 pairs" in told
    page = (manifest.folder / "pairs.check.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "http" not in page.replace("http://www.w3.org", "")


def plant_in_sound(manifest: Manifest) -> dict[str, set[str]]:
    """One fault in one recording each → kind → ids."""
    sound, noise = manifest.waveform, np.random.default_rng(0).standard_normal(20 * RATE)
    manifest.replace(1, "source", np.clip(4 * sound(1, "source"), -0.9, 0.9))
    manifest.replace(2, "target", sound(2, "target") + 0.1 * noise[: len(sound(2, "target"))])
    manifest.replace(3, "source", 0.008 * sound(3, "source"))
    manifest.replace(4, "target", 0.1 * sound(4, "target"))
    manifest.replace(5, "source", sound(5, "source")[4_000:-4_000] + 0.1)
    manifest.replace(6, "target", soxr.resample(soxr.resample(sound(6, "target"), RATE, 8_000), 8_000, RATE))
    manifest.replace(7, "source", soxr.resample(sound(7, "source"), RATE, 8_000), 8_000)
    manifest.replace(8, "target", np.pad(sound(8, "target"), (2 * RATE, 0)))
    for side in ("source", "target"):  # on both, for else their lengths do not fit
        halves = sound(9, side)[:10_000], np.zeros(8 * RATE), sound(9, side)[-10_000:]
        manifest.replace(9, side, np.concatenate(halves))
    manifest.replace(10, "target", np.stack([sound(10, "target"), -0.99 * sound(10, "target")], 1))
    manifest.replace(11, "source", 0.1 * noise[: len(sound(11, "source"))])
    manifest.replace(12, "target", np.zeros(RATE))
    manifest.replace(13, "source", np.zeros(0))
    (manifest.folder / "broken.wav").write_bytes(b"RIFF no sound")
    manifest.rows[14]["source_audio"] = "broken.wav"
    manifest.rows[15]["target_audio"] = "nowhere.wav"
    manifest.replace(16, "target", sound(16, "target")[:12_000])
    return {
        "clipping": {"n1"}, "noise": {"n2"}, "quiet": {"n3"}, "uneven": {"n4"}, "offset": {"n5"}, "band": {"n6"},
        "rate": {"n7"}, "silent_ends": {"n8"}, "silence": {"n9"}, "channels": {"n10"}, "no_speech": {"n11"},
        "refused": {"n12", "n13"}, "unreadable": {"n14", "n15"}, "misaligned": {"n16"}, "too_many": {""},
    }  # fmt: skip


def plant_in_table(manifest: Manifest) -> dict[str, set[str]]:
    """The same for rows, ids, speakers, texts, and sentences that stand twice."""
    rows = manifest.rows
    for number, row in enumerate(rows):
        row |= {"source_speaker": "ann", "source_start": "", "target_start": ""}
        row["target_speaker"] = "bea" if number % 2 else "cay"
    rows[32]["source_speaker"] = "eve"  # in test only
    rows[1]["split"] = "tests"
    rows.append(dict(rows[2]))
    rows[3]["id"] = "N4"
    rows[5]["target_text"] = " – "
    rows[6]["target_text"] = "Sentence number 33!"
    copied = manifest.waveform(34, "target")
    manifest.replace(7, "target", 0.7 * copied, ending="flac")
    rows[7]["source_audio"] = rows[34]["source_audio"]  # the same file, so rows that share it
    manifest.replace(8, "source", manifest.waveform(9, "source"))
    manifest.replace(8, "target", manifest.waveform(9, "target"), ending="mp3")
    manifest.replace(10, "target", manifest.waveform(10, "source"), ending="flac")
    return {
        "unseen_voice": {"n32"}, "row": {"n1"}, "same_id": {"n2"}, "case": {"N4", "n4"}, "no_text": {"n5"},
        "leak_text": {"n33"}, "leak_audio": {"n34"}, "shared_file": {"n7", "n34"}, "duplicate_audio": {"n8", "n9"},
        "both_sides": {"n10"},
    }  # fmt: skip


def test_as_recordings_are_trimmed_a_file_without_speech_is_refused(manifest):
    manifest.replace(11, "source", 0.1 * np.random.default_rng(0).standard_normal(2 * RATE))
    assert manifest.check("corpus.trimming=activity") == (0, {"refused": {"n11"}})


@pytest.mark.parametrize("plant", [plant_in_sound, plant_in_table])
def test_planted_faults_are_found_and_nothing_else(manifest, capsys, plant):
    planted = plant(manifest)
    code, found = manifest.check()
    assert found == planted
    assert code == 1
    told = capsys.readouterr().out
    assert all(f" {kind}: " in told for kind in planted)
    assert {row["advice"] for row in manifest.list()} >= {
        "keep one of them, unless they are meant"
    } or "band" in planted


@pytest.mark.parametrize("first", [0, 12])
def test_rows_that_are_shifted_by_one(manifest, first):
    """A row was lost on one side: from there on each target stands one row too high."""
    for before, after in zip(manifest.rows[first:], manifest.rows[first + 1 :]):
        before["target_audio"] = after["target_audio"]
    manifest.rows[-1]["target_audio"] = str(manifest.folder / "last.wav")
    soundfile.write(manifest.folder / "last.wav", sentence(1_000, "target"), RATE)
    code, found = manifest.check()
    assert code == 1 and found.keys() == {"shift"}
    right = {f"n{number}" for number in range(first, len(SPLITS))}
    assert len(found["shift"] ^ right) <= 4  # where it begins is not known to the row
    page = (manifest.folder / "pairs.check.html").read_text(encoding="utf-8")
    assert "source of row n+1" in page and "row n-1" not in page


def test_a_long_file_without_times(manifest):
    long = np.concatenate([manifest.waveform(number, "source") for number in range(6)])
    soundfile.write(manifest.folder / "all.flac", long, RATE)
    for row in manifest.rows[:6]:
        row["source_audio"] = "all.flac"
    code, found = manifest.check()
    assert code == 1 and found["shared_file"] == {f"n{number}" for number in range(6)}
    begin = 0.0
    for number, row in enumerate(manifest.rows[:6]):
        end = begin + len(manifest.waveform(number, "source")) / RATE
        row |= {"source_start": begin, "source_end": end}
        begin = end
    assert manifest.check() == (0, {})


def test_what_prepare_would_refuse_is_serious(manifest):
    for row in manifest.rows:
        row["split"] = "train" if row["split"] == "dev" else row["split"]
    code, found = manifest.check("corpus.target=und")
    assert code == 1 and found == {"split": {""}, "language": {""}}


def test_recordings_that_are_all_gone_and_a_side_that_a_voice_speaks(manifest):
    for row in manifest.rows:
        row |= {"source_audio": "gone.wav", "target_audio": ""}
    code, found = manifest.check("corpus.target_voice=flite:slt")
    assert code == 1 and found.keys() == {"unreadable", "too_many", "split"} and len(found["unreadable"]) == len(SPLITS)


def test_mistakes_are_one_sentence(manifest, refused, tmp_path):
    path = str(manifest.write())
    assert "check needs one manifest" in refused("check")
    assert "check needs one manifest" in refused("check", path, "other.csv")
    assert "does not exist" in refused("check", str(tmp_path / "none.csv"))
    assert "no setting is called" in refused("check", path, "corpus.tagret=en")
    assert "page=NAME.check.html" in refused("check", path, "page=pairs.html")
    with pytest.raises(SystemExit) as caught:
        main(["check", path, f"page={path}/a.check.html", "time=false", *tiny()[1:]])
    assert caught.value.code == 2


def test_an_interruption_ends_it_cleanly(manifest, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("speech2code.data_check.corpus.measure", interrupted)
    with pytest.raises(SystemExit) as caught:
        main(["check", str(manifest.write()), *tiny()[1:]])
    assert caught.value.code == 130 and "interrupted" in capsys.readouterr().err
    assert not list(manifest.folder.glob("*.check.*"))


@pytest.mark.parametrize("pairs", [10, 1_000, 10_000])
def test_what_to_expect_quotes_the_documents_and_nothing_else(pairs):
    """A figure that changes there must change here."""
    train = [Pair(str(number), "train", "oui", "yes", source_voice="espeak:fr-fr") for number in range(pairs)]
    corpus = CheckedCorpus(compose(["experiment=best_fr_en"]), train, [], {"source": [], "target": []})
    _, amount, voice, *_ = expectations(corpus)
    for sentence in (amount, voice):
        named = re.findall(r"docs/[\w-]+\.md", sentence)
        read = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in named)
        figures = re.findall(r"\d[\d,.]*\d|\d", sentence)
        assert named and figures and not [each for each in figures if each not in read]
