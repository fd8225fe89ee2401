"""What the stages share: where things are, and how to load what an earlier stage has made."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from speech2code.config import Config
from speech2code.corpora.prepare import check_same_corpus
from speech2code.inversion.inverter import CodebookInverter
from speech2code.stages.record import finished
from speech2code.training.checkpoints import BEST, load_checkpoint
from speech2code.training.speech import Speech
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def data_folder(config: Config) -> Path:
    """Where the prepared corpus is."""
    return Path(config.data) / config.corpus.name


def run_folder(config: Config) -> Path:
    """Where everything of this experiment is."""
    return Path(config.runs) / config.name


def settings_of(config: Config, **settings) -> dict:
    """What a trained stage depends on: its own settings, the corpus, the seed."""
    corpus = check_same_corpus(config.corpus, data_folder(config))["fingerprint"]
    return {
        **settings,
        "corpus": corpus,
        "trainer": {"seed": config.trainer.seed, "precision": config.trainer.precision},
    }


def fabric_of(config: Config) -> "Fabric":
    """The device, its precision and its processes; seeds torch."""
    from lightning_fabric import Fabric  # seconds of import that the stages without training need not wait for

    trainer = config.trainer
    torch.set_num_threads(trainer.threads)
    fabric = Fabric(accelerator=trainer.accelerator, devices=trainer.devices, precision=trainer.precision)
    fabric.launch()
    torch.manual_seed(trainer.seed)
    return fabric


def speech_of(config: Config, split: str) -> Speech:
    """One split of the prepared corpus."""
    return Speech(data_folder(config), split)


def discoverer_of(config: Config) -> tuple[UnitDiscoverer, dict]:
    """The trained VQ-VAE and the record of its stage."""
    folder = run_folder(config) / "units"
    record = finished(folder)
    model = UnitDiscoverer(config.units, speech_of(config, "train").speaker_count("target"))
    load_checkpoint(folder / BEST, model)
    return model.eval(), record


def inverter_of(config: Config, discoverer: UnitDiscoverer) -> CodebookInverter:
    """The trained codebook inverter; UserError where it was trained on another codebook."""
    folder = run_folder(config) / "inverter"
    check_codebook(folder, finished(folder), discoverer.codebook.fingerprint())
    model = CodebookInverter(config.inverter, discoverer.decoder)
    load_checkpoint(folder / BEST, model)
    return model.eval()


def check_codebook(folder: Path, record: dict, codebook: str) -> None:
    """UserError where the stage with this record was trained on another codebook."""
    UnitSequences(record["settings"]["codebook"], [], [], []).check(codebook, [], folder)


def with_units(config: Config, split: str, codebook: str) -> tuple[Speech, UnitSequences]:
    """A split and its units; UserError when they do not belong together."""
    speech, path = speech_of(config, split), run_folder(config) / "units" / f"{split}.npz"
    sequences = UnitSequences.load(path)
    sequences.check(codebook, speech.store.ids, path)
    return speech, sequences
