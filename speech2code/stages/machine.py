"""What the settings ask of the machine, before any work: an accelerator where one is named, memory for the networks."""

import sys

import torch
from torch import nn

from speech2code.baselines.tacotron import Tacotron
from speech2code.builders import build_translator, build_unit_encoder, build_vocoder
from speech2code.config import Config, TrainerConfig
from speech2code.errors import UserError
from speech2code.hardware import cores, memory

TOKENS = 1000  # words or characters that a network may write; how many there are only the corpus tells
BYTES = 16  # of a parameter in training: float32 weights, their gradient and AdamW's two moments


def check_machine(config: Config) -> None:
    """UserError where this machine lacks the accelerator, the cores, or the memory to train one of the networks."""
    _check_accelerator(config.trainer)
    _check_cores(config.trainer)
    there = memory()
    for section, parameters in sizes(config).items():
        if parameters * BYTES > there:
            raise UserError(
                f"{section} would have {parameters / 1e6:,.0f} million parameters, which need "
                f"{parameters * BYTES / 1e9:,.0f} GB in training, and this machine has {there / 1e9:,.0f}; choose "
                f"smaller widths or fewer layers in {section}"
            )


def sizes(config: Config) -> dict[str, int]:
    """Section → how many parameters its network has. Nothing of their size is allocated.

    Empty, with a line that says so, where a network computes with its weights while it is built, which without memory
    cannot be: one of a user's own, say.
    """
    try:
        return {name: sum(each.numel() for each in network.parameters()) for name, network in _networks(config).items()}
    except (NotImplementedError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        print(f"whether the networks fit into memory is not known ({reason})", file=sys.stderr, flush=True)
        return {}


def device_of(trainer: TrainerConfig) -> torch.device:
    """Where a model of transformers works: on a GPU where one is there and allowed."""
    allowed = trainer.accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return torch.device("cuda" if allowed else "cpu")


def _networks(config: Config) -> dict[str, nn.Module]:
    with torch.device("meta"):
        units = build_unit_encoder(config.units, 1)
        return {
            "units": units,
            "vocoder": build_vocoder(config.vocoder, units.spec),
            "translator": build_translator(config.translator, units.spec.codebook_size),
            "recogniser": build_translator(config.recogniser, TOKENS),
            "topline_stt": build_translator(config.topline_stt, TOKENS),
            "baseline": Tacotron(config.baseline, None),
            "topline_tts": Tacotron(config.topline_tts, TOKENS),
        }


def _check_cores(trainer: TrainerConfig) -> None:
    """More threads or processes than cores would wait for each other for hours."""
    processes = trainer.devices if not _accelerators(trainer) else 1
    for name, wanted in (("threads", trainer.threads), ("devices", processes)):
        if wanted > cores():
            raise UserError(
                f"trainer.{name}={wanted} is not possible; this machine has {cores()} cores; say trainer.{name}=1"
            )


def _accelerators(trainer: TrainerConfig) -> int:
    """How many of those that are asked for are there; on a processor none."""
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    there["gpu"] = there["auto"] = max(there.values())
    return there.get(trainer.accelerator, 0)


def _check_accelerator(trainer: TrainerConfig) -> None:
    wanted, have = trainer.accelerator, _accelerators(trainer)
    if wanted in ("gpu", "cuda", "mps") and have < trainer.devices:
        raise UserError(
            f"trainer.accelerator={wanted} trainer.devices={trainer.devices} is not possible; this machine has {have} "
            "such devices; say trainer.accelerator=auto trainer.devices=1"
        )
    if trainer.precision == "16-mixed" and (wanted == "cpu" or have == 0):
        raise UserError("trainer.precision=16-mixed needs a GPU; say 32-true or bf16-mixed")
