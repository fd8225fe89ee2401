"""Texts as people have them, beside recordings and for voices: `prepare` and what judges by them."""

import csv
import gzip
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from speech2code.corpora.store import problem_of
from speech2code.files import read_json
from tests.torture.manifests import judged
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, prepare, speech2code, told

TEXTS = {
    "punctuation": "…?! —",
    "an apostrophe": "'",
    "one letter": "a",
    "digits": "12 345,67 €",
    "a long number": "9" * 400,
    "a date": "2024-02-30 25:61",
    "a fraction": "1/0 ½ ² ٣ 一",
    "Japanese": "駅はどこですか",
    "Arabic": "أين المحطة",
    "Thai": "สถานีอยู่ที่ไหน",
    "Hindi": "स्टेशन कहाँ है",
    "emoji": "😀 👩‍👩‍👧 🇫🇷",
    "accents apart": "e\u0301te\u0301",
    "Zalgo": "a" + "\u0301" * 300,
    "10,000 letters": "a" * 10_000,
    "10,000 characters": "the station " * 833,
    "300,000 characters": "the station " * 25_000,
    "control characters": "a\x01b\x1b[31m\x7f\x85\u2028",
    "NUL": "the\0station",
    "blanks": " \t\u00a0\u3000 ",
    "lines": "where\nis\r\nit",
    "markup": "<b>where</b> &amp; {is} %s $HOME `it`",
    "a backslash": "\\n \\u0000 \\",
    "nothing visible": "\u200b\u200d\ufeff",
    "the other direction": "\u202ewhere is it",
    "half a character": "where \ufffd is",
    "symbols": "° % & @ # ☎ ∞",
    "an equals sign": "=cmd|' /C calc'!A0",
    "upper case": "WHERE IS THE STATION",
    "a word of the program": "<s> </s> <unk> ▁ | blank",
}
PLACES = {
    "everywhere": lambda number, split: True,
    "once": lambda number, split: number == 3,
    "in test": lambda number, split: split == "test",
    "but in train": lambda number, split: split != "train",
}
LANGUAGES = ("en", "fr", "ja", "und", "zh-Hant-TW", "x", "sr-Latn", "EN_us")
JUDGED = ("punctuation", "10,000 characters", "Japanese", "control characters", "a long number")
SPOKEN = {
    "good": "une gare\ta station\n",
    "punctuation": "…\t?!\n",
    "one letter": "a\tb\n",
    "digits": "12\t9999999999999999999999\n",
    "Japanese": "駅\t駅はどこ\n",
    "emoji": "😀\t😀\n",
    "control characters": "a\x01b\tc\x1b[31md\n",
    "an option": "-h\t--version\n",
    "SSML": "<speak>a\t<break time='9999s'/>\n",
    "a line of 20,000 characters": "a " * 10_000 + "\tb\n",
    "no tab": "une gare, a station\n",
    "two tabs": "a\tb\tc\n",
    "an empty side": "a\t\n",
    "a blank line": "a\tb\n\nc\td\n",
    "DOS ends": "a\tb\r\n",
    "another text": "é\té\n",
}


def trials(tiny: Tiny) -> Iterator[Trial]:
    for number, (name, text) in enumerate(TEXTS.items()):
        place = [*PLACES][number % len(PLACES)]
        yield Trial(f"text {name}, {place}", partial(_beside, tiny, text, place, "en"))
    for language in LANGUAGES:
        yield Trial(f"text in {language}", partial(_beside, tiny, "l'été 12", "once", language))
    for number, name in enumerate(JUDGED):
        place = [*PLACES][number % len(PLACES)]
        yield Trial(f"run: text {name}, {place}", partial(_judged, tiny, TEXTS[name], place))
    for name, line in SPOKEN.items():
        yield Trial(f"parallel text: {name}", partial(_spoken, line))
    for name, damage in DAMAGES.items():
        yield Trial(f"parallel text: {name}", partial(_spoilt, damage))


def _manifest(tiny: Tiny, text: str, place: str, folder: Path) -> Path:
    """Its first rows with another text on both sides."""
    with open(tiny.corpus.manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if row["split"] != "unseen"][6:]  # 14 in train, 4 in dev, 3 in test
    for number, row in enumerate(rows):
        for side in ("source", "target"):
            shutil.copy(tiny.source.parent / row[f"{side}_audio"], folder)
            if PLACES[place](number, row["split"]):
                row[f"{side}_text"] = text
    with open(folder / "pairs.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return folder / "pairs.csv"


def _beside(tiny: Tiny, text: str, place: str, language: str, folder: Path) -> str | None:
    return judged(_manifest(tiny, text, place, folder), f"corpus.target={language}")


def _judged(tiny: Tiny, text: str, place: str, folder: Path) -> str | None:
    """A whole run, to its scores."""
    path = _manifest(tiny, text, place, folder)
    given = [each for each in tiny.overrides(folder / "runs") if not each.startswith(("corpus.path=", "data="))]
    answer = speech2code("run", *given, f"corpus.path={path}", f"data={folder / 'data'}")
    if wrong := told(answer):
        return wrong
    run = folder / "runs" / "tiny"
    if answer.code == 0 and not (run / "report.html").exists():
        return f"no report: {answer.out[-500:]}"
    rows = read_json(run / "scores.json")["splits"].values() if (run / "scores.json").exists() else []
    odd = [score for row in rows for by in row.values() for score in by.values() if not 0 <= (score["wer"] or 0) < 1e4]
    return f"scores {odd}" if odd else None


def _spoken(line: str, folder: Path) -> str | None:
    """Good sentences, and this line in train."""
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text(
            SPOKEN["good"] * 3 + line * (split == "train"), encoding="utf-8", newline=""
        )
    return _through_voices(folder)


def _spoilt(damage: Callable[[Path, random.Random], object], folder: Path) -> str | None:
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text(SPOKEN["good"] * 30, encoding="utf-8")
    damage(folder, random.Random(0))
    return _through_voices(folder)


def _through_voices(folder: Path) -> str | None:
    voices = ["corpus.source_voice=flite:slt", "corpus.target_voice=flite:slt", "corpus.max_rejected=1"]
    names = ["corpus=text_fr_en", f"corpus.path={folder}", "name=a"]
    answer = prepare(*names, *voices)
    return told(answer) or (problem_of(folder / "data" / "text_fr_en") if answer.code == 0 else None)


def _rewritten(change: Callable[[bytes, random.Random], bytes], name: str = "train.tsv") -> Callable:
    def damage(folder: Path, chance: random.Random) -> None:
        content = (folder / "train.tsv").read_bytes()
        (folder / "train.tsv").unlink()
        (folder / name).write_bytes(change(content, chance))

    return damage


DAMAGES = {
    "packed": _rewritten(lambda content, _: gzip.compress(content), "train.tsv.gz"),
    "packed, halved": _rewritten(lambda content, _: gzip.compress(content)[:40], "train.tsv.gz"),
    "packed, one byte short": _rewritten(lambda content, _: gzip.compress(content)[:-1], "train.tsv.gz"),
    "packed, garbage behind": _rewritten(
        lambda content, chance: gzip.compress(content) + chance.randbytes(99), "train.tsv.gz"
    ),
    "packed twice": _rewritten(lambda content, _: gzip.compress(gzip.compress(content)), "train.tsv.gz"),
    "packed under the wrong name": _rewritten(lambda content, _: gzip.compress(content)),
    "not packed under the wrong name": _rewritten(lambda content, _: content, "train.tsv.gz"),
    "a bomb": _rewritten(lambda content, _: gzip.compress(b"a\tb\n" * 3_000_000), "train.tsv.gz"),
    "nothing packed": _rewritten(lambda content, _: gzip.compress(b""), "train.tsv.gz"),
    "UTF-16": _rewritten(lambda content, _: content.decode().encode("utf-16")),
    "a mark before": _rewritten(lambda content, _: b"\xef\xbb\xbf" + content),
    "empty": _rewritten(lambda content, _: b""),
    "zeros": _rewritten(lambda content, _: bytes(90_000)),
    "noise": _rewritten(lambda content, chance: chance.randbytes(9_000)),
    "one byte flipped": _rewritten(lambda content, _: content[:50] + b"\xff" + content[51:]),
    "no last end": _rewritten(lambda content, _: content[:-1]),
    "another name": _rewritten(lambda content, _: content, "train.txt"),
    "a folder": lambda folder, _: ((folder / "train.tsv").unlink(), (folder / "train.tsv").mkdir()),
    "a dead link": lambda folder, _: ((folder / "dev.tsv").unlink(), (folder / "dev.tsv").symlink_to("none")),
    "a file for the folder": lambda folder, _: (shutil.rmtree(folder), folder.write_text("a\tb\n")),
}
