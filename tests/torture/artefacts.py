"""Every file of a prepared corpus and of a run × every damage, read by the command that comes next: as before, or one
sentence. Of some the advice is followed, and then it works."""

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import lightning_fabric  # noqa: F401 (here and not once in each fork, as what follows)

import speech2code.report.figures
import speech2code.stages.measure
import speech2code.stages.report
import speech2code.stages.sweep
import speech2code.stages.train_baselines
from speech2code import compose
from speech2code.config import Config
from speech2code.locks import LOCK
from speech2code.records import RECORD
from tests.torture.readers import Reader, contents, of_corpus, of_run, reader
from tests.torture.tiny import Tiny, without_java
from tests.torture.trials import Answer, Trial, speech2code, told

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "halved": lambda whole: whole[: len(whole) // 2],
    "one byte short": lambda whole: whole[:-1],
    "one byte longer": lambda whole: whole + b"0",
    "a bit flipped": lambda whole: _flipped(whole, len(whole) * 2 // 3),
    "a bit of its head flipped": lambda whole: _flipped(whole, 3),
    "zeros": lambda whole: bytes(len(whole)),
    "a list": lambda whole: b"[1, 2]",
    "nested": lambda whole: b"[" * 100_000,
    "another's": lambda whole: b'{"ids": 3, "done": true, "hash": "0"}',
}
PLACES = ("deleted", "folder", "dead link", "pipe", "link to itself", "another file")
FOLLOWED = 24  # the advice of each such trial is followed
ROUNDS = 6  # of advice, one after the other


def trials(tiny: Tiny) -> Iterator[Trial]:
    given = tiny.overrides(tiny.folder / "runs")
    speech2code("measure", *given)
    config, corpus, number = compose.compose(given), tiny.corpus.folder, itertools.count()
    before = contents(tiny.run, ("**/*",))
    files = [(corpus, of_corpus(path.relative_to(corpus)), path) for path in sorted(corpus.rglob("*"))]
    files += [
        (tiny.run, of_run(path.relative_to(tiny.run)), path) for path in sorted(tiny.run.rglob("*")) if path.is_file()
    ]
    for root, readers, path in files:
        if path.is_file() and path.name != LOCK:  # a lock is taken for what it holds, by whoever comes next
            for place, damage in enumerate((*DAMAGES, *PLACES)):
                chosen = {readers[place % len(readers)], readers[(place * 5 // 3) % len(readers)]}
                for name in sorted(each for each in chosen if not _is_gone(path.relative_to(root), reader(each))):
                    told_as = f"{name}: {root.name}/{path.relative_to(root)} is {damage}"
                    follow = next(number) % FOLLOWED == 0
                    yield Trial(told_as, partial(_read, tiny, config, before, path, damage, reader(name), follow))


def _is_gone(path: Path, by: Reader) -> bool:
    """Whether the reader deletes the file itself first."""
    return any(path.is_relative_to(each) for each in by.gone)


def _flipped(whole: bytes, place: int) -> bytes:
    return whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :] if len(whole) > place else b"x"


def _read(
    tiny: Tiny, config: Config, before: dict, path: Path, damage: str, by: Reader, follow: bool, folder: Path
) -> str | None:
    for name in ("data", "runs"):
        shutil.copytree(tiny.folder / name, folder / name)
    config = replace(config, data=str(folder / "data"), runs=str(folder / "runs"))
    compose.compose = lambda overrides: config
    without_java()
    run = folder / "runs" / "tiny"
    for each in by.gone:
        shutil.rmtree(run / each) if (run / each).is_dir() else (run / each).unlink(missing_ok=True)
    _damage(folder / path.relative_to(tiny.folder), damage)
    call = partial(_called, tiny, folder, by)
    answer = call()
    if wrong := told(answer):
        return wrong
    if answer.code == 2 and follow:
        return _followed(tiny, folder, answer, call) or _changed(run, by, before)
    if path.name == RECORD and damage == "deleted":  # as if its stage had never been run: then there is less to tell
        return None
    return _changed(run, by, before) if answer.code == 0 else None


def _called(tiny: Tiny, folder: Path, by: Reader) -> Answer:
    if by.verb == "translate":
        return speech2code("translate", tiny.source, folder / "out.wav", f"model={folder / 'runs' / 'tiny' / 'model'}")
    given = tiny.overrides(folder / "runs", f"data={folder / 'data'}")
    return speech2code(*by.verb.split(), *given)


def _changed(run: Path, by: Reader, before: dict) -> str | None:
    now = contents(run, by.leaves)
    other = [name for name in now if now[name] != before.get(name)]
    return f"exit 0, and {other[0]} is not what it was" if other else None


def _followed(tiny: Tiny, folder: Path, answer: Answer, call: Callable[[], Answer]) -> str | None:
    """Deletes what the sentence names, runs what it names, and tries again."""
    said = []
    for _ in range(ROUNDS):
        sentence = answer.err.strip().splitlines()[-1]
        if sentence in said:
            return f"advice that loops: {sentence}"
        said.append(sentence)
        for gone in _to_delete(sentence, folder):
            shutil.rmtree(gone) if gone.is_dir() and not gone.is_symlink() else gone.unlink(missing_ok=True)
        for verb in re.findall(r"`(?:speech2code )?((?:train )?\w+)`", sentence):
            answer = speech2code(*verb.split(), *tiny.overrides(folder / "runs", f"data={folder / 'data'}"))
            if wrong := told(answer):
                return f"after {sentence}: {wrong}"
            if answer.code:
                break
        if answer.code == 0 or answer.err.strip().endswith(sentence):  # else a verb of the advice has advice of its own
            answer = call()
        if wrong := told(answer):
            return f"after {sentence}: {wrong}"
        if answer.code == 0:
            return None
    return f"no end of advice: {said}"


def _to_delete(sentence: str, folder: Path) -> list[Path]:
    paths = [Path(each.rstrip(",;:.")) for each in re.findall(rf"{folder}\S+", sentence)]
    if "delete its folder" in sentence:
        return [paths[0].parent]
    if "delete it" in sentence:
        return paths[:1] + [each for each in paths[1:] if f"and {each}" in sentence]
    found = re.search(r"delete (\S+)", sentence)
    return [Path(found[1].rstrip(",;"))] if found and found[1].startswith("/") else []


def _damage(path: Path, damage: str) -> None:
    whole = path.read_bytes()
    path.unlink()
    if damage in DAMAGES:
        path.write_bytes(DAMAGES[damage](whole))
    elif damage == "folder":
        path.mkdir()
    elif damage == "dead link":
        path.symlink_to("nowhere")
    elif damage == "link to itself":
        path.symlink_to(path.name)
    elif damage == "pipe":
        os.mkfifo(path)
    elif damage == "another file":
        others = [each for each in sorted(path.parent.iterdir()) if each.is_file() and each.suffix == path.suffix]
        path.write_bytes(others[0].read_bytes() if others else b"\0" * 80)
