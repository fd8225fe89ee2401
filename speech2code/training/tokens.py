"""Trains a network from speech to tokens: translator, in-domain recogniser and speech-to-text topline alike."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from speech2code.config import Seq2SeqConfig
from speech2code.corpora.augmentation import distorts, shift_in_time, spec_augment
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.padding import pad
from speech2code.protocols import Translator
from speech2code.training.pictures import add_heatmap
from speech2code.training.validation import averages


class TokensTask:
    """Speech of one side and a token sequence for each item, for training and for validation."""

    def __init__(
        self,
        name: str,
        side: str,
        config: Seq2SeqConfig,
        model: Translator,
        train: tuple[Speech, list],
        dev: tuple[Speech, list],
    ):
        self.name, self.side, self.config, self.model = name, side, config, model
        (self.train, self.train_tokens), (self.dev, self.dev_tokens) = train, dev

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths(f"{self.side}_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        # hidden tokens teach the decoder to listen; towards the end it learns to go on from all that it has written
        self.model.token_dropout = self.config.token_dropout * (1 - share)
        tokens, counts = pad([self.train_tokens[item] for item in items], torch.int64)
        if distorts(self.config):
            features, lengths = self.train.distorted_mfcc(self.side, items, self.config)
        else:
            features, lengths = self.train.mfcc(self.side, items)
        if self.config.time_shift:  # else not even a random number: trainings without it stay what they were
            features = shift_in_time(features, lengths, self.config.time_shift)
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

    def show(self, writer: SummaryWriter, step: int) -> None:
        device = next(self.model.parameters()).device
        features, lengths, tokens, _ = self._batch(self.dev, self.dev_tokens, np.array([0]))
        _, alignments = self.model(features.to(device), lengths.to(device), tokens.to(device))
        add_heatmap(writer, "alignment", alignments[0], step)
