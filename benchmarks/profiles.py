"""Where the time goes: the costliest operations of a training step of each stage, of a translation, of the features.

    python -m benchmarks.profiles > profiles.txt    # after `make demo`, in the same folder

One thread, real batches of the demo. The profiler itself costs time: read the shares.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from speech2code.audio.features import Mfcc
from speech2code.builders import build_translator, build_unit_encoder, build_vocoder
from speech2code.compose import compose
from speech2code.config import Config
from speech2code.corpora.batches import epoch_batches
from speech2code.pipeline import SpeechTranslator
from speech2code.provenance import describe_run
from speech2code.stages.folders import run_folder, unit_encoder_of, with_units
from speech2code.training.loop import Task
from speech2code.training.tokens import TokensTask
from speech2code.training.units import CodebookTask
from speech2code.training.vocoder import VocoderTask

STEPS, ROWS = 8, 12
VOCABULARY = 100  # words of the recogniser


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = compose(["experiment=best_fr_en", *sys.argv[1:]])
    print(describe_run(0))
    for name, task in _tasks(config).items():
        _show(f"{name}: {STEPS} training steps", _training(task, getattr(config, name).training.batch_size))
    model = SpeechTranslator.from_pretrained(run_folder(config) / "model")
    store = with_units(config, "test", unit_encoder_of(config)[1]["codebook"])[0].store
    waveforms = [store.waveform("source", item) for item in range(STEPS)]
    _show(f"translation of {STEPS} sentences", lambda: [model.translate(each) for each in waveforms])
    sixteen = [store.waveform("source", item) for item in range(16)]
    _show("beam search of 16 sentences", lambda: model.translate_to_units(sixteen))
    mfcc, tensors = Mfcc(), [torch.from_numpy(each)[None] for each in waveforms]
    _show(
        f"MFCC of {STEPS} sentences",
        lambda: [mfcc(each, torch.tensor([each.shape[1]])) for each in tensors],
        train=False,
    )


def _tasks(config: Config) -> dict[str, Task]:
    """Section of the config → its training, of a new network."""
    encoder, record = unit_encoder_of(config)
    train, dev = (with_units(config, split, record["codebook"]) for split in ("train", "dev"))
    units = [(speech, sequences.units) for speech, sequences in (train, dev)]
    words = [(speech, [np.arange(6)] * len(speech)) for speech, _ in (train, dev)]  # as many as an English sentence has
    untrained = build_unit_encoder(config.units, encoder.spec.speakers)
    vocoder = build_vocoder(config.vocoder, encoder.spec)
    translator = build_translator(config.translator, encoder.spec.codebook_size)
    recogniser = build_translator(config.recogniser, VOCABULARY)
    return {
        "units": CodebookTask(untrained, config.units, train[0], dev[0]),
        "vocoder": VocoderTask(vocoder, encoder, train, dev),
        "translator": TokensTask("translator", "source", config.translator, translator, *units),
        "recogniser": TokensTask("recogniser", "target", config.recogniser, recogniser, *words),
    }


def _training(task: Task, batch_size: int) -> Callable[[], None]:
    optimiser = torch.optim.AdamW(task.model.parameters(), 1e-3, fused=True)
    batches = epoch_batches(task.lengths(), batch_size, 0, 0)[:STEPS]

    def steps():
        task.model.train()
        for items in batches:
            optimiser.zero_grad()
            task.step(task.model, task.batch(items, 0.5))["loss"].backward()
            torch.nn.utils.clip_grad_norm_(task.model.parameters(), 1.0)
            optimiser.step()

    return steps


def _show(name: str, work: Callable[[], object], train: bool = True) -> None:
    with nullcontext() if train else torch.inference_mode():
        work()
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            work()
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    print(f"\n{name}: {total / 1000:.0f} ms\n   share  calls  operation")
    for row in rows[:ROWS]:
        print(f"  {row.self_cpu_time_total / total:6.1%} {row.count:6}  {row.key}")


if __name__ == "__main__":
    main()
