"""Speech2Code: speech into speech between languages that nobody has transcribed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speech2code.pipeline import SpeechTranslator

__all__ = ["SpeechTranslator"]


def __getattr__(name: str) -> object:
    """`SpeechTranslator` on demand: the command line starts without torch."""
    if name == "SpeechTranslator":
        from speech2code.pipeline import SpeechTranslator

        return SpeechTranslator
    raise AttributeError(f"module 'speech2code' has no attribute {name!r}")
