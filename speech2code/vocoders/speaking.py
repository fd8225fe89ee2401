"""Unit sequences → waveforms: the unit encoder's codes, the vocoder's durations and its waveforms."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from speech2code.audio.features import HOP
from speech2code.padding import pad
from speech2code.protocols import UnitEncoder, Units, Vocoder

Speaker = int | list[int]  # one for all sequences, or one each
LOUDEST = 0.7  # peak of a synthesised waveform
PIECE, CONTEXT = 16, 8  # units that `stream` speaks at once, and sees on either side of them


@torch.inference_mode()
def batch_of(
    sequences: list, encoder: UnitEncoder, vocoder: Vocoder, speaker: Speaker = 0, durations: list | None = None
) -> Units:
    """Unit sequences, and the steps that each unit lasts where that is known → what the vocoder gets."""
    device = encoder.inventory.codes.device
    units, counts = (each.to(device) for each in pad([np.asarray(each) for each in sequences], torch.int64))
    codes, speakers = encoder.inventory.decode(units), torch.as_tensor(speaker, device=device).expand(len(units))
    if durations is None:
        steps = vocoder.predict_durations(codes, counts, speakers)
    else:
        steps = pad([np.asarray(each) for each in durations], torch.int64)[0].to(device)
    return Units(codes, steps, speakers, encoder.rebuild(codes, steps, speakers))


@torch.inference_mode()
def speak(
    sequences: list, encoder: UnitEncoder, vocoder: Vocoder, speaker: Speaker = 0, durations: list | None = None
) -> list[np.ndarray]:
    """As `batch_of` → waveforms float32 `((frames − 1) · 160,)`, peak 0.7."""
    return at_peak(vocoder.synthesise(batch_of(sequences, encoder, vocoder, speaker, durations)))


def at_peak(waveforms: list[np.ndarray]) -> list[np.ndarray]:
    """Each at the same peak; silence stays as quiet as it is."""
    return [each * (LOUDEST / max(float(np.abs(each).max(initial=0)), 1e-3)) for each in waveforms]


@torch.inference_mode()
def stream(units: Iterable[int], encoder: UnitEncoder, vocoder: Vocoder, speaker: int = 0) -> Iterator[np.ndarray]:
    """Units as they come → pieces of a waveform of `speak`'s length, each as soon as 8 units behind it are known.

    The vocoder sees 8 units on either side of a piece; over the first unit of the next one both sound. As loud as the
    recordings: nothing tells what the highest peak will be.
    """
    fading = np.zeros(0, np.float32)
    for window, done, last in _windows(units):
        batch = batch_of([window], encoder, vocoder, speaker)
        sound = vocoder.synthesise(batch)[0]
        ends = [0, *((batch.durations[0] * encoder.spec.step_frames).cumsum(0) * HOP).tolist()]
        end = len(sound) if last else ends[done + PIECE]
        piece = sound[ends[done] : end]
        fading = fading[: len(piece)]  # with its neighbours known a unit may be found shorter than before
        share = np.linspace(1, 0, len(fading), endpoint=False, dtype=np.float32)
        piece[: len(fading)] += share * (fading - piece[: len(fading)])
        fading = sound[end : end if last else ends[done + PIECE + 1]]
        yield piece


def _windows(units: Iterable[int]) -> Iterator[tuple[list[int], int, bool]]:
    """(units, how many of them are spoken already, whether these are the last); nothing where there are no units."""
    window: list[int] = []
    done = 0
    for unit in units:
        window.append(int(unit))
        if len(window) == done + PIECE + CONTEXT:
            yield window, done, False
            forgotten = max(0, done + PIECE - CONTEXT)
            window, done = window[forgotten:], done + PIECE - forgotten
    if window:
        yield window, done, True
