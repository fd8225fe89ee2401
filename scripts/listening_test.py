"""Finished runs → a listening test for people, in the form of webMUSHRA (Schoeffler et al. 2018).

    python scripts/listening_test.py mine runs/best_fr_en runs/kmeans

writes mine.yaml and the folder mine/ with its sounds at 48 kHz. Copy both into `configs/` of
https://github.com/audiolabs/webMUSHRA and open its page with `?config=mine.yaml`. A page is one of the sentences that
every run has kept for listening: the original speech is the reference, also among what is judged; beside it stand
resynthesis and translation of each run, in random order, and an anchor cut off at 3.5 kHz.
"""

import sys
from pathlib import Path

import soxr
import yaml

from speech2code.audio.files import SAMPLE_RATE, save_waveform
from speech2code.errors import UserError
from speech2code.files import safe_name, write_atomically
from speech2code.report.run_folder import RunFolder

RATE = 48_000  # Hz, of most sound cards: webMUSHRA converts nothing
JUDGED = ("resynthesis", "translation")
QUESTION = (
    "Listen to the reference, then to each of the others as often as you like. How near is it to the reference, in "
    "sound and in words?"
)


def main(arguments: list[str]) -> None:
    if len(arguments) < 2:
        raise UserError("say where to write and which runs: python scripts/listening_test.py mine runs/best_fr_en")
    print(f"listening test: {write_test(Path(arguments[0]), [RunFolder(Path(each)) for each in arguments[1:]])}")


def write_test(place: Path, runs: list[RunFolder]) -> Path:
    """Writes `place`.yaml and what it plays into `place`/ → the file. UserError where the runs share no sentence, or
    two have one name."""
    names = [run.path.resolve().name for run in runs]
    if len(set(names)) < len(names):
        raise UserError(f"two of these runs have the same name: {', '.join(names)}; rename a folder")
    sentences = sorted(set.intersection(*(set(run.shown_ids()) for run in runs)))
    if not sentences:
        raise UserError(
            "these runs have kept no sentence in common; run `speech2code decode` for each on the same corpus"
        )
    pages = [_page(place, sentence, dict(zip(names, runs))) for sentence in sentences]
    test = {
        "testname": place.name,
        "testId": place.name,
        "bufferSize": 2048,
        "stopOnErrors": True,
        "showButtonPreviousPage": True,
        "remoteService": "service/write.php",
        "pages": [["random", *pages], {"type": "finish", "name": "Thank you", "content": "", "writeResults": True}],
    }
    path = place.with_name(f"{place.name}.yaml")
    with write_atomically(path) as temporary:
        temporary.write_text(yaml.safe_dump(test, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def _page(place: Path, sentence: str, runs: dict[str, RunFolder]) -> dict:
    """One sentence, its sounds written."""
    first = next(iter(runs.values()))
    stimuli = {f"{name}.{row}": _sound(place, sentence, run, row, name) for name, run in runs.items() for row in JUDGED}
    return {
        "type": "mushra",
        "id": safe_name(sentence),
        "name": "How near is it?",
        "content": QUESTION,
        "showWaveform": False,
        "enableLooping": True,
        "reference": _sound(place, sentence, first, "original", "reference"),
        "createAnchor35": True,
        "createAnchor70": False,
        "stimuli": stimuli,
    }


def _sound(place: Path, sentence: str, run: RunFolder, row: str, name: str) -> str:
    """→ its path as webMUSHRA sees it."""
    waveform = run.waveform(row, sentence)
    if waveform is None:
        raise UserError(f"{run.path} has no {row} of {sentence}; run `speech2code run` to its end")
    path = place / f"{safe_name(sentence)}.{name}.{row}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_waveform(path, soxr.resample(waveform, SAMPLE_RATE, RATE), RATE)
    return f"configs/{place.name}/{path.name}"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"listening_test: {error}")
