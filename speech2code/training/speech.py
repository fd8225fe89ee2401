"""One prepared split as the networks want it: standardised features, padded; speakers as indices."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from speech2code.corpora.batches import pad
from speech2code.corpora.store import FeatureStore
from speech2code.files import read_json

STATISTICS_ITEMS = 500  # utterances that the spectra's mean and deviation are taken from


class Speech:
    """Reads `data/<corpus>/<split>`; text is out of its reach."""

    def __init__(self, folder: Path, split: str):
        self.store = FeatureStore(folder, split)
        self.statistics = read_json(Path(folder) / "corpus.json")
        self._speakers = {
            side: {name: index for index, name in enumerate(names)}
            for side, names in self.statistics["speakers"].items()
        }

    def __len__(self) -> int:
        return len(self.store)

    def speaker_count(self, side: str) -> int:
        return len(self._speakers[side])

    def standard(self, side: str) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each coefficient over the training split, `(39,)` each."""
        return torch.tensor(self.statistics[f"{side}_mean"]), torch.tensor(self.statistics[f"{side}_std"])

    def mfcc(self, side: str, items: np.ndarray) -> tuple[Tensor, Tensor]:
        """Items → standardised MFCC `(batch, time, 39)`, zero beyond each end, and lengths `(batch,)`."""
        mean, std = (np.asarray(self.statistics[f"{side}_{what}"], np.float32) for what in ("mean", "std"))
        return pad([(self.store.mfcc(side, item).astype(np.float32) - mean) / std for item in items])

    def warps(self, items: np.ndarray) -> Tensor:
        """Items → VTLN factors of their target speakers `(batch,)`; 1 for a speaker that training never heard."""
        known, speakers = self.statistics["target_warps"], self.store.speakers["target"]
        return torch.tensor([known.get(speakers[item], 1.0) for item in items])

    def waveforms(self, side: str, items: np.ndarray) -> tuple[Tensor, Tensor]:
        """Items → `(batch, samples)` and lengths `(batch,)` in samples."""
        return pad([self.store.waveform(side, item) for item in items])

    def bins(self, spectrum: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each bin of `spectrum(waveforms)`, `(bins,)` each, over some of the target speech."""
        items = np.linspace(0, len(self) - 1, min(STATISTICS_ITEMS, len(self))).astype(int)
        frames = torch.cat([spectrum(self.waveforms("target", items[[row]])[0])[0] for row in range(len(items))])
        return frames.mean(0), frames.std(0).clamp_min(1e-3)

    def speakers(self, side: str, items: np.ndarray) -> Tensor:
        """Items → speaker indices `(batch,)`; a speaker that training never heard counts as the first."""
        known = self._speakers[side]
        return torch.tensor([known.get(self.store.speakers[side][item], 0) for item in items])
