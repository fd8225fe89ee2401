"""What an encoder gets in training in place of the speech as it was: distorted, shifted in time, masked, of another
vocal tract.

The decoder of the units rebuilds the speech as it was; so units learn to say neither. A translator, which else gets the
same frames in every epoch, does not learn by heart how they fall on the grid of its strides.
"""

import torch
from torch import Tensor

from speech2code.audio.distortion import add_echo, add_noise, cepstra, change_tempo, mel_power, telephone
from speech2code.audio.filters import COEFFICIENTS
from speech2code.config import Seq2SeqConfig
from speech2code.corpora.vtln import apply_vtln
from speech2code.padding import frame_mask

QUIETEST_NOISE = 40.0  # dB below the speech: nothing that anybody hears
ECHO = (0.1, 0.6)  # seconds in which an echo falls by 60 dB: a car to a classroom
DRY = (0.0, 15.0)  # dB of the direct sound above its echoes
TEMPO_FRAMES = 25  # in which a speaker's tempo changes, a quarter of a second


def distorts(config: Seq2SeqConfig) -> bool:
    """Whether these settings ask for other speech than the recorded one."""
    return bool(config.speed or config.vtlp or config.echo or config.telephone or config.noise is not None)


def distorted(static: Tensor, lengths: Tensor, config: Seq2SeqConfig) -> tuple[Tensor, Tensor]:
    """MFCC without derivatives `(batch, time, 13)`, not standardised, and lengths → of the same words under other
    circumstances, drawn for each item; all from torch's random numbers, which a resumed training keeps."""
    batch = len(static)
    if config.speed:
        static, lengths = change_tempo(static, lengths, _rates(batch, static.shape[1], config.speed))
    if config.vtlp:
        static = torch.from_numpy(apply_vtln(static.numpy(), random_tracts(batch, config.vtlp).numpy()))
    if config.noise is not None or config.echo or config.telephone:
        power = mel_power(static)
        if config.echo:
            echo = add_echo(power, _uniform(*ECHO, batch), _uniform(*DRY, batch))
            power = torch.where(_chosen(batch, config.echo), echo, power)
        if config.noise is not None:
            below, fall = _uniform(config.noise, QUIETEST_NOISE, batch), torch.rand(batch)
            power = add_noise(power, lengths, below, fall)
        if config.telephone:
            power = torch.where(_chosen(batch, config.telephone), telephone(power), power)
        static = cepstra(power, lengths)
    return static, lengths


def _rates(batch: int, frames: int, most: float) -> Tensor:
    """How fast each item is, and how much faster or slower at each moment of it: `(batch, frames)`."""
    knots = frames // TEMPO_FRAMES + 2
    logarithms = _uniform(-most, most, batch)[:, None] + _uniform(-most, most, batch * knots).view(batch, knots)
    moment = torch.arange(frames) / TEMPO_FRAMES
    before = moment.long()
    return torch.lerp(logarithms[:, before], logarithms[:, before + 1], moment - before).exp()


def _uniform(low: float, high: float, count: int) -> Tensor:
    return low + (high - low) * torch.rand(count)


def _chosen(batch: int, share: float) -> Tensor:
    return (torch.rand(batch) < share)[:, None, None]


def shift_in_time(features: Tensor, lengths: Tensor, most: int) -> Tensor:
    """Each item of `(batch, time, dim)` moved by up to `most` frames, earlier or later, its end frames repeated.

    Else a unit spends its bits on where in a sound it begins, which no translator can foresee, and a translator its
    weights (docs/lab-notes.md).
    """
    moved = torch.arange(features.shape[1]) + torch.randint(-most, most + 1, (len(features), 1))
    places = moved.clamp(min=0).minimum(lengths[:, None] - 1)
    return features.gather(1, places[:, :, None].expand_as(features))


def random_tracts(count: int, most: float) -> Tensor:
    """Factors `(count,)` for `vocal_tract`, e to up to ± `most` (VTLP, Jaitly & Hinton 2013)."""
    return torch.exp(most * (2 * torch.rand(count) - 1))


def vocal_tract(features: Tensor, factors: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Standardised MFCC `(batch, time, 39)` of other vocal tracts: each item's frequency axis is warped by its factor
    `(batch,)`, as `vtln.apply_vtln` does it."""
    mfcc = (features * deviation + mean).cpu().numpy()
    warped = apply_vtln(mfcc, factors.cpu().numpy())
    return (torch.from_numpy(warped).to(features) - mean) / deviation


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
