"""An answer or a unit → HTML with its pictures and sounds inside: no file of it stays on the server."""

from pathlib import Path

import numpy as np

from speech2code.app.answer import Answer, level_of
from speech2code.app.inventory import Inventory, Unit
from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.audio.files import SAMPLE_RATE
from speech2code.pipeline import Sentence
from speech2code.report import figures
from speech2code.report.page import template

HERE = Path(__file__).parent


def answer_page(answer: Answer, inventory: Inventory, transcript: str | None) -> str:
    """What stands below the button: both sides seen and heard, the units between them, and what was told."""
    system = inventory.system
    return template(HERE / "answer.html.jinja").render(
        recording=_sound(answer.recording),
        translation=_sound(answer.sound),
        level=level_of(answer.recording),
        warnings=answer.warnings,
        transcript=transcript,
        seconds=answer.seconds,
        sentences=[
            _sentence(each, system.unit_frames(each.hypothesis.tokens)) for each in answer.sentences if each.hypothesis
        ],
    )


def _sound(waveform: np.ndarray) -> dict:
    return {
        "seconds": len(waveform) / SAMPLE_RATE,
        "audio": figures.sound(waveform),
        "wave": figures.waveform(waveform),
        "picture": figures.spectrogram(waveform),
    }


def _sentence(sentence: Sentence, frames: list[int]) -> dict:
    assert sentence.hypothesis is not None
    return {
        "start": sentence.start / SAMPLE_RATE,
        "end": sentence.end / SAMPLE_RATE,
        "spoken": sum(frames) / FRAMES_A_SECOND,
        "picture": figures.spectrogram(sentence.waveform),
        "units": [{"number": unit, "frames": each} for unit, each in zip(sentence.hypothesis.tokens, frames)],
        "alignment": figures.heat_map(sentence.hypothesis.alignment.cpu().numpy(), low=0.0, high=1.0),
    }


def unit_page(unit: Unit) -> str:
    """One unit: its sound, the phones behind it, and sentences with it."""
    return template(HERE / "unit.html.jinja").render(
        unit=unit,
        audio=figures.sound(unit.sound),
        picture=figures.spectrogram(unit.sound),
        occurrences=[
            {"sentence": each.sentence, "start": each.start, "audio": figures.sound(each.sound)}
            for each in unit.occurrences
        ],
    )


def inventory_page(inventory: Inventory) -> str:
    """All units, most used first, each to be clicked."""
    order = sorted(range(inventory.size), key=lambda unit: -inventory.counts[unit])
    units = [{"number": unit, "count": int(inventory.counts[unit])} for unit in order]
    return template(HERE / "inventory.html.jinja").render(units=units, known=bool(inventory.sentences))
