"""Weights and training states on disk; nothing here executes a pickle."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from speech2code.errors import UserError
from speech2code.files import check_regular, write_atomically
from speech2code.hardware import memory
from speech2code.npz import check_sizes

WEIGHTS = "model.safetensors"
CARD = "README.md"  # of a model, beside its weights
LAST = "last.ckpt"
HASH = "sha256"  # of the weights, in the file's own description
AGAIN = "delete its folder and run that stage again"
OTHER_SHAPE = "holds a model of another shape; delete its folder or restore the settings it was trained with"


def save_weights(path: Path, model: nn.Module, half: bool = False) -> None:
    """Every parameter and persistent buffer, as safetensors, and what they are known by; `half`: in 16 bits."""
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if half:
        weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    with write_atomically(path) as temporary, _as_os_error():
        save_file(weights, temporary, {HASH: _hash(weights)})


def save_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, counters: dict) -> None:
    """All that exact resume needs: weights, optimiser, counters, random number generators."""
    unwrapped = getattr(optimiser, "optimizer", optimiser)
    state = {
        "model": model.state_dict(),
        "buffers": dict(model.named_buffers()),  # the temporary ones too: usage of the codebook in this epoch
        "optimiser": unwrapped.state_dict(),
        "counters": counters,
        "rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    with write_atomically(path) as temporary, _as_os_error():
        torch.save(state, temporary)


def check_weights(path: Path, build: Callable[[], nn.Module]) -> None:
    """Reads the names, shapes and sizes in a file of weights, and no more. UserError where they are not those of the
    model that `build` makes, here without memory, or where they do not fit into half of this machine's."""
    try:
        with torch.device("meta"):
            meant = {name: tuple(value.shape) for name, value in build().state_dict().items()}
    except (NotImplementedError, RuntimeError):  # a network of the user's own that computes while it is built
        return
    with _as_user_error(path), safe_open(path, framework="pt") as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no dictionary)
    if found != meant:
        raise UserError(f"{path} {OTHER_SHAPE}")
    if path.stat().st_size > memory() / 2:
        raise UserError(
            f"{path} has {path.stat().st_size / 1e9:.0f} GB, more than half of this machine's {memory() / 1e9:.0f}; "
            "take a smaller model"
        )


def load_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None = None) -> dict:
    """Fills the model (and the optimiser and the generators) and returns the counters; UserError when it does not
    fit."""
    check_regular(path, missing=AGAIN)
    if path.is_symlink() and optimiser is not None:
        raise UserError(f"cannot read {path}: a link is there, and a training resumes from its own file; delete it")
    with _as_user_error(path):
        if path.suffix == ".safetensors":
            state: dict[str, Any] = {"model": _whole(path), "counters": {}}
        else:
            with ZipFile(path) as archive:
                check_sizes(archive)
                if archive.testzip():  # torch does not look at the sums that it writes
                    raise ValueError
            state = torch.load(path, map_location="cpu", weights_only=True)
    try:
        model.load_state_dict(state["model"])
        if optimiser is not None:
            _go_on_from(state, model, optimiser)
        counters = dict(state["counters"])
    except (AttributeError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} {OTHER_SHAPE}") from error
    if broken := [name for name, value in model.state_dict().items() if not value.isfinite().all()]:
        raise UserError(f"{path} holds numbers that are infinite or none (in {broken[0]}); train that model again")
    return counters


def load_fitting(path: Path, model: nn.Module) -> list[str]:
    """Loads what `save_weights` wrote where name and shape are the model's own; the rest stays as it is, and its names
    are returned. The buffers of a part belong together, such as codes and their counts: all of them, or none.
    UserError where less than half of the model's parameters fit."""
    check_regular(path, missing=AGAIN)
    with _as_user_error(path):
        weights = _whole(path)
    own, buffers = model.state_dict(), {name for name, _ in model.named_buffers()}
    others = {name for name, value in own.items() if name not in weights or weights[name].shape != value.shape}
    apart = {name.rpartition(".")[0] for name in others & buffers}
    others |= {name for name in own if name in buffers and name.rpartition(".")[0] in apart}
    sizes = {name: value.numel() for name, value in model.named_parameters()}
    if 2 * sum(size for name, size in sizes.items() if name not in others) < sum(sizes.values()):
        raise UserError(
            f"{path} holds a model of another shape: nothing can begin with it; give a run of the same sizes"
        )
    model.load_state_dict({name: weights[name] for name in own if name not in others}, strict=False)
    return [name for name in own if name in others]


def known_by(path: Path) -> str:
    """The sum of the weights in a file, as `save_weights` wrote it beside them."""
    check_regular(path, missing=AGAIN)
    with _as_user_error(path), safe_open(path, framework="pt") as file:
        return (file.metadata() or {}).get(HASH, "")


def _whole(path: Path) -> dict[str, Tensor]:
    """The weights in a file; those of an older version are not known by anything."""
    with safe_open(path, framework="pt") as file:
        known = (file.metadata() or {}).get(HASH)
    weights = load_file(path)
    if known not in (None, _hash(weights)):
        raise SafetensorError("its weights are not those that were saved")
    return weights


def _hash(weights: dict[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode() + weights[name].reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _go_on_from(state: dict[str, Any], model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """What resume needs beside the weights."""
    getattr(optimiser, "optimizer", optimiser).load_state_dict(state["optimiser"])
    for name, value in model.named_buffers():
        value.copy_(state.get("buffers", {}).get(name, value))
    torch.set_rng_state(state["rng"])
    if state["cuda_rng"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda_rng"])


@contextmanager
def _as_user_error(path: Path) -> Iterator[None]:
    """What the readers of torch and safetensors raise; a damaged file makes torch's raise anything, and advise to read
    it without its safeguard, which nobody is told."""
    try:
        yield
    except Exception as error:
        reason = str(error) if isinstance(error, SafetensorError) else "it is damaged, or no file of this program's"
        raise UserError(f"cannot read {path}: {reason}; {AGAIN}") from error


@contextmanager
def _as_os_error() -> Iterator[None]:
    """torch and safetensors report a full disk as errors of their own."""
    try:
        yield
    except (RuntimeError, SafetensorError) as error:
        raise OSError(str(error).splitlines()[0]) from error
