"""Stage `invert`: trains the codebook inverter on true units and the target speech they came from."""

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.audio.features import HOP, frame_count
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.config import InverterConfig
from speech2code.corpora.batches import in_order, pad
from speech2code.inversion.inverter import CodebookInverter
from speech2code.training.pictures import add_heatmap
from speech2code.training.speech import Speech
from speech2code.training.validation import averages
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

TIMED = 64  # sentences a step that the durations learn from: they cost little beside spectra, and need many more


class InvertTask:
    name = "invert"

    def __init__(
        self,
        config: InverterConfig,
        discoverer: UnitDiscoverer,
        train: tuple[Speech, UnitSequences],
        dev: tuple[Speech, UnitSequences],
    ):
        (self.train, self.train_units), (self.dev, self.dev_units) = train, dev
        self.codebook, self.iterations = discoverer.alphabet.cpu(), config.iterations
        self.model = CodebookInverter(config, discoverer.decoder)
        self.model.mean, self.model.std = self.train.bins(self.model.target)

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        # drawn by the items, so that a resumed training draws the same ones
        timed = np.random.default_rng(items).integers(len(self.train_units.units), size=TIMED)
        return self._batch(self.train, self.train_units, items, timed)

    def _batch(self, speech: Speech, sequences: UnitSequences, items: np.ndarray, timed: np.ndarray) -> tuple:
        """`timed`: the sentences whose durations are to be predicted."""
        waveforms, samples = speech.waveforms("target", items)
        written = (part for group in (items, timed) for part in self._written(speech, sequences, group))
        return waveforms, frame_count(samples), *written

    def _written(self, speech: Speech, sequences: UnitSequences, items: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        units, steps = (pad([of[item] for item in items], torch.int64)[0] for of in (sequences.units, sequences.steps))
        return self.codebook.decode(units), steps, speech.speakers("target", items)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        waveforms, frames, codes, steps, speakers, *timed = batch
        loss = self.model.loss(model(codes, steps, speakers), self.model.target(waveforms), frames)
        if not self.model.durations:
            return {"loss": loss}
        durations = self.model.durations.loss(*timed)
        return {"loss": loss + durations, "spectrum": loss.detach(), "durations": durations.detach()}

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        groups = in_order(self.dev.store.lengths("target_mfcc"), 32)
        batches = (self._batch(self.dev, self.dev_units, items, items) for items in groups)
        return averages(self.step, self.model, ((batch, int(batch[1].sum())) for batch in batches))

    def show(self, writer, step: int) -> None:
        first = np.array([0])
        waveforms, _, codes, steps, speakers, *_ = self._batch(self.dev, self.dev_units, first, first)
        device = self.model.mean.device
        spectrum = self.model.invert(codes.to(device), steps.to(device), speakers.to(device))
        sound = griffin_lim(spectrum, self.iterations)[:, : int(steps.sum()) * self.model.time_reduction * HOP]
        add_heatmap(writer, "spectrum/original", self.model.spectrum(waveforms)[0].T, step)
        add_heatmap(writer, "spectrum/predicted", spectrum[0].T, step)
        writer.add_audio("sound/original", waveforms, step, SAMPLE_RATE)
        writer.add_audio("sound/resynthesis", sound.cpu() / sound.abs().max().cpu().clamp_min(1e-3), step, SAMPLE_RATE)
