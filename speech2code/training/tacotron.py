"""Trains Tacotron, and lets it speak."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.audio.features import frame_count
from speech2code.audio.files import SAMPLE_RATE
from speech2code.baselines.tacotron import Tacotron
from speech2code.config import TacotronConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.padding import pad
from speech2code.training.pictures import add_heatmap
from speech2code.training.validation import averages
from speech2code.vocoders.speaking import at_peak
from speech2code.vocoders.spectrogram import waveforms_of


class TacotronTask:
    """Inputs of each item, `texts` (character indices) or None for the source speech, and its target speech."""

    def __init__(
        self,
        name: str,
        config: TacotronConfig,
        train: tuple[Speech, list | None],
        dev: tuple[Speech, list | None],
        characters: int | None = None,
    ):
        self.name, self.iterations = name, config.iterations
        (self.train, self.train_texts), (self.dev, self.dev_texts) = train, dev
        self.model = Tacotron(config, characters)
        model, bins = self.model, self.train.bins
        model.mel_mean, model.mel_std = bins(lambda waveforms: model.targets(waveforms)[0])
        model.spectrum_mean, model.spectrum_std = bins(lambda waveforms: model.targets(waveforms)[1])

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        return self._batch(self.train, self.train_texts, items)

    def _batch(self, speech: Speech, texts: list | None, items: np.ndarray) -> tuple[Tensor, ...]:
        waveforms, samples = speech.waveforms("target", items)
        return *inputs_of(speech, texts, items), waveforms, frame_count(samples)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        inputs, input_lengths, waveforms, frames = batch
        mel, spectrum = self._targets(waveforms)
        found = model(inputs, input_lengths, mel, frames)
        sharpness = found.alignments.detach().amax(2).mean()
        return {"loss": self.model.loss(found, mel, spectrum, frames, input_lengths), "attention": sharpness}

    def _targets(self, waveforms: Tensor) -> tuple[Tensor, Tensor]:
        mel, spectrum = self.model.targets(waveforms)
        model = self.model
        return (mel - model.mel_mean) / model.mel_std, (spectrum - model.spectrum_mean) / model.spectrum_std

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        groups = in_order(self.dev.store.lengths("target_mfcc"), 32)
        batches = (self._batch(self.dev, self.dev_texts, items) for items in groups)
        return averages(self.step, self.model, ((batch, int(batch[3].sum())) for batch in batches))

    def show(self, writer: SummaryWriter, step: int) -> None:
        device = self.model.mel_mean.device
        inputs, lengths, waveforms, frames = (
            part.to(device) for part in self._batch(self.dev, self.dev_texts, np.array([0]))
        )
        found = self.model(inputs, lengths, self._targets(waveforms)[0], frames)
        add_heatmap(writer, "alignment", found.alignments[0], step)
        sound = synthesise(self.model, inputs, lengths, 2 * int(frames[0]), self.iterations)[0]
        if len(sound):  # at first it may end in its first frame
            writer.add_audio("sound", sound[None], step, SAMPLE_RATE)


def inputs_of(speech: Speech, texts: list | None, items: np.ndarray) -> tuple[Tensor, Tensor]:
    """Characters `(batch, time)`, or MFCC of the source speech where there are no `texts`, and their lengths."""
    return speech.mfcc("source", items) if texts is None else pad([texts[item] for item in items], torch.int64)


@torch.inference_mode()
def synthesise(model: Tacotron, inputs: Tensor, lengths: Tensor, longest: int, iterations: int) -> list[np.ndarray]:
    """Inputs as for `Tacotron.forward` → waveforms float32, peak 0.7; no sentence has more than `longest` frames."""
    spectrum, frames = model.generate(inputs, lengths, longest)
    return at_peak(waveforms_of(spectrum, frames.tolist(), iterations))
