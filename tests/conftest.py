"""A tiny corpus of two invented languages, made of tones: no voice program, no recording, no text unless asked for."""

import csv
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch

torch.set_num_threads(1)

RATE = 16_000  # Hz
PROGRESS = re.compile(r"prepare: |.*: +\d+%\|")  # lines that are no complaint
NOTHING = os.open(os.devnull, os.O_RDONLY)  # always ready to be read
SYLLABLES = {"da": (300, 2200), "mo": (700, 1100), "ki": (450, 2800), "su": (900, 1600)}  # Hz: two "formants" each
SPLITS = {"train": 20, "dev": 4, "test": 3, "unseen": 2}
# every number of the networks and of their training as small as it goes; threads and jobs for one quiet core
SHORT = ("training.steps=6", "training.batch_size=8", "training.validations=2", "training.warmup=2")
CODEBOOK = ("codebook_size=8", "code_dim=8", "width=16", "blocks=1", *SHORT)
LSTM = (
    "conv_width=16", "encoder_width=16", "decoder_width=16", "embedding_dim=8", "attention_size=16", *SHORT
)  # fmt: skip
SMALL = {  # section → kind → its settings
    "units": {
        "vqvae": ("time_reduction=4", *CODEBOOK),
        "segmental": ("target_unit_rate=12", *CODEBOOK),
        "kmeans": ("codebook_size=8", "time_reduction=4"),
        "discriminant": ("codebook_size=8", "code_dim=6", "target_unit_rate=12"),
        "masked": ("codebook_size=8", "code_dim=6", "sounds=12", "width=8", "layers=2", "layer=1", *SHORT),
    },
    "vocoder": {
        "inverter": (
            "width=16", "frame_width=16", "blocks=1", "lstm_layers=1", "reduction_factor=1", "iterations=3", *SHORT
        ),
        "linear": ("iterations=3", *SHORT),
    },
    "translator": {
        "lstm": LSTM,
        "transformer": ("conv_width=16", "width=16", "heads=2", "feed_forward=16", *SHORT),
    },
}  # fmt: skip


def tiny(**kinds: str) -> list[str]:
    """Overrides of a tiny experiment; `kinds`: section → kind, where it is not the first one."""
    overrides = ["corpus=manifest", "corpus.target=en", "name=tiny"]
    for section, settings in SMALL.items():
        kind = kinds.get(section, next(iter(settings)))
        overrides += [f"{section}={kind}", *(f"{section}.{each}" for each in settings[kind])]
    overrides += [f"{section}.{each}" for section in ("recogniser", "topline_stt") for each in LSTM]
    for section in ("baseline", "topline_tts"):
        overrides += [f"{section}.{each}" for each in ("width=16", "iterations=3", *SHORT)]
    return [*overrides, "search.beam=2", "trainer.jobs=1", "trainer.threads=1", "trainer.accelerator=cpu"]


def noise(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features `(batch, time, 39)` of nothing, loud garbage beyond each end; lengths."""
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(len(lengths), max(lengths) + 9, 39, generator=generator)
    for item, length in zip(features, lengths):
        item[length:] = 100.0
    return features, torch.tensor(lengths)


class Corpus(NamedTuple):
    """A manifest of recordings, and the folder it is prepared in."""

    manifest: Path
    data: Path

    @property
    def folder(self) -> Path:
        return self.data / "recordings"

    def overrides(self, runs: Path, *more: str, **kinds: str) -> list[str]:
        """What the command line needs to work on it."""
        return [*tiny(**kinds), f"corpus.path={self.manifest}", f"data={self.data}", f"runs={runs}", *more]


def ended(code: int) -> SimpleNamespace:
    """What stands for a process that has ended with this exit code; several may be waited for at once."""
    return SimpleNamespace(exitcode=code, sentinel=os.dup(NOTHING))


def speak(words: list[str], pitch: float, speed: float = 1.0, seed: int = 0) -> np.ndarray:
    """Words → float32 `(samples,)`: harmonics of `pitch` Hz under two formants, a swell for each word, faint noise."""
    generator, parts = np.random.default_rng(seed), []
    for word in words:
        time = np.arange(int(0.16 / speed * RATE)) / RATE
        harmonics = pitch * np.arange(1, int(4000 / pitch))
        weights = sum(np.exp(-(((harmonics - formant) / 150) ** 2)) for formant in SYLLABLES[word])
        tone = (weights[:, None] * np.sin(2 * np.pi * harmonics[:, None] * time)).sum(0)
        parts.append(tone / np.abs(tone).max() * np.sin(np.pi * np.linspace(0, 1, len(time))) ** 0.5)
    sound = 0.5 * np.concatenate(parts)
    return (sound + 0.003 * generator.standard_normal(len(sound))).astype(np.float32)


def sentences(count: int, seed: int = 0) -> list[list[str]]:
    """Three to five syllables each."""
    generator = np.random.default_rng(seed)
    return [generator.choice(list(SYLLABLES), generator.integers(3, 6)).tolist() for _ in range(count)]


def descend(parameters, loss, steps: int, rate: float) -> list[float]:
    """`steps` of Adam on `loss()`; its values."""
    optimiser, values = torch.optim.Adam(parameters, rate), []
    for _ in range(steps):
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        values.append(value.item())
    return values


def record(folder: Path, text: bool, splits: dict[str, int] = SPLITS) -> Path:
    """Writes WAVs and a manifest (`text`: with both text columns); the target says the words backwards, higher."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, words in enumerate(sentences(sum(splits.values()))):
        split = [name for name, count in splits.items() for _ in range(count)][number]
        source, target = words, words[::-1]
        soundfile.write(folder / f"s{number}.wav", speak(source, 110, seed=number), RATE)
        soundfile.write(folder / f"t{number}.wav", speak(target, 190, 1.2, seed=1000 + number), RATE)
        row = {"id": f"n{number}", "source_audio": f"s{number}.wav", "target_audio": f"t{number}.wav", "split": split}
        row |= {"target_speaker": ("ann", "bea")[number % 2]}
        rows.append(row | ({"source_text": " ".join(source), "target_text": " ".join(target)} if text else {}))
    path = folder / "pairs.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


def _prepared(folder: Path, text: bool) -> Corpus:
    from speech2code.cli import main

    corpus = Corpus(record(folder / "recordings", text), folder / "data")
    main(["prepare", *corpus.overrides(folder / "runs")])
    return corpus


@pytest.fixture(scope="session")
def textless(tmp_path_factory) -> Corpus:
    """Prepared recordings without any text column."""
    return _prepared(tmp_path_factory.mktemp("textless"), text=False)


@pytest.fixture(scope="session")
def transcribed(tmp_path_factory) -> Corpus:
    """The same recordings with both text columns."""
    return _prepared(tmp_path_factory.mktemp("transcribed"), text=True)


@pytest.fixture
def refused(capsys):
    """Runs the command line on a mistake → its one sentence: exit code 2, one line on stderr, no traceback."""
    from speech2code.cli import main

    def run(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        lines = [line for line in capsys.readouterr().err.splitlines() if line.strip() and not PROGRESS.match(line)]
        assert caught.value.code == 2
        assert len(lines) == 1 and lines[0].startswith("speech2code: "), lines
        return lines[0]

    return run


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
