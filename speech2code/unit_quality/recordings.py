"""Recordings and the given times of their phones: natural speech to measure units on. Needs no text."""

from pathlib import Path

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import speech_bounds
from speech2code.config import CorpusConfig
from speech2code.corpora.pairs import Pair
from speech2code.corpora.sources import read_pairs
from speech2code.corpora.store import FeatureStore
from speech2code.corpora.voices import PAUSE, Phone
from speech2code.errors import UserError
from speech2code.files import safe_name
from speech2code.unit_quality.phone_times import ROUNDED, read_phone_times
from speech2code.unit_quality.spoken import Spoken, between

BEYOND = 0.1  # seconds that the last phone may end after its recording


def phones_of(corpus: CorpusConfig, store: FeatureStore) -> dict[str, list[Phone]]:
    """What `corpus.phones` holds of the target speech of a split: id → phones, times in the untrimmed recording.

    Says how many utterances have none; UserError where none has any, or they cannot be those of their recording.
    """
    folder, recordings = Path(str(corpus.phones)), _recordings(corpus, store)
    files = {name: pair.target_audio for name, pair in recordings.items() if pair.target_audio is not None}
    found = read_phone_times(folder, files)
    if not found:
        raise UserError(
            f"corpus.phones={folder} has no phones of the {len(store)} {store.folder.name} utterances; name each file "
            f"by the id of its pair, such as {safe_name(store.ids[0])}.TextGrid, .ctm or .phn"
        )
    if missing := len(store) - len(found):
        print(f"{folder}: no phones for {missing} of {len(store)} {store.folder.name} utterances; they are left out")
    return {name: _to_the_end(phones, recordings[name], folder) for name, phones in found.items()}


def spoken_by_people(corpus: CorpusConfig, store: FeatureStore, phones: dict[str, list[Phone]]) -> list[Spoken]:
    """Those utterances of a split that have `phones`, with times from the first frame kept on. UserError where a
    recording is not the one that was prepared."""
    recordings, found = _recordings(corpus, store), []
    lengths = store.lengths("target_waveform")
    for item, name in enumerate(store.ids):
        if name in phones:
            first, last = speech_bounds(recordings[name].recording("target"), corpus.trimming)
            if last - first != lengths[item]:
                raise UserError(f"the recording of {name} has changed since `prepare`; choose another corpus.name")
            mfcc = store.mfcc("target", item).astype(np.float32)
            found.append(Spoken(store.speakers["target"][item], mfcc, between(phones[name], first, last)))
    return found


def _recordings(corpus: CorpusConfig, store: FeatureStore) -> dict[str, Pair]:
    recorded = {pair.id: pair for pair in read_pairs(corpus)[0] if pair.target_audio is not None}
    there = {name: recorded[name] for name in store.ids if name in recorded}
    if len(there) < len(store):
        raise UserError(
            "corpus.phones is for recordings; leave it out where voices speak the corpus, or mend corpus.path"
        )
    return there


def _to_the_end(phones: list[Phone], pair: Pair, folder: Path) -> list[Phone]:
    """With a pause behind the last phone, if there is time for one."""
    end, seconds = phones[-1].end, len(pair.recording("target")) / SAMPLE_RATE
    if end > seconds + BEYOND:
        raise UserError(
            f"{folder} has phones up to {end:.2f} s of {pair.id}, which ends at {seconds:.2f} s; "
            "give the phones of this recording, in seconds (.phn: in samples)"
        )
    return [*phones, Phone(PAUSE, end, seconds)] if end < seconds - ROUNDED else phones
