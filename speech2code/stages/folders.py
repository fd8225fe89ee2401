"""What the stages share: where things are, and how to load what an earlier stage has made."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from speech2code.builders import build_unit_encoder, build_vocoder, judges_of
from speech2code.config import Config
from speech2code.corpora.pairs import VOICES
from speech2code.corpora.prepare import check_same_corpus
from speech2code.corpora.speech import Speech
from speech2code.errors import UserError
from speech2code.protocols import UnitEncoder, Vocoder
from speech2code.registry import BY_NAME, ROW, target_stages
from speech2code.stages.machine import check_machine
from speech2code.stages.record import finished, record_of, reuse
from speech2code.training.checkpoints import WEIGHTS, known_by, load_checkpoint, load_fitting
from speech2code.units.sequences import UnitSequences

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def data_folder(config: Config) -> Path:
    """Where the prepared corpus is."""
    return Path(config.data) / config.corpus.name


def run_folder(config: Config) -> Path:
    """Where everything of this experiment is."""
    return Path(config.runs) / config.name


def splits_of(config: Config, recogniser: str | None = None, *, target_only: bool = False) -> list[str]:
    """The splits that are judged and that the corpus has; of a recogniser, those that it reads; `target_only`: those
    whose target speech is no copy of another's."""
    there = [split for split in config.splits if (data_folder(config) / split).exists()]
    there = [split for split in there if not (target_only and split == VOICES)]
    return there if recogniser in (None, judges_of(config)[0]) else [each for each in there if each in ("test", VOICES)]


def corpus_of(config: Config, name: str) -> str:
    """The fingerprint of what the stage of this name reads of the corpus: the target side alone, or both."""
    known = check_same_corpus(config.corpus, data_folder(config))
    return known["target_fingerprint" if BY_NAME[name].target_only else "fingerprint"]


def text_of(config: Config) -> dict[str, str]:
    """{"text": the fingerprint of the target texts} for a stage that reads them, where they stand beside recordings;
    what a voice speaks belongs to the speech itself."""
    known = check_same_corpus(config.corpus, data_folder(config)).get("text", {}).get("target")
    return {"text": known} if known else {}


def settings_of(config: Config, name: str, **settings: object) -> dict:
    """What a trained stage depends on: its own settings, what it reads of the corpus, the seed, the weights it begins
    with."""
    return {
        **settings,
        **_began_with(config, name),
        **(text_of(config) if BY_NAME[name].learns else {}),
        "corpus": corpus_of(config, name),
        "trainer": {"seed": config.trainer.seed, "precision": config.trainer.precision},
    }


def reuse_target(config: Config) -> None:
    """Links what the run `donor` has learnt of the same target speech; UserError where it learnt from other."""
    donor, names = Path(config.runs) / str(config.donor), target_stages()
    records = [record_of(donor, name) for name in names]
    corpora = {record["settings"]["corpus"] for record in records if record["done"]}
    if not corpora:
        raise UserError(f"donor={config.donor}: {donor} has no finished stage to reuse; run it first")
    if corpora != {corpus_of(config, names[0])}:
        raise UserError(
            f"donor={config.donor}: {donor} learnt from other target speech than {data_folder(config)} holds; "
            "leave donor away"
        )
    reuse(run_folder(config), donor, names)


def begin(config: Config, name: str, model: nn.Module) -> None:
    """Puts the weights of the run `start` into an untrained model, as far as they fit."""
    path = _weights_of_start(config, name)
    if path:
        others = load_fitting(path, model)
        besides = f", apart from {', '.join(others)}" if others else ""
        print(f"{name}: begins with the weights of {path.parent}{besides}", flush=True)
    elif config.start and name in ROW["translation"].trained:
        print(f"{name}: start={config.start} has none; begins at random", flush=True)


def check_start(config: Config) -> None:
    """UserError, before any work, where the run `start` has nothing to begin with."""
    begun = record_of(run_folder(config), "units")["done"]
    if config.start and not begun and not _weights_of_start(config, "units"):
        units = Path(config.runs) / config.start / "units"
        raise UserError(f"start={config.start}: {units} is not finished; run that experiment first, or leave start out")


def _began_with(config: Config, name: str) -> dict[str, str]:
    """What the weights that a stage begins with are known by; a finished one needs them no more."""
    path, mine = _weights_of_start(config, name), record_of(run_folder(config), name)
    if config.start and not path and mine["done"] and "start" in mine["settings"]:
        return {"start": mine["settings"]["start"]}
    return {"start": known_by(path)} if path else {}


def _weights_of_start(config: Config, name: str) -> Path | None:
    """Those of the same stage in the run `start`; None where it has none, and for recognisers and baselines, which
    begin at random."""
    if config.start is None or name not in ROW["translation"].trained:
        return None
    folder = Path(config.runs) / config.start / name
    return folder / WEIGHTS if record_of(folder.parent, name)["done"] and (folder / WEIGHTS).exists() else None


def fabric_of(config: Config) -> "Fabric":
    """The device, its precision and its processes; seeds torch. UserError where the machine lacks them."""
    from lightning_fabric import Fabric  # seconds of import that the stages without training need not wait for

    check_machine(config)
    trainer = config.trainer
    torch.set_num_threads(trainer.threads)
    precision: Any = trainer.precision  # Fabric checks it
    fabric = Fabric(accelerator=trainer.accelerator, devices=trainer.devices, precision=precision)
    fabric.launch()
    torch.manual_seed(trainer.seed)
    return fabric


def speech_of(config: Config, split: str) -> Speech:
    """One split of the prepared corpus."""
    return Speech(data_folder(config), split)


def unit_encoder_of(config: Config) -> tuple[UnitEncoder, dict]:
    """The trained unit encoder and the record of its stage."""
    run = run_folder(config)
    record = finished(run, "units")
    model = build_unit_encoder(config.units, speech_of(config, "train").speaker_count("target"))
    load_checkpoint(run / "units" / WEIGHTS, model)
    return model.eval(), record


def vocoder_of(config: Config, encoder: UnitEncoder) -> Vocoder:
    """The trained vocoder; UserError where it was trained on another codebook."""
    run = run_folder(config)
    check_codebook(run / "vocoder", finished(run, "vocoder"), encoder.inventory.fingerprint())
    model = build_vocoder(config.vocoder, encoder.spec)
    load_checkpoint(run / "vocoder" / WEIGHTS, model)
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
