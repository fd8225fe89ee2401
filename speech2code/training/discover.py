"""Stage `discover`: trains the VQ-VAE on target speech, then writes the units of every split."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.audio.features import frame_mask
from speech2code.config import UnitsConfig
from speech2code.corpora.batches import in_order
from speech2code.training.perturb import move, warp_standardised
from speech2code.training.pictures import add_heatmap
from speech2code.training.speech import Speech
from speech2code.training.validation import averages
from speech2code.units.naming import means_of_segments
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

SETTLED = 6000  # sentences from which units learn how they follow each other, and their names
COLLAPSED = 0.1  # perplexity by the codebook's size: healthy ones have 0.6 and more


class DiscoverTask:
    name = "discover"

    def __init__(self, config: UnitsConfig, train: Speech, dev: Speech):
        self.train, self.dev, self.config = train, dev, config
        self.model = UnitDiscoverer(config, train.speaker_count("target"))

    def lengths(self) -> np.ndarray:
        return self.train.store.lengths("target_mfcc")

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        features, lengths, speakers = _batch(self.train, items)
        heard = move(features, lengths, self.config.jitter)
        if self.config.warp:
            factors = torch.exp(self.config.warp * (2 * torch.rand(len(items)) - 1))
            heard = warp_standardised(heard, factors, *self.train.standard("target"))
        return features, lengths, speakers, heard

    def step(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        discovery = model(*batch)
        loss = self.model.loss(discovery)
        return {
            "loss": loss,
            "reconstruction": discovery.reconstruction.detach(),
            "commitment": discovery.commitment.detach(),
        }

    def epoch_figures(self) -> dict[str, float]:
        """Usage in the epoch; a collapsed codebook starts anew, with a warning."""
        figures = self._usage()
        if self.collapsed(figures["perplexity"]):
            self.model.codebook.restart()
            print(
                f"discover: {figures['perplexity']:.1f} of {len(self.model.codebook.codes)} codes carry all the speech "
                "of an epoch, so the codebook starts anew; if that comes again, lower units.training.learning_rate",
                file=sys.stderr,
            )
        return figures

    def collapsed(self, perplexity: float) -> bool:
        return perplexity < COLLAPSED * len(self.model.codebook.codes)

    def validate(self) -> dict[str, float]:
        held = self.model.codebook.counts.clone()
        self.model.codebook.reset_usage()
        batches = (_batch(self.dev, items) for items in in_order(self.dev.store.lengths("target_mfcc"), 32))
        figures = averages(self.step, self.model, ((batch, int(batch[1].sum())) for batch in batches))
        figures |= {f"dev/{key}": value for key, value in self._usage().items()}
        self.model.codebook.counts.copy_(held)
        return figures

    def _usage(self) -> dict[str, float]:
        used, perplexity = self.model.codebook.usage()
        self.model.codebook.reset_usage()
        return {"codes_used": used, "perplexity": perplexity}

    def show(self, writer, step: int) -> None:
        features, lengths, speakers = _batch(self.dev, np.array([0]))
        device = self.model.codebook.codes.device
        units = self.model.cut(features.to(device), lengths.to(device))[0][0][None]
        rebuilt = self.model.decoder(self.model.codebook.decode(units), lengths.to(device), speakers.to(device))
        add_heatmap(writer, "mfcc/original", features[0].T, step)
        add_heatmap(writer, "mfcc/reconstruction", rebuilt[0, : len(features[0])].T, step)
        writer.add_histogram("units/dev_sentence", units, step)


def _batch(speech: Speech, items: np.ndarray) -> tuple[Tensor, ...]:
    """Features as the reference speaker's throat would have made them: units learn words from all, voices from none."""
    features, lengths = speech.mfcc("target", items)
    factors = speech.warps(items)
    if (factors != 1).any():
        features = warp_standardised(features, factors, *speech.standard("target")) * frame_mask(lengths)[:, :, None]
    return features, lengths, speech.speakers("target", items)


def settle(model: UnitDiscoverer, speech: Speech, rounds: int) -> None:
    """Trained units of variable length learn which follows which (`units/segments.py`); each round writes the sentences
    anew with what the last one has learnt."""
    batches = _some(speech)
    for _ in range(rounds):
        written = [model.eval().cut(*_heard(model, speech, items))[0] for items in batches]
        model.codebook.settle([steps for batch in written for steps in batch])


def name(model: UnitDiscoverer, speech: Speech) -> None:
    """Settled segments get names (`units/naming.py`)."""
    segments: list[tuple[Tensor, Tensor]] = []
    for items in _some(speech):
        features, lengths = _heard(model, speech, items)
        cut, vectors = model.eval().cut(features, lengths)
        for steps, *heard in zip(cut, features, vectors):
            segments.append(tuple(means_of_segments(each[: len(steps)], steps) for each in heard))
    model.names.learn(*map(torch.cat, zip(*segments)))


def write_units(model: UnitDiscoverer, speech: Speech, path: Path) -> None:
    """Encodes the target side of a split."""
    written: list = [None] * len(speech)
    for items in in_order(speech.store.lengths("target_mfcc"), 64):
        for item, steps in zip(items, model.eval().encode(*_heard(model, speech, items))):
            written[item] = [each.cpu().numpy() for each in model.write(steps)]
    UnitSequences(model.alphabet.fingerprint(), speech.store.ids, *map(list, zip(*written))).save(path)


def _some(speech: Speech) -> list[np.ndarray]:
    """Batches of sentences from all over the corpus, enough to count in."""
    chosen = np.linspace(0, len(speech) - 1, min(SETTLED, len(speech))).astype(int)
    return [chosen[items] for items in in_order(speech.store.lengths("target_mfcc")[chosen], 64)]


def _heard(model: UnitDiscoverer, speech: Speech, items: np.ndarray) -> tuple[Tensor, Tensor]:
    features, lengths, _ = _batch(speech, items)
    return features.to(model.codebook.codes.device), lengths.to(model.codebook.codes.device)
