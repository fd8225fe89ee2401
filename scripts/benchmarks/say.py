"""WAV in, WAV out with a system of the demo's sizes: compute a second of speech, memory, time to the first sound."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from benchmarks.timing import Line, race, sentences

from speech2code.audio.files import save_waveform
from speech2code.compose import compose
from speech2code.pipeline import Limits, SpeechTranslator


def measure() -> Line:
    torch.manual_seed(0)
    config = compose(["experiment=phrasebook"])
    parts = config.units, config.inverter, config.translator, config.search
    waveforms = sentences(5)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        SpeechTranslator(*parts, Limits(longest=60, longest_run=8)).save_pretrained(model)  # untrained: as much work
        save_waveform(Path(folder) / "in.wav", waveforms[0])
        translator = SpeechTranslator.from_pretrained(model)
        (taken,) = race(lambda: [translator.translate(each) for each in waveforms], rounds=5)
        said = [sys.executable, "-m", "speech2code", "say", f"{folder}/in.wav", f"{folder}/out.wav", f"model={model}"]
        began = time.perf_counter()
        subprocess.run(said, check=True)
        start = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6  # GB
    share = taken / (sum(map(len, waveforms)) / 16_000)
    met = share <= 0.1 and memory <= 1 and start <= 3
    notes = {"GB": memory, "seconds to the first sound": start}
    return Line("say", share, 1.0, "s a second", 1 / share, "≤ 0.1, ≤ 1 GB, ≤ 3 s", met, notes)
