"""Units → waveforms: codes, inverter, Griffin-Lim."""

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.griffin_lim import griffin_lim
from speech2code.corpora.batches import pad
from speech2code.inversion.inverter import CodebookInverter
from speech2code.units.codebook import Codebook

LOUDEST = 0.7  # peak of a synthesised waveform


@torch.inference_mode()
def draw(units: list, codebook: Codebook, inverter: CodebookInverter, speaker: int = 0) -> tuple[Tensor, Tensor]:
    """Unit sequences → log magnitude `(batch, time, bins)` and unit counts `(batch,)`."""
    device = codebook.codes.device
    batch, counts = (each.to(device) for each in pad([np.asarray(each) for each in units], torch.int64))
    speakers = torch.full((len(units),), speaker, device=device)
    return inverter.invert(codebook.decode(batch), counts, speakers), counts


@torch.inference_mode()
def speak(
    units: list, codebook: Codebook, inverter: CodebookInverter, iterations: int, speaker: int = 0
) -> list[np.ndarray]:
    """Unit sequences → waveforms float32 `((units · time_reduction − 1) · 160,)`, peak 0.7; `iterations` of
    Griffin-Lim."""
    spectrum, counts = draw(units, codebook, inverter, speaker)
    frames = (counts * inverter.time_reduction).tolist()
    items = [item[None, :count] for item, count in zip(spectrum, frames)]
    # one at a time: what stands behind a shorter item would be heard in its last frames
    sounds = [griffin_lim(item, iterations)[0].cpu().numpy() for item in items]
    return [sound * (LOUDEST / max(float(np.abs(sound).max(initial=0)), 1e-3)) for sound in sounds]
