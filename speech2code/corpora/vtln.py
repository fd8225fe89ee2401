"""Vocal tract length normalisation (Lee & Rose 1998): how far each speaker's frequency axis is from a reference's.

Needs no text: of all factors the one under which the speaker's MFCC are likeliest for a mixture of Gaussians that was
fitted to the reference speaker's.
"""

import numpy as np

from speech2code.audio.filters import COEFFICIENTS, vtln_matrices

FRAMES = 20_000  # of each speaker, evenly drawn: more change no factor
GAUSSIANS = 64
GRID = np.exp(np.linspace(-0.3, 0.3, 25))  # from a child's vocal tract to a giant's


def apply_vtln(mfcc: np.ndarray, factors: float | np.ndarray) -> np.ndarray:
    """MFCC `(..., 13)` or with derivatives `(..., 39)`, not standardised → those of a frequency axis warped by a
    factor, or by one for each item `(batch,)`; static coefficients and both derivatives go through the same map."""
    matrices = vtln_matrices(np.atleast_1d(factors)).transpose(0, 2, 1)
    return (mfcc.reshape(len(matrices), -1, COEFFICIENTS) @ matrices).reshape(mfcc.shape)


def estimate_vtln(mfcc: dict[str, np.ndarray], reference: str) -> dict[str, float]:
    """MFCC `(frames, 39)` of each speaker → the factor that makes each sound like `reference`, whose own is 1."""
    from sklearn.mixture import GaussianMixture  # slow to import, and seldom needed

    frames = {name: each[:: max(1, len(each) // FRAMES)].astype(np.float32) for name, each in mfcc.items()}
    few = min(GAUSSIANS, len(frames[reference]))
    model = GaussianMixture(few, covariance_type="diag", reg_covar=1e-3, random_state=0)
    model.fit(_standard(frames[reference]))
    factors = {}
    for name, each in frames.items():
        likelihoods = [model.score(_standard(apply_vtln(each, factor))) for factor in GRID]
        factors[name] = 1.0 if name == reference else float(GRID[int(np.argmax(likelihoods))])
    return factors


def _standard(mfcc: np.ndarray) -> np.ndarray:
    """Without the channel; second derivatives tell nothing new. The static part of a warped spectrum varies more or
    less, which would count as likelihood: hence the division."""
    part = mfcc[:, : 2 * COEFFICIENTS]
    return (part - part.mean(0)) / np.maximum(part.std(0), 1e-3)  # what never changes must not become infinite
