"""Open JTalk: Japanese, by pyopenjtalk-plus, which carries its dictionary and the voice Mei (CC BY 3.0, MMDAgent)."""

import contextlib
import io
from types import ModuleType

import numpy as np

from speech2code.corpora.voices import Phone, Voice
from speech2code.errors import UserError


class OpenJTalk(Voice):
    """The HTS voice that comes with pyopenjtalk-plus."""

    language = "ja"
    tells_phones = False

    def __init__(self, speaker: str):
        """Raises UserError when the extra `ja` is not installed or another speaker is asked for."""
        if speaker != "mei":
            raise UserError(f"voice openjtalk:{speaker} does not exist; the one that does is openjtalk:mei")
        self.name = "openjtalk:mei"
        _engine()

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        # NFKC: full-width digits and half-width kana are read as what they are
        samples, rate = _engine().tts(text, normalize_mode="NFKC")
        return samples / 32768, rate, []  # float64 in the range of 16 bits


def _engine() -> ModuleType:
    try:
        # At import it prints that an optional reading model (ONNX) is absent; standard output belongs to the program
        with contextlib.redirect_stdout(io.StringIO()):
            import pyopenjtalk
    except ImportError as error:
        raise UserError(
            "voice openjtalk:mei needs Open JTalk: install it with `pip install 'speech2code[ja]'`"
        ) from error
    return pyopenjtalk
