"""Whisper's whole path on a tiny model with random weights, in CTranslate2's format: no download."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_whisper import ENGLISH, MELS, save_tiny

from speech2code.builders import WHISPER_LANGUAGES, load_recogniser
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import read_json
from speech2code.recognisers.whisper import CODES, PADDING, PEAK, Whisper, window
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import normalise

pytest.importorskip("faster_whisper")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("whisper") / "tiny")


def settings(model: Path | None, language: str = "en", *more: str) -> Config:
    return compose(
        ["experiment=phrasebook", "recognisers=[in_domain]", f"corpus.target={language}", "trainer.accelerator=cpu",
         f"whisper.model={model or 'null'}", "whisper.compute_type=float32", "whisper.beam=2", *more]
    )  # fmt: skip


def load(model: Path | None, language: str = "en", *more: str) -> Whisper:
    return load_recogniser("whisper", Path("nowhere"), settings(model, language, *more))


def sounds(count: int) -> list[np.ndarray]:
    time = np.arange(9000) / 16_000
    return [
        (0.3 * np.sin(2 * np.pi * 200 * (2 + n) * time)).astype(np.float32)[: 4000 + 1500 * n] for n in range(count)
    ]


def test_transcripts_depend_on_no_neighbour(model):
    waveforms = sounds(4)
    alone = [load(model).transcribe([each])[0] for each in waveforms]
    assert all(alone) and len(set(alone)) == 4
    together = load(model, "en", "whisper.batch_size=3")
    silence = np.zeros(8000, np.float32)
    assert together.transcribe(iter([silence, *waveforms[::-1]])) == ["", *alone[::-1]]
    assert together.transcribe([]) == []


def test_the_language_is_told_to_the_model(model):
    read = {
        language: load(model, language).transcribe(sounds(2)) for language in ("en", "fr", "fr-CA", "nb", "zh-Hant")
    }
    assert read["fr"] == read["fr-CA"] and len({tuple(each) for each in read.values()}) == 4
    assert load(model, "nb").language == "no" and "language:no" in load(model, "nb").signature


def test_the_list_of_languages_is_whispers():
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert {CODES.get(each, each) for each in WHISPER_LANGUAGES} == set(_LANGUAGE_CODES)


def test_near_silence_and_nothing_are_no_words(model):
    noise = np.random.default_rng(0).normal(0, 1e-4, 16_000).astype(np.float32)
    assert load(model).transcribe([np.zeros(0, np.float32), np.zeros(1600, np.float32), noise]) == ["", "", ""]


def test_a_model_that_hears_nobody_says_nothing(tmp_path):
    known = load(save_tiny(tmp_path / "nobody", nobody=30.0))
    assert known.transcribe(sounds(2)) == ["", ""]
    sure = SimpleNamespace(sequences_ids=[known.tokenizer.encode("you")], scores=[-0.5], no_speech_prob=0.9)
    known.model.model = SimpleNamespace(generate=lambda *_, **__: [sure], encode=known.model.model.encode)
    known.model.encode = lambda features: None
    assert known.transcribe(sounds(1)) == ["you"]
    assert known.transcribe([0.005 * each for each in sounds(1)]) == [""]  # of what is faint, it need not be unsure


def test_silence_policy():
    tone = 0.02 * np.sin(np.arange(8000) / 5).astype(np.float32)
    ready, padding = window(tone, 30), round(PADDING * 16_000)
    assert not ready[:padding].any() and not ready[padding + 8000 :].any()
    np.testing.assert_allclose(ready[padding : padding + 8000], PEAK / 0.02 * tone, rtol=1e-3)
    assert len(ready) == len(window(np.tile(tone, 70), 30)) == 30 * 16_000


def test_silence_around_speech_and_its_level_do_not_matter(model):
    known, tone, heard = load(model), sounds(1)[0], []
    assert len(set(known.transcribe([tone, tone / 8]))) == 1
    features = known.model.feature_extractor
    known.model.feature_extractor = lambda sound: (heard.append(sound), features(sound))[1]
    assert known.transcribe([np.pad(tone, 8000)]) != [""]
    spoken = np.flatnonzero(np.abs(heard[0]) > 0.01)
    assert abs(spoken[0] - PADDING * 16_000) < 600 and abs(np.ptp(spoken) - len(tone)) < 1200  # but for a frame or two


def test_a_shorter_window_is_read_faster_and_speech_that_does_not_fit_in_thirty_seconds(model):
    short, read = load(model, "en", "whisper.window=2"), []
    encode = short.model.encode
    short.model.encode = lambda features: (read.append(features.shape), encode(features))[1]
    tone = sounds(4)[3]  # 0.5 s
    found = short.transcribe([tone, np.tile(tone, 5), tone])
    assert read == [(2, MELS, 200), (1, MELS, 3000)]
    assert found[0] == found[2] and found[1] == load(model).transcribe([np.tile(tone, 5)])[0]
    assert "window:2 s" in short.signature


def test_it_reads_what_faster_whisper_reads(model):
    from faster_whisper import BatchedInferencePipeline

    known, sound = load(model), sounds(3)[2]
    segments, _ = BatchedInferencePipeline(known.model).transcribe(
        window(sound, 30), language="en", beam_size=2, temperature=0.0, condition_on_previous_text=False,
        vad_filter=False, clip_timestamps=[{"start": 0, "end": 30}],
    )  # fmt: skip
    assert known.transcribe([sound]) == ["".join(each.text for each in segments).strip()] != [""]


def test_what_is_missing_is_one_sentence(model, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"needs a model: set whisper\.model= to .* or to a folder"):
        load(None)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=r"whisper\.model=.*empty cannot be loaded: "):
        load(empty)
    with pytest.raises(UserError, match=r"does not know de; choose a multilingual model"):
        load(model, "de")  # a language of Whisper, but this tiny model lacks it
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(UserError, match=r"pip install 'speech2code\[whisper\]'"):
        load(model)


def test_an_english_model_reads_english_only(tmp_path):
    english = save_tiny(tmp_path / "english", text=ENGLISH)
    assert all(load(english).transcribe(sounds(2)))
    with pytest.raises(UserError, match="does not know fr; choose a multilingual model"):
        load(english, "fr")


def test_the_command_line_knows_it_and_its_settings(model, transcribed, tmp_path, refused):
    overrides = transcribed.overrides(tmp_path, "recognisers=[whisper]", "whisper.compute_type=float32")
    assert "whisper.model=" in refused("transcribe", "original", "whisper", *overrides)
    main(["transcribe", "original", "whisper", *overrides, f"whisper.model={model}"])
    run = RunFolder(tmp_path / "tiny")
    assert len(run.transcripts("original", "whisper")) == 3
    record = read_json(run.table("original", "whisper").parent / "stage.json")
    assert str(model) in record["signature"] and "trimmed" in record["signature"]
    told = refused("transcribe", "original", "whisper", *overrides, f"whisper.model={model}", "whisper.beam=1")
    assert "whisper.beam=5, now it is 1" in told


def test_it_translates_and_the_corpus_s_voice_speaks(model, transcribed, tmp_path, refused):
    voiced = (f"data={tmp_path}/data", "corpus.target_voice=flite:slt", "corpus.source=fr", "splits=[test]")
    known = ("baselines=[whisper_voice]", f"whisper.model={model}", "whisper.compute_type=float32", "whisper.beam=1")
    overrides = transcribed.overrides(tmp_path / "runs", *voiced, *known)
    for verb in ("prepare", "decode baselines"):
        main([*verb.split(), *overrides])
    run = RunFolder(tmp_path / "runs" / "tiny")
    texts = run.sealed("baselines/topline_texts.json")["test"]["whisper_voice"]
    meant = {key: read for key, (_, read) in texts.items()}
    assert len(set(meant.values())) == 3 and all(meant.values())
    for key in meant:
        assert run.waveform("whisper_voice", key).any()
    store = FeatureStore(tmp_path / "data" / "recordings", "test")
    heard = Whisper.of_source(compose(overrides), "translate").transcribe([store.waveform("source", 0)])[0]
    assert normalise(heard, "en") == meant[store.ids[0]]
    assert heard != load(model).transcribe([store.waveform("source", 0)])[0]  # which does not translate
    assert "from fr into fr; leave whisper_voice out" in refused("decode", "baselines", *overrides, "corpus.target=fr")
    assert "needs a model" in refused("decode", "baselines", *overrides, "whisper.model=null")
    assert "needs a voice" in refused("decode", "baselines", *overrides, "corpus.target_voice=null")
    assert "prepared with corpus.source=fr" in refused("decode", "baselines", *overrides, "corpus.source=no")
