"""Units → waveforms: codes, inverter, Griffin-Lim."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import HOP
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.corpora.batches import pad
from speech2code.inversion.inverter import CodebookInverter
from speech2code.units.codebook import Codebook

Speaker = int | list[int]  # one for all sequences, or one each
LOUDEST = 0.7  # peak of a synthesised waveform
PIECE, CONTEXT = 16, 8  # units that `stream` speaks at once, and hears on either side of them


@torch.inference_mode()
def draw(units: list, codebook: Codebook, inverter: CodebookInverter, speaker: Speaker = 0) -> tuple[Tensor, Tensor]:
    """Unit sequences → log magnitude `(batch, time, bins)` and unit counts `(batch,)`."""
    device = codebook.codes.device
    batch, counts = (each.to(device) for each in pad([np.asarray(each) for each in units], torch.int64))
    speakers = torch.as_tensor(speaker, device=device).expand(len(units))
    return inverter.invert(codebook.decode(batch), counts, speakers), counts


@torch.inference_mode()
def speak(
    units: list, codebook: Codebook, inverter: CodebookInverter, iterations: int, speaker: Speaker = 0
) -> list[np.ndarray]:
    """Unit sequences → waveforms float32 `((units · time_reduction − 1) · 160,)`, peak 0.7; `iterations` of
    Griffin-Lim."""
    spectrum, counts = draw(units, codebook, inverter, speaker)
    return sounds_of(spectrum, (counts * inverter.time_reduction).tolist(), iterations)


def sounds_of(spectra: Tensor, frames: list[int], iterations: int) -> list[np.ndarray]:
    """Log magnitudes `(batch, time, bins)` and how many frames of each count → waveforms float32, peak 0.7."""
    items = [item[None, :count] for item, count in zip(spectra, frames)]
    # one at a time: what stands behind a shorter item would be heard in its last frames
    sounds = [griffin_lim(item, iterations)[0].cpu().numpy() for item in items]
    return [sound * (LOUDEST / max(float(np.abs(sound).max(initial=0)), 1e-3)) for sound in sounds]


@torch.inference_mode()
def stream(
    units: Iterable[int], codebook: Codebook, inverter: CodebookInverter, iterations: int, speaker: int = 0
) -> Iterator[np.ndarray]:
    """Units as they come → pieces of a waveform of `speak`'s length, each as soon as 8 units behind it are known.

    The network and Griffin-Lim see 8 units on either side of a piece; over the first unit of the next one both sound.
    As loud as the recordings: nothing tells what the highest peak will be.
    """
    samples = inverter.time_reduction * HOP
    fading = np.zeros(0, np.float32)
    for window, done, last in _windows(units):
        sound = griffin_lim(draw([window], codebook, inverter, speaker)[0], iterations)[0].cpu().numpy()
        end = len(sound) if last else (done + PIECE) * samples
        piece = sound[done * samples : end]
        share = np.linspace(1, 0, len(fading), endpoint=False, dtype=np.float32)
        piece[: len(fading)] += share * (fading - piece[: len(fading)])
        fading = sound[end : end + samples]
        yield piece


def _windows(units: Iterable[int]) -> Iterator[tuple[list[int], int, bool]]:
    """(units, how many of them are spoken already, whether these are the last); nothing where there are no units."""
    window, done = [], 0
    for unit in units:
        window.append(int(unit))
        if len(window) == done + PIECE + CONTEXT:
            yield window, done, False
            forgotten = max(0, done + PIECE - CONTEXT)
            window, done = window[forgotten:], done + PIECE - forgotten
    if window:
        yield window, done, True
