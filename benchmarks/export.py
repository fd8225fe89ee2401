"""The exported networks of a finished `make demo` (in this folder) by ONNX Runtime, one sentence at a time; the peer is
torch with the same networks. Processor time: of all threads, whatever else runs."""

import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from benchmarks.timing import Line, race
from speech2code.compose import compose
from speech2code.export.folder import export_system
from speech2code.export.networks import Size, networks_of
from speech2code.pipeline import SpeechTranslator
from speech2code.stages.folders import run_folder

# the encoder gets eight frames for each of its length: 3 seconds; at 14 units a second these are 42
SIZES = {"encoder": Size(1, 38, 0), "decoder": Size(1, 38, 20)}
SENTENCE = Size(1, 42, 0)


def measure() -> Line:
    torch.manual_seed(0)
    system = SpeechTranslator.from_pretrained(run_folder(compose(["experiment=best_fr_en"])) / "model")
    with tempfile.TemporaryDirectory() as folder:
        export_system(system, Path(folder))
        seconds = {each.name: _race(each, Path(folder)) for each in networks_of(system)}
    ratios = {name: slow / fast for name, (fast, slow) in seconds.items()}
    ours, peer = (1e3 * sum(column) for column in zip(*seconds.values()))
    return Line("export", ours, peer, "ms", min(ratios.values()), "≥ 1 each", min(ratios.values()) >= 1, ratios)


@torch.inference_mode()
def _race(network, folder: Path) -> list[float]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / f"{network.name}.onnx", options)
    given = network.example(SIZES.get(network.name, SENTENCE))
    fed = {name: each.numpy() for name, each in zip(network.inputs, given)}
    found, wanted = session.run(None, fed)[0], network.module.eval()(*given)
    np.testing.assert_allclose(found, wanted[0] if isinstance(wanted, tuple) else wanted, atol=1e-3)
    return race(lambda: session.run(None, fed), lambda: network.module(*given), rounds=201, clock=time.process_time)
