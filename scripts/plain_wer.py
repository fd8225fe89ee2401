"""What the fast networks lose: PocketSphinx on the resynthesis of ours and of the paper's figures written down plainly.

    python scripts/plain_wer.py      # in a folder with a finished `make demo`; about 40 minutes of one core

The plain networks (`benchmarks/plain.py`) take as many steps as ours, on the same batches with the same learning rates
and the same target (log magnitude, standardised); the same Griffin-Lim speaks. Writes `results/plain_wer.json`.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import time
from pathlib import Path

import jiwer
import numpy as np
import torch
from benchmarks.plain import Inverter, VqVae

from speech2code.audio.features import LogMagnitude
from speech2code.audio.files import load_waveform
from speech2code.audio.griffin_lim import griffin_lim
from speech2code.compose import compose
from speech2code.corpora.batches import epoch_batches, pad
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.files import read_json, write_json
from speech2code.training.speech import Speech

RESULTS = Path(__file__).resolve().parents[1] / "results" / "plain_wer.json"
SENTENCES = 200


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = compose(["experiment=phrasebook"])
    train, test = (Speech(Path(config.data) / config.corpus.name, split) for split in ("train", "test"))
    units = config.units
    discoverer = VqVae(units.width, units.blocks, units.codebook_size, units.code_dim)
    seconds = _train(discoverer, train, units.training, lambda items: (train.mfcc("target", items)[0],))
    inverter = Inverter(
        config.inverter.width, config.inverter.blocks, config.inverter.lstm_layers, units.code_dim, units.time_reduction
    )
    spectrum, (mean, deviation) = LogMagnitude(), _standard(train)

    def spoken(items):
        with torch.no_grad():
            target = (spectrum(train.waveforms("target", items)[0]) - mean) / deviation
            return _codes(discoverer.eval(), train.mfcc("target", items)[0]), target

    seconds += _train(inverter, train, config.inverter.training, spoken)
    plain = [_speak(discoverer, inverter.eval(), test, item, mean, deviation) for item in range(SENTENCES)]
    folder = Path(config.runs) / config.name / "inverter" / "resynthesis"
    ours = [load_waveform(folder / f"{test.store.ids[item]}.wav") for item in range(SENTENCES)]
    references = [normalise(text) for text in test.store.texts("target")[:SENTENCES]]
    rows = {
        "ours": ours,
        "plain": plain,
        "original": [test.store.waveform("target", item) for item in range(SENTENCES)],
    }
    errors = {name: 100 * jiwer.wer(references, _heard(sounds)) for name, sounds in rows.items()}
    own = sum(_seconds(Path(config.runs) / config.name / stage) for stage in ("units", "inverter"))
    found = {"wer": errors, "seconds": {"ours": own, "plain": seconds}, "sentences": SENTENCES} | describe_run(0)
    write_json(RESULTS, found)
    print(found)


def _train(model, speech, training, batch) -> float:
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
    return time.monotonic() - began


def _codes(discoverer, features):
    """MFCC `(batch, time, 39)` → codes `(batch, units, dim)`; time is cut to whole units."""
    vectors = discoverer.encoder(features.transpose(1, 2)).transpose(1, 2)
    return discoverer.codes[torch.cdist(vectors, discoverer.codes[None]).argmin(2)]


def _standard(speech) -> tuple[torch.Tensor, torch.Tensor]:
    items = np.linspace(0, len(speech) - 1, 500).astype(int)
    frames = torch.cat([LogMagnitude()(pad([speech.store.waveform("target", item)])[0])[0] for item in items])
    return frames.mean(0), frames.std(0).clamp_min(1e-3)


@torch.no_grad()
def _speak(discoverer, inverter, speech, item, mean, deviation) -> np.ndarray:
    codes = _codes(discoverer, speech.mfcc("target", np.array([item]))[0])
    hidden = inverter.before(codes.repeat_interleave(inverter.repeat, 1).transpose(1, 2)).transpose(1, 2)
    found = inverter.after(inverter.recurrent(hidden)[0].transpose(1, 2)).transpose(1, 2)
    return griffin_lim(found * deviation + mean, 60)[0].numpy()


def _heard(sounds: list[np.ndarray]) -> list[str]:
    return [normalise(text) for text in PocketSphinx().transcribe(sounds, processes=1)]


def _seconds(folder: Path) -> float:
    return read_json(folder / "stage.json")["seconds"]


if __name__ == "__main__":
    main()
