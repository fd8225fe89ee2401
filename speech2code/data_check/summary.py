"""How much speech there is: hours, pairs, speakers, rates, channels, for each side and split."""

from collections import Counter
from dataclasses import dataclass

from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus


@dataclass(frozen=True)
class Part:
    """One side of one split: the recordings that `prepare` takes. Times are of speech, silence at its ends cut off."""

    split: str
    side: str
    pairs: int
    hours: float
    shortest: float  # seconds
    longest: float
    speakers: dict[str, float]  # name → minutes, most first
    rates: dict[int, int]  # Hz → files
    channels: dict[int, int]  # channels → files


def summary(corpus: CheckedCorpus) -> list[Part]:
    """Every split of every side that has recordings."""
    parts = []
    for split in corpus.splits:
        for side in SIDES:
            found = [(each, quality) for each, quality in corpus.usable(side) if each.pair.split == split]
            if not found:
                continue
            seconds = [quality.speech_seconds for _, quality in found]
            minutes: dict[str, float] = {}
            for (each, _), length in zip(found, seconds):
                minutes[each.speaker] = minutes.get(each.speaker, 0.0) + length / 60
            rates, channels = (
                dict(Counter(getattr(quality, name) for _, quality in found).most_common())
                for name in ("rate", "channels")
            )
            times = sum(seconds) / 3600, min(seconds), max(seconds)
            most_first = dict(sorted(minutes.items(), key=lambda each: -each[1]))
            parts.append(Part(split, side, len(found), *times, most_first, rates, channels))
    return parts


def line(part: Part) -> str:
    """One line of a terminal."""
    names = list(part.speakers)
    who = f"{len(names)} speaker{'s' * (len(names) > 1)}"
    if len(names) <= 3:
        who += " (" + ", ".join(f"{name} {minutes:.1f} min" for name, minutes in part.speakers.items()) + ")"
    rates = counted({f"{rate / 1000:g} kHz": files for rate, files in part.rates.items()})
    names_of = {1: "mono", 2: "stereo"}
    channels = counted({names_of.get(each, f"{each} channels"): files for each, files in part.channels.items()})
    length = f"{part.hours:.2f} h" if part.hours >= 1 else f"{60 * part.hours:.1f} min"
    return (
        f"  {part.split:7}{part.side:7} {part.pairs:7,} sentences {length:>9}, "
        f"{part.shortest:.1f} to {part.longest:.1f} s, {who}, {rates}, {channels}"
    )


def counted(files: dict[str, int]) -> str:
    """The names of kinds of files, most first; how many there are of each where there are several kinds."""
    return ", ".join(f"{name} ({count:,})" if len(files) > 1 else name for name, count in files.items())
