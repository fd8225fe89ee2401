"""Recordings of all formats, whole, damaged and odd: `translate`, `encode` and `prepare` read them or say why not."""

import csv
import os
import socket
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

import speech2code.stages.files
import speech2code.stages.prepare  # here, and not once in each fork
from speech2code.audio.files import load_waveform
from speech2code.corpora.store import FeatureStore, problem_of
from speech2code.pipeline import SpeechTranslator
from tests.torture.odd_contents import contents
from tests.torture.odd_sounds import RATE, Recording, damaged, misnamed, tagged, whole
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, prepare, speech2code, told

PLACES = [
    "pipe",
    "socket",
    "folder",
    "zeros",
    "null",
    "random",
    "link",
    "dead link",
    "loop",
    "link to a pipe",
    "unreadable",
    "none",
    "memory",
    "text",
]
NAMES = [
    "a=b.wav",
    "model=x.wav",
    "-a.wav",
    "é ñ.wav",
    "语音.wav",
    "a\nb.wav",
    "~.wav",
    "[0,1].wav",
    "${x}.wav",
    "a'b\".wav",
]
NAMES += [
    "x" * 251 + ".wav",
    "x" * 300 + ".wav",
    "a\0b.wav",
    "caf\udce9.wav",
    ".wav",
    ".hidden.wav",
    " .wav",
    "con.WAV",
]
TOGETHER = 40  # recordings that go through `prepare` at once
BATCHES = 22


def trials(tiny: Tiny) -> Iterator[Trial]:
    SpeechTranslator.from_pretrained(tiny.model)  # imports what it needs here, and not once in each fork
    every = [*whole(), *damaged(), *misnamed(), *tagged(), *contents()]
    for number, each in enumerate(every):
        verb = "encode" if number % 3 == 2 else "translate"
        yield Trial(f"{verb} {each.name}", partial(_one, tiny, verb, each))
    for kind in PLACES:
        for verb in ("translate", "encode"):
            yield Trial(f"{verb} where a {kind} is", partial(_place, tiny, verb, kind))
    for name in NAMES:
        for verb in ("translate", "encode"):
            yield Trial(f"{verb} {name[:30]!r}", partial(_under, tiny, verb, name))
    for number in range(BATCHES):
        some = every[number :: len(every) // TOGETHER][:TOGETHER]
        yield Trial(f"prepare {TOGETHER} at once, {number}", partial(_prepared, tiny, some))


def _one(tiny: Tiny, verb: str, recording: Recording, folder: Path) -> str | None:
    speech = soundfile.read(tiny.source, dtype="float32")[0]
    path = recording.write(folder, speech)
    if recording.whole and (wrong := _other_sound(path, speech)):
        return wrong
    return _said(tiny, verb, path, folder, recording.whole)


def _other_sound(path: Path, speech: np.ndarray) -> str | None:
    """Codecs put a little before and behind."""
    read = load_waveform(path)
    sizes = len(read) / len(speech), np.square(read).sum() / np.square(speech).sum()
    return None if 0.95 < sizes[0] < 1.4 and 0.5 < sizes[1] < 2 else f"{sizes} of the sound is read"


def _said(tiny: Tiny, verb: str, path: Path | str, folder: Path, must_work: bool = False) -> str | None:
    """What is wrong with what a verb makes of a recording."""
    before = set(folder.iterdir())
    output = [folder / "out" / "out.wav"] * (verb == "translate")
    answer = speech2code(verb, path, *output, f"model={tiny.model}")
    if wrong := told(answer):
        return wrong
    if answer.code:
        left = set(folder.rglob("*")) - before if (folder / "out").exists() else None
        return f"refused: {answer.err}" if must_work else f"refused, and left {left}" if left else None
    if verb == "encode":
        return None if answer.out.count("\t") and len(answer.out.splitlines()) else f"units: {answer.out[:500]}"
    sound, rate = soundfile.read(*output)
    return None if rate == RATE and len(sound) and np.isfinite(sound).all() else f"{len(sound)} samples at {rate}"


def _place(tiny: Tiny, verb: str, kind: str, folder: Path) -> str | None:
    path = folder / "a.wav"
    if kind in ("pipe", "link to a pipe"):
        os.mkfifo(folder / "pipe")
        path = path.parent / "pipe" if kind == "pipe" else path
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind("a.wav")
    elif kind == "folder":
        path.mkdir()
    elif kind in ("zeros", "null", "random"):
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, {"null": 3, "zeros": 5, "random": 9}[kind]))
    links = {"link": tiny.source, "dead link": "none", "loop": path, "link to a pipe": folder / "pipe"}
    links |= {"unreadable": "/proc/self/clear_refs", "memory": "/proc/self/mem", "text": "/proc/version"}
    if kind in links:
        path.symlink_to(links[kind])
    return _said(tiny, verb, path, folder, kind == "link")


def _under(tiny: Tiny, verb: str, name: str, folder: Path) -> str | None:
    """A good recording under an odd name, where such a name can be."""
    possible = len(os.fsencode(name)) < 256 and "\0" not in name
    if possible:
        (folder / name).write_bytes(tiny.source.read_bytes())
    return _said(tiny, verb, name, folder, possible and not name.startswith("model="))


def _prepared(tiny: Tiny, recordings: list[Recording], folder: Path) -> str | None:
    """Each pair is in the corpus, or in the list of those that are not; what is whole is in the corpus."""
    speech = soundfile.read(tiny.source, dtype="float32")[0]
    rows = []
    for number, each in enumerate(recordings):
        (folder / f"{number}").mkdir()
        path = each.write(folder / f"{number}", speech)
        rows.append([f"{number}", *((path, tiny.source) if number % 2 else (tiny.source, path)), "train"])
    rows += [[split, tiny.source, tiny.source, split] for split in ("train", "dev", "test")]
    with open(folder / "pairs.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "source_audio", "target_audio", "split"], *rows])
    settings = ["corpus=manifest", "corpus.path=pairs.csv", "corpus.max_rejected=1", "name=a"]
    answer = prepare(*settings)
    if wrong := told(answer):
        return wrong
    corpus = folder / "data" / "recordings"
    if answer.code or (wrong := problem_of(corpus)):
        return answer.err or wrong
    stores = [FeatureStore(corpus, split) for split in ("train", "dev", "test")]
    good = [name for store in stores for name in store.ids]
    with open(corpus / "rejected.csv", encoding="utf-8", newline="") as file:
        bad = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    if sorted([*good, *bad]) != sorted(row[0] for row in rows):
        return f"in the corpus {good}, not in it {bad}"
    for store in stores:
        for item in range(len(store)):
            for side in ("source", "target"):
                if not np.isfinite(store.mfcc(side, item)).all() or not store.waveform(side, item).any():
                    return f"{store.ids[item]}: no numbers, or no sound"
    lost = [(recordings[int(name)].name, bad[name]) for name in bad if recordings[int(name)].whole]
    return f"whole, but not in it: {lost}" if lost else None
