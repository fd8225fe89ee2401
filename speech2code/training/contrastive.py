"""Trains units that come from contrastive predictive coding: the network, then what it has learnt in clusters."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.config import ContrastiveConfig
from speech2code.corpora.augmentation import vocal_tract
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.padding import frame_mask
from speech2code.training.kmeans import SENTENCES, learn_kmeans
from speech2code.training.pictures import add_heatmap
from speech2code.training.units import on_device
from speech2code.training.validation import averages
from speech2code.units.contrastive import STEP, ContrastiveUnits

CROP = 192  # frames of an utterance that are heard at once: enough wrong answers, and no padding to speak of


class ContrastiveTask:
    """Pieces of target speech, each of two vocal tracts, for training and for validation."""

    name = "units"

    def __init__(self, model: ContrastiveUnits, config: ContrastiveConfig, train: Speech, dev: Speech):
        self.model, self.config, self.train, self.dev = model, config, train, dev

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc").clip(max=CROP)

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        features, lengths, _ = self.train.target_features(items)
        features, lengths = cropped(features, lengths, torch.rand(len(items)))
        return self._of_another(features), self._of_another(features), lengths

    def _of_another(self, features: Tensor) -> Tensor:
        if not self.config.vtlp:
            return features
        factors = torch.exp(self.config.vtlp * (2 * torch.rand(len(features)) - 1))
        return vocal_tract(features, factors, *self.train.standard("target"))

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return model(*batch)

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        batches = []
        for items in in_order(self.dev.store.lengths("target_mfcc"), 32):
            features, lengths, _ = self.dev.target_features(items)
            features, lengths = cropped(features, lengths, torch.zeros(len(items)))
            batches.append(((features, features, lengths), int(lengths.sum())))
        return averages(self.step, self.model, batches)

    def show(self, writer: SummaryWriter, step: int) -> None:
        features, lengths = on_device(self.model, self.dev, np.array([0]))
        add_heatmap(writer, "contexts", self.model.network.contexts(features, lengths)[0].T, step)


def cropped(features: Tensor, lengths: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """`(batch, time, dim)`, lengths, places from 0 (beginning) to 1 → pieces of at most CROP frames, and lengths."""
    starts = (places * (lengths - CROP + 1).clamp_min(1)).long()
    kept = lengths.clamp_max(CROP)
    time = starts[:, None] + torch.arange(int(kept.max()))
    pieces = features.gather(1, time.clamp_max(features.shape[1] - 1)[:, :, None].expand(-1, -1, features.shape[2]))
    return pieces * frame_mask(kept)[:, :, None], kept


def learn_contrastive(
    model: ContrastiveUnits, config: ContrastiveConfig, train: Speech, dev: Speech, fit: Callable
) -> dict:
    """`protocols.Learn`: training, the directions that are no speaker's, k-means, and the bigram prior."""
    figures = fit(ContrastiveTask(model, config, train, dev), config.training)
    model.eval()
    contexts, speakers = [], []
    with torch.inference_mode():
        for items in train.some(SENTENCES):
            features, lengths = on_device(model, train, items)
            real = frame_mask((lengths + STEP - 1) // STEP)
            contexts.append(model.network.contexts(features, lengths)[real])
            speakers.append(train.speakers("target", items).to(real.device)[:, None].expand_as(real)[real])
        model.learn_projection(torch.cat(contexts), torch.cat(speakers))
    clustered = learn_kmeans(model, config, train, dev, fit)
    return figures | clustered | {"metrics": figures["metrics"] | clustered["metrics"]}
