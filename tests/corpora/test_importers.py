"""`speech2code import`: each format imitated by a few files, read into a manifest, and two of them prepared."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import RATE, speak, tiny

from speech2code.cli import main
from speech2code.corpora.importers.formats import FORMATS
from speech2code.corpora.importers.run import parse
from speech2code.corpora.manifest import read_manifest
from speech2code.corpora.store import FeatureStore

SIDES = ("source", "target")


def sound(path: Path, seconds: float = 0.5, seed: int = 0) -> Path:
    """A file of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-0.3, 0.3, int(seconds * RATE)).astype(np.float32)
    soundfile.write(path, noise, RATE, format="FLAC" if path.suffix == ".flac" else "WAV")
    return path


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def imported(path: Path, *arguments: str, spoken=()):
    """What the manifest of an import holds, and what was left out: id → reason."""
    main(["import", *map(str, arguments), str(path)])
    pairs, rejected = read_manifest(path, spoken)
    assert not rejected
    with open(path.with_name(f"{path.stem}.left_out.csv"), encoding="utf-8", newline="") as file:
        left_out = {(row["id"], row["side"]): row["reason"] for row in csv.DictReader(file)}
    return {pair.id: pair for pair in pairs}, left_out


def columns(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.fixture
def kaldi(tmp_path):
    """Two data folders: French has one long file and segments, English a file for each utterance."""
    french, english = tmp_path / "fr", tmp_path / "en"
    words = [["da", "mo", "ki"], ["su", "da", "su"]]
    speech = np.concatenate([speak(words[number % 2], 110, seed=number) for number in range(24)])
    length = len(speech) / RATE / 24
    french.mkdir()
    soundfile.write(french / "all.wav", speech, RATE)
    written(french / "wav.scp", "all all.wav\n")
    segments = [f"u{number:02} all {number * length:.3f} {(number + 1) * length:.3f}" for number in range(24)]
    written(french / "segments", "\n".join(segments) + "\nu99 other 0 1\n")
    written(french / "utt2spk", "".join(f"u{number:02} ann\n" for number in range(24)))
    for number in range(23):
        english.mkdir(exist_ok=True)
        soundfile.write(english / f"{number}.wav", speak(words[number % 2][::-1], 190, 1.2, seed=number), RATE)
    written(english / "wav.scp", "".join(f"u{number:02} {english}/{number}.wav\n" for number in range(23)))
    written(english / "text", "".join(f"u{number:02} number {number}\n" for number in range(22)) + "u22\n")
    return french, english


def test_kaldi(tmp_path, kaldi, capsys):
    pairs, left_out = imported(tmp_path / "pairs.csv", "kaldi", *kaldi)
    assert len(pairs) == 23
    assert left_out == {
        ("u23", "source"): "no partner on the other side",
        ("u99", "source"): "its segment names a recording that wav.scp has not",
    }
    one = pairs["u03"]
    assert (one.source_speaker, one.target_speaker, one.target_text) == ("ann", "target", "number 3")
    assert one.source_start == pytest.approx(3 * 0.48, abs=0.01) and one.source_end == pytest.approx(4 * 0.48, abs=0.01)
    assert pairs["u22"].target_text is None
    assert "target_start" not in columns(tmp_path / "pairs.csv")
    assert "fr/all.wav" in (tmp_path / "pairs.csv").read_text()  # relative to the manifest
    said = capsys.readouterr().out
    assert "23 pairs" in said and "source: 23 recorded, 0 with text; 1 speaker\n" in said
    assert "1: no partner on the other side (source)" in said


def test_what_kaldi_gave_can_be_prepared(tmp_path, kaldi):
    imported(tmp_path / "pairs.csv", "kaldi", *kaldi)
    given = [f"corpus.path={tmp_path}/pairs.csv", f"data={tmp_path}/data", f"runs={tmp_path}/runs"]
    main(["prepare", *tiny(), *given])
    stores = {split: FeatureStore(tmp_path / "data" / "recordings", split) for split in ("train", "dev", "test")}
    assert sum(len(store) for store in stores.values()) == 23
    assert stores["train"].waveform("source", 0).size / RATE == pytest.approx(0.48, abs=0.1)


def test_kaldi_splits_and_a_side_of_text_alone(tmp_path):
    for split in ("train", "dev", "test"):
        sound(tmp_path / "mb" / split / f"{split}.wav")
        written(tmp_path / "mb" / split / "wav.scp", f"{split}-1 {split}.wav\n")
        written(tmp_path / "fr" / split / "text", f"{split}-1 phrase de {split}\n")
    pairs, _ = imported(tmp_path / "pairs.csv", "kaldi", tmp_path / "mb", tmp_path / "fr", spoken=["target"])
    assert {pair.split: pair.target_text for pair in pairs.values()} == {
        split: f"phrase de {split}" for split in ("train", "dev", "test")
    }
    assert all(pair.target_audio is None for pair in pairs.values())


@pytest.mark.parametrize(("file", "text", "sentence"), [
    ("wav.scp", "u00 flac -c -d -s a.flac |\n", "u00 is a command (flac -c -d -s a.flac |), and commands found"),
    ("wav.scp", "u00 data.ark:17\n", "u00 is data.ark:17, no file of its own; write it as WAV or FLAC"),
    ("segments", "u00 all 0 end\n", "segments: u00 has 'all 0 end', where a recording, its start and its end belong"),
    ("text", "u00 caf\udce9\n", "text, line 1: not UTF-8 (byte 0xe9)"),
])  # fmt: skip
def test_bad_kaldi(tmp_path, kaldi, refused, file, text, sentence):
    (kaldi[0] / file).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert sentence in refused("import", "kaldi", *map(str, kaldi), f"{tmp_path}/pairs.csv")
    assert not (tmp_path / "pairs.csv").exists()


def test_sides_that_share_no_id(tmp_path, kaldi, refused):
    written(kaldi[1] / "wav.scp", f"x1 {kaldi[1]}/1.wav\n")
    sentence = refused("import", "kaldi", *map(str, kaldi), f"{tmp_path}/pairs.csv")
    assert "share no id: the source has u00, u01, u02 …, the target has x1" in sentence


@pytest.fixture
def tables(tmp_path):
    """Two tables; the second has two recordings of b, and none of c."""
    for name in ("a", "b", "c"):
        sound(tmp_path / "fr" / f"{name}.wav")
    for name in ("a", "b1", "b2"):
        sound(tmp_path / "en" / f"{name}.wav")
    first = "key\tfile\twho\tpart\na\ta\tann\ttrain\nb\tb\tbea\tvalidation\nc\tc\tann\ttest\n"
    second = "key,file,words\na,a,“Yes”\nb,b1,Is it?\nb,b2,is it\n,a,Whose?\n"
    return written(tmp_path / "fr.tsv", first), written(tmp_path / "en.csv", second)


OPTIONS = ("id=key", "source_audio=fr/{file}.wav", "target_audio=en/{file}.wav", "speaker=who", "target_speaker=key",
           "source_split=part", "target_text=words")  # fmt: skip


def test_two_tables(tmp_path, tables):
    pairs, left_out = imported(tmp_path / "pairs.csv", "tables", *tables, *OPTIONS)
    assert list(pairs) == ["a", "b#1", "b#2"]
    assert [pair.split for pair in pairs.values()] == ["train", "dev", "dev"]
    assert [pair.target_audio.name for pair in pairs.values()] == ["a.wav", "b1.wav", "b2.wav"]
    assert pairs["a"].target_text == "“Yes”" and pairs["b#1"].source_speaker == "bea"
    nameless = f"row 4 of {tables[1]}"
    assert left_out == dict.fromkeys([("c", "source"), (nameless, "target")], "no partner on the other side")


def test_one_table_without_a_header(tmp_path):
    sound(tmp_path / "a.wav")
    rows = "".join(f"say {number}|a.wav|sentence {number}\n" for number in range(30))
    written(tmp_path / "all.txt", rows)
    given = ("header=no", "separator=|", "source_audio=2", "source_text=1", "target_text=3", "test=0.3")
    pairs, left_out = imported(tmp_path / "pairs.tsv", "tables", tmp_path / "all.txt", *given, spoken=["target"])
    # all have one recording: it is one sentence to us, so none of them may be in another split
    assert len(pairs) == 30 and {pair.split for pair in pairs.values()} == {"train"}
    assert pairs["row-1"].target_text == "sentence 0" and not left_out


@pytest.mark.parametrize(("options", "sentence"), [
    ((), "fr.tsv has no column 'id'; it has key, file, who, part"),
    (("id=key",), "fr.tsv has neither audio nor text by the columns 'audio' and 'text'; name them, such as audio=key"),
    (("id=key", "audio=fr/{name}.wav"), "fr.tsv has no column 'name'; it has key, file, who, part"),
    (("id=key", "audio=file", "start=who"), "fr.tsv: start 'ann' is no time"),
    (("ids=key",), "import tables knows no option ids; did you mean id?"),
    (("separator=ab",), "separator=ab is not one sign"),
    (("id=key", "source_audio=fr/{file}.wav", "target_audio=en/{file}.wav", "separator=;"), "has no column 'key'"),
    (("dev=1.5",), "dev=1.5 is no share; give a number between 0 and 0.5"),
    (("id=key", "audio=file"), "no pair of 5 can be used"),
])  # fmt: skip
def test_bad_tables(tmp_path, tables, refused, options, sentence):
    assert sentence in refused("import", "tables", *map(str, tables), f"{tmp_path}/pairs.csv", *options)
    assert not (tmp_path / "pairs.csv").exists()


def test_a_broken_table(tmp_path, tables, refused):
    written(tables[1], 'key,file\na,"a\n')
    assert "en.csv, line" in refused("import", "tables", *map(str, tables), f"{tmp_path}/pairs.csv", *OPTIONS)
    written(tables[1], "key,file,words\na,a\n")
    sentence = refused("import", "tables", *map(str, tables), f"{tmp_path}/pairs.csv", *OPTIONS)
    assert "en.csv, line 2: 2 values where 3 belong" in sentence
    sentence = refused("import", "tables", f"{tmp_path}/none.csv", str(tables[1]), f"{tmp_path}/pairs.csv", *OPTIONS)
    assert "cannot read" in sentence and "none.csv" in sentence


def test_any_id_and_text_is_legal_or_left_out(tmp_path):
    """Ids with slashes, quotes and accents come through, in CSV and in TSV; what a manifest cannot hold is listed."""
    ids = ["fr/1", 'say "no"', "é, ü", "-", "a\x07b", "twin", "twin"]
    sound(tmp_path / "a.wav")
    rows = [[id, "a.wav", f"text {number}, “quoted”"] for number, id in enumerate(ids)]
    with open(tmp_path / "both.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "source_audio", "target_text"], *rows])
    for name in ("pairs.csv", "pairs.tsv"):
        pairs, left_out = imported(tmp_path / name, "tables", tmp_path / "both.csv", spoken=["target"])
        assert list(pairs) == ["fr/1", 'say "no"', "é, ü", "-", "twin"]
        assert pairs["é, ü"].target_text == "text 2, “quoted”"
        assert "holds a control character" in left_out["a\\x07b", "both"]
        assert "duplicate id" in left_out["twin", "both"]


def test_no_split_shares_a_sentence(tmp_path):
    """Neither where the corpus gives splits, nor where they are drawn."""
    for number in range(8):
        sound(tmp_path / f"{number}.wav", seed=number)
    rows = [
        ("a", 0, "Good day!", "Bonjour.", "test"),
        ("b", 1, "good day", "Salut.", "train"),  # the source of a
        ("c", 2, "Hello", "bonjour", "validation"),  # its target
        ("d", 3, "Hello", "Allô", "train"),  # shares with c only, which is gone
        ("e", 4, "Thanks", "Merci", "dev"),
        ("f", 5, "Bye", "Adieu", "train.clean"),
        ("g", 6, "Yes", "Oui", "extra"),
        ("h", 7, "No", "Non", ""),
    ]
    text = "id,source_audio,source_text,target_text,split\n" + "".join(
        f"{id},{number}.wav,{source},{target},{split}\n" for id, number, source, target, split in rows
    )
    written(tmp_path / "all.csv", text)
    pairs, left_out = imported(tmp_path / "pairs.csv", "tables", tmp_path / "all.csv", spoken=["target"])
    assert {id: pair.split for id, pair in pairs.items()} == {"a": "test", "d": "train", "e": "dev", "f": "train"}
    assert left_out["b", "both"] == left_out["c", "both"] == "its sentence is in test too: a"
    assert left_out["g", "both"] == "its split is none of train, dev, test: extra"
    assert left_out["h", "both"] == "no split, where others have one"


def test_drawn_splits_are_those_of_sentences(tmp_path):
    for number in range(200):
        sound(tmp_path / "wav" / f"{number}.wav", 0.01, seed=number)
    rows = "".join(f"{number},wav/{number}.wav,Sentence {number % 50}.\n" for number in range(200))
    written(tmp_path / "all.csv", "id,source_audio,target_text\n" + rows)
    pairs, _ = imported(tmp_path / "pairs.csv", "tables", tmp_path / "all.csv", "test=0.2", spoken=["target"])
    splits = {text: {pair.split for pair in pairs.values() if pair.target_text == text} for text in
              {pair.target_text for pair in pairs.values()}}  # fmt: skip
    assert len(splits) == 50 and all(len(each) == 1 for each in splits.values())
    assert set.union(*splits.values()) == {"train", "dev", "test"}


def test_fleurs(tmp_path):
    """Three French readers meet two English ones: each recording is used, and none is used up."""
    for language, readers in (("fr_fr", 3), ("en_us", 2)):
        for split, id in (("train", 7), ("dev", 8), ("test", 9)):
            names = [f"{id}{reader}.wav" for reader in range(readers)]
            for name in names:
                sound(tmp_path / language / "audio" / split / name)
            rows = [f'{id}\t{name}\tSay "{id}", {language}.\tsay\ts a y |\t8000\tFEMALE' for name in names]
            written(tmp_path / language / f"{split}.tsv", "\n".join(rows) + "\n")
    pairs, left_out = imported(tmp_path / "pairs.csv", "fleurs", tmp_path / "fr_fr", tmp_path / "en_us")
    assert list(pairs) == [f"{id}#{turn}" for id in (7, 8, 9) for turn in (1, 2, 3)]
    assert [pair.target_audio.name for pair in pairs.values()][:3] == ["70.wav", "71.wav", "70.wav"]
    assert [pair.split for pair in pairs.values()] == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3
    assert pairs["7#1"].target_text == 'Say "7", en_us.' and pairs["7#1"].target_speaker == "FEMALE"
    assert not left_out


def test_cvss(tmp_path):
    clips = [f"common_voice_fr_{number}.mp3" for number in range(4)]
    for number, clip in enumerate(clips):
        sound(tmp_path / "cv" / "clips" / clip)
        split = ("train", "dev", "test", "train")[number]
        sound(tmp_path / "cvss" / split / f"{clip}.wav")
    written(tmp_path / "cv" / "validated.tsv", "client_id\tpath\tsentence\n" + "".join(
        f"who{number}\t{clip}\tphrase {number}\n" for number, clip in enumerate([*clips[:3], "unused.mp3"])
    ))  # fmt: skip
    for split, numbers in (("train", (0, 3)), ("dev", (1,)), ("test", (2,))):
        rows = "".join(f"{clips[number]}\tsentence {number}\n" for number in numbers)
        written(tmp_path / "cvss" / f"{split}.tsv", rows)
    pairs, left_out = imported(tmp_path / "pairs.csv", "cvss", tmp_path / "cv", tmp_path / "cvss")
    assert {pair.split: pair.target_text for pair in pairs.values()} == {
        "train": "sentence 0", "dev": "sentence 1", "test": "sentence 2"
    }  # fmt: skip
    assert pairs[clips[0]].source_speaker == "who0" and pairs[clips[0]].source_text == "phrase 0"
    assert list(left_out) == [(clips[3], "target")]  # Common Voice's many others are not worth a line


def test_voxpopuli(tmp_path):
    folder = tmp_path / "transcribed_data" / "en"
    ids = [f"2018{number}-PLENARY-en_20180529-20:10:4{number}_3" for number in range(3)]
    rows = ["src_id\tsrc_text\tsrc_speaker_id\ttgt_id\ttgt_text"]
    for number, (id, split) in enumerate(zip(ids, ("train", "dev", "test"))):
        target = id.replace("-en_", "-fr_")
        sound(folder / "2018" / f"{id}.ogg")
        sound(folder / "fr" / "2018" / f"{target}.ogg")
        rows.append(f"{id}\tspeech {number}\t{number}\t{target}\t")
        written(folder / f"asr_{split}.tsv", f"id\traw_text\n{id}\tspeech\n")
    written(folder / "fr" / "s2s.tsv", "\n".join(rows) + "\n")
    pairs, _ = imported(tmp_path / "pairs.csv", "voxpopuli", folder / "fr" / "s2s.tsv")
    assert [pair.split for pair in pairs.values()] == ["train", "dev", "test"]
    assert pairs[ids[1]].source_speaker == "1" and pairs[ids[1]].target_text is None


def test_dral(tmp_path, refused):
    rows = ["id,participant_id_unique,lang_code,trans_id"]
    for number in range(40):
        for own, other in (("ES", "EN"), ("EN", "ES")):
            sound(tmp_path / "fragments-short" / f"{own}_001_{number}.wav", 0.01)
            rows.append(f"{own}_001_{number},{number % 2},{own},{other}_001_{number}")
    table = written(tmp_path / "fragments-short.csv", "\n".join(rows) + "\n")
    pairs, _ = imported(tmp_path / "pairs.csv", "dral", table, "source=en", "target=es")
    assert len(pairs) == 40 and pairs["EN_001_3"].target_audio.name == "ES_001_3.wav"
    assert pairs["EN_001_3"].source_speaker == "1"
    sentence = refused("import", "dral", str(table), f"{tmp_path}/more.csv", "source=FR")
    assert "has no fragment in FR; choose source and target among ES, EN" in sentence


@pytest.fixture
def mmboshi(tmp_path):
    for folder, count in (("train", 30), ("dev", 5)):
        for number in range(count):
            id = f"{'abiayi' if number % 2 else 'martial'}_2015-{folder}_{number}"
            sound(tmp_path / "mmboshi" / "5k" / folder / "wav" / f"{id}.wav", 0.05, seed=number)
            said = 0 if number == 7 else number  # both lists have sentence 0 and number 7 of train says it too
            shared = folder if said else "both"
            for language, text in (("fr", f"Phrase {shared} {said}."), ("en", f"{folder} sentence {number}")):
                written(tmp_path / "mmboshi" / "5k" / folder / language / f"{id}.{language}", text + "\n")
            written(tmp_path / "mmboshi" / "5k" / folder / "mb" / f"{id}.mb.cleaned", f"wa {folder} {number}\n")
    return tmp_path / "mmboshi"


def test_mmboshi(tmp_path, mmboshi):
    pairs, left_out = imported(tmp_path / "en.csv", "mmboshi", mmboshi, "target=en", spoken=["target"])
    splits = [pair.split for pair in pairs.values()]
    # the French tells that a sentence of train is in test too, though the English does not
    assert [id for id, _ in left_out] == ["abiayi_2015-train_7", "martial_2015-train_0"]
    assert splits.count("test") == 5 and splits.count("dev") >= 1 and len(splits) == 33
    one = pairs["abiayi_2015-dev_3"]
    assert (one.source_text, one.target_text, one.target_audio) == ("wa dev 3", "dev sentence 3", None)
    assert one.source_speaker == "abiayi"
    again, _ = imported(tmp_path / "fr.csv", "mmboshi", mmboshi / "5k", "source=fr", spoken=["source"])
    assert {pair.source_audio for pair in again.values()} == {None} and again[one.id].target_text == "wa dev 3"
    assert {id: pair.split for id, pair in again.items()} == {id: pair.split for id, pair in pairs.items()}


def test_mmboshi_tells_when_phones_sound(tmp_path, mmboshi, capsys):
    """Numbers of phones, their neighbours in an old encoding, and frames that count from 1."""
    aligned = "#@ word=w\xe1 nbs=1 w\nmartial_2015-dev_0 1:..w3 1 1 5 9 65\nmartial_2015-dev_0 33:.w\xb13 1 80 3 10 3\n"
    path = mmboshi / "forced_alignment" / "limsi-align" / "dev0.seg"
    path.parent.mkdir(parents=True)
    path.write_bytes(aligned.encode("latin-1"))
    imported(tmp_path / "mb.csv", "mmboshi", mmboshi, "target=mb", "source=fr", spoken=["source"])
    assert f"corpus.phones={tmp_path}/mb.phones" in capsys.readouterr().out
    ctm = (tmp_path / "mb.phones" / "phones.ctm").read_text()
    assert ctm == "martial_2015-dev_0 1 0.00 0.79 sil\nmartial_2015-dev_0 1 0.79 0.16 phone33\n"


def test_what_mmboshi_gave_can_be_prepared(tmp_path, mmboshi):
    for path in mmboshi.rglob("*.wav"):
        sound(path, 0.4)
    imported(tmp_path / "pairs.csv", "mmboshi", mmboshi, spoken=["target"])
    given = [f"corpus.path={tmp_path}/pairs.csv", f"data={tmp_path}/data", f"runs={tmp_path}/runs", "corpus.target=fr"]
    main(["prepare", *tiny(), *given, "corpus.target_voice=espeak:fr-fr"])
    store = FeatureStore(tmp_path / "data" / "recordings", "test")
    assert len(store) == 5 and set(store.speakers["source"]) == {"abiayi", "martial"}
    assert "Phrase dev 1." in store.texts("target")


@pytest.mark.parametrize("options", [("target=mb", "source=mb"), ("source=fr", "target=en"), ("target=it",)])
def test_languages_that_mmboshi_has_not(tmp_path, mmboshi, refused, options):
    sentence = refused("import", "mmboshi", str(mmboshi), f"{tmp_path}/pairs.csv", *options)
    assert "one side is mb, which is recorded, the other one of fr, en, de, es, pt" in sentence


PROMPTS = {
    "hello": ("Bonjour", "Hello."),
    "digits/1": ("", "one"),
    "beep": ("", "[this is a beep]"),
    "vm-intro": ("“Laissez un message” (emphase)", "Leave a message."),
    "demo-moreinfo": ("Vide", "A long text"),
}


@pytest.fixture
def prompts(tmp_path, monkeypatch):
    """Two folders as `dpkg-deb -x` leaves them, and a program ffmpeg that decodes everything to the same noise."""
    share = tmp_path / "usr" / "share"
    for side, (language, name) in enumerate((("fr", "fr_CA_f_June"), ("en", "en_US_f_Allison"))):
        for prompt in PROMPTS:
            size = 80_000 if (prompt, side) == ("demo-moreinfo", 1) else 8_000
            written(share / "asterisk" / "sounds" / name / f"{prompt}.g722", "x" * size)
        text = "; Core Sounds\n\n" + "".join(f"{prompt}: {texts[side]}\n" for prompt, texts in PROMPTS.items())
        written(share / "doc" / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt", text)
    flac = sound(tmp_path / "noise.flac")
    program = written(tmp_path / "bin" / "ffmpeg", f'#!/bin/sh\nfor last; do :; done\ncp {flac} "${{last#file:}}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    doc = share / "doc"
    options = [f"{side}_text={doc}/asterisk-core-sounds-{language}/core-sounds-{language}.txt" for side, language in
               (("source", "fr"), ("target", "en"))]  # fmt: skip
    return [share / "asterisk" / "sounds" / name for name in ("fr_CA_f_June", "en_US_f_Allison")], options


def test_prompts(tmp_path, prompts, refused):
    folders, options = prompts
    pairs, left_out = imported(tmp_path / "p.csv", "prompts", *folders, *options)
    assert set(pairs) == {"hello", "digits/1", "vm-intro"}
    assert pairs["digits/1"].target_audio == tmp_path / "p.audio" / "target" / "digits%2F1.flac"
    assert soundfile.info(pairs["digits/1"].target_audio).samplerate == RATE
    assert (pairs["digits/1"].source_text, pairs["vm-intro"].source_text) == (None, "Laissez un message")
    assert pairs["hello"].source_speaker == "fr_CA_f_June"
    assert left_out["beep", "target"] == "no speech, by its text"
    assert left_out["demo-moreinfo", "both"].startswith("no translation")
    sentence = refused("import", "prompts", *map(str, folders), f"{tmp_path}/q.csv")
    assert "install asterisk-core-sounds-fr, or name it: source_text=" in sentence
    written(tmp_path / "bin" / "ffmpeg", "#!/bin/sh\necho no such codec >&2\nexit 1\n")
    sentence = refused("import", "prompts", *map(str, folders), f"{tmp_path}/q.csv", *options)
    assert "ffmpeg cannot decode" in sentence and "(no such codec); is it G.722?" in sentence
    (tmp_path / "bin" / "ffmpeg").unlink()


def test_lhotse(tmp_path, refused):
    lhotse = pytest.importorskip("lhotse")
    names, sets = ("fr", "en"), {}
    for language in names:
        recordings, supervisions = [], []
        for number in range(3):
            path = sound(tmp_path / language / f"{number}.wav", 2.0)
            recordings.append(lhotse.Recording.from_file(path, recording_id=f"{language}-{number}"))
            said = {"text": f"{language} {number}", "speaker": f"{language}-ann", "id": f"s{number}"}
            supervisions.append(lhotse.SupervisionSegment(
                recording_id=f"{language}-{number}", start=0.5, duration=1.0, **said
            ))  # fmt: skip
        sets[language] = (lhotse.RecordingSet(recordings), lhotse.SupervisionSet(supervisions))
        for kind, each in zip(("recordings", "supervisions"), sets[language]):
            each.to_file(tmp_path / f"{language}_{kind}.jsonl.gz")
        cuts = list(lhotse.CutSet.from_manifests(*sets[language]))
        cuts[2] = cuts[2].perturb_speed(1.1)
        lhotse.CutSet(cuts).to_file(tmp_path / f"{language}_cuts.jsonl.gz")
    four = [tmp_path / f"{language}_{kind}.jsonl.gz" for language in names for kind in ("recordings", "supervisions")]
    pairs, _ = imported(tmp_path / "four.csv", "lhotse", *four)
    assert list(pairs) == ["s0", "s1", "s2"]
    one = pairs["s1"]
    assert (one.source_start, one.source_end, one.target_text, one.target_speaker) == (0.5, 1.5, "en 1", "en-ann")
    cuts = [tmp_path / f"{language}_cuts.jsonl.gz" for language in names]
    pairs, left_out = imported(tmp_path / "cuts.csv", "lhotse", *cuts, "id=supervision")
    assert list(pairs) == ["s0", "s1"] and pairs["s0"].source_end is None  # the whole recording
    assert all("computed from files" in reason for reason in left_out.values()) and len(left_out) == 2
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, np.random.default_rng(0).uniform(-0.3, 0.3, (RATE, 2)), RATE)
    lhotse.RecordingSet([lhotse.Recording.from_file(stereo, recording_id="fr-1")]).to_file(tmp_path / "two.jsonl")
    pairs, left_out = imported(tmp_path / "stereo.csv", "lhotse", tmp_path / "two.jsonl", tmp_path / "two.jsonl")
    assert list(pairs) == ["fr-1"]  # both channels are its sound
    more = [tmp_path / "two.jsonl", four[1], four[2], four[3]]
    sentence = refused("import", "lhotse", *map(str, more), f"{tmp_path}/one.csv")
    assert "the source has none at all" in sentence and "its supervision names a recording that is not" in sentence
    supervision = lhotse.SupervisionSegment(id="s1", recording_id="fr-1", start=0, duration=1, channel=1)
    lhotse.SupervisionSet([supervision]).to_file(tmp_path / "second.jsonl")
    more[1] = tmp_path / "second.jsonl"
    sentence = refused("import", "lhotse", *map(str, more), f"{tmp_path}/one.csv")
    assert "the first is s1: it is one channel of several" in sentence
    written(tmp_path / "bad.jsonl", '{"a": 1}\n')
    sentence = refused("import", "lhotse", f"{tmp_path}/bad.jsonl", str(cuts[1]), f"{tmp_path}/no.csv")
    assert "lhotse cannot read" in sentence and "bad.jsonl" in sentence
    recording = json.loads(sets["fr"][0][0].to_dict().__repr__().replace("'", '"'))
    recording["sources"][0] |= {"type": "command", "source": f"touch {tmp_path}/ran"}
    written(tmp_path / "run.jsonl", json.dumps(recording) + "\n")
    assert "share no id" in refused("import", "lhotse", f"{tmp_path}/run.jsonl", str(four[2]), f"{tmp_path}/no.csv")
    assert not (tmp_path / "ran").exists()


def test_huggingface(tmp_path, refused):
    datasets = pytest.importorskip("datasets")
    bytes = [sound(tmp_path / f"{number}.wav", seed=number).read_bytes() for number in range(3)]
    rows = {"fr": [{"bytes": each, "path": f"../{number}.wav"} for number, each in enumerate(bytes)],
            "en": [f"number {number}" for number in range(3)], "key": ["a/1", "b", "c"]}  # fmt: skip
    features = datasets.Features(
        {"fr": datasets.Audio(), "en": datasets.Value("string"), "key": datasets.Value("string")}
    )
    for split, count in (("train", 3), ("validation", 2)):
        part = {column: values[:count] for column, values in rows.items()}
        path = tmp_path / "set" / "data" / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        datasets.Dataset.from_dict(part).cast(features).to_parquet(path)
    given = ("source_audio=fr", "target_text=en", "id=key")
    parquet = tmp_path / "set" / "data" / "train-00000-of-00001.parquet"
    pairs, _ = imported(tmp_path / "one.csv", "huggingface", parquet, *given, spoken=["target"])
    assert pairs["a/1"].source_audio == tmp_path / "one.audio" / "source" / "a%2F1.wav"
    assert pairs["c"].source_audio.read_bytes() == bytes[2]  # as they were
    given = ("source_audio=fr", "target_text=en", "target_audio=fr")
    pairs, left_out = imported(tmp_path / "two.csv", "huggingface", tmp_path / "set", *given)
    assert [pair.split for pair in pairs.values()] == ["train", "dev", "dev"]
    assert left_out["train-000001", "both"] == "its sentence is in dev too: validation-000004"
    two = ("huggingface", parquet, parquet, "id=key", "source_audio=fr", "target_text=en")
    pairs, _ = imported(tmp_path / "three.csv", *two, spoken=["target"])
    assert list(pairs) == ["a/1", "b", "c"] and pairs["b"].target_text == "number 1"
    for arguments, sentence in (
        ((str(parquet),), "say which column holds the source: source_audio=… or source_text=…; it has fr, en, key"),
        ((str(parquet), "source_audio=en", "target_text=no"), "has no column 'no'; it has fr, en, key"),
        ((str(parquet), "audio=fr", "target_text=en"), "say source_audio=… or target_audio=… instead of audio=…"),
        ((str(parquet), "source_audio=fr", "target_text=en", "source_end=key"), "where times belong, in seconds"),
        ((str(tmp_path), "source_audio=fr", "target_text=en"), "the library datasets cannot read"),
        ((f"{tmp_path}/none", "source_audio=fr", "target_text=en"), "there is no folder or file"),
    ):
        assert sentence in refused("import", "huggingface", *arguments, f"{tmp_path}/no.csv")


def test_a_missing_library_is_one_sentence(tmp_path, refused, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lhotse", None)
    written(tmp_path / "a.jsonl", "{}\n")
    sentence = refused("import", "lhotse", f"{tmp_path}/a.jsonl", f"{tmp_path}/a.jsonl", f"{tmp_path}/pairs.csv")
    assert "pip install 'speech2code[import]'" in sentence


def test_nothing_of_somebody_else_is_written_over(tmp_path, tables, refused, prompts):
    arguments = ["import", "tables", *map(str, tables), f"{tmp_path}/pairs.csv", *OPTIONS]
    written(tmp_path / "pairs.csv", "mine\n")
    assert "pairs.csv is there and says something else; move it away" in refused(*arguments)
    assert (tmp_path / "pairs.csv").read_text() == "mine\n"
    (tmp_path / "pairs.csv").unlink()
    main(arguments)
    main(arguments)  # says the same: nothing to do
    written(tmp_path / "pairs.left_out.csv", "mine\n")
    assert "pairs.left_out.csv is there, and no import wrote it" in refused(*arguments)
    folders, options = prompts
    written(tmp_path / "p.audio" / "mine.wav", "mine")
    sentence = refused("import", "prompts", *map(str, folders), f"{tmp_path}/p.csv", *options)
    assert "p.audio is there, Speech2Code did not make it" in sentence
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "q.audio").symlink_to(tmp_path / "elsewhere")
    assert "q.audio is there" in refused("import", "prompts", *map(str, folders), f"{tmp_path}/q.csv", *options)
    assert not any((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(("arguments", "sentence"), [
    ((), "import what? choose one of kaldi, lhotse"),
    (("kaldy", "a", "b", "c.csv"), "import knows no format kaldy; did you mean kaldi?"),
    (("kaldi", "a", "pairs.csv"), "import kaldi takes 2 inputs and the manifest to write, and got 2 names in all"),
    (("kaldi", "a", "b", "c"), "the manifest to write comes last and ends in .csv or .tsv, and c does not"),
    (("kaldi", "a", "b", "c.csv"), "a does not exist; check how the path is spelt"),
    (("fleurs", "a", "b", "c.csv", "speaker=x"), "import fleurs knows no option speaker"),
])  # fmt: skip
def test_bad_commands(refused, arguments, sentence):
    assert sentence in refused("import", *arguments)


def test_the_page_names_every_format_with_its_example():
    page = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
    for name, format in FORMATS.items():
        example = "prompts FR_FOLDER EN_FOLDER pairs.csv" if name == "prompts" else format.example
        assert f"\n| `{name}` | " in page and f"| `import {example}` |" in page


def test_the_help_names_every_format_with_an_example(capsys):
    main(["--help"])
    assert "\n  import   " in capsys.readouterr().out
    main(["import", "--help"])
    page = capsys.readouterr().out
    for name, format in FORMATS.items():
        assert f"\n{name}: {format.help}\n  speech2code import {format.example}\n" in page
        assert parse(format.example.split())[0] == name
