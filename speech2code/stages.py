"""The stages of an experiment, one function each; every one resumes, and does nothing where it is done."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from lightning.fabric import Fabric

from speech2code.config import Config
from speech2code.corpora.prepare import check_same_corpus
from speech2code.corpora.prepare import prepare as prepare_corpus
from speech2code.evaluation.recognisers.attention import AttentionRecogniser, Vocabulary
from speech2code.files import read_json
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.stage import finished, stage
from speech2code.training.checkpoints import BEST, load_checkpoint
from speech2code.training.discover import DiscoverTask, write_units
from speech2code.training.invert import InvertTask
from speech2code.training.loop import fit
from speech2code.training.sequences import TokensTask
from speech2code.training.speech import Speech
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

SPLITS = ("train", "dev", "test", "unseen")


def data_folder(config: Config) -> Path:
    return Path(config.data) / config.corpus.name


def run_folder(config: Config) -> Path:
    return Path(config.runs) / config.name


def prepare(config: Config) -> None:
    """Speech pairs → feature store."""
    settings = asdict(config.corpus)
    del settings["max_rejected"]  # what to tolerate may be changed after a look at rejected.csv
    with stage(run_folder(config) / "prepare", {"corpus": settings}) as figures:
        whole = (data_folder(config) / "corpus.json").exists()
        if figures is None and whole:
            return
        # done once, but the folder may have been deleted since
        fingerprint = prepare_corpus(config.corpus, data_folder(config), config.trainer.jobs)
        if figures is not None:
            figures["fingerprint"] = fingerprint


def discover(config: Config) -> None:
    """Target speech → codebook and units of every split."""
    folder = run_folder(config) / "units"
    with stage(folder, _settings(config, units=asdict(config.units))) as figures:
        if figures is None:
            return
        fabric = _fabric(config)
        task = DiscoverTask(config.units, _speech(config, "train"), _speech(config, "dev"))
        figures |= fit(task, config.units.training, config.trainer, folder, fabric)
        if fabric.is_global_zero:
            for split in SPLITS:
                if (data_folder(config) / split).exists():
                    write_units(task.model, _speech(config, split), folder / f"{split}.npz")
        figures["codebook"] = task.model.codebook.fingerprint()


def invert(config: Config) -> None:
    """Units → log magnitude: trains the inverter."""
    discoverer, record = _discoverer(config)
    folder = run_folder(config) / "inverter"
    with stage(folder, _settings(config, inverter=asdict(config.inverter), codebook=record["codebook"])) as figures:
        if figures is None:
            return
        fabric = _fabric(config)
        train, dev = (_with_units(config, split, record["codebook"]) for split in ("train", "dev"))
        task = InvertTask(config.inverter, discoverer.codebook, config.units.time_reduction, train, dev)
        figures |= fit(task, config.inverter.training, config.trainer, folder, fabric)


def translate(config: Config) -> None:
    """Source speech → target units: trains the translator."""
    _, record = _discoverer(config)
    folder = run_folder(config) / "translator"
    with stage(folder, _settings(config, translator=asdict(config.translator), codebook=record["codebook"])) as figures:
        if figures is None:
            return
        fabric = _fabric(config)
        pairs = [_with_units(config, split, record["codebook"]) for split in ("train", "dev")]
        train, dev = ((speech, sequences.units) for speech, sequences in pairs)
        task = TokensTask("translate", "source", config.translator, config.units.codebook_size, train, dev)
        figures |= fit(task, config.translator.training, config.trainer, folder, fabric)
        figures["limits"] = _limits(train[1])._asdict()


def recognise(config: Config) -> None:
    """Original target speech → words: trains the evaluation's own recogniser. The only training that sees text."""
    folder = run_folder(config) / "recogniser"
    with stage(folder, _settings(config, recogniser=asdict(config.recogniser))) as figures:
        if figures is None:
            return
        fabric = _fabric(config)
        train, dev = _speech(config, "train"), _speech(config, "dev")
        vocabulary = Vocabulary.of(train.store.texts("target"))
        tokens = [[vocabulary.encode(text) for text in speech.store.texts("target")] for speech in (train, dev)]
        task = TokensTask(
            "recognise", "target", config.recogniser, len(vocabulary.words), (train, tokens[0]), (dev, tokens[1])
        )
        figures |= fit(task, config.recogniser.training, config.trainer, folder, fabric)
        figures |= {"words": vocabulary.words, "longest": max(len(each) for each in tokens[0]) + 3}


def export(config: Config) -> SpeechTranslator:
    """Trained stages → one model folder, `runs/<name>/model`, loaded back from there."""
    run = run_folder(config)
    discoverer, record = _discoverer(config)
    finished(run / "inverter", "invert")
    limits = Limits(**finished(run / "translator", "translate")["limits"])
    speech = _speech(config, "train")
    parts = config.units, config.inverter, config.translator, config.search
    model = SpeechTranslator(*parts, limits, speech.speaker_count("target"))
    model.discoverer = discoverer
    for name in ("inverter", "translator"):
        known = read_json(run / name / "stage.json")["settings"]["codebook"]
        UnitSequences(known, [], []).check(record["codebook"], [], run / name)
        load_checkpoint(run / name / BEST, getattr(model, name))
    for side in ("source", "target"):
        for what, value in zip(("mean", "std"), speech.standard(side)):
            getattr(model, f"{side}_{what}").copy_(value)
    model.save_pretrained(run / "model")
    return SpeechTranslator.from_pretrained(run / "model")


def load_recogniser(config: Config) -> AttentionRecogniser:
    """The evaluation's own recogniser, trained by `recognise`."""
    folder = run_folder(config) / "recogniser"
    record = finished(folder, "recognise")
    standard = _speech(config, "train").standard("target")
    return AttentionRecogniser.load(folder, config.recogniser, record["words"], standard, record["longest"])


def _settings(config: Config, **settings) -> dict:
    corpus = check_same_corpus(config.corpus, data_folder(config))["fingerprint"]
    return {
        **settings,
        "corpus": corpus,
        "trainer": {"seed": config.trainer.seed, "precision": config.trainer.precision},
    }


def _fabric(config: Config) -> Fabric:
    trainer = config.trainer
    torch.set_num_threads(trainer.threads)
    fabric = Fabric(accelerator=trainer.accelerator, devices=trainer.devices, precision=trainer.precision)
    fabric.launch()
    torch.manual_seed(trainer.seed)
    return fabric


def _speech(config: Config, split: str) -> Speech:
    return Speech(data_folder(config), split)


def _discoverer(config: Config) -> tuple[UnitDiscoverer, dict]:
    folder = run_folder(config) / "units"
    record = finished(folder, "discover")
    model = UnitDiscoverer(config.units, _speech(config, "train").speaker_count("target"))
    load_checkpoint(folder / BEST, model)
    return model.eval(), record


def _with_units(config: Config, split: str, codebook: str) -> tuple[Speech, UnitSequences]:
    speech, path = _speech(config, split), run_folder(config) / "units" / f"{split}.npz"
    sequences = UnitSequences.load(path)
    sequences.check(codebook, speech.store.ids, path)
    return speech, sequences


def _limits(sequences: list[np.ndarray]) -> Limits:
    runs = [np.diff(np.flatnonzero(np.diff(each, prepend=-1, append=-1))).max() for each in sequences]
    return Limits(longest=round(1.2 * max(len(each) for each in sequences)), longest_run=int(max(runs)))
