"""Waveforms of a run that are not those that its stage has made."""

import os
import shutil

import pytest

from speech2code.cli import main

STAGES = ("train units", "train vocoder", "resynthesise", "train translator", "decode", "train recogniser")


@pytest.fixture(scope="module")
def decoded(transcribed, tmp_path_factory):
    """A run that has spoken all; its overrides and its folder."""
    folder = tmp_path_factory.mktemp("decoded")
    overrides = transcribed.overrides(folder, "recognisers=[in_domain]")
    for verb in STAGES:
        main([*verb.split(), *overrides])
    return overrides, folder / "tiny"


@pytest.mark.parametrize("verb", ["transcribe", "measure"])
@pytest.mark.parametrize("damage", ["a bit", "gone", "one more", "a pipe"])
def test_they_are_refused_and_the_advice_helps(decoded, refused, verb, damage):
    overrides, run = decoded
    for made in ("transcripts", "quality"):
        shutil.rmtree(run / made, ignore_errors=True)
    (run / "units.json").unlink(missing_ok=True)
    path = sorted((run / "decoding" / "test").glob("*.wav"))[0]
    whole, other = path.read_bytes(), path.with_name("another.wav")
    if damage in ("gone", "a pipe"):
        path.unlink()
    elif damage == "one more":
        other.write_bytes(whole)
    else:
        path.write_bytes(whole[:-10] + bytes([whole[-10] ^ 4]) + whole[-9:])
    if damage == "a pipe":
        os.mkfifo(path)
    words = ["transcribe", "translation", "in_domain"] if verb == "transcribe" else [verb]
    sentence = refused(*words, *overrides)
    assert f"{run}/decoding/test holds other sounds than its stage has made; delete {run}/decoding and run" in sentence
    for each in (other, path):
        each.unlink(missing_ok=True)
    path.write_bytes(whole)
    main([*words, *overrides])


@pytest.mark.parametrize(
    ("name", "verb"), [("units.json", "measure"), ("units.json", "report"), ("ended.json", "score")]
)
def test_a_list_in_place_of_what_decode_has_written_is_refused(decoded, refused, name, verb):
    overrides, run = decoded
    if verb == "score":
        main(["transcribe", *overrides])
    (run / "units.json").unlink(missing_ok=True)
    path = run / "decoding" / name
    whole = path.read_bytes()
    path.write_text("[1, 2]")
    sentence = refused(verb, *overrides)
    assert (
        f"{path} has no hash" in sentence and f"delete it and {run}/decoding, and run `speech2code decode`" in sentence
    )
    path.write_bytes(whole)


def test_a_record_that_is_a_link_to_nowhere_is_no_missing_one(decoded, refused):
    overrides, run = decoded
    record = run / "vocoder" / "stage.json"
    kept = record.rename(run / "kept.json")
    record.symlink_to("nowhere")
    (run / "units.json").unlink(missing_ok=True)
    assert f"cannot read {record}" in refused("measure", *overrides)
    record.unlink()
    assert "vocoder is not finished; run `speech2code train vocoder`" in refused("measure", *overrides)
    kept.rename(record)
