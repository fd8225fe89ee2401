"""Clusters of speech segments: what the codebook has segmented, told apart better than the codebook can.

A bottleneck trains its vectors onto its codes: sounds that share a code grow alike before they are told apart, and a
codebook of four times the size learns little more. The features of the segment still know. So the codes only segment;
each segment's unit is the nearest of many means of segments' features. With 512 clusters a unit leaves half as much of
its phone unsaid as the code did (.41 nats for .9; docs/lab-notes.md), and a translator has more to tell words by.
"""

import torch
from torch import Tensor

from speech2code.audio.features import COEFFICIENTS, MFCC_DIM
from speech2code.errors import UserError
from speech2code.units.codebook import Codes, nearest

DELTA_WEIGHT = 0.3  # what derivatives count beside the coefficients themselves, both of unit variance
ROUNDS = 30


class SegmentClusters(Codes):
    """`count` clusters of segments; `means` are their mean features, `codes` the means of what the VQ-VAE's encoder
    makes of them, which its decoder can draw."""

    means: Tensor  # (clusters, 39)
    weights: Tensor  # (39,)

    def __init__(self, count: int, dim: int):
        super().__init__(torch.zeros(count, dim))
        self.register_buffer("means", torch.zeros(count, MFCC_DIM))
        self.register_buffer("weights", delta_weights(), persistent=False)

    def forward(self, features: Tensor, steps: Tensor) -> Tensor:
        """Normalised MFCC `(frames, 39)` and the code of each frame `(frames,)` → the unit of each `(frames,)`."""
        units = nearest(means_of_segments(features, steps) * self.weights, self.means)
        return units.repeat_interleave(torch.unique_consecutive(steps, return_counts=True)[1])

    @torch.no_grad()
    def learn(self, features: Tensor, vectors: Tensor) -> None:
        """Each segment's mean MFCC `(segments, 39)` and mean vector `(segments, dim)`: k-means, always the same.

        UserError where there are fewer segments than clusters."""
        from sklearn.cluster import KMeans  # slow to import, and seldom needed

        count = len(self.codes)
        if len(features) < count:
            raise UserError(
                f"{count} units cannot be told apart in {len(features)} segments of speech; choose a smaller "
                "units.codebook_size"
            )
        found = KMeans(count, n_init=1, max_iter=ROUNDS, random_state=0).fit((features * self.weights).cpu().numpy())
        self.means.copy_(torch.from_numpy(found.cluster_centers_))
        units = torch.from_numpy(found.labels_).long().to(vectors.device)
        total = torch.zeros_like(self.codes).index_add_(0, units, vectors)
        self.codes.copy_(total / torch.bincount(units, minlength=count).clamp_min(1)[:, None])


def delta_weights() -> Tensor:
    """What each of the 39 coefficients counts in a distance, `(39,)`."""
    return torch.full((MFCC_DIM,), DELTA_WEIGHT).index_fill(0, torch.arange(COEFFICIENTS), 1)


def means_of_segments(frames: Tensor, steps: Tensor) -> Tensor:
    """Frames `(frames, dim)` and the code of each `(frames,)` → the mean of each run of one code `(segments, dim)`,
    float32."""
    counts = torch.unique_consecutive(steps, return_counts=True)[1]
    segment = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    total = torch.zeros(len(counts), frames.shape[1], device=frames.device).index_add_(0, segment, frames.float())
    return total / counts[:, None]
