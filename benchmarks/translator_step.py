"""A training step of the translator: ours against transformers' Speech2Text of the same width and number of layers."""

import torch
from transformers import Speech2TextConfig, Speech2TextForConditionalGeneration

from benchmarks.timing import Line, race
from speech2code.config import LstmConfig
from speech2code.translation.lstm import LstmTranslator

BATCH, FRAMES, UNITS, CODES, WIDTH, LAYERS = 16, 240, 30, 64, 256, 2


def measure() -> Line:
    torch.manual_seed(0)
    features, tokens = torch.randn(BATCH, FRAMES, 39), torch.randint(CODES, (BATCH, UNITS))
    lengths, counts = torch.full((BATCH,), FRAMES), torch.full((BATCH,), UNITS)
    ours, peer = our_model().train(), peer_model().train()
    ours_adam, peer_adam = (torch.optim.AdamW(each.parameters(), 1e-4, fused=True) for each in (ours, peer))

    def our_step():
        ours.loss(ours(features, lengths, tokens)[0], tokens, counts)[0].backward()
        ours_adam.step()
        ours_adam.zero_grad()

    def peer_step():
        peer(input_features=features, labels=tokens).loss.backward()
        peer_adam.step()
        peer_adam.zero_grad()

    fast, slow = race(our_step, peer_step)
    sizes = {"parameters": _parameters(ours), "the peer's": _parameters(peer)}
    return Line("translator_step", fast * 1e3, slow * 1e3, "ms", slow / fast, "≥ 1.3", slow / fast >= 1.3, sizes)


def our_model() -> LstmTranslator:
    config = LstmConfig(
        conv_width=WIDTH, encoder_width=WIDTH // 2, encoder_layers=LAYERS, decoder_width=WIDTH, embedding_dim=64,
        attention="mlp_history", attention_size=128,
    )  # fmt: skip
    return LstmTranslator(config, CODES)


def peer_model() -> Speech2TextForConditionalGeneration:
    config = Speech2TextConfig(
        vocab_size=CODES + 4, input_feat_per_channel=39, input_channels=1, d_model=WIDTH, encoder_layers=LAYERS,
        decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=4 * WIDTH,
        decoder_ffn_dim=4 * WIDTH, num_conv_layers=3, conv_kernel_sizes=(5, 5, 5), conv_channels=WIDTH,
    )  # fmt: skip
    return Speech2TextForConditionalGeneration(config)


def _parameters(model: torch.nn.Module) -> float:
    return sum(each.numel() for each in model.parameters())
