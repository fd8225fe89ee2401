"""Flite: clear English voices (slt, rms, awb, kal), spoken by its shared libraries in this process.

The samples are those of the program `flite`, without its start (23 ms of 60 a sentence).
"""

import ctypes
import ctypes.util
import unicodedata
from collections.abc import Iterator
from functools import cache

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.corpora.voices import Phone, Voice
from speech2code.errors import UserError

SPEAKERS = {"slt": "cmu_us_slt", "rms": "cmu_us_rms", "awb": "cmu_us_awb", "kal": "cmu_us_kal", "kal16": "cmu_us_kal16"}


class _Wave(ctypes.Structure):
    """cst_wave of Flite's cst_wave.h."""

    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


_address, _text = ctypes.c_void_p, ctypes.c_char_p
FUNCTIONS = (
    ("flite_synth_text", [_text, _address], _address),
    ("utt_wave", [_address], ctypes.POINTER(_Wave)),
    ("utt_relation", [_address, _text], _address),
    ("relation_head", [_address], _address),
    ("item_next", [_address], _address),
    ("item_feat_float", [_address, _text], ctypes.c_float),
    ("item_feat_string", [_address, _text], _text),
    ("delete_utterance", [_address], None),
)


class Flite(Voice):
    """One speaker of the installed Flite."""

    language = "en"

    def __init__(self, speaker: str):
        """Raises UserError when the voice does not exist or its library is missing."""
        self.name = f"flite:{speaker}"
        self._speaker = speaker
        if speaker not in SPEAKERS:
            some = ", ".join(f"flite:{each}" for each in SPEAKERS)
            raise UserError(f"voice {self.name} does not exist; there are {some}")
        _voice(speaker)

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        plain = _ascii(text)
        if not any(letter.isalnum() for letter in plain):
            return np.zeros(0, np.float32), SAMPLE_RATE, []  # of an empty text Flite makes a click
        library, voice = _voice(self._speaker)
        # its excitation noise comes from C's generator: from the start each time, as in a new process
        ctypes.CDLL(None).srand(1)
        utterance = library.flite_synth_text(plain.encode(), voice)
        if not utterance:
            raise UserError(f"flite failed on {text!r}; correct or remove the sentence")
        try:
            wave = library.utt_wave(utterance).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)) / np.float32(32768)
            return samples, wave.sample_rate, list(_segments(library, utterance))
        finally:
            library.delete_utterance(utterance)


def _segments(library: ctypes.CDLL, utterance: ctypes.c_void_p) -> Iterator[Phone]:
    start, segment = 0.0, library.relation_head(library.utt_relation(utterance, b"Segment"))
    while segment:
        end = library.item_feat_float(segment, b"end")
        yield Phone(library.item_feat_string(segment, b"name").decode(), start, end)
        segment, start = library.item_next(segment), end


def _ascii(text: str) -> str:
    """Flite drops what is not ASCII ("café" would be "caf"): accents go, typographic apostrophes become plain ones."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    return plain.encode("ascii", "ignore").decode()


@cache
def _voice(speaker: str) -> tuple[ctypes.CDLL, ctypes.c_void_p]:
    """Flite's library and the address of the speaker in it; one of each for a process."""
    library = _library("flite", speaker)
    library.flite_init()
    for name, arguments, result in FUNCTIONS:
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    register = getattr(_library(f"flite_{SPEAKERS[speaker]}", speaker), f"register_{SPEAKERS[speaker]}")
    register.argtypes, register.restype = [ctypes.c_char_p], ctypes.c_void_p
    return library, ctypes.c_void_p(register(None))


def _library(name: str, speaker: str) -> ctypes.CDLL:
    path = ctypes.util.find_library(name)
    try:
        if path:
            return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)  # the voices look for their functions in the first one
    except OSError as error:
        raise UserError(f"voice flite:{speaker} cannot load {path} ({error}); reinstall flite") from error
    raise UserError(
        f"voice flite:{speaker} needs Flite: install it with `sudo apt-get install flite`, "
        "or choose another voice (corpus.target_voice=espeak:en-us)"
    )
