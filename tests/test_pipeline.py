"""A trained system as one object, and the first thing a user sees."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import SYLLABLES, speak

from speech2code.cli import overview
from speech2code.config import (
    DiscriminantConfig,
    InverterConfig,
    KMeansConfig,
    LinearConfig,
    LstmConfig,
    MaskedConfig,
    SearchConfig,
    SegmentalConfig,
    VqVaeConfig,
)
from speech2code.corpora.vtln import apply_vtln
from speech2code.errors import UserError
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.sentences import InputWarning
from speech2code.vocoders.speaking import batch_of

LIMITS = Limits(longest=12, longest_run=3)
NARROW = {"code_dim": 8, "width": 16, "blocks": 1}
FIXED = VqVaeConfig(codebook_size=8, time_reduction=4, **NARROW)
SEGMENTAL = SegmentalConfig(codebook_size=8, target_unit_rate=12.0, **NARROW)
TRANSLATOR = LstmConfig(
    conv_width=16, encoder_width=16, encoder_layers=1, decoder_width=16, embedding_dim=8, attention_size=8
)


def inverter(**changes):
    small = {"width": 16, "frame_width": 16, "blocks": 1, "lstm_layers": 1, "reduction_factor": 1, "iterations": 4}
    return InverterConfig(**{**small, **changes})


def system(units=FIXED, vocoder=None):
    torch.manual_seed(3)
    parts = units, vocoder or inverter(), TRANSLATOR, SearchConfig(beam=3)
    model = SpeechTranslator(*parts, LIMITS, vtln=[1.0, 1.2])
    for name in ("source", "target"):
        getattr(model, f"{name}_mean").normal_()
        getattr(model, f"{name}_std").uniform_(1, 3)
    return model.eval()


def speech(seconds=0.8, seed=0):
    words = np.random.default_rng(seed).choice(list(SYLLABLES), int(seconds / 0.16) + 1)
    return speak(words, 120, seed=seed)[: int(seconds * 16_000)]


@pytest.mark.parametrize("vocoder", [inverter(), inverter(fft_size=2048), LinearConfig(iterations=4)])
def test_translate_gives_a_waveform_of_the_units_length(vocoder):
    model = system(vocoder=vocoder)
    units = model.translate_to_units([speech()])[0].tokens
    waveform = model.translate(speech())
    assert waveform.dtype == np.float32 and waveform.shape == ((len(units) * 4 - 1) * 160,)
    assert np.isfinite(waveform).all() and np.abs(waveform).max() == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("units", "vocoder"),
    [
        (FIXED, inverter()),
        (SegmentalConfig(codebook_size=8, target_unit_rate=12.0, segment_codes=5, **NARROW), inverter()),
        (KMeansConfig(codebook_size=8, target_unit_rate=12.0), LinearConfig(iterations=4)),
        (DiscriminantConfig(codebook_size=8, code_dim=4), LinearConfig(iterations=4)),
        (MaskedConfig(codebook_size=8, code_dim=4, sounds=9, width=8), LinearConfig(iterations=4)),
    ],
    ids=["vqvae", "clusters of segments", "kmeans", "discriminant", "masked"],
)
def test_an_exported_folder_speaks_the_same(units, vocoder, tmp_path):
    model = system(units, vocoder)
    for name, each in model.unit_encoder.named_buffers():
        if name in ("clusters.means", "clusters.codes", "inventory.codes"):  # zeros until they have learnt
            each.normal_()
    model.save_pretrained(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors"]
    (tmp_path / "model" / "README.md").write_text("# What it is", encoding="utf-8")
    torch.manual_seed(50)
    loaded = SpeechTranslator.from_pretrained(tmp_path / "model")
    assert np.array_equal(loaded.translate(speech()), model.translate(speech()))
    assert loaded.limits == LIMITS and loaded.search == SearchConfig(beam=3) and loaded.vtln == [1.0, 1.2]
    assert loaded.encode([speech()]) == model.encode([speech()])
    assert loaded.state_dict().keys() == model.state_dict().keys()
    loaded.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text() == "# What it is"


def test_half_precision_halves_the_folder_and_changes_little(tmp_path):
    model = system()
    model.save_pretrained(tmp_path / "whole")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.save_pretrained(tmp_path / "half", half=True)
    sizes = [(tmp_path / each / "model.safetensors").stat().st_size for each in ("whole", "half")]
    assert 0.45 < sizes[1] / sizes[0] < 0.6
    loaded = SpeechTranslator.from_pretrained(tmp_path / "half")
    for name, value in loaded.state_dict().items():
        assert value.dtype == before[name].dtype and torch.equal(model.state_dict()[name], before[name])
        torch.testing.assert_close(value, before[name], rtol=1e-3, atol=1e-6)
    assert len(loaded.translate(speech())) > 0


def test_what_half_precision_cannot_hold_is_refused(tmp_path):
    model = system()
    next(model.translator.parameters()).data[0] = 1e6
    with pytest.raises(UserError, match="holds numbers that 16 bits cannot"):
        model.save_pretrained(tmp_path, half=True)
    assert not any(tmp_path.iterdir())


def test_a_batch_is_its_sentences():
    model = system()
    sounds = [speech(0.5, 1), speech(1.3, 2), speech(0.2, 3)]
    together = model.translate_to_units(sounds)
    for sound, found, units in zip(sounds, together, model.encode(sounds)):
        assert model.translate_to_units([sound])[0].tokens == found.tokens
        assert model.encode([sound]) == [units] and len(units) == -(-(len(sound) // 160 + 1) // 4)
    spoken = [[1, 2, 3], [4] * 9]
    for tokens, waveform in zip(spoken, model.speak(spoken)):
        (alone,) = model.speak([tokens])
        assert waveform.shape == alone.shape == ((len(tokens) * 4 - 1) * 160,)
        np.testing.assert_allclose(waveform, alone, atol=1e-3)


@pytest.mark.parametrize("count", [1, 23, 24, 25, 40, 70])
def test_a_stream_is_the_sentence(count, monkeypatch):
    model, asked = system(vocoder=inverter(iterations=30)), []
    model.unit_encoder.codebook.codes[:, 0] = torch.arange(8.0)

    def as_loud_as_its_unit(units):
        return units.codes[:, :, :1].repeat_interleave(4, 1).expand(-1, -1, 257) / 2

    monkeypatch.setattr(model.vocoder, "log_magnitude", as_loud_as_its_unit)
    units = np.random.default_rng(0).integers(0, 8, count).tolist()
    pieces, whole = list(model.stream(units)), model.speak([units])[0]
    streamed = np.concatenate(pieces)
    assert len(streamed) == len(whole)
    if count < 24:  # one window: the same sound, but for its loudness
        np.testing.assert_allclose(streamed * (0.7 / np.abs(streamed).max()), whole, atol=1e-5)
    else:
        loudness = [np.square(each).reshape(-1, 160).mean(1) for each in (streamed, whole)]
        assert np.corrcoef(*loudness)[0, 1] > 0.95
    first = next(model.stream(asked.append(unit) or unit for unit in units))
    assert len(asked) == min(count, 24) and np.array_equal(first, pieces[0])


def test_units_of_their_own_lengths_are_spoken_and_streamed():
    model = system(SEGMENTAL, inverter(reduction_factor=2))
    assert not (np.diff(model.encode([speech(2)])[0]) == 0).any()  # what sounds alike is one unit
    units = (np.arange(70) * 3 % 8).tolist()
    batch = batch_of([units, units[:9]], model.unit_encoder, model.vocoder)
    spectrum, frames = model.vocoder.log_magnitude(batch), batch.durations  # a step is a frame
    assert (frames[0] > 0).all() and (frames[1] > 0).tolist() == [True] * 9 + [False] * 61
    assert spectrum.shape[1] == frames.sum(1).max()
    whole, short = model.speak([units, units[:9]])
    assert len(whole) == (int(frames[0].sum()) - 1) * 160 and len(short) == (int(frames[1].sum()) - 1) * 160
    streamed = np.concatenate(list(model.stream(units)))
    assert np.isfinite(streamed).all() and len(streamed) == pytest.approx(len(whole), rel=0.1)
    once = np.concatenate(list(model.stream(units[:20])))
    spoken = model.speak([units[:20]])[0]
    np.testing.assert_allclose(once * (0.7 / np.abs(once).max()), spoken, atol=1e-5)


def test_a_stream_of_nothing_is_silent():
    assert not list(system().stream([]))


def test_a_speaker_has_a_voice_of_its_own():
    model = system()
    first, second = (model.speak([[1, 5, 2, 2, 7]], speaker)[0] for speaker in (0, 1))
    assert not np.allclose(first, second)


def test_a_target_speaker_is_encoded_with_the_vocal_tract_of_the_reference():
    model = system()
    mfcc, lengths = model.features("target", [speech(2)])
    with torch.no_grad():  # codes that tell the units of this sound apart
        model.unit_encoder.codebook.codes.copy_(model.unit_encoder.encoder(mfcc, lengths)[0, 10:18])
    warped = apply_vtln((mfcc[0] * model.target_std + model.target_mean).numpy(), 1.2)
    features = (torch.from_numpy(warped) - model.target_mean) / model.target_std
    units = model.unit_encoder.encode(features[None], lengths)[0].tolist()
    assert model.encode([speech(2)], speaker=1) == [units] != model.encode([speech(2)])


def test_the_help_fits_a_screen_and_loads_nothing_heavy():
    page = overview()
    assert 15 <= len(page.splitlines()) <= 30 and max(map(len, page.splitlines())) <= 100
    heavy = "{'torch', 'hydra', 'librosa', 'numpy', 'lightning_fabric', 'matplotlib'}"
    code = f"import sys; from speech2code.cli import main; main(['--help']); print({heavy} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == f"{page}\nset()\n"


def test_a_model_of_field_recordings_finds_the_speech_in_noise_itself(tmp_path):
    noise = 0.05 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    model = system()
    model.trimming = "activity"
    model.save_pretrained(tmp_path)
    loaded = SpeechTranslator.from_pretrained(tmp_path)
    with pytest.warns(InputWarning, match="nobody speaks in it: answered by silence"):
        assert not loaded.translate(noise).any()
