"""Weights and training states on disk; nothing here executes a pickle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from speech2code.errors import UserError
from speech2code.files import write_atomically

WEIGHTS = "model.safetensors"
LAST = "last.ckpt"


def save_weights(path: Path, model: nn.Module) -> None:
    """Every parameter and persistent buffer, as safetensors."""
    with write_atomically(path) as temporary, _as_os_error():
        save_file({name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}, temporary)


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


def load_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None = None) -> dict:
    """Fills the model (and the optimiser and the generators) and returns the counters; UserError when it does not
    fit."""
    try:
        if path.suffix == ".safetensors":
            state: dict[str, Any] = {"model": load_file(path), "counters": {}}
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError, SafetensorError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"cannot read {path}: {reason}; delete its folder and run that stage again") from error
    try:
        model.load_state_dict(state["model"])
        if optimiser is not None:
            getattr(optimiser, "optimizer", optimiser).load_state_dict(state["optimiser"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{path} holds a model of another shape; delete its folder or restore the settings it was trained with"
        ) from error
    if optimiser is not None:
        for name, value in model.named_buffers():
            value.copy_(state.get("buffers", {}).get(name, value))
        torch.set_rng_state(state["rng"])
        if state["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda_rng"])
    return state["counters"]


@contextmanager
def _as_os_error() -> Iterator[None]:
    """torch and safetensors report a full disk as errors of their own."""
    try:
        yield
    except (RuntimeError, SafetensorError) as error:
        raise OSError(str(error).splitlines()[0]) from error
