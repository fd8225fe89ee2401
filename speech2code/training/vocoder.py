"""Trains a vocoder on true units and the target speech they came from."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.audio.features import HOP, LogMagnitude, frame_count
from speech2code.audio.files import SAMPLE_RATE
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.padding import pad
from speech2code.protocols import UnitEncoder, Units, Vocoder
from speech2code.training.pictures import add_heatmap
from speech2code.training.validation import averages
from speech2code.units.sequences import UnitSequences

TIMED = 64  # sentences a step that durations are learnt from: they cost little beside spectra, and need many more


class VocoderTask:
    """A vocoder, and (speech, its units) for training and for validation."""

    name = "vocoder"

    def __init__(
        self,
        model: Vocoder,
        encoder: UnitEncoder,
        train: tuple[Speech, UnitSequences],
        dev: tuple[Speech, UnitSequences],
    ):
        (self.train, self.train_units), (self.dev, self.dev_units) = train, dev
        self.model, self.encoder = model, encoder.eval()
        self.model.fit_statistics(self.train)

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        # drawn by the items, so that a resumed training draws the same ones
        timed = np.random.default_rng(items).integers(len(self.train_units.units), size=TIMED)
        return self._batch(self.train, self.train_units, items, timed)

    def _batch(self, speech: Speech, sequences: UnitSequences, items: np.ndarray, timed: np.ndarray) -> tuple:
        """`timed`: the sentences whose durations are to be predicted."""
        waveforms, samples = speech.waveforms("target", items)
        units = (part for group in (items, timed) for part in self._units(speech, sequences, group))
        return waveforms, frame_count(samples), *units

    def _units(self, speech: Speech, sequences: UnitSequences, items: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        both = (sequences.units, sequences.durations)
        units, durations = (pad([of[item] for item in items], torch.int64)[0] for of in both)
        return units, durations, speech.speakers("target", items)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        waveforms, frames, units, durations, speakers, *timed = batch
        self.encoder.to(waveforms.device)
        return model(self._with_codes(units, durations, speakers), waveforms, frames, self._codes(*timed))

    def _codes(self, units: Tensor, durations: Tensor, speakers: Tensor) -> Units:
        return Units(self.encoder.inventory.decode(units), durations, speakers)

    def _with_codes(self, units: Tensor, durations: Tensor, speakers: Tensor) -> Units:
        known = self._codes(units, durations, speakers)
        return known._replace(rebuilt=self.encoder.rebuild(*known[:3]))

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        groups = in_order(self.dev.store.lengths("target_mfcc"), 32)
        batches = (self._batch(self.dev, self.dev_units, items, items) for items in groups)
        return averages(self.step, self.model, ((batch, int(batch[1].sum())) for batch in batches))

    def show(self, writer: SummaryWriter, step: int) -> None:
        first, spectrum = np.array([0]), LogMagnitude(512)
        waveforms, _, *units = self._batch(self.dev, self.dev_units, first, first)
        device = next(self.model.parameters()).device
        known = self._with_codes(*(each.to(device) for each in units[:3]))
        sound = torch.from_numpy(self.model.synthesise(known)[0])[None, : waveforms.shape[1] + HOP]
        add_heatmap(writer, "spectrum/original", spectrum(waveforms)[0].T, step)
        add_heatmap(writer, "spectrum/resynthesis", spectrum(sound)[0].T, step)
        writer.add_audio("sound/original", waveforms, step, SAMPLE_RATE)
        writer.add_audio("sound/resynthesis", sound / sound.abs().max().clamp_min(1e-3), step, SAMPLE_RATE)
