"""Trains units that come from masked prediction: the sounds, the network that guesses them, what it has learnt in
clusters."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter

from speech2code.config import DiscriminantConfig, MaskedConfig
from speech2code.corpora.augmentation import random_tracts, vocal_tract
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.padding import frame_mask, pad
from speech2code.training.discriminant import discriminants, learn_discriminant
from speech2code.training.kmeans import SENTENCES, learn_kmeans
from speech2code.training.pictures import add_heatmap
from speech2code.training.units import on_device
from speech2code.training.validation import averages
from speech2code.units.discriminant import DiscriminantUnits
from speech2code.units.masked import STEP, MaskedUnits

SEEN = 0.5  # what a step that is not hidden counts in the loss
SPAN = 10  # steps that are hidden in a row: two or three sounds
NO_SOUND = -100  # what `cross_entropy` leaves out


class MaskedTask:
    """Target speech with hidden stretches and the sound of each step, for training and for validation."""

    name = "units"

    def __init__(
        self,
        model: MaskedUnits,
        config: MaskedConfig,
        train: tuple[Speech, list[np.ndarray]],
        dev: tuple[Speech, list[np.ndarray]],
    ):
        """`train`, `dev`: speech and the sound of each step of each item."""
        self.model, self.config = model, config
        (self.train, self.train_sounds), (self.dev, self.dev_sounds) = train, dev

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        features, lengths, sounds = self._batch(self.train, self.train_sounds, items)
        if self.config.vtlp:
            factors = random_tracts(len(items), self.config.vtlp)
            features = vocal_tract(features, factors, *self.train.standard("target"))
        return features, lengths, sounds, hide_stretches(sounds.shape, self.config.hidden)

    def _batch(self, speech: Speech, sounds: list[np.ndarray], items: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        features, lengths, _ = speech.target_features(items)
        padded, counts = pad([sounds[item] for item in items], torch.int64)
        return features, lengths, padded.masked_fill(~frame_mask(counts), NO_SOUND)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        features, lengths, sounds, hide = batch
        logits = model(features, lengths, hide)
        each = F.cross_entropy(logits.transpose(1, 2).float(), sounds, reduction="none")
        right = logits.argmax(2) == sounds
        guessed, seen = hide & (sounds != NO_SOUND), ~hide & (sounds != NO_SOUND)
        loss = mean_over(each, guessed) + SEEN * mean_over(each, seen)
        return {"loss": loss, "accuracy": mean_over(right, guessed), "accuracy_seen": mean_over(right, seen)}

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        batches = []
        for items in in_order(self.dev.store.lengths("target_mfcc"), 32):
            features, lengths, sounds = self._batch(self.dev, self.dev_sounds, items)
            every_third = torch.arange(sounds.shape[1]) // SPAN % 3 == 1  # the same each time
            batches.append(((features, lengths, sounds, every_third.expand_as(sounds)), int(lengths.sum())))
        return averages(self.step, self.model, batches)

    def show(self, writer: SummaryWriter, step: int) -> None:
        features, lengths = on_device(self.model, self.dev, np.array([0]))
        add_heatmap(writer, "layer", self.model.hidden(features, lengths)[0].T, step)


def hide_stretches(shape: torch.Size, share: float) -> Tensor:
    """Bool `(batch, steps)`: stretches of `SPAN` steps, about `share` of all."""
    begins = torch.rand(shape) < -np.log(1 - share) / SPAN  # stretches may overlap
    return F.max_pool1d(F.pad(begins.float()[:, None], (SPAN - 1, 0)), SPAN, 1)[:, 0] > 0


def mean_over(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp_min(1)


def learn_masked(model: MaskedUnits, config: MaskedConfig, train: Speech, dev: Speech, fit: Callable) -> dict:
    """`protocols.Learn`: discriminant units as sounds, the network, discriminants of its layer, k-means on them."""
    taught = DiscriminantConfig(codebook_size=config.sounds, target_unit_rate=config.sound_rate)
    teacher = DiscriminantUnits(taught)
    learn_discriminant(teacher, taught, train, dev, fit)
    splits = [(speech, _sounds(teacher, speech)) for speech in (train, dev)]
    figures = fit(MaskedTask(model, config, *splits), config.training)
    model.eval()
    vectors, sounds = [], []
    with torch.inference_mode():
        for items in train.some(SENTENCES):
            features, lengths = on_device(model, train, items)
            found = model.hidden(features, lengths).cpu()
            for item, steps in zip(items, found):
                sounds.append(splits[0][1][item])
                vectors.append(steps[: len(sounds[-1])].numpy())
    every = np.concatenate(vectors)
    model.mean.copy_(torch.from_numpy(every.mean(0)))
    model.projection.copy_(torch.from_numpy(discriminants(every, np.concatenate(sounds), config.code_dim)))
    clustered = learn_kmeans(model, config, train, dev, fit)
    return figures | clustered | {"metrics": figures["metrics"] | clustered["metrics"]}


def _sounds(teacher: DiscriminantUnits, speech: Speech) -> list[np.ndarray]:
    """The sound of each step of two frames, of each item."""
    found: list = [None] * len(speech)
    for items in in_order(speech.store.lengths("target_mfcc"), 64):
        for item, units in zip(items, teacher.encode(*on_device(teacher, speech, items))):
            found[item] = units[::STEP].cpu().numpy()
    return found
