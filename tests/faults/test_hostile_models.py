"""A model folder or a checkpoint from a stranger: nothing is executed, little is allocated, nothing hangs, and what is
wrong is one sentence."""

import json
import os
import pickle
import resource
import struct
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from speech2code.config import (
    DiscriminantConfig,
    InverterConfig,
    KMeansConfig,
    LinearConfig,
    LstmConfig,
    MaskedConfig,
    SearchConfig,
    SegmentalConfig,
    TransformerConfig,
    VqVaeConfig,
)
from speech2code.corpora.statistics import SourceRange
from speech2code.errors import UserError
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.recognisers.attention import DESCRIPTION, AttentionRecogniser
from speech2code.seals import sealed
from speech2code.training.checkpoints import LAST, WEIGHTS, load_checkpoint

LSTM = LstmConfig(conv_width=8, encoder_width=8, decoder_width=8, embedding_dim=4, attention_size=4)
TONE = (0.3 * np.sin(np.arange(8000) * 0.2)).astype(np.float32)
NESTED = {"deep": "[" * 100_000, "deep object": '{"a":' * 100_000, "a number": "9" * 10_000, "nothing": ""}
BIG = 10**12


@pytest.fixture
def model(tmp_path):
    """An exported folder that is right."""
    torch.manual_seed(0)
    units = VqVaeConfig(codebook_size=8, time_reduction=4, code_dim=4, width=8, blocks=1)
    vocoder = InverterConfig(width=8, frame_width=8, reduction_factor=1, blocks=1, lstm_layers=1, iterations=2)
    facts = Limits(10, 3), [1.0, 1.1], SourceRange(2.0, 0.2)
    SpeechTranslator(units, vocoder, LSTM, SearchConfig(2), *facts).save_pretrained(tmp_path / "m")
    return tmp_path / "m"


def peak():
    """Bytes that this process has had at once, torch's too."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def refused_to_load(folder):
    """The sentence; and little memory was asked for: what is imported for the first time counts too."""
    before = peak()
    with pytest.raises(UserError) as caught:
        SpeechTranslator.from_pretrained(folder)
    assert peak() - before < 300e6  # bytes
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000
    return str(caught.value)


def changed(folder, *keys, value):
    """Writes `value` at a place of config.json."""
    config = json.loads((folder / "config.json").read_text())
    place = config
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    (folder / "config.json").write_text(json.dumps(config))


PLACES = [
    ("units", "codebook_size"), ("units", "code_dim"), ("units", "width"), ("units", "blocks"), ("units", "kind"),
    ("units", "time_reduction"), ("vocoder", "width"), ("vocoder", "lstm_layers"), ("vocoder", "iterations"),
    ("vocoder", "fft_size"), ("vocoder", "reduction_factor"), ("translator", "encoder_layers"),
    ("translator", "subsampling"), ("translator", "attention"), ("translator", "conv_width"), ("search", "beam"),
    ("limits", "longest"), ("limits", "longest_run"), ("vtln",), ("units",), ("vocoder",), ("translator",),
    ("search",), ("limits",),
]  # fmt: skip
VALUES = [BIG, -1, 0.5, float("nan"), 10**400, None, True, "x" * 200, [], [[1]], {"a": {}}]


@pytest.mark.parametrize("keys", PLACES, ids=".".join)
def test_no_value_of_its_settings_is_trusted(model, keys):
    whole = (model / "config.json").read_text()
    for value in VALUES:
        changed(model, *keys, value=value)
        refused_to_load(model)
        (model / "config.json").write_text(whole)


@pytest.mark.parametrize("value", [BIG, -1, float("nan"), None, "x", [1]], ids=str)
def test_no_fact_of_its_training_is_trusted(model, value):
    changed(model, "source_range", "pause", value=value)
    refused_to_load(model)


@pytest.mark.parametrize("value", ["", 0, False, [], {}, "x", 1], ids=repr)
def test_what_is_no_fact_of_its_training_is_not_taken_for_none(model, value):
    changed(model, "source_range", value=value)
    refused_to_load(model)


def test_layers_without_end_and_names_of_nothing(model):
    changed(model, "vocoder", "blocks", value=10**7)
    assert "blocks=10000000 is not possible; it must be at least 0 and at most 64" in refused_to_load(model)
    changed(model, "vocoder", "blocks", value=1)
    changed(model, "vocoder", "__class__", value="os.system")
    assert "no setting is called __class__" in refused_to_load(model)


def test_as_wide_and_deep_as_settings_go_is_compared_before_it_is_built(model):
    """Within the limits such a network has 10¹¹ numbers."""
    for keys in (("vocoder", "width"), ("vocoder", "frame_width"), ("units", "width"), ("translator", "decoder_width")):
        changed(model, *keys, value=16_384)
    changed(model, "vocoder", "blocks", value=64)
    assert "holds a model of another shape" in refused_to_load(model)


@pytest.mark.parametrize("garbage", NESTED)
def test_settings_that_are_garbage(model, garbage):
    (model / "config.json").write_text(NESTED[garbage])
    refused_to_load(model)


def test_settings_of_a_gigabyte(model):
    with open(model / "config.json", "r+b") as file:
        file.truncate(1 << 30)  # of zeros, and takes no disk
    assert "at most 1,048,576 are read" in refused_to_load(model)


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
@pytest.mark.parametrize("what", ["a pipe", "a folder", "a link", "nothing", "a device"])
def test_only_files_of_the_folder_are_read(model, tmp_path, name, what):
    content = (model / name).read_bytes()
    (model / name).unlink()
    if what == "a pipe":
        os.mkfifo(model / name)
    elif what == "a folder":
        (model / name).mkdir()
    elif what == "a device":
        (model / name).symlink_to("/dev/zero")
    elif what == "a link":
        (tmp_path / "elsewhere").write_bytes(content)
        (model / name).symlink_to(tmp_path / "elsewhere")
    sentence = refused_to_load(model)
    assert f"cannot read {model / name}: " in sentence
    if what == "a link":
        assert "leads out of its folder" in sentence


def test_a_snapshot_of_the_hub_is_links_into_its_own_repository(model, tmp_path):
    snapshot = tmp_path / "models--a--b" / "snapshots" / "0123"
    (tmp_path / "models--a--b" / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for path in model.iterdir():
        path.rename(tmp_path / "models--a--b" / "blobs" / path.name)
        (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
    SpeechTranslator.from_pretrained(snapshot)


def header_of(path):
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def write_header(path, header, rest, size=None):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", size or len(text)) + text + rest)


@pytest.mark.parametrize("damage", [
    "half", "a byte", "empty", "long header", "endless header", "shape", "huge shape", "offsets", "pickle", "more",
    "zeros", "less",
])  # fmt: skip
def test_weights_that_are_none(model, tmp_path, damage):
    path = model / WEIGHTS
    content, (header, rest) = path.read_bytes(), header_of(path)
    name = next(each for each in header if len(header[each].get("shape", [])) == 2)
    if damage in ("half", "a byte", "empty", "zeros"):
        size = {"half": len(content) // 2, "a byte": len(content) - 1}.get(damage, 0)
        path.write_bytes(bytes(len(content)) if damage == "zeros" else content[:size])
    elif damage in ("long header", "endless header"):
        write_header(path, header, rest, 2**62 if damage == "endless header" else len(content))
    elif damage in ("shape", "huge shape"):
        header[name]["shape"] = [BIG, BIG] if damage == "huge shape" else header[name]["shape"][::-1]
        write_header(path, header, rest)
    elif damage == "offsets":
        header[name]["data_offsets"] = [0, BIG]
        write_header(path, header, rest)
    elif damage in ("more", "less"):
        weights = load_file(path)
        changed_weights = (
            {**weights, "of nobody": torch.ones(2)} if damage == "more" else dict(list(weights.items())[1:])
        )
        save_file(changed_weights, path)
    else:
        path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert f"{path}" in refused_to_load(model)
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(model, value):
    weights = load_file(model / WEIGHTS)
    weights["translator.output.weight" if "translator.output.weight" in weights else next(iter(weights))][...] = value
    save_file(weights, model / WEIGHTS)
    assert "holds numbers that are infinite or none" in refused_to_load(model)


@pytest.mark.parametrize("name", ["source_std", "target_std", "vocoder.std", "vocoder.predicted_std"])
@pytest.mark.parametrize("value", [0.0, 1e38, -1e38])
def test_wild_weights_are_spoken_or_refused(model, name, value):
    weights = load_file(model / WEIGHTS)
    weights[name].fill_(value)
    save_file(weights, model / WEIGHTS)
    try:
        system = SpeechTranslator.from_pretrained(model)
        (spoken,) = system.speak([system.translate_to_units([TONE])[0].tokens])
    except UserError:
        return
    assert np.isfinite(spoken).all() and len(spoken) < 16_000 * 60


@pytest.mark.parametrize("units", [
    KMeansConfig(codebook_size=8), KMeansConfig(codebook_size=8, target_unit_rate=12.0),
    DiscriminantConfig(codebook_size=8, code_dim=4), MaskedConfig(codebook_size=8, code_dim=4, sounds=9, width=8),
    SegmentalConfig(codebook_size=8, code_dim=4, width=8, blocks=1, segment_codes=6),
])  # fmt: skip
def test_every_kind_is_compared_and_loads(tmp_path, units):
    translator = TransformerConfig(conv_width=8, width=8, heads=2, feed_forward=8)
    system = SpeechTranslator(units, LinearConfig(iterations=2), translator, SearchConfig(2), Limits(10, 3), [1.0])
    system.save_pretrained(tmp_path)
    SpeechTranslator.from_pretrained(tmp_path)
    changed(tmp_path, "units", "codebook_size", value=65_536)
    assert "another shape" in refused_to_load(tmp_path)


# of a run: its recogniser, and checkpoints to go on from


@pytest.mark.parametrize("known", [
    "[" * 100_000, "[]", "{}", '{"settings": 3}', '{"settings": {"kind": "lstm", "conv_width": 1e12}}',
    '{"settings": {"kind": "lstm"}, "vocabulary": {"tokens": [], "kind": "bpe", "language": "en", "pairs": 3}}',
    '{"settings": {"kind": "lstm"}, "vocabulary": {"tokens": [], "kind": "word", "language": "en"}, "mean": "x"}',
])  # fmt: skip
def test_no_description_of_a_recogniser_is_trusted(tmp_path, known):
    folder = tmp_path / "recogniser"
    folder.mkdir()
    (folder / WEIGHTS).touch()
    if known.startswith("{"):  # a seal is no proof: anybody can make one
        known = json.dumps(sealed(json.loads(known)))
    (folder / DESCRIPTION).write_text(known)
    with pytest.raises(UserError, match=r"recogniser\.json"):
        AttentionRecogniser.load(tmp_path, None)


@pytest.fixture
def training():
    network = torch.nn.Linear(3, 4)
    return network, torch.optim.AdamW(network.parameters())


@pytest.mark.parametrize("what", [
    "trap", "list", "number", "strange tensors", "compressed", "pipe", "link", "no numbers", "null optimiser",
])  # fmt: skip
def test_no_checkpoint_is_trusted(tmp_path, training, what):
    path, (network, optimiser) = tmp_path / LAST, training
    whole = {"model": network.state_dict(), "optimiser": optimiser.state_dict(), "counters": {}, "cuda_rng": []}
    whole["rng"] = torch.get_rng_state()
    if what == "pipe":
        os.mkfifo(path)
    elif what == "link":
        torch.save(whole, tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    elif what == "compressed":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data.pkl", bytes(50_000_000))
    else:
        torch.save(
            {
                "trap": whole | {"model": Trap(tmp_path / "sprung")},
                "list": [whole],
                "number": 3,
                "strange tensors": whole | {"model": {"weight": 3, "bias": "x"}},
                "no numbers": whole | {"model": {name: value * torch.nan for name, value in whole["model"].items()}},
                "null optimiser": whole | {"optimiser": None},
            }[what],
            path,
        )
    with pytest.raises(UserError) as caught:
        load_checkpoint(path, network, optimiser)
    assert str(path) in str(caught.value) and "weights_only" not in str(caught.value)
    assert not (tmp_path / "sprung").exists()
