"""Parallel text: reading, the vocabulary size of an experiment and its longest sentence, its mistakes."""

import gzip

import pytest

from speech2code.corpora.parallel_text import read_parallel_text, words
from speech2code.errors import UserError

TRAIN = [
    ("Va !", "Go."),
    ("Je cours.", "I run."),
    ("Je cours vite.", "I run, I run!"),
    ("Je ne cours pas.", "I don’t run."),
    ("Je ne vais pas.", "I don't go, I run."),
    ("Un zèbre.", "A zebra."),
]
EVALUATION = [("Je vais.", "I go."), ("Oui.", "Run!"), ("Un chien.", "A dog.")]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "train.tsv.gz", TRAIN)
    write(tmp_path / "dev.tsv.gz", EVALUATION)
    write(tmp_path / "test.tsv", EVALUATION)
    return tmp_path


def write(path, rows):
    content = "".join(f"{source}\t{target}\n" for source, target in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def ids(pairs):
    return [pair.id for pair in pairs]


def test_everything_is_read_in_order(folder):
    pairs = read_parallel_text(folder)
    assert len(pairs) == 12
    assert (pairs[3].id, pairs[3].split, pairs[3].source_text) == ("train-000004", "train", "Je ne cours pas.")
    assert (pairs[-1].id, pairs[-1].target_text, pairs[-1].target_audio) == ("test-000003", "A dog.", None)


def test_words_are_letters_and_apostrophes():
    assert words("I don’t, I CAN'T: 3 well-known!") == ["i", "don't", "i", "can't", "well", "known"]


def test_the_vocabulary_size_filters_all_splits_by_the_words_of_train(folder):
    # frequencies in train: i 6, run 5, go 2, don't 2, a 1, zebra 1; sentences of one word go
    assert ids(read_parallel_text(folder, top_words=4)) == [
        *("train-000002", "train-000003", "train-000004", "train-000005", "dev-000001", "test-000001")
    ]
    assert ids(read_parallel_text(folder, top_words=4, max_words=3))[:3] == [
        *("train-000002", "train-000004", "dev-000001")
    ]
    assert "train-000006" in ids(read_parallel_text(folder, max_words=2))


def test_training_pairs_are_drawn_by_seed(tmp_path):
    write(tmp_path / "train.tsv.gz", [(f"phrase {n}", f"sentence {n}") for n in range(50)])
    for split in ("dev", "test"):
        write(tmp_path / f"{split}.tsv.gz", EVALUATION)
    ten = ids(read_parallel_text(tmp_path, train=10))[:10]
    assert ten == ids(read_parallel_text(tmp_path, train=10))[:10]
    assert ten == ids(read_parallel_text(tmp_path, train=20))[:10]
    assert set(ten) != set(ids(read_parallel_text(tmp_path, train=10, seed=1))[:10])
    assert len(read_parallel_text(tmp_path, train=1000)) == 56


def test_missing_folder_or_file(folder, tmp_path):
    with pytest.raises(UserError, match=r"nowhere holds no train\.tsv"):
        read_parallel_text(tmp_path / "nowhere")
    (folder / "dev.tsv.gz").unlink()
    with pytest.raises(UserError, match=r"holds no dev\.tsv or dev\.tsv\.gz"):
        read_parallel_text(folder)


@pytest.mark.parametrize("line", [b"no tab", b"a\tb\tc", b"\tGo.", b"", b"caf\xe9\tcoffee"])
def test_malformed_line_is_named(folder, line):
    (folder / "test.tsv").write_bytes(b"Va\tGo.\n" + line + b"\nOui\tYes.\n")
    with pytest.raises(UserError, match=r"test\.tsv, line 2: not"):
        read_parallel_text(folder)


def test_broken_archive(folder):
    (folder / "dev.tsv.gz").write_bytes((folder / "dev.tsv.gz").read_bytes()[:-12])
    with pytest.raises(UserError, match=r"cannot read .*dev\.tsv\.gz"):
        read_parallel_text(folder)


@pytest.mark.parametrize("limits", [{"top_words": 0}, {"max_words": -1}, {"train": 0}])
def test_limits_below_one(folder, limits):
    with pytest.raises(UserError, match="give a number above 0"):
        read_parallel_text(folder, **limits)


def test_nothing_left(folder):
    with pytest.raises(UserError, match=r"no train sentence left with corpus\.top_words=1"):
        read_parallel_text(folder, top_words=1, max_words=3)
