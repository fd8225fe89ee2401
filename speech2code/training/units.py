"""Trains both VQ-VAEs on target speech; segmental units then learn their bigram prior and their clusters."""

import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.config import CodebookConfig, SegmentalConfig, VqVaeConfig
from speech2code.corpora.augmentation import random_tracts, shift_in_time, vocal_tract
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.protocols import UnitEncoder
from speech2code.training.pictures import add_heatmap
from speech2code.training.validation import averages
from speech2code.units.autoencoder import VectorQuantisedAutoencoder
from speech2code.units.clusters import means_of_segments
from speech2code.units.segmental import SegmentalVqVae
from speech2code.units.sequences import UnitSequences

COUNTED = 6000  # sentences from which units learn how they follow each other, and their clusters
COLLAPSED = 0.1  # perplexity by the most that it could be: healthy ones have 0.6 and more


class CodebookTask:
    """A VQ-VAE of either kind, target speech for training and for validation."""

    name = "units"

    def __init__(self, model: VectorQuantisedAutoencoder, config: CodebookConfig, train: Speech, dev: Speech):
        self.model, self.config, self.train, self.dev = model, config, train, dev

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        features, lengths, speakers = self.train.target_features(items)
        augmented = shift_in_time(features, lengths, self.config.time_shift)
        if self.config.vtlp:
            factors = random_tracts(len(items), self.config.vtlp)
            augmented = vocal_tract(augmented, factors, *self.train.standard("target"))
        return features, lengths, speakers, augmented

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        found = model(*batch)
        return {
            "loss": self.model.loss(found),
            "reconstruction": found.reconstruction.detach(),
            "commitment": found.commitment.detach(),
        }

    def epoch_figures(self) -> dict[str, float]:
        """Usage in the epoch; a collapsed codebook starts anew, with a warning."""
        figures = self._usage()
        if self.collapsed(**figures):
            self.model.codebook.restart()
            print(
                f"units: {figures['perplexity']:.1f} of {len(self.model.codebook.codes)} codes carry all the speech of "
                "an epoch, so the codebook starts anew; if that comes again, lower units.training.learning_rate",
                file=sys.stderr,
            )
        return figures

    def collapsed(self, perplexity: float, units: float, **_: float) -> bool:
        """Whether few codes carry that many units; a few units cannot use many codes."""
        return perplexity < COLLAPSED * min(units, len(self.model.codebook.codes))

    def validate(self) -> dict[str, float]:
        held = self.model.codebook.counts.clone()
        self.model.codebook.reset_usage()
        groups = in_order(self.dev.store.lengths("target_mfcc"), 32)
        batches = (self.dev.target_features(items) for items in groups)
        figures = averages(self.step, self.model, ((batch, int(batch[1].sum())) for batch in batches))
        figures |= {f"dev/{key}": value for key, value in self._usage().items()}
        self.model.codebook.counts.copy_(held)
        return figures

    def _usage(self) -> dict[str, float]:
        used, perplexity = self.model.codebook.usage()
        units = float(self.model.codebook.counts.sum())
        self.model.codebook.reset_usage()
        return {"codes_used": used, "perplexity": perplexity, "units": units}

    def show(self, writer: SummaryWriter, step: int) -> None:
        features, lengths, speakers = self.dev.target_features(np.array([0]))
        device = self.model.codebook.codes.device
        units = self.model.quantise(features.to(device), lengths.to(device))[0][0][None]
        rebuilt = self.model.decoder(self.model.codebook.decode(units), lengths.to(device), speakers.to(device))
        add_heatmap(writer, "mfcc/original", features[0].T, step)
        add_heatmap(writer, "mfcc/reconstruction", rebuilt[0, : len(features[0])].T, step)
        writer.add_histogram("units/dev_sentence", units, step)


def learn_vqvae(
    model: VectorQuantisedAutoencoder, config: VqVaeConfig | SegmentalConfig, train: Speech, dev: Speech, fit: Callable
) -> dict:
    """`protocols.Learn` of units of a fixed length. UserError where the codebook has collapsed."""
    task = CodebookTask(model, config, train, dev)
    figures = fit(task, config.training)
    perplexity, units = (figures["metrics"][f"dev/{name}"] for name in ("perplexity", "units"))
    if task.collapsed(perplexity, units):
        raise UserError(
            f"the units collapsed: {perplexity:.1f} of {len(model.codebook.codes)} codes carry the {units:.0f} of the "
            "dev sentences; delete their folder and lower units.training.learning_rate"
        )
    return figures


def learn_segmental(model: SegmentalVqVae, config: SegmentalConfig, train: Speech, dev: Speech, fit: Callable) -> dict:
    """`protocols.Learn` of units that last as long as their sound: training, bigram prior, clusters."""
    figures = learn_vqvae(model, config, train, dev, fit)
    learn_bigrams(model, train, config.bigram_rounds)
    if model.clusters:
        learn_clusters(model, train)
    return figures


def learn_bigrams(model: SegmentalVqVae, speech: Speech, rounds: int) -> None:
    """Each round encodes some sentences anew with what the last one has learnt of which unit follows which."""
    batches = speech.some(COUNTED)
    for _ in range(rounds):
        encoded = [model.eval().quantise(*on_device(model, speech, items))[0] for items in batches]
        model.codebook.learn_bigrams([steps for batch in encoded for steps in batch])


def learn_clusters(model: SegmentalVqVae, speech: Speech) -> None:
    """Segments of some sentences become clusters (`units/clusters.py`)."""
    segments: list[tuple[Tensor, ...]] = []
    for items in speech.some(COUNTED):
        features, lengths = on_device(model, speech, items)
        segmented, vectors = model.eval().quantise(features, lengths)
        for steps, *frames in zip(segmented, features, vectors):
            segments.append(tuple(means_of_segments(each[: len(steps)], steps) for each in frames))
    assert model.clusters is not None
    model.clusters.learn(*map(torch.cat, zip(*segments)))


def encode_split(model: UnitEncoder, speech: Speech) -> UnitSequences:
    """The units of a split's target side, and how long each lasts."""
    found: list = [None] * len(speech)
    for items in in_order(speech.store.lengths("target_mfcc"), 64):
        for item, steps in zip(items, model.encode(*on_device(model, speech, items))):
            found[item] = [each.cpu().numpy() for each in model.deduplicate(steps)]
    return UnitSequences(model.inventory.fingerprint(), speech.store.ids, *map(list, zip(*found)))


def on_device(model: UnitEncoder, speech: Speech, items: np.ndarray) -> tuple[Tensor, Tensor]:
    """Items → their features and lengths, where the model is."""
    features, lengths, _ = speech.target_features(items)
    device = model.inventory.codes.device
    return features.to(device), lengths.to(device)
