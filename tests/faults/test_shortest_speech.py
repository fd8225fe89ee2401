"""The shortest utterance that is kept, where the encoder makes one state of all its frames."""

import numpy as np
import pytest
import torch

from speech2code.audio.features import frame_count
from speech2code.builders import build_translator
from speech2code.cli import main
from speech2code.config import InverterConfig, LstmConfig, SearchConfig, TransformerConfig, VqVaeConfig
from speech2code.corpora.checks import SHORTEST
from speech2code.layers import MaskedBatchNorm
from speech2code.pipeline import Limits, SpeechTranslator

SAMPLES = int(SHORTEST * 16_000)
LSTM = LstmConfig(
    subsampling=16, conv_width=8, encoder_width=8, decoder_width=8, embedding_dim=4, attention_size=4
)  # fmt: skip
TRANSFORMER = TransformerConfig(subsampling=16, conv_width=8, width=8, heads=2, feed_forward=8)


@pytest.mark.parametrize("translator", [LSTM, TRANSFORMER], ids=["lstm", "transformer"])
def test_it_is_learnt_from_when_it_is_alone_in_its_batch(translator):
    network = build_translator(translator, 8).train()
    frames = frame_count(SAMPLES)
    logits, _ = network(torch.randn(1, frames, 39), torch.tensor([frames]), torch.tensor([[1, 2, 3]]))
    logits.sum().backward()
    assert all(torch.isfinite(each.grad).all() for each in network.parameters() if each.grad is not None)


@pytest.mark.parametrize("translator", [LSTM, TRANSFORMER], ids=["lstm", "transformer"])
def test_it_is_translated(translator):
    units = VqVaeConfig(codebook_size=8, time_reduction=12, code_dim=4, width=8, blocks=1)
    vocoder = InverterConfig(width=8, frame_width=8, reduction_factor=1, blocks=1, lstm_layers=1, iterations=2)
    system = SpeechTranslator(units, vocoder, translator, SearchConfig(2), Limits(10, 3), [1.0]).eval()
    speech = np.sin(np.arange(SAMPLES) * 0.2).astype(np.float32)
    for samples in (SAMPLES, 100, 1):
        assert np.isfinite(system.translate(speech[:samples])).all()


@pytest.mark.parametrize("real", [0, 1])
def test_a_batch_of_one_frame_is_normalised_as_in_use_and_moves_no_statistic(real):
    norm, inputs = MaskedBatchNorm(4), torch.randn(2, 4, 5)
    norm.running_mean.normal_()
    before = norm.running_mean.clone()
    mask = torch.zeros(2, 1, 5, dtype=torch.bool)
    mask[:real, :, 0] = True
    trained, used = norm.train()(inputs, mask), norm.eval()(inputs, mask)
    assert torch.equal(trained, used) and torch.equal(norm.running_mean, before)


def test_a_voice_that_ends_in_its_first_frame_is_trained_on(transcribed, tmp_path):
    main(["train", "topline_tts", *transcribed.overrides(tmp_path, "topline_tts.reduction_factor=1")])
    assert (tmp_path / "tiny" / "topline_tts" / "model.safetensors").exists()
