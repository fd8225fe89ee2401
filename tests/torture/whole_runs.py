"""Whole runs on odd corpora: ids that no file should have, speech that is hardly any, settings at the edge of sense."""

import csv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from speech2code.audio.files import load_waveform
from speech2code.files import read_json
from tests.conftest import RATE, Corpus, speak
from tests.torture.disk import last_line
from tests.torture.processes import overrides, run
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, told

IDS = {
    "words of numpy": ["file", "arr_0", "kwds", "allow_pickle", "__class__"],
    "numbers": ["0", "00", "-1", "1e3", "nan", "0x1", "1_000", "٣"],
    "slashes": ["a/b", "/a", "a//b", "a/../b", "../../x", "..", ".", "a\\b"],
    "percent": ["%2F", "a%", "%00", "a%2Fb"],
    "dots": [".hidden", "a.", "a.wav", "a.b.c", "...", "~", "~root"],
    "devices": ["CON", "nul", "aux.txt", "com1", "stdin", "-"],
    "quotes": ["a'b", 'a"b', "`a`", "$(a)", "$HOME", "a;b", "a|b", "a>b", "a&b", "!a"],
    "formulas": ["=1+1", "+1", "@a", "-a", "#a"],
    "braces": ["{a}", "[a]", "(a)", "${a}", "{{a}}", "<b>a</b>", "<script>", "&amp;"],
    "letters of all kinds": ["é", "e\u0301", "ß", "语音", "العربية", "שלום", "ไทย", "🙂", "\u200b", "\u202ea"],
    "case": ["a", "A", "É", "é"],
    "spaces": ["a b", " a", "a ", "a  b", "\u00a0a", "a\u2003b"],
    "long": ["a" * 249, "a" * 250 + "b", "é" * 200, "a" * 5000, "/".join("ab" * 400)],
    "commas": ["a,b", "a, b", '"a"', "a""b"],
    "equals": ["a=b", "name=x", "a=[1,2]", "a:b", "*", "?", "a*b"],
    "almost the same": ["n1", "n01", "n1 ", "N1", "n1.", "n-1", "n_1"],
    "splits": ["train", "dev", "test", "unseen", "original", "translation"],
    "shards": ["kept", "refused", "corpus.json", "items.json", "stage.json"],
}  # fmt: skip


class Odd(NamedTuple):
    """A corpus: how many pairs, what is said instead of each target and source, and how it is learnt from."""

    pairs: tuple[int, int, int] = (8, 2, 2)
    target: Callable[[np.ndarray], np.ndarray] | None = None
    source: Callable[[np.ndarray], np.ndarray] | None = None
    settings: tuple[str, ...] = ()
    one_speaker: bool = False


def _noise(like: np.ndarray) -> np.ndarray:
    return np.random.default_rng(len(like)).normal(0, 0.1, len(like)).astype(np.float32)


def _all(key: str, value: object) -> tuple[str, ...]:
    return tuple(f"{part}.training.{key}={value}" for part in ("units", "vocoder", "translator", "recogniser"))


SOUNDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": np.zeros_like,
    "a constant": lambda sound: np.full_like(sound, 0.3),
    "one tone": lambda sound: (0.3 * np.sin(np.arange(len(sound)) * 0.2)).astype(np.float32),
    "noise": _noise,
    "0.1 seconds": lambda sound: sound[:1760],
    "30 seconds": lambda sound: np.tile(sound, 60)[: 30 * RATE - 160],
    "one sound for all": lambda sound: speak(["da", "mo"], 150),
    "a click": lambda sound: np.eye(1, len(sound), len(sound) // 2, dtype=np.float32)[0] * 0.9,
    "faint": lambda sound: sound * 0.003,
    "loud": lambda sound: np.clip(sound * 3, -1, 1),
    "backwards": lambda sound: sound[::-1].copy(),
    "an offset": lambda sound: sound * 0.3 + 0.5,
    "pauses": lambda sound: np.concatenate([sound, np.zeros(RATE, np.float32), sound]),
}
CORPORA = (
    {f"target: {name}": Odd(target=change) for name, change in SOUNDS.items()}
    | {f"source: {name}": Odd(source=change) for name, change in SOUNDS.items()}
    | {
        "one pair a split": Odd((1, 1, 1)),
        "two pairs to learn from": Odd((2, 1, 1)),
        "one speaker": Odd(one_speaker=True),
        "no dev": Odd((8, 0, 2)),
        "no test": Odd((8, 2, 0)),
        "no train": Odd((0, 2, 2)),
    }
    | {
        " ".join(settings)[:60]: Odd(settings=settings)
        for settings in [
            _all("learning_rate", 1), _all("learning_rate", 1e-8), _all("clip", 1e6) + _all("learning_rate", 1),
            _all("weight_decay", 1), _all("batch_size", 1), _all("batch_size", 10000), _all("steps", 1),
            _all("warmup", 1000), _all("validations", 1000), _all("clip", 1e-3), _all("epochs", 1),
            ("units.codebook_size=65536",), ("units.codebook_size=1",), ("units.code_dim=1",),
            ("units.time_reduction=12",), ("units.time_reduction=1",), ("units.ema_decay=0",),
            ("units.commitment=100",), ("units.time_shift=100",), ("units.vtlp=0.5",), ("units.blocks=0",),
            ("units=kmeans", "units.codebook_size=4096"), ("units=kmeans", "units.target_unit_rate=1"),
            ("units=kmeans", "units.codebook_size=1"), ("units=segmental", "units.target_unit_rate=50"),
            ("units=segmental", "units.target_unit_rate=1"), ("units=segmental", "units.segment_codes=4096"),
            ("vocoder.reduction_factor=4",), ("vocoder.iterations=1",), ("vocoder.loss=l2",),
            ("translator.subsampling=16",), ("translator.dropout=0.9",), ("translator.token_dropout=1",),
            ("translator.label_smoothing=0.9",), ("translator.time_masks=100", "translator.time_mask=1000"),
            ("translator.coefficient_masks=100", "translator.coefficient_mask=13"), ("translator.time_shift=100",),
            ("search.beam=500",), ("trainer.precision=bf16-mixed",), ("trainer.minutes=0.001",),
            ("recogniser.tokens=bpe", "recogniser.vocabulary_size=2"), ("recogniser.tokens=char",),
        ]
    }
)  # fmt: skip


def trials(tiny: Tiny) -> Iterator[Trial]:
    for name, ids in IDS.items():
        yield Trial(f"ids: {name}", partial(_of_ids, ids))
    for name, odd in CORPORA.items():
        yield Trial(name, partial(_of_sounds, odd))


def _of_ids(ids: list[str], folder: Path) -> str | None:
    """Each id in training, dev and test; they share three recordings."""
    rows = [(f"{split}{id}" if split != "test" else id, split) for split in ("train", "dev", "test") for id in ids]
    corpus = _corpus(folder, rows, Odd())
    if wrong := _runs(corpus, folder, ()):
        return wrong
    if not (folder / "runs" / "tiny" / "decoding").exists():  # refused in a sentence: some differ by spaces alone
        return None
    made = list((folder / "runs" / "tiny" / "decoding" / "test").glob("*.wav"))
    outside = [each for each in folder.parent.rglob("*.wav") if folder not in each.parents]
    if len(made) != len({*ids}) or outside:
        return f"{len(made)} translations of {len({*ids})}, outside: {outside}"
    return None


def _of_sounds(odd: Odd, folder: Path) -> str | None:
    splits = [split for split, count in zip(("train", "dev", "test"), odd.pairs) for _ in range(count)]
    return _runs(
        _corpus(folder, [(f"n{number}", split) for number, split in enumerate(splits)], odd), folder, odd.settings
    )


def _corpus(folder: Path, rows: list[tuple[str, str]], odd: Odd) -> Corpus:
    place = folder / "recordings"
    place.mkdir()
    with open(place / "pairs.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "source_audio", "target_audio", "target_text", "split", "target_speaker"])
        for number, (id, split) in enumerate(rows):
            words = [["da", "mo", "ki"], ["su", "ki", "da", "mo"], ["mo", "su", "su"]][number % 3]
            for side, change, pitch in (("s", odd.source, 110), ("t", odd.target, 190)):
                sound = speak(words if side == "s" else words[::-1], pitch, seed=number)
                soundfile.write(place / f"{side}{number}.wav", change(sound) if change else sound, RATE)
            speaker = "ann" if odd.one_speaker or number % 2 else "bea"
            table.writerow([id, f"s{number}.wav", f"t{number}.wav", " ".join(words[::-1]), split, speaker])
    return Corpus(place / "pairs.csv", folder / "data")


def _runs(corpus: Corpus, folder: Path, settings: tuple[str, ...]) -> str | None:
    answer = run(folder, "run", *overrides(corpus, folder, *settings))
    place = folder / "runs" / "tiny"
    if answer.code:
        return told(last_line(answer))
    for path in place.glob("*/*/*.wav"):
        if not np.isfinite(load_waveform(path)).all():
            return f"{path} is no sound"
    if not (place / "report.html").exists() or "splits" not in read_json(place / "scores.json"):
        return f"exit 0, but without scores or report: {sorted(each.name for each in place.iterdir())}"
    return "Traceback" if "Traceback" in answer.err else None
