"""Beam 5, batch 16, 30 units a sentence: ours against `generate` of transformers' Speech2Text of the same width."""

import torch

from benchmarks.timing import Line, race
from benchmarks.translator_step import BATCH, FRAMES, UNITS, our_model, peer_model
from speech2code.config import SearchConfig
from speech2code.translation.search import beam_search


def measure() -> Line:
    torch.manual_seed(0)
    features, lengths = torch.randn(BATCH, FRAMES, 39), torch.full((BATCH,), FRAMES)
    model, library = our_model().eval(), peer_model().eval()
    with torch.no_grad():
        model.output.bias[model.end] = -1e4  # both write all 30 units

    def ours():
        return beam_search(model, features, lengths, SearchConfig(beam=5), longest=UNITS, longest_run=UNITS)

    @torch.inference_mode()
    def peer():
        return library.generate(
            features, num_beams=5, min_new_tokens=UNITS, max_new_tokens=UNITS, do_sample=False, early_stopping=False
        )

    assert all(len(each.tokens) == UNITS for each in ours()) and peer().shape[1] >= UNITS
    fast, slow = race(ours, peer, rounds=5)
    return Line("beam_search", fast, slow, "s", slow / fast, "≥ 3", slow / fast >= 3)
