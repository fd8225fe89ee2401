"""Units → waveforms: codes, inverter, Griffin-Lim."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import HOP
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.corpora.batches import pad
from speech2code.inversion.inverter import CodebookInverter
from speech2code.units.codebook import Alphabet

Speaker = int | list[int]  # one for all sequences, or one each
LOUDEST = 0.7  # peak of a synthesised waveform
PIECE, CONTEXT = 16, 8  # units that `stream` speaks at once, and hears on either side of them


@torch.inference_mode()
def draw(
    units: list, codebook: Alphabet, inverter: CodebookInverter, speaker: Speaker = 0, steps: list | None = None
) -> tuple[Tensor, Tensor]:
    """Unit sequences, and the steps that each unit lasts where that is known → log magnitude `(batch, time, bins)` and
    the frames that each unit lasts `(batch, units)`, 0 behind the end."""
    device = codebook.codes.device
    batch, counts = (each.to(device) for each in pad([np.asarray(each) for each in units], torch.int64))
    codes, speakers = codebook.decode(batch), torch.as_tensor(speaker, device=device).expand(len(units))
    known = steps and pad([np.asarray(each) for each in steps], torch.int64)[0].to(device)
    lasting = inverter.lasting(codes, counts, speakers) if known is None else known
    return inverter.invert(codes, lasting, speakers), lasting * inverter.time_reduction


@torch.inference_mode()
def speak(
    units: list,
    codebook: Alphabet,
    inverter: CodebookInverter,
    iterations: int,
    speaker: Speaker = 0,
    steps: list | None = None,
) -> list[np.ndarray]:
    """As `draw` → waveforms float32 `((frames − 1) · 160,)`, peak 0.7; `iterations` of Griffin-Lim."""
    spectrum, frames = draw(units, codebook, inverter, speaker, steps)
    return sounds_of(spectrum, frames.sum(1).tolist(), iterations)


def sounds_of(spectra: Tensor, frames: list[int], iterations: int) -> list[np.ndarray]:
    """Log magnitudes `(batch, time, bins)` and how many frames of each count → waveforms float32, peak 0.7."""
    items = [item[None, :count] for item, count in zip(spectra, frames)]
    # one at a time: what stands behind a shorter item would be heard in its last frames
    sounds = [griffin_lim(item, iterations)[0].cpu().numpy() for item in items]
    return [sound * (LOUDEST / max(float(np.abs(sound).max(initial=0)), 1e-3)) for sound in sounds]


@torch.inference_mode()
def stream(
    units: Iterable[int], codebook: Alphabet, inverter: CodebookInverter, iterations: int, speaker: int = 0
) -> Iterator[np.ndarray]:
    """Units as they come → pieces of a waveform of `speak`'s length, each as soon as 8 units behind it are known.

    The network and Griffin-Lim see 8 units on either side of a piece; over the first unit of the next one both sound.
    As loud as the recordings: nothing tells what the highest peak will be.
    """
    fading = np.zeros(0, np.float32)
    for window, done, last in _windows(units):
        spectrum, frames = draw([window], codebook, inverter, speaker)
        sound = griffin_lim(spectrum, iterations)[0].cpu().numpy()
        ends = [0, *(frames[0].cumsum(0) * HOP).tolist()]
        end = len(sound) if last else ends[done + PIECE]
        piece = sound[ends[done] : end]
        fading = fading[: len(piece)]  # with its neighbours known a unit may be found shorter than before
        share = np.linspace(1, 0, len(fading), endpoint=False, dtype=np.float32)
        piece[: len(fading)] += share * (fading - piece[: len(fading)])
        fading = sound[end : end if last else ends[done + PIECE + 1]]
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
