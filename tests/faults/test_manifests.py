"""Manifests that people have: odd ids, bad rows, other encodings, other separators, thousands of missing files."""

import csv
import gzip
import os
import tracemalloc

import pytest
from conftest import Corpus, record
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.cli import main
from speech2code.corpora.manifest import read_manifest
from speech2code.corpora.parallel_text import read_parallel_text
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError

HEADER = "id,source_audio,target_audio"
MANY = {"train": 26, "dev": 2, "test": 2}  # 30 pairs: three may be bad


@pytest.fixture
def refusal(tmp_path):
    """The bytes of a manifest → the sentence that refuses it."""

    def read(content: bytes, name: str = "pairs.csv") -> str:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError) as caught:
            read_manifest(tmp_path / name)
        assert name in str(caught.value) and len(str(caught.value)) < 500
        assert str(caught.value).isprintable()
        return str(caught.value)

    return read


@pytest.fixture
def rows(tmp_path):
    """Lines behind a header → (pairs, id → why it was rejected)."""

    def read(*lines: str, header: str = HEADER) -> tuple[list, dict[str, str]]:
        (tmp_path / "pairs.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="")
        pairs, rejected = read_manifest(tmp_path / "pairs.csv")
        return pairs, {each.id: each.reason for each in rejected}

    return read


def test_ids_with_slashes_dots_and_any_letters_are_ids(rows):
    ids = ["fr/clips/1.mp3", ".hidden", "../../x", "file", "a" * 251, "é日本", "50%", "a b", "-"]
    pairs, rejected = rows(*(f"{each},a.wav,b.wav" for each in ids))
    assert [pair.id for pair in pairs] == ids and not rejected


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        ("b,a.wav", "b", "line 3: 2 values where the header has 4"),
        ("b,a.wav,c.wav,dev,more", "b", "line 3: 5 values where the header has 4"),
        (",a.wav,c.wav,dev", "line 3", "line 3: no value for id"),
        ("b,a.wav,,dev", "b", "line 3: no value for target_audio"),
        ("b,a.wav,c.wav,valid", "b", "line 3: split 'valid' is unknown; use one of train, dev"),
        ("b\0,a.wav,c.wav,dev", "b\\x00", "line 3: id 'b\\x00' holds a control character"),
        ('"b\tc",a.wav,c.wav,dev', "b\\tc", "line 3: id 'b\\tc' holds a control character"),
        ("b,a\0.wav,c.wav,dev", "b", "line 3: source_audio 'a\\x00.wav' holds a control character"),
    ],
)
def test_one_bad_row_does_not_stop_the_others(rows, line, name, reason):
    pairs, rejected = rows("a,a.wav,b.wav,train", line, "d,a.wav,b.wav,Test", header=f"{HEADER},split")
    assert [(pair.id, pair.split) for pair in pairs] == [("a", "train"), ("d", "test")]
    assert rejected.keys() == {name} and reason in rejected[name]


@pytest.mark.parametrize("header", ["ID,Source_Audio,TARGET_AUDIO,SPLIT", " id , source_audio,target_audio\t, Split "])
def test_headers_are_matched_without_regard_to_case_and_spaces(rows, header):
    pairs, _ = rows("a,a.wav,b.wav,test", header=header)
    assert pairs[0].split == "test"


@pytest.mark.parametrize("column", ["SPLITS", "Target Text", "target-text", "Source_Speakers", "split_"])
def test_a_column_that_looks_like_a_known_one_is_refused(refusal, column):
    assert f"a column {column!r}, which is close to" in refusal(f"{HEADER},{column}\na,b,c,d".encode())
    assert "column 'split' twice" in refusal(f"{HEADER},split,SPLIT\na,b,c,d,e".encode())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{HEADER}\na,b,c".encode("utf-16"), "but UTF-16"),
        (f"{HEADER}\na,b,c".encode("utf-16-le"), "no text"),
        (f"{HEADER}\na,b,c\né,b,c".encode("cp1252"), "line 3: not UTF-8"),
        (f"{HEADER}\na,b,c".replace(",", ";").encode(), "separated by ;"),
        (f"{HEADER}\na,b,c".replace(",", "\t").encode(), "separated by tabs; rename it to pairs.tsv"),
        (f'{HEADER}\na,b,c\nd,"b"x,c\ne,b,c'.encode(), "line 3"),
        (f'{HEADER}\na,b,c\nd,"b,c\ne,b,c'.encode(), "line 3"),
        (b'id,"source_audio,target_audio\n' + b"a,b,c\n" * 50_000, "line 1"),
        (bytes(3_000_000), "line 1 is longer than"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "line 1: not UTF-8"),
    ],
)
def test_what_spreadsheets_save_gets_the_sentence_that_helps(refusal, content, sentence):
    assert sentence in refusal(content)


def test_a_table_of_commas_that_is_named_tsv(refusal):
    assert "separated by commas; rename it to pairs.csv" in refusal(f"{HEADER}\na,b,c".encode(), "pairs.tsv")


def test_a_manifest_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv", "none.csv", "n" * 300 + ".csv"):
        with pytest.raises(UserError, match=r"\.csv"):
            read_manifest(tmp_path / name)


def test_a_header_of_very_many_names(rows, tmp_path, refused):
    many = ",".join(f"c{number}" for number in range(100_000))  # what compares each with each takes minutes
    pairs, _ = rows("a,a.wav,b.wav" + "," * 100_000, header=f"{HEADER},{many}")
    assert len(pairs) == 1
    (tmp_path / "pairs.csv").write_text(f"{many}\na\n")
    overrides = Corpus(tmp_path / "pairs.csv", tmp_path / "data").overrides(tmp_path / "runs")
    sentence = refused("prepare", *overrides)
    assert len(sentence) < 1_100 and "has no column 'id'; it has c0, c1" in sentence


def test_blank_lines_without_end_take_no_memory(tmp_path):
    (tmp_path / "pairs.csv").write_text(f"{HEADER}\na,a.wav,b.wav\n" + "\n" * 300_000)
    tracemalloc.start()
    assert len(read_manifest(tmp_path / "pairs.csv")[0]) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


cells = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(cells, min_size=1, max_size=5), max_size=6), st.binary(max_size=20))
def test_any_table_is_read_or_refused_by_a_sentence(tmp_path_factory, table, damage):
    path = tmp_path_factory.mktemp("any") / "pairs.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER.split(","), *table])
    path.write_bytes(path.read_bytes() + damage)
    try:
        pairs, rejected = read_manifest(path)
    except UserError as error:
        assert str(path) in str(error)
    else:
        assert len(pairs) + len(rejected) >= 1
        assert not any(character in pair.id for pair in pairs for character in "\0\t\r\n")


def test_bad_rows_odd_ids_and_files_that_are_none_go_through_prepare(tmp_path):
    corpus = Corpus(record(tmp_path / "recordings", text=False, splits=MANY), tmp_path / "data")
    lines = corpus.manifest.read_text().splitlines()
    lines[1] = lines[1].replace("n0,", "fr/n0,")
    lines[2] = lines[2].replace("n1,", "n1\0,")
    lines[3] = lines[3].replace(",s2.wav,", f",{'s' * 300}.wav,")
    corpus.manifest.write_text("\n".join(lines))
    (corpus.manifest.parent / "t3.wav").unlink()
    (corpus.manifest.parent / "t3.wav").mkdir()
    main(["prepare", *corpus.overrides(tmp_path / "runs")])
    assert FeatureStore(corpus.folder, "train").ids == ["fr/n0", *(f"n{number}" for number in range(4, 26))]
    with open(corpus.folder / "rejected.csv", encoding="utf-8", newline="") as file:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    assert "control character" in reasons.pop("n1\\x00")
    assert "File name too long" in reasons.pop("n2") and "t3.wav: not a file" in reasons.pop("n3") and not reasons


def test_rows_of_missing_files_are_told_at_once(tmp_path, refused, monkeypatch):
    monkeypatch.setattr("speech2code.corpora.joining.workers", None)  # no worker is started
    lines = [HEADER, *(f"{number},s{number}.wav,t{number}.wav" for number in range(3000))]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    corpus = Corpus(tmp_path / "pairs.csv", tmp_path / "data")
    sentence = refused("prepare", *corpus.overrides(tmp_path / "runs"))
    assert "3000 of 3000 pairs (100.0%) cannot be used" in sentence and "s0.wav: no such file" in sentence
    assert len((corpus.folder / "rejected.csv").read_text().splitlines()) == 3001


def test_a_manifest_of_bad_rows_only_says_why(tmp_path, refused):
    (tmp_path / "pairs.csv").write_text(f"{HEADER},split\na,b,c,valid\n")
    overrides = Corpus(tmp_path / "pairs.csv", tmp_path / "data").overrides(tmp_path / "runs")
    assert "split 'valid' is unknown" in refused("prepare", *overrides)


@pytest.mark.parametrize("content", [bytes(3_000_000), b"x" * 3_000_000, "a\tb\n".encode("utf-16")])
def test_parallel_text_that_is_none(tmp_path, content):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_bytes(content)
    with pytest.raises(UserError, match=r"train\.tsv, line 1") as caught:
        read_parallel_text(tmp_path)
    assert len(str(caught.value)) < 500


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv.gz").write_bytes(gzip.compress(bytes(30_000_000), 1))
    tracemalloc.start()
    with pytest.raises(UserError, match=r"train\.tsv\.gz, line 1"):
        read_parallel_text(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
