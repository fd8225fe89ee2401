"""What the page tells of a recording and of a unit, without a browser."""

import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import RATE, speak

from speech2code.app.answer import LONGEST, answer, level_of
from speech2code.app.drawing import answer_page, inventory_page, unit_page
from speech2code.app.inventory import Inventory, run_of
from speech2code.app.models import load_models
from speech2code.app.transcripts import NOBODY, Readers
from speech2code.cli import main
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator


@pytest.fixture(scope="module")
def run(transcribed, tmp_path_factory):
    """The folder of a run that has been measured, and its system."""
    overrides = transcribed.overrides(tmp_path_factory.mktemp("app"), "splits=[test]", units="kmeans")
    for verb in (
        "train units",
        "train recogniser",
        "train vocoder",
        "train translator",
        "resynthesise",
        "decode",
        "measure",
    ):
        main([*verb.split(), *overrides])
    folder = tmp_path_factory.getbasetemp() / next(each for each in overrides if each.startswith("runs="))[5:] / "tiny"
    main(["run", *overrides, "recognisers=[in_domain]", "splits=[test]"])
    return folder


@pytest.fixture(scope="module")
def inventory(run):
    return Inventory(SpeechTranslator.from_pretrained(run / "model"), run_of(run / "model"))


def written(path, waveform):
    soundfile.write(path, waveform, RATE)
    return path


def test_a_sentence_is_answered_and_shown(inventory, tmp_path):
    found = answer(inventory.system, written(tmp_path / "a.wav", speak(["da", "mo", "ki"], 110)))
    assert np.isfinite(found.sound).all() and found.seconds > 0
    html = answer_page(found, inventory, "ki mo da")
    units = found.sentences[0].hypothesis.tokens
    assert html.count("data-unit=") == len(units) and f'data-unit="{units[0]}"' in html
    assert html.count("<audio") == 2 and html.count("data:audio/flac;base64,") == 2 and "ki mo da" in html
    assert str(tmp_path) not in html


def test_mistakes_are_sentences_without_paths(inventory, tmp_path):
    def told(recording):
        with pytest.raises(UserError) as caught:
            answer(inventory.system, recording)
        assert str(tmp_path) not in str(caught.value)
        return str(caught.value)

    (tmp_path / "text.wav").write_text("this is a text")
    assert "there is no recording yet" in told(None)
    assert "cannot read the recording" in told(tmp_path / "text.wav")
    assert "silent" in told(written(tmp_path / "silent.wav", np.zeros(RATE)))
    assert "more than 120 s" in told(written(tmp_path / "long.flac", np.tile(speak(["da"], 110), int(LONGEST / 0.15))))


@pytest.mark.parametrize(
    ("loudness", "advice"), [(0.5, "a good level"), (0.01, "very quiet"), (20, "too loud, it is clipped")]
)
def test_the_level_comes_with_advice(loudness, advice):
    level = level_of(np.clip(loudness * speak(["da", "su"], 110), -1, 1))
    assert level.advice.startswith(advice) and level.mean < level.peak <= 0.1


def test_a_unit_is_known_by_its_sound_and_its_sentences(inventory):
    most_used = int(inventory.counts.argmax())
    unit = inventory.unit(most_used)
    assert unit.uses == inventory.counts.max() and unit.sound.any()
    first = unit.occurrences[0]
    assert most_used in inventory.sentences[first.sentence] and 0 < len(first.sound) <= RATE
    assert f"Unit {most_used} " in unit_page(unit) and first.sentence in unit_page(unit)
    assert inventory_page(inventory).count("data-unit=") == inventory.size
    with pytest.raises(UserError, match=f"units 0 to {inventory.size - 1}"):
        inventory.unit(inventory.size)


def test_a_model_without_its_run_has_units_all_the_same(inventory, tmp_path):
    inventory.system.save_pretrained(tmp_path / "model")
    for run in (run_of(tmp_path / "model"), run_of(Path("owner/name"))):  # a folder alone, and an id of the hub
        alone = Inventory(inventory.system, run)
        assert alone.unit(0).sound.any() and not alone.unit(0).occurrences and alone.unit(0).uses == 0
        assert Readers(run, "").names() == [NOBODY]


@pytest.mark.parametrize(
    "damaged", ["decoding/units.json", "quality/phones.npz", "config.yaml", "recogniser/recogniser.json"]
)
def test_a_damaged_run_tells_less(run, tmp_path, damaged, capsys):
    shutil.copytree(run, tmp_path / "tiny")
    (tmp_path / "tiny" / damaged).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "tiny" / damaged).write_text("{")
    [model] = load_models([tmp_path / "tiny" / "model"], "").values()
    assert model.inventory.unit(0).sound.any() and model.readers.names()[0] == NOBODY
    assert str(tmp_path) in capsys.readouterr().err


def test_models_have_names_that_tell_them_apart(run, tmp_path):
    for place in ("a/tiny", "b/tiny"):
        shutil.copytree(run, tmp_path / place)
    folders = [tmp_path / "a" / "tiny" / "model", tmp_path / "b" / "tiny" / "model"]
    models = load_models(folders, "")
    assert list(models) == ["a/tiny", "b/tiny"] and list(load_models(folders[:1], "")) == ["tiny"]
    [first, *_] = models["a/tiny"].examples
    assert models["a/tiny"].example(first).dtype == np.int16
    with pytest.raises(UserError, match="cannot be read any more") as caught:
        models["a/tiny"].example("nobody")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(UserError, match="named twice"):
        load_models([folders[0], folders[0]], "")


def test_a_port_that_is_taken_is_told_before_any_model_is_loaded(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot serve at host=127.0.0.1" in refused("serve", "model=none", f"port={taken.getsockname()[1]}")


def test_the_recognisers_of_the_run_read(run, inventory):
    readers = Readers(run_of(run / "model"), "")
    assert readers.names() == [NOBODY, "in_domain", "pocketsphinx"]
    assert readers.read(NOBODY, speak(["da"], 110)) is None
    assert isinstance(readers.read("in_domain", speak(["da", "mo"], 110)), str)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "serve needs a trained system"),
        (["modell=x"], "serve knows no modell=x"),
        (["model=x", "port=0"], "port=0 is no port"),
        (["model=x", "port=http"], "port=http is no port"),
        (["model=nowhere"], "no model at nowhere"),
    ],
)
def test_the_command_line_refuses(refused, arguments, told):
    assert told in refused("serve", *arguments)
