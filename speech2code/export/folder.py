"""A trained system → a folder of ONNX files, and `export.json`, which says all that a program needs to use them."""

from pathlib import Path
from typing import Any

from speech2code.audio.features import DYNAMIC_RANGE, FRAMES_A_SECOND, HOP, MFCC_DIM, WINDOW
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.filters import COEFFICIENTS, DELTA_WIDTH, FFT_SIZE, MEL_BANDS
from speech2code.export.networks import networks_of
from speech2code.export.onnx_file import write_network
from speech2code.files import write_json
from speech2code.pipeline import SpeechTranslator

NAME = "export.json"
FORMAT = 1  # of it
STATE = (
    "The encoder gives memory_… and the first state_…. A step of the decoder takes them, with the last unit of each "
    "sentence (before the first: search.end), and gives next_state_…, which are state_… of the next step. The first "
    "axis of each is the batch: a beam search repeats and reorders rows."
)


def export_system(system: SpeechTranslator, folder: Path) -> list[Path]:
    """Writes the networks and their description → the files. UserError where a network cannot be written."""
    networks = networks_of(system)
    described: dict[str, Any] = _facts(system) | {"state": STATE, "networks": {}}
    (folder / NAME).unlink(missing_ok=True)  # of an older export
    files = []
    for network in networks:
        files.append(folder / f"{network.name}.onnx")
        described["networks"][network.name] = {"file": files[-1].name} | write_network(network, files[-1])
    files.append(folder / NAME)  # last: where it is, the others are
    write_json(files[-1], described)
    return files


def _facts(system: SpeechTranslator) -> dict[str, Any]:
    spec = system.unit_encoder.spec
    return {
        "format": FORMAT,
        "sample_rate": SAMPLE_RATE,
        "frames_a_second": FRAMES_A_SECOND,
        "features": {
            "what": "(MFCC, first and second derivative − mean) / std",
            "dim": MFCC_DIM,
            "coefficients": COEFFICIENTS,
            "mel_bands": MEL_BANDS,
            "fft_size": FFT_SIZE,
            "window": WINDOW,
            "hop": HOP,
            "dynamic_range": DYNAMIC_RANGE,
            "delta_width": DELTA_WIDTH,
            "mean": system.source_mean.tolist(),
            "std": system.source_std.tolist(),
        },
        "search": {"end": system.translator.end, **system.limits._asdict()},
        "units": {
            "codebook_size": spec.codebook_size,
            "codebook": system.unit_encoder.inventory.fingerprint(),
            "step_frames": spec.step_frames,
            "speakers": spec.speakers,
        },
        "spectrum": {
            "what": "natural logarithm of the magnitude",
            "fft_size": system.settings["vocoder"].fft_size,
            "window": WINDOW,
            "hop": HOP,
        },
    }
