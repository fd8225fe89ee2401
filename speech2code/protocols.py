"""What a unit encoder, a translator, a vocoder and a recogniser must offer. Whoever offers it can be swapped in, with
these as base classes or without.

`docs/extending.md` has a whole example for each; `builders.py` says which kinds there are. Axes are
`batch, time, dim`; features are normalised MFCC `(batch, time, 39)`, one frame each 10 ms.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from speech2code.config import Config
    from speech2code.corpora.speech import Speech
    from speech2code.units.codebook import Codes


class UnitSpec(NamedTuple):
    """All that a vocoder has to know of the units it is to speak."""

    codebook_size: int  # how many different units there are
    code_dim: int  # numbers in the code that a unit stands for
    step_frames: int  # frames of 10 ms in a step
    unit_rate: float | None  # units a second where each lasts as long as its sound; None: each lasts one step
    speakers: int
    rebuilt_dim: int  # numbers a frame that `rebuild` gives; 0: it gives nothing


class UnitEncoder(nn.Module, ABC):
    """Target speech → units."""

    spec: UnitSpec

    @property
    @abstractmethod
    def inventory(self) -> "Codes":
        """What each unit stands for."""

    @abstractmethod
    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        """Features, lengths in frames `(batch,)` → the unit of each step, int64 `(steps,)` each."""

    def deduplicate(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """The unit of each step `(steps,)` → units `(units,)`, and the steps that each of them lasts: equal neighbours
        are one unit where units last as long as their sound, else each step is one."""
        if self.spec.unit_rate:
            return torch.unique_consecutive(steps, return_counts=True)
        return steps, torch.ones_like(steps)

    @abstractmethod
    def rebuild(self, codes: Tensor, durations: Tensor, speakers: Tensor) -> Tensor | None:
        """Codes `(batch, units, code_dim)`, the steps each lasts `(batch, units)`, speakers `(batch,)` → what it knows
        of the features `(batch, steps · step_frames, rebuilt_dim)`, a help for the vocoder; None where it knows
        nothing."""


class Units(NamedTuple):
    """A batch of sentences as a vocoder gets it: code vectors, and nothing of who made them."""

    codes: Tensor  # (batch, units, code_dim)
    durations: Tensor  # (batch, units), int64: steps that each unit lasts, 0 behind the end
    speakers: Tensor  # (batch,), int64
    rebuilt: Tensor | None = None  # (batch, steps · step_frames, rebuilt_dim)


class Vocoder(nn.Module, ABC):
    """Units → waveforms."""

    @abstractmethod
    def fit_statistics(self, speech: "Speech") -> None:
        """Takes from the training speech what has to be known before training, such as means and deviations."""

    @abstractmethod
    def forward(self, units: Units, waveforms: Tensor, frames: Tensor, timed: Units) -> dict[str, Tensor]:
        """Units and the waveforms `(batch, samples)` they came from, lengths in frames `(batch,)` → "loss" and other
        scalars. `timed`: further sentences, to learn durations from."""

    @abstractmethod
    def predict_durations(self, codes: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        """Codes, units in each sentence `(batch,)`, speakers `(batch,)` → steps `(batch, units)`, int64, 0 behind the
        end."""

    @abstractmethod
    def synthesise(self, units: Units) -> list[np.ndarray]:
        """→ a waveform for each sentence, float32 `((frames − 1) · 160,)` at 16 kHz, as loud as the recordings."""


class Translator(nn.Module, ABC):
    """Source features → tokens, as `search.beam_search` drives it. Memory and state are NamedTuples of
    tensors whose first axis is the batch."""

    end: int  # the token that both starts and ends a sequence: behind all others
    token_dropout: float

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens `(batch, steps)`, right-padded with anything → logits `(batch, steps + 1, end + 1)`, alignments
        `(batch, steps + 1, encoder time)`, teacher-forced."""

    @abstractmethod
    def loss(self, logits: Tensor, tokens: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, tokens, tokens in each sequence `(batch,)` → loss, accuracy of the next token."""

    @abstractmethod
    def encode(self, features: Tensor, lengths: Tensor) -> Any:
        """→ memory: what the decoder attends to."""

    @abstractmethod
    def start(self, memory: Any) -> Any:
        """→ the state before the first token."""

    @abstractmethod
    def step(self, tokens: Tensor, memory: Any, state: Any) -> tuple[Tensor, Any, Tensor]:
        """Last tokens `(batch,)` → log-probabilities of the next `(batch, end + 1)`, state, alignment
        `(batch, encoder time)`."""


class Recogniser(Protocol):
    """Waveforms → transcripts."""

    name: str
    signature: str  # name, model, version and what it does with silence: all that moves a score

    @classmethod
    def load(cls, run: Path, config: "Config") -> Self:
        """`run`: the folder of a run; below it the stage `train recogniser` has left the in-domain recogniser."""

    def transcribe(self, waveforms: Iterable[np.ndarray], description: str) -> list[str]:
        """Waveforms float32 `(samples,)` at 16 kHz → one transcript each, in order; "" where no word is recognised.
        `description` names the row for a progress bar."""


Learn = Callable[[nn.Module, Any, "Speech", "Speech", Callable], dict]
"""How a unit encoder learns: (encoder, its settings, train, dev, fit) → figures for the record. `fit(task, training)`
is the one training loop; who needs no gradient ignores it. UserError where nothing useful was learnt."""
