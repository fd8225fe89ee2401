"""espeak-ng: more than a hundred languages, in process, at about 200 × real time; recognisers find its English hard."""

import _ctypes
import ctypes
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise, takewhile
from pathlib import Path

import espeakng_loader
import numpy as np

from speech2code.corpora.voices import PAUSE, Phone, Voice
from speech2code.errors import UserError

# Constants of espeak-ng's speak_lib.h
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns when the callback has had all samples
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report missing data instead of ending the process
UTF8 = 1  # espeakCHARS_UTF8, and neither SSML nor [[phonemes]]: the text is only text
CHARACTERS = 1  # POS_CHARACTER
PHONEME_EVENTS = 1  # espeakINITIALIZE_PHONEME_EVENTS: they change no sample
PHONEME = 7  # espeakEVENT_PHONEME
unload = getattr(_ctypes, "dlclose", None) or getattr(_ctypes, "FreeLibrary")  # noqa: B009 (Windows has the other)


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _VoiceEntry(ctypes.Structure):
    """The head of espeak_VOICE."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.POINTER(ctypes.c_ubyte)), ("file", ctypes.c_char_p))


class Espeak(Voice):
    """One language of espeak-ng, named by its tag ("fr-fr", "en-us", "de"), by one of its speakers where a variant is
    named, too ("fr-fr/f2")."""

    def __init__(self, speaker: str):
        """Raises UserError when espeak-ng has no such language or variant."""
        files = _voice_files()
        tag, _, variant = speaker.partition("/")
        tag = tag.lower()
        if tag not in files:
            near = get_close_matches(tag, files, n=3, cutoff=0.4)
            some = ", ".join(f"espeak:{each}" for each in dict.fromkeys([*near, "en-us", "fr-fr", "de"]))
            raise UserError(f"voice espeak:{tag} does not exist; some that do: {some}")
        if variant and variant not in _variants():
            raise UserError(f"voice espeak:{speaker} does not exist; variants of {tag}: {', '.join(_variants())}")
        self.name = f"espeak:{tag}/{variant}" if variant else f"espeak:{tag}"
        self.language = tag.partition("-")[0]
        self._file = files[tag] + (f"+{variant}".encode() if variant else b"")

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        chunks: list[np.ndarray] = [np.zeros(0, np.int16)]
        starts: list[tuple[str, int]] = []

        def keep(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
            if samples and count > 0:
                chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
            for event in takewhile(lambda each: each.type, map(events.__getitem__, itertools.count())):
                if event.type == PHONEME:
                    symbol = event.id.string.decode().strip("',%=")  # stress
                    starts.append((PAUSE if symbol.startswith("_") else symbol, event.sample))
            return 0  # 1 would stop the synthesis

        callback = Callback(keep)
        encoded = text.encode()
        with _espeak() as (library, rate):
            library.espeak_SetSynthCallback(callback)
            _check(library.espeak_SetVoiceByName(self._file), f"choose voice {self.name}")
            size = ctypes.c_size_t(len(encoded) + 1)
            _check(library.espeak_Synth(encoded, size, 0, CHARACTERS, 0, UTF8, None, None), f"speak {text!r}")
            _check(library.espeak_Synchronize(), f"speak {text!r}")
        samples = np.concatenate(chunks) / 32768
        edges = [0, *(start for _, start in starts[1:]), len(samples)]
        phones = [Phone(symbol, *edge) for (symbol, _), edge in zip(starts, pairwise(np.array(edges) / rate))]
        return samples, rate, [each for each in phones if each.end > each.start]


@contextmanager
def _espeak() -> Iterator[tuple[ctypes.CDLL, int]]:
    """A fresh espeak-ng, and its sample rate in Hz.

    Static variables deep in espeak-ng (the flutter of its pitch) carry over from one sentence to the next and survive
    espeak_Initialize, so a sentence would sound different after another one. Only unloading the library resets them;
    that costs 1 ms of the 4 ms a sentence takes.
    """
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path()
        rate = library.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), DONT_EXIT | PHONEME_EVENTS)
        if rate <= 0:
            raise UserError(
                f"espeak-ng cannot read {data} (a path over 150 letters is too long for it); reinstall espeakng-loader"
            )
        yield library, rate
    finally:
        library.espeak_Terminate()
        unload(library._handle)


@lru_cache
def _variants() -> list[str]:
    """Speakers that any language may have."""
    return sorted(each.name for each in Path(espeakng_loader.get_data_path(), "voices", "!v").iterdir())


@lru_cache
def _voice_files() -> dict[str, bytes]:
    """Language tag → voice file ("fr-fr" → "roa/fr"): espeak_SetVoiceByName itself does not know all of its tags."""
    with _espeak() as (library, _):
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        files = {}
        for entry in library.espeak_ListVoices(None):
            if not entry:
                break
            # languages: a byte of priority, then the tag up to a zero; further ones are aliases of lesser rank
            tag = ctypes.string_at(ctypes.addressof(entry.contents.languages.contents) + 1).decode()
            files[tag] = bytes(entry.contents.file)
    # "fr" and "en" mean what espeak-ng itself takes them for
    for tag in list(files):
        files.setdefault(files[tag].decode().rpartition("/")[2].lower(), files[tag])
    return files


def _check(status: int, what: str) -> None:
    if status != 0:
        raise UserError(f"espeak-ng cannot {what} (status {status}); reinstall espeakng-loader")
