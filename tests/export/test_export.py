"""The exported files by ONNX Runtime and numpy alone, beside the networks that they were made of."""

import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
from conftest import SYLLABLES, speak

from speech2code.config import (
    InverterConfig,
    KMeansConfig,
    LinearConfig,
    LstmConfig,
    SearchConfig,
    SegmentalConfig,
    TransformerConfig,
    VqVaeConfig,
)
from speech2code.export import onnx_file, verb
from speech2code.export.folder import export_system
from speech2code.padding import pad
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.translation.lstm import LstmTranslator
from speech2code.vocoders.speaking import batch_of
from speech2code.vocoders.spectrogram import SpectrogramVocoder

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
NARROW = {"code_dim": 8, "width": 16, "blocks": 1}
INVERTER = {"width": 16, "frame_width": 16, "blocks": 1, "lstm_layers": 1, "fft_size": 512}
LSTM = {"conv_width": 16, "encoder_width": 16, "decoder_width": 16, "embedding_dim": 8, "attention_size": 8}
SYSTEMS = {
    "dot": (
        SegmentalConfig(codebook_size=8, target_unit_rate=12.0, **NARROW),
        InverterConfig(reduction_factor=2, **INVERTER),
        LstmConfig(attention="dot", normalisation="utterance", **LSTM),
    ),
    "mlp_history": (
        VqVaeConfig(codebook_size=8, time_reduction=4, **NARROW),
        InverterConfig(reduction_factor=1, **INVERTER),
        LstmConfig(attention="mlp_history", encoder_layers=2, **LSTM),
    ),
    "transformer": (
        KMeansConfig(codebook_size=8, target_unit_rate=12.0),
        LinearConfig(fft_size=512),
        TransformerConfig(conv_width=16, width=16, heads=2, feed_forward=16),
    ),
}  # fmt: skip


def speech(seconds, seed):
    words = np.random.default_rng(seed).choice(list(SYLLABLES), int(seconds / 0.16) + 1)
    return speak(words, 120, seed=seed)[: int(seconds * 16_000)]


def system(kind):
    torch.manual_seed(3)
    model = SpeechTranslator(*SYSTEMS[kind], SearchConfig(beam=1), Limits(longest=12, longest_run=2), vtln=[1.0, 1.2])
    heard = model.mfcc(*pad([speech(2, 9)]))[0]
    model.source_mean.copy_(heard.mean(0))
    model.source_std.copy_(heard.std(0))
    for name, each in model.named_buffers():
        if name.endswith(("vocoder.mean", "running_mean", "centres.codes")):
            each.normal_()
        elif name.endswith(("vocoder.std", "predicted_std", "running_var")):
            each.uniform_(1, 3)
    with torch.no_grad():
        for name, each in model.named_parameters():
            if name.endswith(("second.weight", "durations.leave.weight", "mix.weight", "output.weight")):
                each.normal_()  # else it is zero, or every answer alike
    return model.eval()


@torch.no_grad()
def attentive(model):
    """The same, but what it hears counts for more than what it has said, and some sentences end before they must."""
    for name, each in model.translator.named_parameters():
        if name == "embedding.weight":
            each.mul_(0.1)
        elif name.startswith("encoder") and not name.endswith("bias"):
            each.mul_(3)
    model.translator.output.bias[model.translator.end] = 3
    return model


@pytest.fixture(scope="module", params=SYSTEMS)
def exported(request, tmp_path_factory):
    model, folder = system(request.param), tmp_path_factory.mktemp("export") / request.param
    export_system(model, folder)
    return model, folder


def run(folder, name, *inputs):
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    names = [each.name for each in session.get_inputs()]
    return session.run(None, {name: each.numpy() for name, each in zip(names, inputs, strict=True)})


def assert_equal(found, wanted):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted):
        assert one.dtype == other.numpy().dtype
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("frames", [[1], [8, 3], [131, 40, 77, 9], [5, 260]])
def test_encoder_and_decoder_give_the_translators_numbers(exported, frames):
    model, folder = exported
    features, lengths = torch.full((len(frames), max(frames) + 5, 39), 9.0), torch.tensor(frames)  # 9: behind an end
    for item, length in zip(features, frames):
        item[:length] = torch.randn(length, 39)
    memory = model.translator.encode(features, lengths)
    state = model.translator.start(memory)
    found = run(folder, "encoder", features, lengths)
    assert_equal(found, [*memory, *state])
    alone = run(folder, "encoder", features[-1:, : frames[-1]], lengths[-1:])
    states = int(memory.mask[-1].sum())
    if not hasattr(memory, "attended"):  # of the transformer it is the fifth axis
        np.testing.assert_allclose(alone[0][0, :states], found[0][-1, :states], atol=1e-5)
    tokens = torch.full((len(frames),), model.translator.end)
    for _ in range(4):
        given = tokens, *memory, *state
        logp, state, alignment = model.translator.step(tokens, memory, state)
        assert_equal(run(folder, "decoder", *given), [logp, alignment, *state])
        tokens = torch.randint(8, (len(frames),))


@torch.inference_mode()
@pytest.mark.parametrize("counts", [[1], [2, 30], [11, 50, 3, 29]])
def test_durations_and_vocoder_give_the_vocoders_numbers(exported, counts):
    model, folder = exported
    units = [np.random.default_rng(count).integers(0, 8, count) for count in counts]
    speakers = [number % 2 for number in range(len(counts))]
    batch = batch_of(units, model.unit_encoder, model.vocoder, speakers)
    padded, lengths = pad(units, torch.int64)
    (durations,) = run(folder, "durations", padded, lengths, batch.speakers)
    assert np.array_equal(durations, batch.durations)
    (found,) = run(folder, "vocoder", padded, batch.durations, batch.speakers)
    assert_equal([found], [model.vocoder.log_magnitude(batch)])
    frames = int(durations[-1].sum()) * model.unit_encoder.spec.step_frames
    last = padded[-1:, : counts[-1]], batch.durations[-1:, : counts[-1]], batch.speakers[-1:]
    (alone,) = run(folder, "vocoder", *last)
    assert alone.shape[1] == frames
    np.testing.assert_allclose(alone[0], found[-1, :frames], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("kind", SYSTEMS)
def test_the_example_of_the_page_translates_as_the_system_does(kind, tmp_path):
    model, folder = attentive(system(kind)), tmp_path / "onnx"
    export_system(model, folder)
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert "speech2code" not in code and "torch" not in code
    for name, value in (("onnx_folder", folder), ("in.wav", tmp_path / "in.wav"), ("out.wav", tmp_path / "out.wav")):
        assert f'"{name}"' in code
        code = code.replace(f'"{name}"', repr(str(value)))
    answers = set()
    for seed, seconds in enumerate((0.7, 1.8)):
        soundfile.write(tmp_path / "in.wav", speech(seconds, seed), 16_000, subtype="FLOAT")
        client = {}
        exec(code, client)
        (wanted,) = model.translate_to_units([speech(seconds, seed)])
        assert client["units"].tolist() == wanted.tokens
        batch = batch_of([wanted.tokens], model.unit_encoder, model.vocoder)
        np.testing.assert_allclose(client["drawn"], model.vocoder.log_magnitude(batch)[0], atol=1e-4)
        sound = soundfile.read(tmp_path / "out.wav")[0]
        assert len(sound) == (len(client["drawn"]) - 1) * 160 and np.abs(sound).max() == pytest.approx(0.7, abs=1e-3)
        answers.add(tuple(wanted.tokens))
    assert len(answers) > 1  # not the same answer to everything


def test_the_description_says_what_the_files_take(exported):
    model, folder = exported
    facts = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["export.json", *(each["file"] for each in facts["networks"].values())]
    )
    assert facts["search"] == {"end": 8, "longest": 12, "longest_run": 2}
    assert facts["units"]["codebook"] == model.unit_encoder.inventory.fingerprint()
    np.testing.assert_allclose(facts["features"]["mean"], model.source_mean)
    for each in facts["networks"].values():
        session = onnxruntime.InferenceSession(folder / each["file"])
        for side, listed in (("inputs", session.get_inputs()), ("outputs", session.get_outputs())):
            assert [one["name"] for one in each[side]] == [one.name for one in listed]
            for one, other in zip(each[side], listed):
                assert other.type == {"float32": "tensor(float)"}.get(one["type"], f"tensor({one['type']})")
                assert len(one["shape"]) == len(other.shape) and one["shape"][0] == "batch"
    (features, lengths), logp = facts["networks"]["encoder"]["inputs"], facts["networks"]["decoder"]["outputs"][0]
    assert features["shape"] == ["batch", "frames", 39] and lengths["shape"] == ["batch"]
    assert logp["shape"] == ["batch", 9]
    assert facts["networks"]["vocoder"]["outputs"][0]["shape"] == ["batch", "frames", 257]


def test_the_verb_writes_what_it_names(tmp_path, capsys):
    from speech2code.cli import main

    system("dot").save_pretrained(tmp_path / "model")
    main(["export", str(tmp_path / "out"), f"model={tmp_path / 'model'}"])
    named = capsys.readouterr().out.split()
    assert sorted(named) == sorted(map(str, (tmp_path / "out").iterdir())) and len(named) == 5


def test_mistakes_are_one_sentence(tmp_path, refused, monkeypatch):
    model, out = tmp_path / "model", str(tmp_path / "out")
    assert "one folder to write and one trained system" in refused("export", f"model={model}")
    assert "one folder to write and one trained system" in refused("export", out)
    assert "neither a folder here nor" in refused("export", out, f"model={model}/none/at/all")
    (tmp_path / "foreign").mkdir()
    assert "config.json" in refused("export", out, f"model={tmp_path / 'foreign'}")
    system("dot").save_pretrained(model)
    weights = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert "model.safetensors" in refused("export", out, f"model={model}")
    (model / "model.safetensors").write_bytes(weights)
    (tmp_path / "file").write_text("")
    assert "a part of that path is a file" in refused("export", str(tmp_path / "file"), f"model={model}")
    assert not Path(out).exists()
    monkeypatch.setattr(verb, "NEEDED", ("onnx", "no_such_package"))
    assert "pip install 'speech2code[export]'" in refused("export", out, f"model={model}")


def test_a_network_that_tracing_would_freeze_is_refused(tmp_path, refused, monkeypatch):
    system("dot").save_pretrained(tmp_path / "model")
    start = LstmTranslator.start
    monkeypatch.setattr(LstmTranslator, "start", lambda self, memory: start(self, memory)._replace(
        recurrent=torch.zeros(len(memory.states), 2, 16)  # `len` is a constant to tracing
    ))  # fmt: skip
    said = refused("export", str(tmp_path / "out"), f"model={tmp_path / 'model'}")
    assert "encoder of this system cannot be written as ONNX" in said and "state_recurrent differs" in said
    assert not list((tmp_path / "out").iterdir())


def test_a_vocoder_without_a_spectrogram_is_refused(tmp_path, refused, monkeypatch):
    system("dot").save_pretrained(tmp_path / "model")
    monkeypatch.setattr("speech2code.export.networks.SpectrogramVocoder", type("Other", (SpectrogramVocoder,), {}))
    assert "draws no spectrogram" in refused("export", str(tmp_path / "out"), f"model={tmp_path / 'model'}")


def test_numbers_that_differ_are_found():
    ones = np.ones((2, 3), np.float32)
    assert onnx_file._same(ones, ones + 5e-5) and not onnx_file._same(ones, ones + 3e-4)
    assert not onnx_file._same(ones, ones[:1]) and not onnx_file._same(ones, ones.astype(np.float64))
