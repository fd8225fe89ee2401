"""Stages `train baseline`, `train topline_stt`, `train topline_stt_tuned` and `train topline_tts`: the systems of the
paper that ours is measured against.

The baseline is Tacotron from source MFCC to target speech. The topline had transcripts: its first half goes from source
speech to target characters, its second, a Tacotron trained on the target speech, reads those aloud. The first half is
trained twice, with settings of its own and with all that our translator is given.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from speech2code.builders import build_translator
from speech2code.config import Config, TrainingConfig
from speech2code.recognisers.vocabulary import CHAR, Vocabulary
from speech2code.stages.folders import fabric_of, run_folder, settings_of, speech_of
from speech2code.stages.record import stage
from speech2code.stages.texts import LEARNT, check_words, scorable
from speech2code.stages.train import limits_of
from speech2code.training.loop import Task, fit
from speech2code.training.tacotron import TacotronTask
from speech2code.training.tokens import TokensTask


def baseline(config: Config) -> None:
    """Source MFCC → target spectrum, no units between: the paper's baseline."""
    with _training(config, "baseline", baseline=asdict(config.baseline)) as (figures, learn):
        if figures is not None:
            train, dev = ((speech_of(config, split), None) for split in ("train", "dev"))
            make = lambda: TacotronTask("baseline", config.baseline, train, dev)  # noqa: E731
            figures |= learn(make, config.baseline.training)
            figures["longest"] = _longest(config)


def topline_stt(config: Config) -> None:
    """Source speech → target characters: the first half of the topline, from transcripts."""
    _topline_stt(config, "topline_stt", "topline_stt")


def topline_stt_tuned(config: Config) -> None:
    """The same with the translator's settings."""
    _topline_stt(config, "topline_stt_tuned", "translator")


def _topline_stt(config: Config, name: str, section: str) -> None:
    """The stage `name` with the settings of a `section`."""
    settings = getattr(config, section)
    with _training(config, name, **{name: asdict(settings)}) as (figures, learn):
        if figures is not None:
            characters, pairs = _characters(config)

            def make() -> TokensTask:
                model = build_translator(settings, len(characters.tokens))
                return TokensTask(name, "source", settings, model, *pairs)

            figures |= learn(make, settings.training)
            figures |= {"characters": characters.tokens, "limits": limits_of(pairs[0][1])._asdict()}


def topline_tts(config: Config) -> None:
    """Target characters → target speech: the second half of the topline, from transcripts."""
    with _training(config, "topline_tts", topline_tts=asdict(config.topline_tts)) as (figures, learn):
        if figures is not None:
            characters, pairs = _characters(config)
            make = lambda: TacotronTask("topline_tts", config.topline_tts, *pairs, characters=len(characters.tokens))  # noqa: E731
            figures |= learn(make, config.topline_tts.training)
            figures |= {"characters": characters.tokens, "longest": _longest(config)}


@contextmanager
def _training(config: Config, name: str, **settings: object) -> Iterator[tuple[dict | None, Callable]]:
    """`stage`, and what trains a task in its folder; the task is made once torch is seeded."""
    run = run_folder(config)
    with stage(run, name, settings_of(config, name, **settings)) as figures:

        def learn(make: Callable[[], Task], training: TrainingConfig) -> dict:
            fabric = fabric_of(config)
            return fit(make(), training, config.trainer, run / name, fabric)

        yield figures, learn


def _characters(config: Config) -> tuple[Vocabulary, tuple[tuple, tuple]]:
    """The characters, and (speech, indices of its transcripts) of the training and the dev split."""
    check_words(config, *LEARNT)
    splits = [scorable(config, split) for split in LEARNT]
    characters = Vocabulary.of(splits[0].store.texts("target"), CHAR, config.corpus.target)
    train, dev = ((each, [characters.encode(text) for text in each.store.texts("target")]) for each in splits)
    return characters, (train, dev)


def _longest(config: Config) -> int:
    """Frames that no sentence of Tacotron's exceeds."""
    return round(1.2 * int(speech_of(config, "train").store.lengths("target_mfcc").max()))
