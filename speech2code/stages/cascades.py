"""What `decode baselines` has of pretrained cascades, which have met neither the corpus nor its voices: Whisper hears
the source, a model may translate its text, and a voice speaks."""

from typing import NamedTuple

from speech2code.baselines.text_to_speech import load_text_to_speech
from speech2code.baselines.text_translation import TextTranslator
from speech2code.bcp47 import primary
from speech2code.config import Config
from speech2code.corpora.speech import Speech
from speech2code.corpora.voices import Voice
from speech2code.recognisers.whisper import Whisper
from speech2code.registry import ROW, TRANSCRIBE, Row
from speech2code.scoring.number_words import numbers_in_words, ordinals_in_words
from speech2code.stages.folders import corpus_of
from speech2code.stages.machine import device_of
from speech2code.stages.spoken import Texts, beside_references, corpus_voice, speak_by_voice
from speech2code.training.progress import bar


class Cascades(NamedTuple):
    """All that the chosen rows need."""

    rows: list[Row]
    whisper: dict[str, Whisper]  # by what it does
    translator: TextTranslator | None
    voices: dict[bool, Voice]  # whether it is the corpus's → who speaks


def made_of(config: Config) -> dict:
    """What the chosen cascades depend on; {} where none is chosen."""
    rows = _chosen(config)
    found = {"whisper": vars(config.whisper), "corpus": corpus_of(config, "baselines"), "source": config.corpus.source}
    pretrained = any(row.cascade == TRANSCRIBE or not row.voiced for row in rows)
    return (found if rows else {}) | ({"pretrained": vars(config.pretrained)} if pretrained else {})


def load_cascades(config: Config) -> Cascades:
    """UserError where a model is missing, or does not know its language."""
    rows, device = _chosen(config), device_of(config.trainer)
    tasks = sorted({row.cascade for row in rows})
    translator = TextTranslator.load(config, device) if TRANSCRIBE in tasks else None
    voices = {
        voiced: corpus_voice(config) if voiced else load_text_to_speech(config, device)
        for voiced in {row.voiced for row in rows}
    }
    return Cascades(rows, {task: Whisper.of_source(config, task) for task in tasks}, translator, voices)


def speak_cascades(config: Config, speech: Speech, cascades: Cascades) -> dict[str, dict[str, tuple[str, str]]]:
    """Speaks one split → row → id → (reference, what is spoken), both normalised, where that can be scored."""
    split, written = speech.store.split, {}
    for task, whisper in cascades.whisper.items():
        texts = _texts(speech, whisper, cascades.translator if task == TRANSCRIBE else None)
        for row in (each for each in cascades.rows if each.cascade == task):
            spoken = texts if row.voiced else _in_words(texts, primary(config.corpus.target))
            speak_by_voice(config, split, row.name, spoken, cascades.voices[row.voiced])
            written[row.name] = beside_references(config, split, texts)
    return written


def _chosen(config: Config) -> list[Row]:
    return [ROW[name] for name in config.baselines if ROW[name].cascade]


def _texts(speech: Speech, whisper: Whisper, translator: TextTranslator | None) -> Texts:
    store = speech.store
    sounds = [store.waveform("source", item) for item in range(len(store))]
    texts = dict(zip(store.ids, whisper.transcribe(sounds, f"whisper {store.split}")))
    if translator is None:
        return texts
    return {name: translator.translate(text) for name, text in bar(texts.items(), f"text translation {store.split}")}


def _in_words(texts: Texts, language: str) -> Texts:
    """Pretrained voices know letters, and no digits."""
    return {name: numbers_in_words(ordinals_in_words(text, language), language) for name, text in texts.items()}
