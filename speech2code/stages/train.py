"""Stages `train …`, one function each; every one resumes, and does nothing where it is done."""

from dataclasses import asdict, replace

import numpy as np

from speech2code.builders import build_translator, build_unit_encoder, build_vocoder, learn_units
from speech2code.config import Config
from speech2code.corpora.pairs import SPLITS, VOICES
from speech2code.pipeline import Limits
from speech2code.recognisers.attention import AttentionRecogniser
from speech2code.recognisers.vocabulary import Vocabulary
from speech2code.stages.folders import (
    begin,
    data_folder,
    fabric_of,
    run_folder,
    settings_of,
    speech_of,
    unit_encoder_of,
    with_units,
)
from speech2code.stages.record import stage
from speech2code.stages.texts import LEARNT, check_words, scorable
from speech2code.training.checkpoints import WEIGHTS, save_weights
from speech2code.training.loop import fit
from speech2code.training.tokens import TokensTask
from speech2code.training.units import encode_split
from speech2code.training.vocoder import VocoderTask

JUDGE_SEED = 0
LONGEST_RUN = 3  # times in a row that the in-domain recogniser may at least write a token


def units(config: Config) -> None:
    """Target speech → unit encoder, and the units of every split."""
    run, folder = run_folder(config), run_folder(config) / "units"
    with stage(run, "units", settings_of(config, "units", units=asdict(config.units))) as figures:
        if figures is None:
            return
        fabric, train, dev = fabric_of(config), speech_of(config, "train"), speech_of(config, "dev")
        model = build_unit_encoder(config.units, train.speaker_count("target"))
        begin(config, "units", model)
        learn = learn_units(config.units)
        figures |= learn(
            model, config.units, train, dev, lambda task, training: fit(task, training, config.trainer, folder, fabric)
        )
        if fabric.is_global_zero:
            for split in SPLITS:
                if split != VOICES and (data_folder(config) / split).exists():
                    encode_split(model.eval(), speech_of(config, split)).save(folder / f"{split}.npz")
            save_weights(folder / WEIGHTS, model)  # last: who is interrupted goes on from the end of the training
        figures["codebook"] = model.inventory.fingerprint()


def vocoder(config: Config) -> None:
    """Units → speech: trains the vocoder."""
    encoder, record = unit_encoder_of(config)
    run = run_folder(config)
    made_of = settings_of(config, "vocoder", vocoder=asdict(config.vocoder), codebook=record["codebook"])
    with stage(run, "vocoder", made_of) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        train, dev = (with_units(config, split, record["codebook"]) for split in ("train", "dev"))
        model = build_vocoder(config.vocoder, encoder.spec)
        begin(config, "vocoder", model)
        task = VocoderTask(model, encoder, train, dev)
        figures |= fit(task, config.vocoder.training, config.trainer, run / "vocoder", fabric)


def translator(config: Config) -> None:
    """Source speech → target units: trains the translator."""
    run, (encoder, record) = run_folder(config), unit_encoder_of(config)
    made_of = settings_of(config, "translator", translator=asdict(config.translator), codebook=record["codebook"])
    with stage(run, "translator", made_of) as figures:
        if figures is None:
            return
        fabric = fabric_of(config)
        pairs = [with_units(config, split, record["codebook"]) for split in ("train", "dev")]
        train, dev = ((speech, sequences.units) for speech, sequences in pairs)
        model = build_translator(config.translator, encoder.spec.codebook_size)
        begin(config, "translator", model)
        task = TokensTask("translator", "source", config.translator, model, train, dev)
        figures |= fit(task, config.translator.training, config.trainer, run / "translator", fabric)
        figures["limits"] = limits_of(train[1])._asdict()


def recogniser(config: Config) -> None:
    """Original target speech → text: trains the in-domain recogniser, the only training of `run` that reads text. Its
    seed is its own: all trainings of a comparison have the same judge."""
    run, folder = run_folder(config), run_folder(config) / "recogniser"
    made_of = settings_of(config, "recogniser", recogniser=asdict(config.recogniser))
    made_of["trainer"].pop("seed")
    made_of, config = made_of | {"seed": JUDGE_SEED}, replace(config, trainer=replace(config.trainer, seed=JUDGE_SEED))
    with stage(run, "recogniser", made_of) as figures:
        if figures is None:
            return
        check_words(config, *LEARNT)
        fabric = fabric_of(config)
        train, dev = (scorable(config, split) for split in LEARNT)
        settings, texts = config.recogniser, train.store.texts("target")
        vocabulary = Vocabulary.of(texts, settings.tokens, config.corpus.target, settings.vocabulary_size)
        tokens = [[vocabulary.encode(text) for text in speech.store.texts("target")] for speech in (train, dev)]
        model = build_translator(settings, len(vocabulary.tokens))
        task = TokensTask("recogniser", "target", settings, model, (train, tokens[0]), (dev, tokens[1]))
        figures |= fit(task, settings.training, config.trainer, folder, fabric)
        limits = limits_of(tokens[0])
        # what training never said twice may be said in what is judged, such as the digits of a number
        limits = limits._replace(longest_run=max(limits.longest_run, LONGEST_RUN))
        AttentionRecogniser.describe(folder, settings, vocabulary, train.standard("target"), limits._asdict())


def limits_of(sequences: list[np.ndarray]) -> Limits:
    """The stop rules of the search: facts of the training targets."""
    runs = [np.diff(np.flatnonzero(np.diff(each, prepend=-1, append=-1))).max(initial=1) for each in sequences]
    return Limits(longest=round(1.2 * max(len(each) for each in sequences)), longest_run=int(max(runs)))
