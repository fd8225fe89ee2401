"""What the fast networks lose: PocketSphinx on the resynthesis of ours and of the paper's figures written down plainly.

    python scripts/plain_wer.py      # in a folder with the prepared corpus of `make demo`; about 30 minutes of one core

The plain networks (`benchmarks/plain.py`) take as many steps as ours (half those of experiment=phrasebook, for they are
slow), on the same batches with the same learning rates, target (log magnitude, standardised) and loss (L2); the same
Griffin-Lim speaks.
Writes `results/plain_wer.json`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import torch
from benchmarks.plain import Inverter, VqVae
from lightning_fabric import Fabric

from speech2code.audio.features import LogMagnitude
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.compose import compose
from speech2code.corpora.batches import epoch_batches, pad
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.files import write_json
from speech2code.layers import pad_time
from speech2code.speaking import speak
from speech2code.training.discover import DiscoverTask, write_units
from speech2code.training.invert import InvertTask
from speech2code.training.loop import fit
from speech2code.training.speech import Speech
from speech2code.units.sequences import UnitSequences

RESULTS = Path(__file__).resolve().parents[1] / "results" / "plain_wer.json"
SENTENCES = 200
STEPS = ["units.training.steps=850", "inverter.training.steps=1150"]
Speak = Callable[[Speech, int], np.ndarray]  # one sentence, resynthesised


def main() -> None:
    torch.set_num_threads(1)
    config = compose(["experiment=phrasebook", "inverter.loss=l2", "trainer.minutes=null", *STEPS])
    folder = Path(config.data) / config.corpus.name
    train, dev, test = (Speech(folder, split) for split in ("train", "dev", "test"))
    sounds, seconds = {"original": [test.store.waveform("target", item) for item in range(SENTENCES)]}, {}
    for name, learn in (("ours", _ours), ("plain", _plain)):
        torch.manual_seed(0)
        began = time.monotonic()
        speak = learn(config, train, dev)
        seconds[name] = time.monotonic() - began
        sounds[name] = [speak(test, item) for item in range(SENTENCES)]
    references = [normalise(text) for text in test.store.texts("target")[:SENTENCES]]
    errors = {name: 100 * jiwer.wer(references, _heard(of_name)) for name, of_name in sounds.items()}
    found = {"wer": errors, "seconds": seconds, "sentences": SENTENCES, "settings": STEPS} | describe_run(0)
    write_json(RESULTS, found)
    print(found)


def _ours(config, train: Speech, dev: Speech) -> Speak:
    fabric = Fabric(accelerator="cpu")
    fabric.launch()
    with tempfile.TemporaryDirectory() as folder:
        units = DiscoverTask(config.units, train, dev)
        fit(units, config.units.training, config.trainer, Path(folder, "units"), fabric)
        sequences = []
        for name, speech in (("train", train), ("dev", dev)):
            write_units(units.model, speech, Path(folder, f"{name}.npz"))
            sequences.append((speech, UnitSequences.load(Path(folder, f"{name}.npz"))))
        inverter = InvertTask(config.inverter, units.model, *sequences)
        fit(inverter, config.inverter.training, config.trainer, Path(folder, "inverter"), fabric)
    discoverer, model = units.model.eval(), inverter.model.eval()

    def say(speech: Speech, item: int) -> np.ndarray:
        written = discoverer.encode(*speech.mfcc("target", np.array([item])))
        return speak(written, discoverer.codebook, model, config.inverter.iterations)[0]

    return say


def _plain(config, train: Speech, dev: Speech) -> Speak:
    units, inverter = config.units, config.inverter
    discoverer = VqVae(units.width, units.blocks, units.codebook_size, units.code_dim)
    _train(discoverer, train, units.training, lambda items: (_whole(train, items),))
    model = Inverter(inverter.width, inverter.blocks, inverter.lstm_layers, units.code_dim, units.time_reduction)
    spectrum, (mean, deviation) = LogMagnitude(), _standard(train)

    def spoken(items):
        with torch.no_grad():
            target = (spectrum(train.waveforms("target", items)[0]) - mean) / deviation
            return _codes(discoverer.eval(), _whole(train, items)), target

    _train(model, train, inverter.training, spoken)
    model.eval()

    @torch.no_grad()
    def say(speech: Speech, item: int) -> np.ndarray:
        codes = _codes(discoverer, _whole(speech, np.array([item])))
        hidden = model.before(codes.repeat_interleave(model.repeat, 1).transpose(1, 2)).transpose(1, 2)
        found = model.after(model.recurrent(hidden)[0].transpose(1, 2)).transpose(1, 2)
        return griffin_lim(found * deviation + mean, inverter.iterations)[0].numpy()

    return say


def _train(model, speech, training, batch) -> None:
    began, step, epoch = time.monotonic(), 0, 0
    adam = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0, fused=True)
    model.train()
    while step < training.steps:
        for items in epoch_batches(speech.store.lengths("target_mfcc"), training.batch_size, 0, epoch):
            for group in adam.param_groups:
                group["lr"] = (
                    training.learning_rate * min(1, (step + 1) / training.warmup) * (1 - step / training.steps)
                )
            loss = model(*batch(items))
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)
            adam.step()
            step += 1
            if step % 100 == 0:
                print(f"{type(model).__name__} {step}: {float(loss):.4f}, {time.monotonic() - began:.0f} s", flush=True)
            if step == training.steps:
                break
        epoch += 1


def _whole(speech, items) -> torch.Tensor:
    """MFCC `(batch, time, 39)`, zeros appended until time is a multiple of a unit's 8 frames."""
    return pad_time(speech.mfcc("target", items)[0], 8)


def _codes(discoverer, features):
    """MFCC `(batch, time, 39)` → codes `(batch, units, dim)`."""
    vectors = discoverer.encoder(features.transpose(1, 2)).transpose(1, 2)
    return discoverer.codes[torch.cdist(vectors, discoverer.codes[None]).argmin(2)]


def _standard(speech) -> tuple[torch.Tensor, torch.Tensor]:
    items = np.linspace(0, len(speech) - 1, 500).astype(int)
    frames = torch.cat([LogMagnitude()(pad([speech.store.waveform("target", item)])[0])[0] for item in items])
    return frames.mean(0), frames.std(0).clamp_min(1e-3)


def _heard(sounds: list[np.ndarray]) -> list[str]:
    return [normalise(text) for text in PocketSphinx().transcribe(sounds, processes=1)]


if __name__ == "__main__":
    main()
