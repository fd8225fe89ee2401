"""Mboshi, an unwritten Bantu language: 5,130 sentences of three speakers, with text in French and, by machine
translation from French, in English, German, Spanish and Portuguese.

https://github.com/mzboito/mmboshi (Godard et al. 2018; Zanon Boito et al. 2019): its folder `5k` holds train and dev,
and these `wav/ID.wav` and for each language `fr/ID.fr`, one sentence a file. `mb/ID.mb.cleaned` is Mboshi as linguists
write it (`ID.mb` is not there for every sentence). An id begins with the speaker. The list that is called dev is taken
for test, as the corpus has no other; a dev is carved out of train. Some sentences are in both: these go out of train.
Beside `5k`, `forced_alignment/limsi-align/dev0.seg` tells when the phones of that list sound.
"""

import re
from pathlib import Path

from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.joining import Utterance, add_pair
from speech2code.corpora.importers.request import Imported, Request, folder_of
from speech2code.corpora.lines import read_lines
from speech2code.errors import UserError

RECORDED = "mb"
TEXTS = ("fr", "en", "de", "es", "pt")
LISTS = {"train": "train", "dev": "test"}  # folder → our split
ALIGNED = "forced_alignment/limsi-align/dev0.seg"
# id, number of the phone and, in an encoding of its own, what stands beside it; first frame, lengths of three states
ALIGNED_PHONE = re.compile(rb"(\S+) (\d+):.* (\d+) (\d+) (\d+) (\d+)")
SILENCES = (b"1", b"70")  # numbers of phones
FRAME = 0.01  # seconds


def read(request: Request) -> Imported:
    root = folder_of(request.inputs[0])
    root = root if (root / "train").is_dir() else root / "5k"
    if not (root / "train" / "wav").is_dir():
        raise UserError(f"{request.inputs[0]} holds no 5k/train/wav; give a clone of GitHub's mzboito/mmboshi")
    source, target = _languages(request)
    found = Imported()
    for folder, split in LISTS.items():
        for sound in sorted((root / folder / "wav").glob("*.wav")):
            sides = {language: _utterance(root / folder, sound, language, split) for language in {source, target, "fr"}}
            if missing := [language for language in (source, target) if sides[language].text is None]:
                found.left_out.append(Rejection(sound.stem, "both", f"no text in {missing[0]}"))
            else:
                add_pair(found, sound.stem, sides[source], sides[target])
                found.sentences[sound.stem] = " ".join((sides["fr"].text or sound.stem).lower().split())
    if target == RECORDED and (root.parent / ALIGNED).is_file():
        found.phones = _phones((root.parent / ALIGNED).read_bytes())
    return found


def _phones(aligned: bytes) -> list[str]:
    """Lines of a CTM file: id, channel, start, duration, phone."""
    lines = []
    for match in (ALIGNED_PHONE.fullmatch(line.rstrip()) for line in aligned.split(b"\n")):
        if match:
            name, phone, *frames = match.groups()
            first, *states = map(int, frames)  # frames count from 1
            symbol = "sil" if phone in SILENCES else f"phone{phone.decode()}"
            start, duration = (first - 1) * FRAME, sum(states) * FRAME
            lines.append(f"{name.decode(errors='replace')} 1 {start:.2f} {duration:.2f} {symbol}")
    return lines


def _languages(request: Request) -> tuple[str, str]:
    target = request.options.get("target", "fr" if request.options.get("source", RECORDED) == RECORDED else RECORDED)
    source = request.options.get("source", RECORDED if target != RECORDED else "fr")
    if sorted(each in TEXTS for each in (source, target)) != [False, True] or RECORDED not in (source, target):
        raise UserError(
            f"source={source} target={target} is not possible: one side is mb, which is recorded, the other one of "
            f"{', '.join(TEXTS)}, which has text alone"
        )
    return source, target


def _utterance(folder: Path, sound: Path, language: str, split: str) -> Utterance:
    if language == RECORDED:
        text = _text(folder / "mb" / f"{sound.stem}.mb.cleaned")
        return Utterance(sound, text, sound.stem.partition("_")[0], split)
    return Utterance(None, _text(folder / language / f"{sound.stem}.{language}"), split=split)


def _text(path: Path) -> str | None:
    return " ".join(line.strip() for _, line in read_lines(path)).strip() or None if path.is_file() else None
