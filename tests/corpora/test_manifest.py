"""Manifests: what is read, how pairs are split, and one sentence for each mistake."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.corpora.manifest import assign_splits, read_manifest, reject_duplicates
from speech2code.corpora.pairs import Pair
from speech2code.errors import UserError

HEADER = "id,source_audio,target_audio"


def write(folder, text, name="pairs.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_all_columns_are_read_and_others_ignored(tmp_path):
    header = f"{HEADER},source_text,target_text,source_speaker,target_speaker,split,duration"
    path = write(tmp_path, f'{header}\na,fr/a.wav,/far/a.wav,"Oui, là",Yes,anne,,dev,1.5\n', encoding="utf-8-sig")
    expected = Pair("a", "dev", "Oui, là", "Yes", tmp_path / "fr/a.wav", source_speaker="anne")
    (pair,), _ = read_manifest(path)
    assert str(pair.target_audio) == "/far/a.wav"
    assert pair == Pair(**{**vars(expected), "target_audio": pair.target_audio})


def test_tsv_needs_no_text_and_has_no_quotes(tmp_path):
    header = HEADER.replace(",", "\t")
    (pair,), _ = read_manifest(write(tmp_path, f'{header}\ttarget_text\n1\ta.wav\tb.wav\t"Yes" he said\n\n', "p.tsv"))
    assert (pair.source_text, pair.target_text) == (None, '"Yes" he said')


def test_without_a_split_column_the_ids_decide(tmp_path):
    rows = [f"{n},s{n}.wav,t{n}.wav" for n in range(400)]
    pairs, _ = read_manifest(write(tmp_path, "\n".join([HEADER, *rows])))
    count = Counter(pair.split for pair in pairs)
    assert [pair.id for pair in pairs] == [str(n) for n in range(400)]
    assert 8 <= count["dev"] <= 35 and 8 <= count["test"] <= 35 and count["train"] > 320
    fewer, _ = read_manifest(write(tmp_path, "\n".join([HEADER, *reversed(rows[:300])])))
    assert {p.id: p.split for p in fewer}.items() <= {p.id: p.split for p in pairs}.items()


@settings(deadline=None)
@given(st.lists(st.text(min_size=1), min_size=20, max_size=60, unique=True))
def test_twenty_ids_fill_all_splits(ids):
    splits = assign_splits(ids)
    assert splits.keys() == set(ids) and set(splits.values()) == {"train", "dev", "test"}
    assert splits == assign_splits(ids[::-1] + ids)


def test_duplicate_ids_are_read_then_rejected_across_splits(tmp_path):
    text = f"{HEADER},split\na,1.wav,1.wav,train\nb,2.wav,2.wav,train\na,3.wav,3.wav,test\n"
    pairs, _ = read_manifest(write(tmp_path, text))
    kept, rejected = reject_duplicates(pairs)
    assert len(pairs) == 3 and kept == pairs[:2]
    assert [(each.id, each.side) for each in rejected] == [("a", "both")]
    assert "split train" in rejected[0].reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows"),
        (HEADER + "\n\n", "has no rows"),
        ("id,source_audio,target_wav\n1,a,b", "no column 'target_audio'; rename 'target_wav'"),
        ("source_audio,target_audio\na,b", "no column 'id'; it has source_audio, target_audio"),
        (f"{HEADER},spilt\n1,a,b,train", "column 'spilt', which is close to 'split'"),
        (f"{HEADER},id\n1,a,b,2", "column 'id' twice"),
        (f'{HEADER}\n1,"a,b', "line 2: unexpected end of data"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(UserError, match=r"pairs\.csv") as caught:
        read_manifest(write(tmp_path, text))
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"must be named \.csv"):
        read_manifest(write(tmp_path, HEADER, "pairs.txt"))
    with pytest.raises(UserError, match="not UTF-8"):
        read_manifest(write(tmp_path, f"{HEADER}\né,a,b", encoding="latin-1"))
