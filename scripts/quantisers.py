"""Quantisers on equal terms: the paper's EMA codebook, finite scalar quantisation, product codes, k-means on MFCC.

    python scripts/quantisers.py      # in a folder with the prepared corpus of `make demo`; 40 minutes of one core
    python scripts/quantisers.py ema kmeans    # only these anew

All have 128 codes, the time reduction, networks, steps and rates of experiment=phrasebook, an inverter of their own.
k-means, the floor, clusters the mean MFCC of each unit's frames and learns no encoder.
Writes `results/quantisers.json`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from math import prod
from pathlib import Path

import jiwer
import numpy as np
import torch
from lightning_fabric import Fabric
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor, nn

from speech2code.audio.features import MFCC_DIM, frame_mask
from speech2code.audio.files import SAMPLE_RATE
from speech2code.compose import compose
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.phonetic import phonetic
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.files import read_json, write_json
from speech2code.layers import pad_time
from speech2code.speaking import speak
from speech2code.training.discover import DiscoverTask, write_units
from speech2code.training.invert import InvertTask
from speech2code.training.loop import fit
from speech2code.training.speech import Speech
from speech2code.units.codebook import Codebook, Quantised
from speech2code.units.quality import usage
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

RESULTS = Path(__file__).resolve().parents[1] / "results" / "quantisers.json"
SENTENCES = 200
VOICES = ["flite:slt", "flite:rms", "flite:awb"]
LEVELS = (8, 4, 4)  # of finite scalar quantisation
PARTS = (16, 8)  # codes of the product's two halves


class Scalar(Codebook):
    """Finite scalar quantisation (Mentzer et al. 2023): the codes are a fixed grid, nothing is learnt or lost."""

    def __init__(self):
        super().__init__(prod(LEVELS), len(LEVELS))
        self.codes.copy_(torch.cartesian_prod(*(torch.linspace(-1, 1, levels) for levels in LEVELS)))

    def encode(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().encode(vectors.tanh(), mask)

    def forward(self, vectors: Tensor, mask: Tensor) -> Quantised:
        units, bounded = self.encode(vectors), vectors.tanh()
        self.counts += torch.bincount(units[mask], minlength=len(self.codes))
        return Quantised(bounded + (self.decode(units) - bounded).detach(), units, vectors.new_zeros(()))


class Product(Codebook):
    """Each half of a vector has a codebook of its own; a unit is a pair of codes."""

    def __init__(self, dim: int):
        super().__init__(prod(PARTS), dim)
        self.parts = nn.ModuleList(Codebook(size, dim // len(PARTS)) for size in PARTS)

    def encode(self, vectors: Tensor, mask: Tensor | None = None) -> Tensor:
        first, second = (part.encode(half, mask) for part, half in zip(self.parts, vectors.chunk(2, -1)))
        return first * PARTS[1] + second

    def forward(self, vectors: Tensor, mask: Tensor) -> Quantised:
        first, second = (part(half.contiguous(), mask) for part, half in zip(self.parts, vectors.chunk(2, -1)))
        units = first.units * PARTS[1] + second.units
        self.counts += torch.bincount(units[mask], minlength=len(self.codes))
        a, b = (part.codes for part in self.parts)
        self.codes.copy_(torch.cat([a.repeat_interleave(len(b), 0), b.repeat(len(a), 1)], 1))
        return Quantised(torch.cat([first.codes, second.codes], 2), units, (first.distance + second.distance) / 2)


class Repeat(nn.Module):
    """The decoder of codes that are MFCC already."""

    rate = None

    def __init__(self, time_reduction: int):
        super().__init__()
        self.time_reduction, self.speakers = time_reduction, nn.Embedding(1, MFCC_DIM)

    def forward(self, codes: Tensor, lengths: Tensor, speakers: Tensor) -> Tensor:
        return codes.repeat_interleave(self.time_reduction, 1)


class MeanMfcc(nn.Module):
    """k-means on the mean MFCC of each unit's frames."""

    rate, write = None, UnitDiscoverer.write

    def __init__(self, train: Speech, codebook_size: int, time_reduction: int):
        super().__init__()
        self.time_reduction, self.codebook = time_reduction, Codebook(codebook_size, MFCC_DIM)
        self.decoder = Repeat(time_reduction)
        vectors = [self._means(*train.mfcc("target", np.array([item])))[0] for item in range(len(train))]
        found = MiniBatchKMeans(codebook_size, batch_size=4096, n_init=3, random_state=0).fit(
            torch.cat(vectors).numpy()
        )
        self.codebook.codes.copy_(torch.from_numpy(found.cluster_centers_))

    def _means(self, features: Tensor, lengths: Tensor) -> Tensor:
        mask = pad_time(frame_mask(lengths)[:, :, None].float(), self.time_reduction)
        sums = (pad_time(features, self.time_reduction) * mask).unflatten(1, (-1, self.time_reduction)).sum(2)
        return sums / mask.unflatten(1, (-1, self.time_reduction)).sum(2).clamp_min(1)

    def encode(self, features: Tensor, lengths: Tensor) -> list[Tensor]:
        counts = (lengths + self.time_reduction - 1) // self.time_reduction
        return [units[:n] for units, n in zip(self.codebook.encode(self._means(features, lengths)), counts.tolist())]


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    found = read_json(RESULTS)["quantisers"] if names and RESULTS.exists() else {}
    for name in names or ["ema", "scalar", "product", "kmeans"]:
        found[name] = measure(name) | {"origin": describe_run(0)}
        print(name, found[name], flush=True)
        write_json(RESULTS, {"quantisers": found, "sentences": SENTENCES, "voices": VOICES})


def measure(name: str) -> dict[str, float]:
    """Trains units and inverter with this quantiser and measures both on the first test sentences."""
    code_dim = [f"units.code_dim={len(LEVELS)}"] if name == "scalar" else []
    config = compose(["experiment=phrasebook", "trainer.minutes=null", *code_dim])
    train, dev, test = (Speech(Path(config.data) / config.corpus.name, split) for split in ("train", "dev", "test"))
    fabric = Fabric(accelerator="cpu")
    fabric.launch()
    torch.manual_seed(0)
    began, size, reduction = time.process_time(), config.units.codebook_size, config.units.time_reduction
    with tempfile.TemporaryDirectory() as folder:
        if name == "kmeans":
            discoverer = MeanMfcc(train, size, reduction)
        else:
            task = DiscoverTask(config.units, train, dev)
            others = {"scalar": Scalar, "product": lambda: Product(config.units.code_dim)}
            task.model.codebook = others[name]() if name in others else task.model.codebook
            fit(task, config.units.training, config.trainer, Path(folder, "units"), fabric)
            discoverer = task.model.eval()
        sequences = {}
        for split, speech in (("train", train), ("dev", dev), ("test", test)):
            write_units(discoverer, speech, Path(folder, f"{split}.npz"))
            sequences[split] = UnitSequences.load(Path(folder, f"{split}.npz"))
        pairs = (train, sequences["train"]), (dev, sequences["dev"])
        inverter = InvertTask(config.inverter, discoverer, *pairs)
        fit(inverter, config.inverter.training, config.trainer, Path(folder, "inverter"), fabric)
    found = {"core_seconds": time.process_time() - began}
    units, texts = sequences["test"].units[:SENTENCES], test.store.texts("target")[:SENTENCES]
    seconds = float(test.store.lengths("target_waveform")[:SENTENCES].sum()) / SAMPLE_RATE
    found |= usage(units, size, seconds)._asdict()
    found |= phonetic(discoverer, train.standard("target"), texts, VOICES, {}, 1).measures
    model, iterations = inverter.model.eval(), config.inverter.iterations
    sounds = [speak([each], discoverer.alphabet, model, iterations)[0] for each in units]
    heard = [normalise(text) for text in PocketSphinx().transcribe(sounds, processes=1)]
    return found | {"wer_resynthesis": 100 * jiwer.wer([normalise(text) for text in texts], heard)}


if __name__ == "__main__":
    main(sys.argv[1:])
