"""What a trained system does with single recordings: the verbs `translate` and `encode`."""

import os
import sys
import warnings
from math import inf

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE, load_waveform, save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.corpora.checks import reason_to_reject
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator
from speech2code.sentences import InputWarning
from speech2code.unit_quality.information import usage


def translate_file(source: str, target: str, model: str) -> None:
    """Translates one recording; `model` is an exported folder or a hub id. Warnings are lines on stderr."""
    torch.set_num_threads(1)
    waveform = load_waveform(source)
    if os.path.exists(target) and os.path.samefile(source, target):
        raise UserError(f"cannot write {target}: it is the recording itself; choose another name for the translation")
    if reason := reason_to_reject(waveform, longest=inf):
        raise UserError(f"{source} cannot be translated: {reason}")
    system = SpeechTranslator.from_pretrained(model)
    with warnings.catch_warnings(record=True, action="always", category=InputWarning) as said:
        translation = system.translate(waveform)
    save_waveform(target, translation)
    for each in said:
        print(f"speech2code: {source}: {each.message}", file=sys.stderr)


def encode_files(paths: list[str], model: str) -> None:
    """Prints the units of any recordings of the target language, one line a file, and what they cost."""
    system = SpeechTranslator.from_pretrained(model)
    waveforms = [load_waveform(path) for path in paths]
    for path, waveform in zip(paths, waveforms):
        if reason := reason_to_reject(waveform):
            raise UserError(f"{path} has no units: {reason}")
    waveforms = [trim_silence(waveform, system.trimming) for waveform in waveforms]
    sequences = [system.encode([waveform])[0] for waveform in waveforms]
    for path, units in zip(paths, sequences):
        print(f"{path}\t{' '.join(map(str, units))}")
    seconds = sum(map(len, waveforms)) / SAMPLE_RATE
    found = usage([np.array(each) for each in sequences], system.unit_encoder.spec.codebook_size, seconds)
    print(", ".join(f"{name} {value:.4g}" for name, value in found._asdict().items()), file=sys.stderr)
