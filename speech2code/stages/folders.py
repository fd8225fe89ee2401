"""What the stages share: where things are, and how to load what an earlier stage has made."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from speech2code.config import Config
from speech2code.corpora.prepare import check_same_corpus
from speech2code.errors import UserError
from speech2code.inversion.inverter import CodebookInverter
from speech2code.stages.record import borrow, finished, record_of
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.speech import Speech
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# the stages that know nothing of the source speech
TARGET_ONLY = (
    "units", "inverter", "recogniser", "voice", "quality", "listening-original", "listening-resynthesis",
)  # fmt: skip


def data_folder(config: Config) -> Path:
    """Where the prepared corpus is."""
    return Path(config.data) / config.corpus.name


def run_folder(config: Config) -> Path:
    """Where everything of this experiment is."""
    return Path(config.runs) / config.name


def corpus_of(config: Config, stage: str) -> str:
    """The fingerprint of what the stage with this folder reads of the corpus: the target side alone, or both."""
    known = check_same_corpus(config.corpus, data_folder(config))
    return known["target_fingerprint" if stage in TARGET_ONLY else "fingerprint"]


def settings_of(config: Config, stage: str, **settings) -> dict:
    """What a trained stage depends on: its own settings, what it reads of the corpus, the seed."""
    return {
        **settings,
        "corpus": corpus_of(config, stage),
        "trainer": {"seed": config.trainer.seed, "precision": config.trainer.precision},
    }


def borrow_target(config: Config) -> None:
    """Links what the run `target_from` has learnt of the same target speech; UserError where it learnt from other."""
    lender = Path(config.runs) / config.target_from
    records = [record_of(lender / name) for name in TARGET_ONLY]
    heard = {record["settings"]["corpus"] for record in records if record["done"]}
    if not heard:
        raise UserError(f"target_from={config.target_from}: {lender} has no finished stage to take over; run it first")
    if heard != {corpus_of(config, TARGET_ONLY[0])}:
        raise UserError(
            f"target_from={config.target_from}: {lender} learnt from other target speech than {data_folder(config)} "
            "holds; leave target_from away"
        )
    borrow(run_folder(config), lender, TARGET_ONLY)


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
    load_checkpoint(folder / WEIGHTS, model)
    return model.eval(), record


def inverter_of(config: Config, discoverer: UnitDiscoverer) -> CodebookInverter:
    """The trained codebook inverter; UserError where it was trained on another codebook."""
    folder = run_folder(config) / "inverter"
    check_codebook(folder, finished(folder), discoverer.alphabet.fingerprint())
    model = CodebookInverter(config.inverter, discoverer.decoder)
    load_checkpoint(folder / WEIGHTS, model)
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
