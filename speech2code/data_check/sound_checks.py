"""Checks of single recordings: what cannot be read, what `prepare` refuses, and what sounds bad.

A check is a function of the corpus that yields findings; `checks.py` lists them all.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus, Recording, values
from speech2code.data_check.findings import NOTE, WARNING, Finding, graded
from speech2code.data_check.sound import Quality

QUIET = -45  # dBFS of the speech; its peaks are some 15 dB above: of 16 bits only 11 say anything, and hiss is heard
UNEVEN = 12  # dB from the side's median: four times the amplitude, more than voices of one recording session differ
NOISY = 15  # dB: the weak sounds of speech (f, s, t) lie 10 to 20 dB below the vowels, and drown
CLIPPED = 1e-3  # share of the samples: 16 a second; 450 sentences of synthetic voices have none
CANCELLED = 20  # dB that the mean of the channels may be below the loudest one; with one silent channel it is 6
# dB below the loudest 25 ms: from -40 on silence does not look silent; 450 clean sentences have -40 at most
OFFSET = -34
LONG_QUIET = 1.0  # seconds at one end
LEFT_QUIET = 0.5  # seconds that stay after trimming
LITTLE_TALK = 0.3  # share of speech; synthetic sentences have 0.74 and more
TELEPHONE = 40  # dB: synthetic voices at 16 kHz have up to 24, and at least 54 where they have passed 8 kHz


def unreadable(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Files that are missing, empty or damaged."""
    for side in SIDES:
        broken = {each.id: each.problem for each in corpus.recordings[side] if each.problem}
        missing = {each.id: each.reason for each in corpus.rejected if each.side == side}
        if found := missing | broken:
            yield Finding(
                "unreadable",
                graded(len(found), len(corpus.recordings[side]) + len(missing)),
                side,
                f"{len(found):,} {side} {_files(found)} cannot be read: {next(iter(found.values()))}",
                "copy or record them again; `prepare` leaves these pairs out",
                found,
            )


def refused(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Recordings that `prepare` would leave out: silent, too short, too long …"""
    for side in SIDES:
        found = {
            each.id: each.quality.refused for each in corpus.recordings[side] if each.quality and each.quality.refused
        }
        if found:
            kinds = Counter(reason.partition(" (")[0] for reason in found.values())
            told = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
            yield Finding(
                "refused", graded(len(found), len(corpus.recordings[side])), side,
                f"`prepare` leaves out {len(found):,} {side} {_files(found)}: {told}",
                "record them again, or cut them into sentences", found,
            )  # fmt: skip


def quiet(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "quiet", lambda each: each.level < QUIET and not _cancelled(each),
        lambda each: f"speech at {each.level:.0f} dBFS",
        f"are much too quiet: speech below {QUIET} dBFS", "record again nearer to the microphone, or raise the level",
    )  # fmt: skip


def uneven(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Levels far from those of the same side; too quiet ones have been told."""
    for side in SIDES:
        found = corpus.usable(side)
        middle = float(np.median(values(found, "level"))) if found else 0.0
        ids = {
            each.id: f"speech at {quality.level:.0f} dBFS, the median is {middle:.0f}"
            for each, quality in found
            if abs(quality.level - middle) > UNEVEN and quality.level >= QUIET and not _cancelled(quality)
        }
        if ids:
            yield Finding(
                "uneven", WARNING, side,
                f"{len(ids):,} of {len(found):,} {side} recordings are {UNEVEN} dB or more louder or quieter than most",
                "bring all to one level, say with `ffmpeg -i in.wav -af loudnorm out.wav`", ids,
            )  # fmt: skip


def noisy(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "noise", lambda each: each.snr < NOISY and not each.steady,
        lambda each: f"speech {each.snr:.0f} dB over its pauses",
        f"are noisy: speech is less than {NOISY} dB over its own pauses (those of 0.2 s or more)",
        "record in a quieter place, or leave them out: noise makes units of its own",
    )  # fmt: skip


def noise_unknown(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Sides of which most recordings have no pause to hear the noise in."""
    for side in SIDES:
        found = corpus.usable(side)
        unknown = sum(np.isnan(quality.snr) for _, quality in found)
        if unknown > len(found) / 2:
            yield Finding(
                "noise_unknown", NOTE, side,
                f"{unknown:,} of {len(found):,} {side} recordings have no pause of 0.2 s: their noise is not known",
                "listen to some of them",
            )  # fmt: skip


def steady(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "no_speech", lambda each: each.steady, lambda each: f"{each.speech_seconds:.1f} s that sound alike",
        "hold no speech: they sound the same all the time, as noise, a tone or hum does",
        "listen to them, and leave them out",
    )  # fmt: skip


def clipped(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "clipping", lambda each: each.clipped > CLIPPED,
        lambda each: f"{each.clipped:.1%} of the samples in flat tops",
        f"are clipped: more than {CLIPPED:.1%} of their samples are cut off at the loudest value",
        "record again at a lower level: clipping cannot be undone",
    )  # fmt: skip


def cancelled(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Also those that are refused, for then their mean is silent."""
    for side in SIDES:
        ids = {
            each.id: f"the mean of {each.quality.channels} channels is {each.quality.cancelled:.0f} dB below one"
            for each in corpus.recordings[side]
            if each.quality and _cancelled(each.quality)
        }
        if ids:
            yield Finding(
                "channels", graded(len(ids), len(corpus.recordings[side])), side,
                f"{len(ids):,} {side} {_files(ids)} lose their sound when their channels are averaged: one is the other"
                " upside down",
                "keep one channel, say with `ffmpeg -i in.wav -af 'pan=mono|c0=c0' out.wav`", ids,
            )  # fmt: skip


def _cancelled(quality: Quality) -> bool:
    return quality.cancelled > CANCELLED


def offset(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "offset", lambda each: each.offset > OFFSET,
        lambda each: f"DC {each.offset:.0f} dB relative to the loudest 25 ms",
        "have a DC offset: their samples do not swing around zero, so silence is not found",
        "remove it, say with `ffmpeg -i in.wav -af highpass=f=40 out.wav`",
    )  # fmt: skip


def long_quiet(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Quiet at the ends that trimming removes: nothing to be done, but good to know."""
    found = _flagged(
        corpus, "silent_ends", lambda each: max(each.start, each.end) > LONG_QUIET and not _stays(each),
        lambda each: f"{each.start:.1f} s at the beginning, {each.end:.1f} s at the end",
        f"begin or end with more than {LONG_QUIET:.0f} s of silence", "nothing: `prepare` cuts it off",
    )  # fmt: skip
    for each in found:
        yield Finding(each.kind, NOTE, each.side, each.sentence, each.advice, each.ids)


def staying_quiet(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "silence", _stays,
        lambda each: f"{each.left:.1f} s of quiet stay at an end, {each.talk:.0%} of the rest is speech",
        f"are mostly silence, or keep more than {LEFT_QUIET} s of it at an end because it is too noisy to be cut off",
        "listen to them: cut them tighter, or look for a second sentence behind a long pause",
    )  # fmt: skip


def _stays(quality: Quality) -> bool:
    return not quality.steady and (quality.left > LEFT_QUIET or quality.talk < LITTLE_TALK)


def telephone(corpus: CheckedCorpus) -> Iterator[Finding]:
    return _flagged(
        corpus, "band", lambda each: each.rate > SAMPLE_RATE / 2 and each.cliff > TELEPHONE,
        lambda each: f"{each.cliff:.0f} dB less above 4 kHz than below, in a file of {each.rate:,} Hz",
        "have nothing above 4 kHz, whatever their rate says: telephone speech, or converted from 8 kHz",
        "use the original recordings if there are better ones; do not mix the two kinds on one side",
    )  # fmt: skip


def rates(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Rates below 16 kHz, and sides that mix rates."""
    for side in SIDES:
        found = corpus.usable(side)
        low = {each.id: f"{quality.rate:,} Hz" for each, quality in found if quality.rate < SAMPLE_RATE}
        if low:
            yield Finding(
                "rate", WARNING, side,
                f"{len(low):,} of {len(found):,} {side} recordings have a sample rate below 16 kHz: "
                f"the top of the spectrum is empty in them{', and not in the others' * (len(low) < len(found))}",
                "use recordings at 16 kHz or more, for all of a side", low,
            )  # fmt: skip


def _flagged(
    corpus: CheckedCorpus,
    kind: str,
    is_bad: Callable[[Quality], bool],
    told: Callable[[Quality], str],
    what: str,
    advice: str,
) -> Iterator[Finding]:
    """One finding a side of the recordings that are bad; serious where they are many."""
    for side in SIDES:
        found = corpus.usable(side)
        bad = [(each, quality) for each, quality in found if is_bad(quality)]
        if bad:
            ids = {each.id: told(quality) for each, quality in bad}
            sentence = f"{len(bad):,} of {len(found):,} {side} recordings{_splits(bad)} {what}"
            yield Finding(kind, graded(len(bad), len(found)), side, sentence, advice, ids)


def _splits(bad: list[tuple[Recording, Quality]]) -> str:
    counts = Counter(each.pair.split for each, _ in bad)
    return " (" + ", ".join(f"{split} {count:,}" for split, count in counts.items()) + ")"


def _files(found: dict) -> str:
    return "recording" if len(found) == 1 else "recordings"
