"""Finds linear discriminants of sounds that nobody has labelled, and clusters speech along them."""

from collections.abc import Callable

import numpy as np
import torch

from speech2code.audio.features import MFCC_DIM
from speech2code.config import DiscriminantConfig
from speech2code.corpora.speech import Speech
from speech2code.padding import frame_mask
from speech2code.training.kmeans import SENTENCES, learn_kmeans
from speech2code.training.units import on_device
from speech2code.units.discriminant import DiscriminantUnits

SOUNDS = 512  # clusters of frames that stand in for sounds
FRAMES = 300_000  # that the discriminants are learnt from: 50 minutes
SHRINKAGE = 1e-4  # of the covariance within clusters: where speech is short it would be singular
ROUNDS = 2  # of clusters and discriminants: a third changes nothing (docs/lab-notes.md)


def learn_discriminant(
    model: DiscriminantUnits, config: DiscriminantConfig, train: Speech, dev: Speech, fit: Callable
) -> dict:
    """`protocols.Learn`: clusters of frames, their discriminants, clusters along these, and so on; k-means at last."""
    from sklearn.cluster import MiniBatchKMeans  # slow to import, and seldom needed

    frames, seed = _frames(model, train), int(torch.randint(2**31, (1,)))
    described = frames[:, :MFCC_DIM]
    for _ in range(ROUNDS):
        clusters = MiniBatchKMeans(min(SOUNDS, len(frames)), batch_size=8192, n_init=1, random_state=seed)
        projection = discriminants(frames, clusters.fit_predict(described), config.code_dim)
        described = frames @ projection
    model.mean.copy_(torch.from_numpy(frames.mean(0)))
    model.projection.copy_(torch.from_numpy(projection))
    return learn_kmeans(model, config, train, dev, fit)


def discriminants(frames: np.ndarray, sounds: np.ndarray, count: int) -> np.ndarray:
    """Frames `(frames, dim)` and which sound each is `(frames,)` → the directions that tell sounds apart
    `(dim, count)`, float32, the strongest first; a sound varies by 1 along each."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    several = np.bincount(sounds)[sounds] > 1  # one frame alone does not vary
    found = LinearDiscriminantAnalysis(solver="eigen", shrinkage=SHRINKAGE).fit(frames[several], sounds[several])
    return found.scalings_[:, :count].astype(np.float32)


def _frames(model: DiscriminantUnits, speech: Speech) -> np.ndarray:
    """Frames with their neighbours `(frames, seen)`, evenly drawn."""
    found = []
    with torch.no_grad():
        for items in speech.some(SENTENCES):
            features, lengths = on_device(model, speech, items)
            found.append(model.seen(features, lengths)[frame_mask(lengths, features.shape[1])].cpu())
    frames = torch.cat(found)
    return frames[:: -(-len(frames) // FRAMES)].numpy()
