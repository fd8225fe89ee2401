"""Manifests as people and programs write them: `prepare` takes each row, lists why not, or says what is wrong."""

import csv
import io
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import speech2code.stages.prepare  # noqa: F401  here, and not once in each fork
from speech2code.corpora.store import SIDES, FeatureStore, problem_of
from tests.torture.odd_tables import FILES, ROWS, Table
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, prepare, told

COMBINED = 80
SPLITS = ["train"] * 7 + ["dev"] * 2 + ["test"] * 2


def trials(tiny: Tiny) -> Iterator[Trial]:
    for name in (*ROWS, *FILES):
        yield Trial(f"manifest: {name}", partial(_prepared, tiny, [name], name))
    for seed in range(COMBINED):
        chance = random.Random(seed)
        names = chance.sample([*ROWS], chance.randint(1, 3)) + chance.sample([*FILES], chance.choice((0, 0, 1)))
        yield Trial(f"manifest {seed}: {', '.join(names)}", partial(_prepared, tiny, names, str(seed)))


def _prepared(tiny: Tiny, names: list[str], seed: str, folder: Path) -> str | None:
    chance, table = random.Random(seed), _good(tiny, folder)
    for each in names:
        if each in ROWS:
            ROWS[each](table, chance)
    content = table.written()
    path = folder / "pairs.csv"
    for each in names:
        if each in FILES:
            content, path = FILES[each](content, path, chance)
    path.write_bytes(content)
    return judged(path, f"corpus.max_rejected={chance.choice((0.1, 1))}")


def _good(tiny: Tiny, folder: Path) -> Table:
    table = Table(["id", "source_audio", "target_audio", "split", "target_speaker", "source_text", "target_text"], [])
    for number, split in enumerate(SPLITS):
        for side in "st":
            shutil.copy(tiny.source.parent / f"{side}{number}.wav", folder)
        files = [f"s{number}.wav", f"t{number}.wav"]
        table.rows.append([f"n{number}", *files, split, "ann", f"un café {number}", f"a “coffee” {number}"])
    return table


def judged(path: Path, *settings: str) -> str | None:
    """What is wrong with what `prepare` makes of a manifest, twice."""
    overrides = [
        "corpus=manifest",
        f"corpus.path={path.name}",
        "corpus.target=en",
        "name=a",
        *settings,
    ]
    answer = prepare(*overrides)
    if wrong := told(answer):
        return wrong
    corpus = path.parent / "data" / "recordings"
    if answer.code:
        return "refused, but there is a corpus" if problem_of(corpus) is None else None
    if wrong := problem_of(corpus) or _unread(corpus) or _lost(path, corpus):
        return wrong
    again = prepare(*overrides)
    return f"the second time: {again.code} {again.err}" if again.code or "done already" not in again.out else None


def _unread(corpus: Path) -> str | None:
    """What of a corpus cannot be read."""
    for split in ("train", "dev", "test"):
        store = FeatureStore(corpus, split)
        for side in SIDES:
            if len(store.texts(side)) != len(store) or not all(
                len(store.mfcc(side, item)) for item in range(len(store))
            ):
                return f"{split}: no text, or no speech"
            if any(store.waveform(side, item).size < 1_600 for item in range(len(store))):
                return f"{split}: hardly a sound"
    return None


def _lost(path: Path, corpus: Path) -> str | None:
    """Which rows are neither in the corpus nor in the list of those that are not."""
    text, kinds = (
        path.read_bytes().decode("utf-8-sig"),
        {".csv": {}, ".tsv": {"delimiter": "\t", "quoting": csv.QUOTE_NONE}},
    )
    rows = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), **kinds[path.suffix.lower()])
        if any(each.strip() for each in row)
    ]
    with open(corpus / "rejected.csv", encoding="utf-8", newline="") as file:
        bad = len([*csv.DictReader(file)])
    good = sum(len(FeatureStore(corpus, split)) for split in ("train", "dev", "test"))
    return None if good + bad == len(rows) - 1 else f"{len(rows) - 1} rows, {good} in the corpus, {bad} rejected"
