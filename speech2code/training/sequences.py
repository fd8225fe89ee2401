"""Stages `translate` and `recognise`: the same network learns tokens from speech; here what both share."""

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.audio.features import frame_mask
from speech2code.audio.filters import COEFFICIENTS
from speech2code.config import Seq2SeqConfig
from speech2code.corpora.batches import in_order, pad
from speech2code.training.perturb import move
from speech2code.training.pictures import add_heatmap
from speech2code.training.speech import Speech
from speech2code.training.validation import averages
from speech2code.translation.recurrent import SpeechToTokens


class TokensTask:
    """Speech of one side and a token sequence for each item, for training and for validation."""

    def __init__(
        self,
        name: str,
        side: str,
        config: Seq2SeqConfig,
        vocabulary: int,
        train: tuple[Speech, list],
        dev: tuple[Speech, list],
    ):
        self.name, self.side, self.config = name, side, config
        (self.train, self.train_tokens), (self.dev, self.dev_tokens) = train, dev
        self.model = SpeechToTokens(config, vocabulary)

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths(f"{self.side}_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        # hidden tokens teach the decoder to listen; towards the end it learns to write on from all that it has written
        self.model.token_dropout = self.config.token_dropout * (1 - share)
        features, lengths, tokens, counts = self._batch(self.train, self.train_tokens, items)
        if self.config.jitter:  # else not even a random number: trainings without it stay what they were
            features = move(features, lengths, self.config.jitter)
        return spec_augment(features, lengths, self.config), lengths, tokens, counts

    def _batch(self, speech: Speech, tokens: list, items: np.ndarray) -> tuple[Tensor, ...]:
        return *speech.mfcc(self.side, items), *pad([tokens[item] for item in items], torch.int64)

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        features, lengths, tokens, counts = batch
        logits, _ = model(features, lengths, tokens)
        loss, accuracy = self.model.loss(logits, tokens, counts)
        return {"loss": loss, "accuracy": accuracy}

    def epoch_figures(self) -> dict[str, float]:
        return {}

    def validate(self) -> dict[str, float]:
        groups = in_order(self.dev.store.lengths(f"{self.side}_mfcc"), 64)
        batches = (self._batch(self.dev, self.dev_tokens, items) for items in groups)
        return averages(self.step, self.model, ((batch, int((batch[3] + 1).sum())) for batch in batches))

    def show(self, writer, step: int) -> None:
        device = self.model.output.weight.device
        features, lengths, tokens, _ = self._batch(self.dev, self.dev_tokens, np.array([0]))
        _, alignments = self.model(features.to(device), lengths.to(device), tokens.to(device))
        add_heatmap(writer, "alignment", alignments[0], step)


def spec_augment(features: Tensor, lengths: Tensor, config: Seq2SeqConfig) -> Tensor:
    """SpecAugment (Park et al. 2019) on standardised MFCC `(batch, time, 39)`: masked stretches become the mean, 0.

    A mask over coefficients hides the same ones in MFCC, Δ and Δ².
    """
    batch, size, _ = features.shape
    time, coefficient = torch.arange(size), torch.arange(features.shape[2]) % COEFFICIENTS
    hidden = torch.zeros(batch, size, 1, dtype=torch.bool)
    for _ in range(config.time_masks):
        width = torch.rand(batch) * torch.minimum(torch.tensor(float(config.time_mask)), lengths / 5)
        start = torch.rand(batch) * (lengths - width)
        hidden |= ((time >= start[:, None]) & (time < (start + width)[:, None]))[:, :, None]
    for _ in range(config.coefficient_masks):
        width = torch.rand(batch) * config.coefficient_mask
        start = torch.rand(batch) * (COEFFICIENTS - width)
        masked = (coefficient >= start[:, None]) & (coefficient < (start + width)[:, None])
        hidden = hidden | masked[:, None, :]
    return features.masked_fill(hidden, 0) * frame_mask(lengths, size)[:, :, None]
