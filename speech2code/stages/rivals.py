"""Stages `baseline`, `spell` and `voice`: trains the systems of the paper that ours is measured against.

The baseline is Tacotron from source MFCC to target speech. The topline had transcripts: it spells the translation,
source MFCC → characters, and a Tacotron trained on the target speech reads that aloud.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from speech2code.comparisons.speaking import TacotronTask
from speech2code.config import Config
from speech2code.evaluation.vocabulary import CHARACTERS, Vocabulary
from speech2code.stages.folders import fabric_of, run_folder, settings_of, speech_of
from speech2code.stages.learn import limits_of
from speech2code.stages.record import stage
from speech2code.training.loop import fit
from speech2code.training.sequences import TokensTask


def baseline(config: Config) -> None:
    """Source MFCC → target spectrum, no units between: the paper's baseline."""
    with _training(config, "baseline", baseline=asdict(config.baseline)) as (figures, learn):
        if figures is not None:
            train, dev = ((speech_of(config, split), None) for split in ("train", "dev"))
            figures |= learn(TacotronTask("baseline", config.baseline, train, dev), config.baseline.training)
            figures["longest"] = _longest(config)


def spell(config: Config) -> None:
    """Source speech → target characters: the first half of the topline, from transcripts."""
    with _training(config, "speller", speller=asdict(config.speller)) as (figures, learn):
        if figures is not None:
            characters, pairs = _spelt(config)
            task = TokensTask("spell", "source", config.speller, len(characters.tokens), *pairs)
            figures |= learn(task, config.speller.training)
            figures |= {"characters": characters.tokens, "limits": limits_of(pairs[0][1])._asdict()}


def voice(config: Config) -> None:
    """Target characters → target speech: the second half of the topline, from transcripts."""
    with _training(config, "voice", voice=asdict(config.voice)) as (figures, learn):
        if figures is not None:
            characters, pairs = _spelt(config)
            task = TacotronTask("voice", config.voice, *pairs, len(characters.tokens))
            figures |= learn(task, config.voice.training)
            figures |= {"characters": characters.tokens, "longest": _longest(config)}


@contextmanager
def _training(config: Config, name: str, **settings) -> Iterator[tuple[dict | None, Callable]]:
    """`stage`, and what trains a task in its folder."""
    folder = run_folder(config) / name
    with stage(folder, settings_of(config, name, **settings)) as figures:
        yield figures, lambda task, training: fit(task, training, config.trainer, folder, fabric_of(config))


def _spelt(config: Config) -> tuple[Vocabulary, list[tuple]]:
    """The characters, and (speech, indices of its transcripts) of the training and the dev split."""
    splits = [speech_of(config, split) for split in ("train", "dev")]
    characters = Vocabulary.of(splits[0].store.texts("target"), CHARACTERS)
    return characters, [(each, [characters.encode(text) for text in each.store.texts("target")]) for each in splits]


def _longest(config: Config) -> int:
    """Frames that no sentence of Tacotron's exceeds."""
    return round(1.2 * int(speech_of(config, "train").store.lengths("target_mfcc").max()))
