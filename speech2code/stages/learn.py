"""The stages that learn, one function each; every one resumes, and does nothing where it is done."""

from dataclasses import asdict

import numpy as np

from speech2code.config import Config
from speech2code.corpora.pairs import SPLITS
from speech2code.corpora.prepare import prepare as prepare_corpus
from speech2code.errors import UserError
from speech2code.evaluation.run_folder import RunFolder
from speech2code.evaluation.vocabulary import WORDS, Vocabulary
from speech2code.pipeline import Limits
from speech2code.stages.folders import (
    borrow_target,
    data_folder,
    discoverer_of,
    fabric_of,
    run_folder,
    settings_of,
    speech_of,
    with_units,
)
from speech2code.stages.record import stage
from speech2code.stages.speak import resynthesise
from speech2code.training.checkpoints import WEIGHTS, save_weights
from speech2code.training.discover import DiscoverTask, name, settle, write_units
from speech2code.training.invert import InvertTask
from speech2code.training.loop import fit
from speech2code.training.sequences import TokensTask


def prepare(config: Config) -> None:
    """Speech pairs → feature store; and, of `target_from`, what that has learnt of the same target speech."""
    settings = asdict(config.corpus)
    del settings["max_rejected"]  # what to tolerate may be changed after a look at rejected.csv
    with stage(run_folder(config) / "prepare", {"corpus": settings}) as figures:
        whole = (data_folder(config) / "corpus.json").exists()
        if figures is not None or not whole:  # done once, but the folder may have been deleted since
            fingerprint = prepare_corpus(config.corpus, data_folder(config), config.trainer.jobs)
            if figures is not None:
                figures["fingerprint"] = fingerprint
    if config.target_from:
        borrow_target(config)


def discover(config: Config) -> None:
    """Target speech → codebook and units of every split."""
    folder = run_folder(config) / "units"
    with stage(folder, settings_of(config, "units", units=asdict(config.units))) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        task = DiscoverTask(config.units, speech_of(config, "train"), speech_of(config, "dev"))
        figures |= fit(task, config.units.training, config.trainer, folder, fabric)
        perplexity, codes = figures["metrics"]["dev/perplexity"], len(task.model.codebook.codes)
        if task.collapsed(perplexity):
            raise UserError(
                f"the units collapsed: {perplexity:.1f} of {codes} codes carry the dev sentences; "
                f"delete {folder} and lower units.training.learning_rate"
            )
        if fabric.is_global_zero:
            if config.units.rate:
                settle(task.model, task.train, config.units.settle)
            if task.model.names:
                name(task.model, task.train)
            for split in SPLITS:
                if (data_folder(config) / split).exists():
                    write_units(task.model, speech_of(config, split), folder / f"{split}.npz")
            save_weights(folder / WEIGHTS, task.model)  # last: who is interrupted settles anew, from the same weights
        figures["codebook"] = task.model.alphabet.fingerprint()


def invert(config: Config) -> None:
    """Units → log magnitude: trains the inverter, then speaks the true units of the test sentences with it."""
    discoverer, record = discoverer_of(config)
    folder = run_folder(config) / "inverter"
    made_of = settings_of(config, "inverter", inverter=asdict(config.inverter), codebook=record["codebook"])
    with stage(folder, made_of) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        train, dev = (with_units(config, split, record["codebook"]) for split in ("train", "dev"))
        task = InvertTask(config.inverter, discoverer, train, dev)
        figures |= fit(task, config.inverter.training, config.trainer, folder, fabric)
        if fabric.is_global_zero:
            model = task.model.cpu().eval()
            resynthesise(config, discoverer.alphabet, model, RunFolder(run_folder(config)).sounds("resynthesis"))


def translate(config: Config) -> None:
    """Source speech → target units: trains the translator."""
    _, record = discoverer_of(config)
    folder = run_folder(config) / "translator"
    made_of = settings_of(config, "translator", translator=asdict(config.translator), codebook=record["codebook"])
    with stage(folder, made_of) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        pairs = [with_units(config, split, record["codebook"]) for split in ("train", "dev")]
        train, dev = ((speech, sequences.units) for speech, sequences in pairs)
        task = TokensTask("translate", "source", config.translator, config.units.codebook_size, train, dev)
        figures |= fit(task, config.translator.training, config.trainer, folder, fabric)
        figures["limits"] = limits_of(train[1])._asdict()


def recognise(config: Config) -> None:
    """Original target speech → words: trains the evaluation's own recogniser, the only training that sees text."""
    folder = run_folder(config) / "recogniser"
    with stage(folder, settings_of(config, "recogniser", recogniser=asdict(config.recogniser))) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        train, dev = speech_of(config, "train"), speech_of(config, "dev")
        vocabulary = Vocabulary.of(train.store.texts("target"), WORDS)
        tokens = [[vocabulary.encode(text) for text in speech.store.texts("target")] for speech in (train, dev)]
        task = TokensTask(
            "recognise", "target", config.recogniser, len(vocabulary.tokens), (train, tokens[0]), (dev, tokens[1])
        )
        figures |= fit(task, config.recogniser.training, config.trainer, folder, fabric)
        figures |= {"words": vocabulary.tokens, "longest": max(len(each) for each in tokens[0]) + 3}


def limits_of(sequences: list[np.ndarray]) -> Limits:
    """The stop rules of the search: facts of the training targets."""
    runs = [np.diff(np.flatnonzero(np.diff(each, prepend=-1, append=-1))).max() for each in sequences]
    return Limits(longest=round(1.2 * max(len(each) for each in sequences)), longest_run=int(max(runs)))
