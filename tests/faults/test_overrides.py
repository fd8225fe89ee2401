"""Text on the command line stays the text that was typed; what cannot be read is answered with how to write it."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.compose import compose
from speech2code.errors import UserError
from speech2code.overrides import readable

SIGNS = st.characters(exclude_categories=["Cc", "Cs"])


def test_names_and_paths_have_any_letters():
    for name, path, data in (
        ("übung α", "1e3", "007"),
        ("true", "a,b (c) [d] {e}", "~/x=y"),
        ("it's", 'a "b"\\', "null"),
    ):
        found = compose([f"name={name}", f"corpus.path={path}", f"data={data}"])
        assert (found.name, found.corpus.path, found.data) == (name, path, data)
    assert compose(["name=a=${corpus.name}"]).name == "a=phrasebook_fr_en"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(SIGNS, min_size=1))
def test_text_is_read_as_it_was_typed(text):
    (override,) = readable([f"name={text}"])
    if text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]  # in Hydra's quotes already: as they are
    else:
        assert OverridesParser.create().parse_override(override).value() == text
        assert readable([override]) == [override]  # stages read again what `run` has read


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(["name", "splits", "units.width", "units", "corpus", "units.training", "search"]),
       st.text(st.sampled_from("a1e,.-${}[]()=:'\"\\ ~+@/é*"), max_size=8))  # fmt: skip
def test_any_value_is_read_or_refused(key, value):
    try:
        compose(["name=a", f"{key}={value}"])
    except UserError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(("override", "sentence"), [
    ("name=${nope}", "name: Interpolation key 'nope' not found"),
    ("name=${name}", "name: Recursive interpolation"),
    ("units.width=${name}", "units.width: While dereferencing interpolation '${name}'"),
    ("units=${name}", "units=${name} is not possible; give the name itself"),
    ("units=${oc.decode:'1'}", "is not possible; give the name itself"),
    ("search=${oc.decode:'1'}", "search is a section, and cannot be a value; set one of its settings, search.…=…"),
    ("topline_stt.training=${oc.decode:'1'}", "topline_stt.training is a section, and cannot be a value"),
    ("trainer=${search}", "trainer is a section, and cannot be a value"),
    ("trainer.checkpoint_seconds=" + "9" * 400, "trainer.checkpoint_seconds: int too large"),
    ("units=1e3", "units=1e3 does not exist; choose one of discriminant, kmeans"),
    ("experiment=é", "experiment=é does not exist; choose one of"),
    ("measure.voices=[flïte:slt]", """letters and digits needs quotes: 'measure.voices=["flïte:slt"]'"""),
    ("units.width=8,16", "units.width=8,16 names several values; `speech2code sweep` tries one after the other"),
    ("units.width", "units.width is no setting with a value; say units.width=…"),
    ("corpus.path=a\nb", "holds signs that cannot be printed"),
    ("name=\udce9", "holds signs that cannot be printed"),
    ("units.width=" + "[" * 3000, "units.width=[[[["),
])  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(refused, override, sentence):
    assert sentence in refused("config", "name=mine", override)


def test_a_long_value_is_told_in_short(refused):
    told = refused("config", "name=mine", "units.width=" + "x" * 3000)
    assert "units.width=xxx" in told and len(told) < 1500


def test_the_quoted_form_that_a_sentence_shows_is_read():
    assert compose(["name=a", 'measure.voices=["flïte:slt"]']).measure.voices == ["flïte:slt"]


def test_a_file_with_an_equals_sign_is_a_file(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "cannot read audio split=test/a.wav" in refused("translate", "split=test/a.wav", "x=1.flac", "model=none")
    (tmp_path / "a=b").touch()
    assert f"no model at {tmp_path}/none" in refused("encode", "a=b", f"model={tmp_path}/none")
    assert "translate knows no corpus.path=pairs.csv" in refused(
        "translate", "a.wav", "b.wav", "corpus.path=pairs.csv", "model=none"
    )
