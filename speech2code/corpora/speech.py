"""One prepared split as the networks want it: standardised features, padded; speakers as indices."""

from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import Mfcc
from speech2code.audio.filters import COEFFICIENTS
from speech2code.config import Seq2SeqConfig
from speech2code.corpora.augmentation import distorted, vocal_tract
from speech2code.corpora.batches import in_order
from speech2code.corpora.store import FeatureStore, read_corpus
from speech2code.padding import frame_mask, pad

STATISTICS_ITEMS = 500  # utterances that the spectra's mean and deviation are taken from


class Speech:
    """Reads `data/<corpus>/<split>`; text is out of its reach."""

    def __init__(self, folder: Path, split: str):
        self.store = FeatureStore(folder, split)
        self.statistics = read_corpus(Path(folder))
        self._extract = Mfcc()
        self._speakers = {
            side: {name: index for index, name in enumerate(names)}
            for side, names in self.statistics["speakers"].items()
        }

    def __len__(self) -> int:
        return len(self.store)

    def only(self, items: Sequence[int]) -> "Speech":
        """Some items of the split, numbered anew; standardised as all are."""
        some = copy(self)
        some.store = self.store.only(items)
        return some

    def speaker_count(self, side: str) -> int:
        return len(self._speakers[side])

    def standard(self, side: str) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each coefficient over the training split, `(39,)` each."""
        return torch.tensor(self.statistics[f"{side}_mean"]), torch.tensor(self.statistics[f"{side}_std"])

    def mfcc(self, side: str, items: np.ndarray) -> tuple[Tensor, Tensor]:
        """Items → standardised MFCC `(batch, time, 39)`, zero beyond each end, and lengths `(batch,)`."""
        return self._standardised(side, [self.store.mfcc(side, item).astype(np.float32) for item in items])

    def distorted_mfcc(self, side: str, items: np.ndarray, config: Seq2SeqConfig) -> tuple[Tensor, Tensor]:
        """The same of the speech as other voices, rooms and microphones would have it, drawn anew each time."""
        recorded = [self.store.mfcc(side, item)[:, :COEFFICIENTS].astype(np.float32) for item in items]
        static, lengths = distorted(*pad(recorded), config)
        mean, deviation = self.standard(side)
        features = (self._extract.with_deltas(static, lengths) - mean) / deviation
        return features * frame_mask(lengths)[:, :, None], lengths

    def _standardised(self, side: str, mfcc: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        mean, std = (np.asarray(self.statistics[f"{side}_{what}"], np.float32) for what in ("mean", "std"))
        return pad([(each - mean) / std for each in mfcc])

    def target_features(self, items: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """Items → standardised MFCC of the target side `(batch, time, 39)` as the reference speaker's vocal tract would
        have made them (VTLN), lengths and speakers `(batch,)`: units learn words from all, voices from none."""
        features, lengths = self.mfcc("target", items)
        factors = self.vtln(items)
        if (factors != 1).any():
            features = vocal_tract(features, factors, *self.standard("target")) * frame_mask(lengths)[:, :, None]
        return features, lengths, self.speakers("target", items)

    def some(self, most: int) -> list[np.ndarray]:
        """Batches of at most `most` items from all over the split, enough to count in."""
        chosen = np.linspace(0, len(self) - 1, min(most, len(self))).astype(int)
        return [chosen[items] for items in in_order(self.store.lengths("target_mfcc")[chosen], 64)]

    def vtln(self, items: np.ndarray) -> Tensor:
        """Items → VTLN factors of their target speakers `(batch,)`; 1 for a speaker that training never met."""
        known, speakers = self.statistics["target_vtln"], self.store.speakers["target"]
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
        """Items → speaker indices `(batch,)`; a speaker that training never met counts as the first."""
        known = self._speakers[side]
        return torch.tensor([known.get(self.store.speakers[side][item], 0) for item in items])
