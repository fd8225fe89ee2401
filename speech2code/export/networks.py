"""The networks of a trained system as functions from tensors to tensors, each with an example of what it takes."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from speech2code.audio.features import MFCC_DIM
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator
from speech2code.protocols import Translator, UnitEncoder, Units, Vocoder
from speech2code.vocoders.spectrogram import SpectrogramVocoder

FRAMES = 8  # of an example, for each of its `length`: the networks see short sentences and longer ones


class Size(NamedTuple):
    """Of an example: sentences, how long the longest is, and decoder steps that lie behind."""

    batch: int
    length: int
    steps: int


class Network(NamedTuple):
    """What becomes one file."""

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    example: Callable[[Size], tuple[Tensor, ...]]
    time: tuple[str, str]  # what the axes are called that grow with the length: of inputs, of outputs


class Encoder(nn.Module):
    def __init__(self, translator: Translator):
        super().__init__()
        self.translator = translator

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        memory = self.translator.encode(features, lengths)
        return (*memory, *self.translator.start(memory))


class Decoder(nn.Module):
    def __init__(self, translator: Translator, memory: type, state: type):
        super().__init__()
        self.translator, self.memory, self.state = translator, memory, state

    def forward(self, tokens: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
        count = len(self.memory._fields)  # type: ignore[attr-defined]
        memory, state = self.memory(*parts[:count]), self.state(*parts[count:])
        logp, state, alignment = self.translator.step(tokens, memory, state)
        return logp, alignment, *state


class Durations(nn.Module):
    def __init__(self, encoder: UnitEncoder, vocoder: Vocoder):
        super().__init__()
        self.encoder, self.vocoder = encoder, vocoder

    def forward(self, units: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        return self.vocoder.predict_durations(self.encoder.inventory.decode(units), counts, speakers)


class Spectrum(nn.Module):
    def __init__(self, encoder: UnitEncoder, vocoder: SpectrogramVocoder):
        super().__init__()
        self.encoder, self.vocoder = encoder, vocoder

    def forward(self, units: Tensor, durations: Tensor, speakers: Tensor) -> Tensor:
        codes = self.encoder.inventory.decode(units)
        rebuilt = self.encoder.rebuild(codes, durations, speakers)
        return self.vocoder.log_magnitude(Units(codes, durations, speakers, rebuilt))


@torch.no_grad()
def networks_of(system: SpeechTranslator) -> list[Network]:
    """Source encoder, one step of the decoder, durations, vocoder. UserError where the vocoder draws no spectrogram."""
    translator, encoder, vocoder = system.translator, system.unit_encoder, system.vocoder
    if not isinstance(vocoder, SpectrogramVocoder):
        raise UserError(
            f"the vocoder {system.settings['vocoder'].kind} draws no spectrogram, and only those that do can be "
            "exported; train one of another kind, such as vocoder=inverter"
        )

    def speech(size: Size) -> tuple[Tensor, ...]:
        return torch.randn(size.batch, FRAMES * size.length, MFCC_DIM), FRAMES * _lengths(size)

    def step(size: Size) -> tuple[Tensor, ...]:
        memory = translator.encode(*speech(size))
        state, tokens = translator.start(memory), torch.full((size.batch,), translator.end)
        for _ in range(size.steps):
            state, tokens = translator.step(tokens, memory, state)[1], torch.randint(translator.end, (size.batch,))
        return tokens, *memory, *state

    def units(size: Size) -> tuple[Tensor, ...]:
        found = torch.randint(encoder.spec.codebook_size, (size.batch, size.length))
        return found, _lengths(size), torch.randint(encoder.spec.speakers, (size.batch,))

    def timed(size: Size) -> tuple[Tensor, ...]:
        found, counts, speakers = units(size)
        return found, vocoder.predict_durations(encoder.inventory.decode(found), counts, speakers), speakers

    memory = translator.encode(*speech(Size(1, 2, 0)))
    state = translator.start(memory)
    remembered = [f"memory_{name}" for name in memory._fields]
    before = [f"state_{name}" for name in state._fields]
    decoder = Decoder(translator, type(memory), type(state))
    after = [f"next_{name}" for name in before]
    return [
        Network(
            "encoder", Encoder(translator), ("features", "lengths"), (*remembered, *before), speech,
            ("frames", "states"),
        ),
        Network(
            "decoder", decoder, ("units", *remembered, *before), ("log_probabilities", "alignment", *after), step,
            ("states", "states"),
        ),
        Network(
            "durations", Durations(encoder, vocoder), ("units", "counts", "speakers"), ("durations",), units,
            ("units", "units"),
        ),
        Network(
            "vocoder", Spectrum(encoder, vocoder), ("units", "durations", "speakers"), ("log_magnitude",), timed,
            ("units", "frames"),
        ),
    ]  # fmt: skip


def _lengths(size: Size) -> Tensor:
    """The first sentence is the longest, the last about half as long."""
    return size.length - torch.arange(size.batch) * size.length // (2 * size.batch)
