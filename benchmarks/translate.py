"""WAV in, WAV out with the system of a finished `make demo` (in this folder): compute a second of speech, memory, time
to the first sound."""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Line, race
from speech2code.audio.files import save_waveform
from speech2code.compose import compose
from speech2code.pipeline import SpeechTranslator
from speech2code.stages.folders import run_folder, speech_of


def measure() -> Line:
    config = compose(["experiment=best_fr_en"])
    model, store = run_folder(config) / "model", speech_of(config, "test").store
    waveforms = [store.waveform("source", item) for item in range(10)]
    translator = SpeechTranslator.from_pretrained(model)
    (taken,) = race(lambda: [translator.translate(each) for each in waveforms], rounds=5)
    with tempfile.TemporaryDirectory() as folder:
        save_waveform(Path(folder) / "in.wav", waveforms[0])
        files = [f"{folder}/in.wav", f"{folder}/out.wav"]
        command = [sys.executable, "-m", "speech2code", "translate", *files, f"model={model}"]
        (start,) = race(lambda: subprocess.run(command, check=True), rounds=3)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6  # GB
    share = taken / (sum(map(len, waveforms)) / 16_000)
    met = share <= 0.1 and memory <= 1 and start <= 3
    notes = {"GB": memory, "seconds to the first sound": start}
    return Line("translate", share, 1.0, "s a second", 1 / share, "≤ 0.1, ≤ 1 GB, ≤ 3 s", met, notes)
