"""Cascades of pretrained models, whole, on tiny ones with random weights: no download."""

import shutil
import sys

import numpy as np
import pytest
import torch
from tiny_pretrained import (
    XVECTOR,
    save_hifigan,
    save_m2m100,
    save_marian,
    save_nllb,
    save_speaker,
    save_speecht5,
    save_vits,
)
from tiny_whisper import save_tiny

from speech2code.baselines.text_to_speech import load_text_to_speech
from speech2code.baselines.text_translation import TextTranslator
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.voices import Voice
from speech2code.errors import UserError
from speech2code.files import read_json
from speech2code.recognisers.whisper import Whisper
from speech2code.registry import ROW
from speech2code.report.page import write_report
from speech2code.report.run_folder import RunFolder

for package in ("transformers", "sentencepiece", "faster_whisper"):
    pytest.importorskip(package)

CPU = torch.device("cpu")
KINDS = {
    "whisper": save_tiny, "marian": save_marian, "nllb": save_nllb, "m2m100": save_m2m100,
    "speecht5": save_speecht5, "hifigan": save_hifigan, "vits": save_vits,
}  # fmt: skip
ROWS = ("whisper_voice", "whisper_tts", "cascade_voice", "cascade_tts")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Kind → its folder; "speaker": an x-vector."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models")
    made = {name: save(folder / name) for name, save in KINDS.items()}
    return made | {"speaker": save_speaker(folder / "speaker.npy")}


def settings(*overrides: str):
    return compose(["experiment=phrasebook", "search.beam=2", *overrides])


def translator(folder, *overrides: str) -> TextTranslator:
    return TextTranslator.load(settings(f"pretrained.translation={folder}", *overrides), CPU)


def speecht5(models, **others) -> Voice:
    """`others`: settings of `pretrained` in place of the right ones; null: none."""
    known = {"text_to_speech": models["speecht5"], "vocoder": models["hifigan"], "speaker": models["speaker"]}
    return load_text_to_speech(
        settings(*(f"pretrained.{name}={value}" for name, value in (known | others).items())), CPU
    )


def vits(folder) -> Voice:
    return load_text_to_speech(settings(f"pretrained.text_to_speech={folder}"), CPU)


def test_marian_translates_each_sentence_apart(models):
    known = translator(models["marian"])
    texts = ["un chat", "le vent du nord", "un chat"]
    found = [known.translate(text) for text in texts]
    assert all(found) and found[0] == found[2] != found[1]
    assert [known.translate(text) for text in ("", " ")] == ["", ""]
    assert known.translate("chat " * 100)  # longer than it can read


def test_beam_search_is_the_experiment_s(models):
    text, lengths = "le vent du nord", []
    known = translator(models["marian"], "search.beam=3", "search.length_penalty=0.5")
    generate = known.model.generate
    known.model.generate = lambda **options: (lengths.append(options), generate(**options))[1]
    known.translate(text)
    assert (lengths[0]["num_beams"], lengths[0]["length_penalty"], lengths[0]["do_sample"]) == (3, 0.5, False)


def test_a_model_of_several_targets_is_told_which(models, tmp_path):
    several = save_marian(tmp_path / "several", targets=("de", "en"))
    found = {code: translator(several, f"pretrained.target_code={code}").translate("le vent") for code in ("de", "en")}
    assert found["de"] != found["en"] == translator(several).translate("le vent")
    with pytest.raises(
        UserError, match=r"does not know the target language es; it knows de, en: set pretrained\.target"
    ):
        translator(several, "pretrained.target_code=es")


@pytest.mark.parametrize(
    ("kind", "source", "targets"), [("nllb", "fra_Latn", ["deu_Latn", "eng_Latn"]), ("m2m100", "fr", ["de", "en"])]
)
def test_a_model_of_many_languages_is_told_both(models, kind, source, targets):
    codes = [f"pretrained.source_code={source}"]
    for target in targets:
        known, asked = translator(models[kind], *codes, f"pretrained.target_code={target}"), []
        generate = known.model.generate
        known.model.generate = lambda made=generate, told=asked, **options: told.append(made(**options)) or told[-1]
        known.translate("le vent")
        named = known.tokenizer.convert_tokens_to_ids(
            [source, target] if kind == "nllb" else [f"__{source}__", f"__{target}__"]
        )
        assert known.tokenizer("le vent")["input_ids"][0] == named[0]
        assert asked[0][0][1] == named[1]  # behind the token that begins every sentence


def test_a_language_that_the_model_does_not_know_is_refused(models):
    with pytest.raises(
        UserError, match=r"does not know the source language de; it knows fr: set pretrained\.source_code"
    ):
        translator(models["marian"], "corpus.source=de")
    with pytest.raises(UserError, match="does not know the target language fi; it knows en"):
        translator(models["marian"], "corpus.target=fi")
    assert translator(models["marian"], "corpus.source=de", "pretrained.source_code=fr").translate("le vent")
    with pytest.raises(UserError, match="does not know the source language fr; it knows deu_Latn, eng_Latn, fra_Latn"):
        translator(models["nllb"])  # "fr" is one of its words, but no language


@pytest.mark.parametrize("kind", ["speecht5", "vits"])
def test_a_voice_says_the_same_text_with_the_same_samples(models, kind):
    voice = speecht5(models) if kind == "speecht5" else vits(models["vits"])
    first = voice.speak("the quick fox")
    torch.manual_seed(5)  # whatever others draw
    other = voice.speak("a lazy dog")
    again = voice.speak("the quick fox")
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32 and first.ndim == 1 and 0 < np.abs(first).max() <= 1
    assert len(other) != len(first) or not np.allclose(other, first)


def test_a_voice_leaves_the_generator_of_others_where_it_was(models):
    voice = vits(models["vits"])
    torch.manual_seed(7)
    undisturbed = torch.rand(2)
    torch.manual_seed(7)
    voice.speak("the fox")
    assert torch.equal(torch.rand(2), undisturbed)


def test_everything_becomes_16_khz(models, tmp_path):
    text = "the fox"
    fast = speecht5(models, vocoder=save_hifigan(tmp_path / "fast", rate=32_000))
    assert len(fast._synthesise(text)[0]) == 2 * len(fast.speak(text))
    known = vits(models["vits"])  # 22,050 Hz
    assert abs(len(known.speak(text)) - len(known._synthesise(text)[0]) * 16_000 / 22_050) <= 1


def test_the_speaker_is_heard(models, tmp_path):
    other = save_speaker(tmp_path / "other.npy", seed=1)
    ours, theirs = (speecht5(models, **each).speak("the fox") for each in ({}, {"speaker": other}))
    assert len(ours) != len(theirs) or not np.allclose(ours, theirs)


def test_text_that_is_too_long_is_cut_and_what_cannot_be_said_is_refused(models):
    voice = speecht5(models)
    longest = voice.speak("a" * 20)
    np.testing.assert_array_equal(voice.speak("a" * 50), longest)
    assert len(longest) <= 60 * 2 * 64  # positions, frames a step, samples a frame
    for each in (voice, vits(models["vits"])):
        with pytest.raises(UserError, match="makes no speech"):
            each.speak("…")
    with pytest.raises(UserError, match="makes no speech"):
        vits(models["vits"]).speak("風")  # no letter that it knows


def test_what_a_voice_lacks_is_one_sentence(models, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"SpeechT5 needs a speaker: set pretrained\.speaker= to a file \.npy"):
        speecht5(models, speaker="null")
    with pytest.raises(UserError, match=r"pretrained\.speaker=.*nowhere\.npy .*cannot be read"):
        speecht5(models, speaker=tmp_path / "nowhere.npy")
    with pytest.raises(UserError, match=rf"speaker=.* has 512 numbers; an x-vector of this model has {XVECTOR}"):
        speecht5(models, speaker=save_speaker(tmp_path / "large.npy", 512))
    with pytest.raises(UserError, match=r"SpeechT5 needs a model: set pretrained\.vocoder= to .*speecht5_hifigan"):
        speecht5(models, vocoder="null")
    with pytest.raises(UserError, match=r"reads 5 mel bands, .* predicts 8"):
        speecht5(models, vocoder=save_hifigan(tmp_path / "bands", bands=5))
    with pytest.raises(UserError, match="is of the kind marian; choose a SpeechT5 or a VITS model"):
        vits(models["marian"])
    with pytest.raises(UserError, match="has 3 speakers; choose a model of one"):
        vits(save_vits(tmp_path / "three", num_speakers=3))
    with pytest.raises(UserError, match="needs the package uroman: pip install uroman"):
        vits(save_vits(tmp_path / "roman", is_uroman=True))


def test_only_safetensors_are_loaded(models, tmp_path):
    with pytest.raises(UserError, match=r"pretrained\.translation: no model at /nowhere: neither a folder here"):
        translator("/nowhere")
    old = shutil.copytree(models["marian"], tmp_path / "old")
    (old / "model.safetensors").rename(old / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"has no safetensors, and nothing else is loaded; docs/evaluation\.md"):
        translator(old)
    damaged = shutil.copytree(models["marian"], tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(UserError, match=r"damaged cannot be loaded \(.*\); choose a whole model"):
        translator(damaged)
    stranger = shutil.copytree(models["vits"], tmp_path / "stranger")
    shutil.copy(models["speecht5"] / "model.safetensors", stranger)
    with pytest.raises(UserError, match="stranger lacks weights of VitsModel"):
        vits(stranger)


def test_weights_of_another_kind_become_safetensors_as_the_documentation_says(models, tmp_path):
    from safetensors.torch import load_file
    from transformers import AutoModelForSeq2SeqLM

    old = shutil.copytree(models["marian"], tmp_path / "old")
    torch.save(load_file(old / "model.safetensors"), old / "pytorch_model.bin")
    (old / "model.safetensors").unlink()
    AutoModelForSeq2SeqLM.from_pretrained(old).save_pretrained(old)
    assert translator(old).translate("le vent") == translator(models["marian"]).translate("le vent")


def test_weights_of_half_precision_compute_in_float32(models, tmp_path):
    from transformers import AutoModelForSeq2SeqLM

    half = shutil.copytree(models["marian"], tmp_path / "half")
    AutoModelForSeq2SeqLM.from_pretrained(half).half().save_pretrained(half)
    assert AutoModelForSeq2SeqLM.from_pretrained(half).dtype == torch.float16  # as transformers loads it by itself
    assert translator(half).model.dtype == torch.float32


def test_the_package_is_asked_for_before_any_work(models, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    whisper = f"whisper.model={models['whisper']}"
    for row, named in (("whisper_tts", "text_to_speech"), ("cascade_voice", "translation")):
        with pytest.raises(UserError, match=rf"{row} needs a model: set pretrained\.{named}="):
            settings(f"baselines=[{row}]", whisper)
        with pytest.raises(UserError, match=r"pip install 'speech2code\[pretrained\]'"):
            settings(f"baselines=[{row}]", whisper, f"pretrained.{named}={models['vits']}")
    assert settings("baselines=[whisper_voice]", whisper)  # which needs none of it


def test_whisper_must_know_the_language(models):
    known = (f"whisper.model={models['whisper']}", f"pretrained.translation={models['marian']}")
    with pytest.raises(UserError, match="Whisper does not know ee; leave cascade_voice out of baselines"):
        settings("baselines=[cascade_voice]", "corpus.source=ee", *known)
    with pytest.raises(UserError, match="from fr into fi; leave whisper_tts out of baselines"):
        settings("baselines=[whisper_tts]", "corpus.target=fi", f"pretrained.text_to_speech={models['vits']}", *known)


def test_all_four_rows_are_spoken_read_and_scored(models, transcribed, tmp_path, monkeypatch):
    def brief(
        config, task, load=Whisper.of_source
    ):  # at random it writes hundreds of letters, which take minutes to read
        known = load(config, task)
        known.model.max_length = 16
        return known

    monkeypatch.setattr(Whisper, "of_source", brief)
    parts = {"translation": "marian", "text_to_speech": "speecht5", "vocoder": "hifigan", "speaker": "speaker"}
    overrides = transcribed.overrides(
        tmp_path / "runs", f"data={tmp_path}/data", "corpus.target_voice=flite:slt", "corpus.source=fr",
        "splits=[test]", "recognisers=[pocketsphinx]", f"baselines=[{','.join(ROWS)}]",
        f"whisper.model={models['whisper']}", "whisper.compute_type=float32", "whisper.beam=1",
        *(f"pretrained.{name}={models[kind]}" for name, kind in parts.items()),
    )  # fmt: skip
    verbs = ("prepare", "transcribe original pocketsphinx", "decode baselines")
    for verb in (*verbs, *(f"transcribe {row} pocketsphinx" for row in ROWS), "score baselines"):
        main([*verb.split(), *overrides])
    run = RunFolder(tmp_path / "runs" / "tiny")
    texts = run.sealed("baselines/topline_texts.json")["test"]
    assert texts["whisper_voice"] == texts["whisper_tts"] != texts["cascade_voice"] == texts["cascade_tts"]
    meant = list(texts["cascade_tts"])
    assert len(meant) == 3
    for row in ROWS:
        assert all(text for _, text in texts[row].values()) and list(texts[row]) == meant
        assert all(len(run.waveform(row, key)) for key in meant)
    # what is said is the same, who says it is not
    assert len(run.waveform("whisper_voice", meant[0])) != len(run.waveform("whisper_tts", meant[0]))
    scores = run.scores()
    assert [*scores] == list(ROWS)
    assert all(run.text_bleu(row, "test") is not None for row in ROWS)
    page = write_report(run.path).read_text()
    assert all(ROW[row].title.replace("'", "&#39;") in page for row in ROWS)
    record = read_json(run.path / "baselines" / "stage.json")
    assert record["settings"]["pretrained"]["speaker"] == str(models["speaker"])
    assert "transformers" in record["attempts"][0]["versions"]
