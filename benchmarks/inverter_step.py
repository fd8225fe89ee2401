"""A training step of the inverter of experiment=phrasebook, spectra included; peer: the paper's Figs. 4 and 5."""

import torch

from benchmarks.plain import PlainInverter
from benchmarks.timing import Line, race
from speech2code.audio.features import HOP, LogMagnitude
from speech2code.compose import compose
from speech2code.protocols import Units
from speech2code.units.vqvae import VqVae
from speech2code.vocoders.inverter import CodebookInverter

BATCH, UNITS = 16, 30


def measure() -> Line:
    torch.manual_seed(0)
    config = compose(["experiment=phrasebook"])
    settings, reduction, dim = config.vocoder, config.units.time_reduction, config.units.code_dim
    codes, steps = torch.randn(BATCH, UNITS, dim), torch.ones(BATCH, UNITS, dtype=torch.int64)
    waveforms = 0.1 * torch.randn(BATCH, UNITS * reduction * HOP)
    frames, speakers = steps.sum(1) * reduction, torch.zeros(BATCH, dtype=torch.int64)
    encoder = VqVae(config.units).eval()
    model = CodebookInverter(settings, encoder.spec).train()
    plain = PlainInverter(settings.width, settings.blocks, settings.lstm_layers, dim, reduction).train()
    full = LogMagnitude()
    ours, peer = (torch.optim.AdamW(each.parameters(), 1e-4, fused=True) for each in (model, plain))

    def our_step():
        units = Units(codes, steps, speakers, encoder.rebuild(codes, steps, speakers))
        model(units, waveforms, frames, timed=units)["loss"].backward()
        ours.step()
        ours.zero_grad()

    def peer_step():
        plain(codes, full(waveforms)).backward()
        peer.step()
        peer.zero_grad()

    fast, slow = race(our_step, peer_step, rounds=5)
    return Line("inverter_step", fast * 1e3, slow * 1e3, "ms", slow / fast, "≥ 2", slow / fast >= 2)
