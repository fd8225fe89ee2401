"""Target features → units by k-means on what a network has learnt by telling what comes next (contrastive predictive
coding, van den Oord et al. 2018).

A network hears speech up to now, and tells the next 20 to 120 ms from other moments of the same utterance. Who speaks
helps little in that, for all moments are the same voice; which sound it is helps much. In training the two sides are of
two vocal tracts (as Kharitonov et al. 2021 distort one side), so the voice helps still less. What is left of it is cut
out: the directions in which the speakers' means differ (Liu et al. 2023).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import MFCC_DIM
from speech2code.config import ContrastiveConfig
from speech2code.layers import strided
from speech2code.padding import frame_mask, pad_time
from speech2code.units.kmeans import KMeansUnits

KEY_DIM = 128  # of what is foretold
TEMPERATURE = 0.1
STEP = 2  # frames in a step of the network, 20 ms
LAYERS = 3


class ContrastiveUnits(KMeansUnits):
    """k-means units of `code_dim` numbers, taken from the network's contexts."""

    mean: Tensor  # (width,)
    projection: Tensor  # (width, code_dim)

    def __init__(self, config: ContrastiveConfig, speakers: int = 1):
        super().__init__(config, speakers, config.code_dim)
        self.network = ContrastiveNetwork(config.width, config.steps_ahead)
        self.register_buffer("mean", torch.zeros(config.width))
        self.register_buffer("projection", torch.zeros(config.width, config.code_dim))

    def forward(self, foretold: Tensor, heard: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        """The same speech `(batch, time, 39)` twice, lengths `(batch,)` → "loss" and "accuracy"."""
        return self.network(foretold, heard, lengths)

    def described(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalised MFCC `(batch, time, 39)` → `(batch, time, code_dim)`: contexts, without the speaker."""
        contexts = self.network.contexts(features, lengths)
        vectors = (contexts - self.mean) @ self.projection
        return vectors.repeat_interleave(STEP, 1)[:, : features.shape[1]]

    @torch.no_grad()
    def learn_projection(self, contexts: Tensor, speakers: Tensor) -> None:
        """Contexts `(steps, width)` and who speaks `(steps,)`: what varies most, but for the directions of speakers."""
        code_dim = self.projection.shape[1]
        self.mean.copy_(contexts.mean(0))
        centred = contexts - self.mean
        means = torch.stack([centred[speakers == each].mean(0) for each in speakers.unique()])
        _, strengths, directions = torch.linalg.svd(means, full_matrices=False)
        directions = directions[strengths > 1e-4 * centred.std()][: len(means) - 1]
        centred = centred - centred @ directions.T @ directions
        covariance = centred.T @ centred / len(centred)
        self.projection.copy_(torch.linalg.eigh(covariance).eigenvectors.flip(1)[:, :code_dim])


class ContrastiveNetwork(nn.Module):
    """MFCC → keys and contexts, one each 20 ms: what sounds in a step, then an LSTM that hears no future (the
    encoder of van Niekerk et al. 2020, smaller)."""

    def __init__(self, width: int, steps_ahead: int):
        super().__init__()
        self.enter = strided(MFCC_DIM, width, STEP)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.GELU(), nn.Linear(width, width)) for _ in range(LAYERS)
        )
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.key = nn.Linear(width, KEY_DIM)
        self.ahead = nn.ModuleList(nn.Linear(width, KEY_DIM) for _ in range(steps_ahead))

    def sounds(self, features: Tensor, lengths: Tensor) -> Tensor:
        """MFCC `(batch, time, 39)` → what sounds in each step `(batch, steps, width)`."""
        features = pad_time(features * frame_mask(lengths, features.shape[1])[:, :, None], STEP)
        hidden = self.enter(features.transpose(1, 2)).transpose(1, 2)
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden

    def contexts(self, features: Tensor, lengths: Tensor) -> Tensor:
        """MFCC `(batch, time, 39)` → what has sounded up to each step `(batch, steps, width)`."""
        return self.lstm(self.sounds(features, lengths))[0]

    def forward(self, foretold: Tensor, heard: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        """Eq. 4 of the paper above, the mean over real steps and over how far ahead they are; all other steps of an
        utterance are the wrong answers."""
        keys = F.normalize(self.key(self.sounds(foretold, lengths)), dim=2)
        contexts = self.contexts(heard, lengths)
        real = frame_mask((lengths + STEP - 1) // STEP, keys.shape[1])
        moments = torch.arange(keys.shape[1], device=keys.device).expand_as(real)
        losses, hits = [], []
        for far, ahead in enumerate(self.ahead, 1):
            scores = F.normalize(ahead(contexts[:, :-far]), dim=2) @ keys.transpose(1, 2) / TEMPERATURE
            scores = scores.masked_fill(~real[:, None, :], -torch.inf)[real[:, far:]]
            right = moments[:, far:][real[:, far:]]
            losses.append(F.cross_entropy(scores.float(), right, reduction="sum") / max(1, len(right)))
            hits.append((scores.argmax(1) == right).sum() / max(1, len(right)))
        return {"loss": torch.stack(losses).mean(), "accuracy": torch.stack(hits).mean()}
