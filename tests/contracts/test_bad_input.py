"""What users get wrong: each is one sentence on stderr and exit code 2, and what is good goes on."""

import csv
import ctypes.util
import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from conftest import Corpus, record

from speech2code.cli import main
from speech2code.config import InverterConfig, LstmConfig, SearchConfig, VqVaeConfig
from speech2code.corpora.voices import flite
from speech2code.pipeline import Limits, SpeechTranslator

SMALL = {"train": 14, "dev": 3, "test": 3}  # 20 pairs: two are the tenth that may be bad


@pytest.fixture
def recordings(tmp_path):
    return Corpus(record(tmp_path / "recordings", text=False, splits=SMALL), tmp_path / "data")


def spoil(corpus, *numbers):
    for number, damage in zip(numbers, ("corrupt", "missing", "silent")):
        path = corpus.manifest.parent / f"t{number}.wav"
        path.unlink()
        if damage == "corrupt":
            path.write_bytes(b"RIFF no sound")
        if damage == "silent":
            soundfile.write(path, np.zeros(16_000), 16_000)


def rejected(corpus):
    with open(corpus.folder / "rejected.csv", encoding="utf-8", newline="") as file:
        return {row["id"]: (row["side"], row["reason"]) for row in csv.DictReader(file)}


def test_a_few_bad_recordings_are_listed_and_the_rest_goes_on(recordings, tmp_path):
    spoil(recordings, 2, 5)
    main(["prepare", *recordings.overrides(tmp_path / "runs")])
    assert rejected(recordings).keys() == {"n2", "n5"}
    side, reason = rejected(recordings)["n2"]
    assert side == "target" and "t2.wav" in reason
    assert "no such file" in rejected(recordings)["n5"][1]
    kept = json.loads((recordings.folder / "train" / "items.json").read_text())["ids"]
    assert kept == [f"n{number}" for number in range(14) if number not in (2, 5)]


def test_too_many_bad_recordings_stop_it_and_its_advice_helps(recordings, tmp_path, refused):
    spoil(recordings, 2, 5, 15)
    overrides = recordings.overrides(tmp_path / "runs")
    sentence = refused("prepare", *overrides)
    assert "3 of 20 pairs (15.0%) cannot be used" in sentence and str(recordings.folder / "rejected.csv") in sentence
    assert "silent" in rejected(recordings)["n15"][1]
    assert not (recordings.folder / "corpus.json").exists()
    assert "holds no prepared corpus; run `speech2code prepare`" in refused("train", "units", *overrides)
    main(["prepare", *overrides, "corpus.max_rejected=0.2"])  # what the sentence says
    assert (recordings.folder / "corpus.json").exists()


def test_an_empty_manifest(refused, tmp_path):
    (tmp_path / "pairs.csv").write_text("id,source_audio,target_audio\n")
    sentence = refused("prepare", *Corpus(tmp_path / "pairs.csv", tmp_path / "data").overrides(tmp_path / "runs"))
    assert "pairs.csv has no rows" in sentence


@pytest.mark.parametrize("gone", ["train", "dev"])
def test_a_manifest_without_a_split_that_is_needed(refused, tmp_path, gone):
    manifest = record(tmp_path / "recordings", False, {name: 2 for name in ("train", "dev", "test") if name != gone})
    overrides = Corpus(manifest, tmp_path / "data").overrides(tmp_path / "runs")
    sentence = refused("prepare", *overrides)
    assert f"no {gone} pair" in sentence or f"no {gone}ing pair" in sentence


def test_a_missing_voice(refused, tmp_path, monkeypatch):
    flite._voice.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    sentence = refused("prepare", "corpus=phrasebook_fr_en", "name=a", f"data={tmp_path}/data", f"runs={tmp_path}/runs")
    assert "needs Flite: install it with" in sentence
    assert not list((tmp_path / "data").rglob("*.npz"))


def test_a_corpus_prepared_with_other_settings(textless, tmp_path, refused):
    sentence = refused("train", "units", *textless.overrides(tmp_path, "corpus.seed=3"))
    assert "was prepared with corpus.seed=0; choose another corpus.name or delete the folder" in sentence


def test_a_corpus_prepared_by_an_older_version(textless, tmp_path, refused):
    old = textless._replace(data=shutil.copytree(textless.data, tmp_path / "data"))
    known = json.loads((old.folder / "corpus.json").read_text())
    del known["hash"]
    (old.folder / "corpus.json").write_text(json.dumps(known))
    sentence = refused("train", "units", *old.overrides(tmp_path / "runs"))
    assert "an older version of this program wrote it; delete it and run `speech2code prepare`" in sentence
    main(["prepare", *old.overrides(tmp_path / "runs")])
    assert "hash" in json.loads((old.folder / "corpus.json").read_text())


def test_a_prepared_folder_that_was_deleted_is_prepared_again(textless, tmp_path):
    """The advice of the sentence above, in a run that had noted its preparation as done."""
    corpus = textless._replace(data=tmp_path / "data")
    shutil.copytree(textless.data, corpus.data)
    main(["prepare", *corpus.overrides(tmp_path / "runs")])
    shutil.rmtree(corpus.folder)
    main(["prepare", *corpus.overrides(tmp_path / "runs")])
    assert (corpus.folder / "corpus.json").exists()


@pytest.fixture(scope="module")
def discovered(textless, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    main(["train", "units", *textless.overrides(runs)])
    return runs


def test_a_stage_made_with_other_settings_names_the_key(textless, discovered, refused):
    sentence = refused("train", "units", *textless.overrides(discovered, "units.codebook_size=16"))
    assert "was made with units.codebook_size=8, now it is 16" in sentence and "name=" in sentence
    assert "vocoder is not finished; run `speech2code train vocoder`" in refused(
        "decode", *textless.overrides(discovered)
    )


def test_units_of_another_codebook_and_of_other_sentences(textless, discovered, tmp_path, refused):
    runs = tmp_path / "runs"
    shutil.copytree(discovered, runs)
    path = runs / "tiny" / "units" / "dev.npz"
    data = dict(np.load(path))
    np.savez(path, **{**data, "ids": data["ids"][::-1]})
    assert "item 0 has units of sentence n23 but speech of n20" in refused(
        "train", "translator", *textless.overrides(runs)
    )
    np.savez(path, **{**data, "codebook": np.array("0123")})
    sentence = refused("train", "vocoder", *textless.overrides(runs))
    assert "dev.npz holds units of codebook 0123, not of " in sentence


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    torch.manual_seed(0)
    narrow = {
        "conv_width": 8,
        "encoder_width": 8,
        "encoder_layers": 1,
        "decoder_width": 8,
        "embedding_dim": 4,
        "attention_size": 4,
    }
    parts = (
        VqVaeConfig(codebook_size=8, time_reduction=4, code_dim=4, width=8, blocks=1),
        InverterConfig(width=8, frame_width=8, reduction_factor=1, blocks=1, lstm_layers=1, iterations=2),
        LstmConfig(**narrow),
        SearchConfig(2),
    )
    folder = tmp_path_factory.mktemp("model")
    SpeechTranslator(*parts, Limits(10, 3), [1.0]).save_pretrained(folder)
    return folder


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "in.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(8000) * 0.2), 16_000)
    return path


def test_translate_speaks(model_folder, wav, tmp_path):
    main(["translate", str(wav), str(tmp_path / "out.wav"), f"model={model_folder}"])
    assert soundfile.info(tmp_path / "out.wav").samplerate == 16_000


def test_units_of_any_recordings(model_folder, wav, tmp_path, refused, capsys):
    main(["encode", str(wav), str(wav), f"model={model_folder}"])
    seen = capsys.readouterr()
    first, second = seen.out.splitlines()
    assert first == second and first.split("\t")[0] == str(wav)
    assert len(first.split("\t")[1].split()) > 3 and "bitrate" in seen.err
    assert "encode needs recordings" in refused("encode", f"model={model_folder}")
    soundfile.write(wav, np.zeros(16_000), 16_000)
    assert "in.wav has no units: silent" in refused("encode", str(wav), f"model={model_folder}")


@pytest.mark.parametrize(
    ("sound", "sentence"),
    [
        (np.zeros(16_000), "in.wav cannot be translated: silent"),
        (np.zeros(0), "in.wav cannot be translated: empty"),
        (0.3 * np.sin(np.arange(800) * 0.2), "in.wav cannot be translated: too short"),
        (None, "cannot read audio"),
    ],
)
def test_translate_refuses_what_is_no_speech(refused, model_folder, wav, tmp_path, sound, sentence):
    wav.write_bytes(b"no audio") if sound is None else soundfile.write(wav, sound, 16_000)
    assert sentence in refused("translate", str(wav), str(tmp_path / "out.wav"), f"model={model_folder}")
    assert not (tmp_path / "out.wav").exists()


def test_translate_refuses_a_model_of_another_codebook(refused, model_folder, wav, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"codebook": "0123456789abcdef"}))
    sentence = refused("translate", str(wav), str(tmp_path / "out.wav"), f"model={folder}")
    assert "holds the weights of another codebook than its config.json names" in sentence


@pytest.mark.parametrize("part", ["limits", "codebook", "vtln", "units"])
def test_translate_refuses_a_model_that_is_not_whole(refused, model_folder, wav, tmp_path, part):
    folder = shutil.copytree(model_folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    del config[part]
    (folder / "config.json").write_text(json.dumps(config))
    sentence = refused("translate", str(wav), str(tmp_path / "out.wav"), f"model={folder}")
    assert "config.json does not describe a Speech2Code model" in sentence and part in sentence


def test_a_model_of_the_former_layout_is_refused_in_one_sentence(refused, model_folder, wav, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "model")
    (folder / "config.json").write_text(json.dumps({"units": {"codebook_size": 8}, "inverter": {}, "warps": [1.0]}))
    sentence = refused("translate", str(wav), str(tmp_path / "out.wav"), f"model={folder}")
    assert "was exported by an older version of Speech2Code" in sentence and "train it again" in sentence


def test_a_path_where_an_override_belongs_is_answered_by_the_right_verb(refused, wav):
    for verb in (["run"], ["train", "units"], ["transcribe"]):
        sentence = refused(*verb, str(wav), "name=a")
        assert "speech2code translate in.wav out.wav model=FOLDER" in sentence and str(wav) in sentence
    assert "speech2code train translator" in refused("translate", "experiment=best_fr_en")  # the verb's former meaning


def test_translate_names_what_it_lacks(refused, wav, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "translate needs an input and an output file" in refused("translate", str(wav))
    assert "translate needs a trained system" in refused("translate", str(wav), "out.wav")
    assert "translate knows no beam=3" in refused("translate", str(wav), "out.wav", "model=a", "beam=3")
    assert f"no model at {tmp_path}/none" in refused("translate", str(wav), "out.wav", f"model={tmp_path}/none")


def test_a_folder_that_cannot_be_written(textless, refused, tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    sentence = refused("train", "units", *textless.overrides(tmp_path / "runs"))
    assert "a part of that path is a file; choose another folder" in sentence


def test_units_that_collapsed_are_warned_of_and_refused(textless, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("speech2code.training.units.COLLAPSED", 2.0)  # more than all codes: no usage is enough
    with pytest.raises(SystemExit) as caught:
        main(["train", "units", *textless.overrides(tmp_path)])
    *warnings, refusal = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2 and "of 8 codes carry all the speech of an epoch" in "".join(warnings)
    assert refusal.startswith("speech2code: the units collapsed: ") and "units.training.learning_rate" in refusal
    assert not (tmp_path / "tiny" / "units" / "train.npz").exists()


@pytest.mark.parametrize("place", [["corpus.name=recordings"], ["data=.", "corpus.name=."]])
def test_prepare_deletes_no_recording_of_its_user(tmp_path, refused, monkeypatch, place):
    """Recordings in the very folder that the prepared corpus would be written to: refused, and every file is there."""
    folder = tmp_path / "data" / "recordings"
    manifest = record(folder, text=False, splits=SMALL)
    lines = manifest.read_text().splitlines()
    for split in SMALL:
        (folder / split).mkdir()
    for path in folder.glob("*.wav"):
        path.rename(folder / "train" / path.name)
    manifest.write_text(
        "\n".join([lines[0], *(line.replace(",s", ",train/s").replace(",t", ",train/t", 1) for line in lines[1:])])
    )
    monkeypatch.chdir(folder if "data=." in place else tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    overrides = Corpus(manifest, tmp_path / "data").overrides(tmp_path / "runs")
    sentence = refused("prepare", *overrides, *place)
    assert "which Speech2Code did not make" in sentence and "corpus.name" in sentence
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_prepare_follows_no_link_and_keeps_what_was_put_into_its_folder(recordings, tmp_path, refused):
    overrides, away = recordings.overrides(tmp_path / "runs"), tmp_path / "away"
    main(["prepare", *overrides])
    (recordings.folder / "corpus.json").unlink()  # else it is done already
    (recordings.folder / "train" / "mine.txt").write_text("mine")
    (recordings.folder / "test").rename(away)
    (recordings.folder / "test").symlink_to(away)
    kept = sorted(away.iterdir())
    assert "holds test, which Speech2Code did not make" in refused("prepare", *overrides)
    assert sorted(away.iterdir()) == kept
    (recordings.folder / "test").unlink()
    main(["prepare", *overrides])
    assert (recordings.folder / "train" / "mine.txt").read_text() == "mine"
