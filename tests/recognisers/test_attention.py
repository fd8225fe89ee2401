"""The in-domain recogniser with each kind of tokens: trained, loaded, read with; and who may judge what."""

import pytest

from speech2code.builders import judges_of, left_out, load_recogniser
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import read_json
from speech2code.report.run_folder import RunFolder


@pytest.mark.parametrize(
    ("tokens", "longest"), [("word", 5), ("char", 5 * 2 + 4), ("bpe", 5)]
)  # sentences have up to five words of two letters
def test_it_reads_with_each_kind_of_tokens(tokens, longest, transcribed, tmp_path):
    overrides = transcribed.overrides(tmp_path, f"recogniser.tokens={tokens}", "recogniser.vocabulary_size=20")
    main(["train", "recogniser", *overrides])
    main(["transcribe", "original", "in_domain", *overrides])
    run = RunFolder(tmp_path / "tiny")
    known = read_json(run.path / "recogniser" / "recogniser.json")
    assert known["vocabulary"]["kind"] == tokens and known["limits"]["longest"] >= longest
    read = run.transcripts("original", "in_domain")
    texts = FeatureStore(transcribed.folder, "train").texts("target")
    letters = set("".join(texts)) if tokens != "word" else set(" ".join(texts).split())
    for _, hypothesis in read.values():
        assert hypothesis and set(hypothesis if tokens != "word" else hypothesis.split()) <= letters | {" "}
    record = read_json(run.table("original", "in_domain").parent / "stage.json")
    assert f"tokens:{tokens}:" in record["signature"]


def test_tokens_are_a_setting_of_the_recogniser_alone(refused):
    for section in ("translator", "topline_stt"):
        sentence = refused("config", "experiment=phrasebook", f"{section}.tokens=char")
        assert f"no setting is called {section}.tokens" in sentence
    sentence = refused("config", "experiment=phrasebook", "recogniser.tokens=sentence")
    assert "recogniser.tokens=sentence is not possible; choose one of word, char, bpe" in sentence
    config = compose(["experiment=phrasebook", "recogniser=transformer", "recogniser.tokens=bpe"])
    assert (config.recogniser.kind, config.recogniser.tokens) == ("transformer", "bpe")


def test_who_does_not_know_the_language_is_left_out():
    judges = "recognisers=[whisper,pocketsphinx,in_domain]"
    settings = ["experiment=phrasebook", judges, "whisper.model=base"]
    english, french, mboshi = (compose([*settings, f"corpus.target={each}"]) for each in ("en-GB", "fr", "mdw"))
    assert (judges_of(english), left_out(english)) == (["whisper", "pocketsphinx", "in_domain"], [])
    assert judges_of(french) == ["whisper", "in_domain"]
    assert left_out(french) == ["pocketsphinx knows en only, not fr: left out"]
    assert judges_of(mboshi) == ["in_domain"]
    assert left_out(mboshi)[0] == "whisper does not know mdw: left out"


def test_nobody_left_is_a_mistake():
    with pytest.raises(UserError, match=r"nobody is left to judge: pocketsphinx knows en only, not fr: left out; "):
        compose(["experiment=phrasebook", "recognisers=[pocketsphinx]", "corpus.target=fr"])


def test_a_recogniser_that_was_not_trained(tmp_path):
    with pytest.raises(UserError, match="run `speech2code train recogniser` first"):
        load_recogniser("in_domain", tmp_path, compose(["experiment=phrasebook"]))
