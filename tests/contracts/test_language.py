"""The target language is told, never guessed; judges that do not know it are left out, with a sentence."""

from speech2code.cli import main
from speech2code.files import read_json


def test_text_in_no_known_language_is_refused(transcribed, tmp_path, refused):
    overrides = [each for each in transcribed.overrides(tmp_path) if not each.startswith(("corpus.target=", "data="))]
    sentence = refused("prepare", *overrides, f"data={tmp_path}/data")
    assert "target text in no known language; set corpus.target to its BCP 47 tag" in sentence


def test_what_is_no_language_and_no_split(refused):
    assert "corpus.target: 'English' is no BCP 47 tag" in refused(
        "config", "experiment=phrasebook", "corpus.target=English"
    )
    assert "splits: train cannot be judged" in refused("config", "experiment=phrasebook", "splits=[train]")
    assert "splits lacks test" in refused("config", "experiment=phrasebook", "splits=[dev]")


def test_french_is_judged_as_french(transcribed, tmp_path, capsys):
    overrides = transcribed.overrides(tmp_path / "runs", "corpus.target=fr", "splits=[test]", f"data={tmp_path}/data")
    main(["run", *overrides])
    assert "pocketsphinx knows en only, not fr: left out" in capsys.readouterr().out
    found = read_json(tmp_path / "runs" / "tiny" / "scores.json")
    assert found["splits"]["test"]["translation"].keys() == {"in_domain"}
    signatures = found["signatures"]
    assert "fr.lc+no-punct+elisions+num2words" in signatures["bleu"] and "-fr-" in signatures["meteor"]
    assert signatures["in_domain"]
