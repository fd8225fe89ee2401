"""Parallel text: sentences in two languages, to be spoken by voices.

A folder with `train`, `dev` and `test`, each `.tsv` or `.tsv.gz`, UTF-8, lines `source<TAB>target`. The text only
chooses the sentences of an experiment; training sees none of it.
"""

import random
import re
from collections import Counter
from pathlib import Path

from speech2code.corpora.lines import read_lines
from speech2code.corpora.pairs import Pair
from speech2code.errors import UserError

SPLITS = ("train", "dev", "test")
SHOWN = 80  # characters of a line that is complained of
FEWEST_WORDS = 2  # where length counts; sentences of one word ("Go.", "Wow!") have many translations and no syntax


def read_parallel_text(
    folder: Path | str,
    *,
    top_words: int | None = None,
    max_words: int | None = None,
    train: int | None = None,
    seed: int = 0,
) -> list[Pair]:
    """Reads all pairs, or those of a smaller vocabulary and length.

    `top_words`: every target word is among that many most frequent ones of train. `max_words`: the target has 2 to
    that many words. Either of them leaves out targets of one word; all splits are filtered alike. `train`: at most that
    many training pairs, after a shuffle with `seed` (a smaller number gives a subset of a larger one). Ids are
    "train-000001", the number of the line. Raises UserError for a missing or malformed file, or when nothing is left.
    """
    for name, value in (("top_words", top_words), ("max_words", max_words), ("train", train)):
        if value is not None and value < 1:
            raise UserError(f"corpus.{name}={value} leaves no sentence; give a number above 0")
    splits = {split: _read(Path(folder), split) for split in SPLITS}
    if top_words or max_words:
        known = _top_words(splits["train"], top_words) if top_words else None
        splits = {split: [pair for pair in pairs if _fits(pair, known, max_words)] for split, pairs in splits.items()}
    if train is not None:
        random.Random(seed).shuffle(splits["train"])
        splits["train"] = splits["train"][:train]
    for split, pairs in splits.items():
        if not pairs:
            limits = f"corpus.top_words={top_words} and corpus.max_words={max_words}"
            raise UserError(f"{folder} has no {split} sentence left with {limits}; raise them, or fill the file")
    return [pair for pairs in splits.values() for pair in pairs]


def words(text: str) -> list[str]:
    """Lower-case words of letters a-z and apostrophes (typographic ones too); all else separates them."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'").replace("‘", "'"))


def _top_words(pairs: list[Pair], count: int) -> set[str]:
    counts = Counter(word for pair in pairs for word in words(pair.target_text or ""))
    return {word for word, _ in counts.most_common(count)}


def _fits(pair: Pair, known: set[str] | None, max_words: int | None) -> bool:
    target = words(pair.target_text or "")
    if len(target) < FEWEST_WORDS or (max_words is not None and len(target) > max_words):
        return False
    return known is None or known.issuperset(target)


def _read(folder: Path, split: str) -> list[Pair]:
    path = next((each for each in (folder / f"{split}.tsv", folder / f"{split}.tsv.gz") if each.is_file()), None)
    if path is None:
        raise UserError(f"{folder} holds no {split}.tsv or {split}.tsv.gz; correct corpus.path or add the file")
    return [_pair(line, f"{path}, line {number}", f"{split}-{number:06d}", split) for number, line in read_lines(path)]


def _pair(line: str, where: str, name: str, split: str) -> Pair:
    sides = [side.strip() for side in line.split("\t")]
    if len(sides) != 2 or not all(sides):
        raise UserError(f"{where}: not `source<TAB>target` but {line[:SHOWN]!r}; correct or remove the line")
    return Pair(id=name, split=split, source_text=sides[0], target_text=sides[1])
