"""A training step of the VQ-VAE of experiment=phrasebook, and of the paper's figures written plainly; 16 × 2.4 s."""

import torch

from benchmarks.plain import PlainVqVae
from benchmarks.timing import Line, race
from speech2code.compose import compose
from speech2code.units.vqvae import VqVae

BATCH, FRAMES = 16, 240


def measure() -> Line:
    torch.manual_seed(0)
    config = compose(["experiment=phrasebook"]).units
    features, lengths = torch.randn(BATCH, FRAMES, 39), torch.full((BATCH,), FRAMES)
    speakers = torch.zeros(BATCH, dtype=torch.int64)
    model = VqVae(config).train()
    plain = PlainVqVae(config.width, config.blocks, config.codebook_size, config.code_dim).train()
    ours, peer = (torch.optim.AdamW(each.parameters(), 1e-4, fused=True) for each in (model, plain))

    def our_step():
        model.loss(model(features, lengths, speakers)).backward()
        ours.step()
        ours.zero_grad()

    def peer_step():
        plain(features).backward()
        peer.step()
        peer.zero_grad()

    fast, slow = race(our_step, peer_step)
    return Line("units_step", fast * 1e3, slow * 1e3, "ms", slow / fast, "≥ 2", slow / fast >= 2)
