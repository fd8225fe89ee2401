"""One network → one ONNX file, checked: tracing freezes what it takes for a constant, and says nothing.

Traced by torch's older exporter (`dynamo=False`; torch 2.6 to 2.13 have both). Of an LSTM over a time axis of any
length the newer one keeps the length of its example (pytorch issue 191855).
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from speech2code.errors import UserError
from speech2code.export.networks import Network, Size
from speech2code.export.operators import OPSET, exportable
from speech2code.files import write_atomically

TRACED = Size(batch=2, length=24, steps=3)
VARIED = {"batch": Size(3, 24, 3), "time": Size(2, 37, 3), "steps": Size(2, 24, 5)}  # one thing at a time
SHORTEST = Size(1, 1, 0)  # a fresh state
TOLERANCE = 1e-4  # of the largest number of an output: float32 in another order


@torch.no_grad()
def write_network(network: Network, path: Path) -> dict[str, list[dict]]:
    """Writes the file → its inputs and outputs: name, type, shape with the names of the axes whose size is free.
    UserError where the file would not give the network's own numbers for other sizes."""
    network.module.eval()
    try:
        with write_atomically(path) as temporary, torch.random.fork_rng(devices=[]), exportable():
            described = _described(network)
            _trace(network, described, temporary)
            _complete(network, described, temporary)
            _check(network, temporary)
    except UserError:
        raise
    except Exception as error:  # torch, ONNX and onnxruntime raise many kinds, and a network of a user's own any
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"the {network.name} of this system cannot be written as ONNX ({type(error).__name__}: {reason}); "
            "train it with kinds that can, such as translator=lstm vocoder=inverter"
        ) from error
    count = len(network.inputs)
    return {"inputs": described[:count], "outputs": described[count:]}


def _trace(network: Network, described: list[dict], path: Path) -> None:
    free = {
        each["name"]: {axis: size for axis, size in enumerate(each["shape"]) if isinstance(size, str)}
        for each in described
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what might be frozen: it is checked afterwards
        torch.onnx.export(
            network.module, _example(network, TRACED), str(path), input_names=list(network.inputs),
            output_names=list(network.outputs), dynamic_axes=free, opset_version=OPSET, dynamo=False,
        )  # fmt: skip


def _complete(network: Network, described: list[dict], path: Path) -> None:
    """Adds the inputs that this network does not read and tracing left out: the files of every system take the same."""
    import onnx

    model = onnx.load(path)
    found = {each.name for each in model.graph.input}
    for each in described[: len(network.inputs)]:
        if each["name"] not in found:
            kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(each["type"]))
            model.graph.input.append(onnx.helper.make_tensor_value_info(each["name"], kind, each["shape"]))
    onnx.save(model, path)


def _described(network: Network) -> list[dict]:
    """Name, type and shape of each input and output. An axis is free where its size changes with the example's."""
    first, others = _tensors(network, TRACED), {what: _tensors(network, size) for what, size in VARIED.items()}
    found: list[dict] = []
    for place, (name, tensor) in enumerate(zip(network.inputs + network.outputs, first)):
        output = place >= len(network.inputs)
        called = {"batch": "batch", "time": network.time[output], "steps": "steps + 1" if output else "steps"}
        shape: list[int | str] = list(tensor.shape)
        for what, tensors in others.items():
            for axis, size in enumerate(tensors[place].shape):
                if size != tensor.shape[axis]:
                    shape[axis] = called[what]
        found.append({"name": name, "type": str(tensor.dtype).removeprefix("torch."), "shape": shape})
    return found


def _example(network: Network, size: Size) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return network.example(size)


def _outputs(network: Network, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    found = network.module(*given)
    return found if isinstance(found, tuple) else (found,)


def _tensors(network: Network, size: Size) -> tuple[Tensor, ...]:
    given = _example(network, size)
    return (*given, *_outputs(network, given))


def _check(network: Network, path: Path) -> None:
    """Runs the file on sizes that it was not made of; ValueError where its numbers are not the network's."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails is raised
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    for size in (*VARIED.values(), SHORTEST):
        given = _example(network, size)
        found = session.run(None, {name: each.numpy() for name, each in zip(network.inputs, given)})
        for name, wanted, got in zip(network.outputs, _outputs(network, given), found):
            if not _same(wanted.numpy(), got):
                raise ValueError(f"{name} differs for another batch or length than that of the trace")


def _same(wanted: np.ndarray, found: np.ndarray) -> bool:
    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        return False
    if wanted.dtype == np.int64:  # durations: half a step may be rounded either way
        return bool((np.abs(wanted - found) <= 1).all())
    return bool(np.allclose(wanted, found, rtol=0, atol=TOLERANCE * float(np.abs(wanted).max(initial=1))))
