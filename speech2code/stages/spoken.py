"""Texts that baselines write → beside their references, and spoken by a voice as waveforms of a row."""

from pathlib import Path

import numpy as np

from speech2code.audio.files import SAMPLE_RATE, save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.config import Config
from speech2code.corpora.voices import Voice, load_voice
from speech2code.errors import UserError
from speech2code.files import sound_file
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import normalise
from speech2code.stages.folders import run_folder
from speech2code.stages.texts import scorable
from speech2code.training.progress import bar

Texts = dict[str, str]  # id of a sentence → what is written of it
NOTHING = np.zeros(SAMPLE_RATE // 10, np.float32)  # what a voice cannot say


def place(config: Config, row: str, split: str, name: str) -> Path:
    """Where the waveform of a sentence goes."""
    return sound_file(RunFolder(run_folder(config)).sounds(row, split), name)


def corpus_voice(config: Config) -> Voice:
    """The first of those that speak the corpus's target side."""
    return load_voice(str(config.corpus.target_voice).split("+", maxsplit=1)[0])


def speak_by_voice(config: Config, split: str, row: str, texts: Texts, voice: Voice) -> None:
    """What it cannot say is silence."""
    for name, text in bar(texts.items(), f"{row} {split}"):
        try:
            waveform = trim_silence(voice.speak(text))
        except UserError:
            waveform = NOTHING
        save_waveform(place(config, row, split, name), waveform)


def beside_references(config: Config, split: str, texts: Texts) -> dict[str, tuple[str, str]]:
    """id → (reference, what is written), both normalised, of the sentences that can be scored."""
    known, language = scorable(config, split).store, config.corpus.target
    references = zip(known.ids, known.texts("target"))
    return {key: (normalise(meant, language), normalise(texts[key], language)) for key, meant in references}
