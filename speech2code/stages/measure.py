"""Stage `measure`: how good the units of a run are, and what can be said of its speech without any text →
`quality/`, `units.json`. All of the test sentences."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE, load_waveform, save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.builders import judges_of
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.corpora.voices import Phone, load_voice
from speech2code.files import is_younger, sound_file, write_atomically, write_json
from speech2code.protocols import UnitEncoder
from speech2code.records import RECORD
from speech2code.registry import ROW
from speech2code.report.run_folder import RunFolder
from speech2code.seals import sealed
from speech2code.stages.folders import (
    data_folder,
    run_folder,
    settings_of,
    speech_of,
    text_of,
    unit_encoder_of,
    vocoder_of,
)
from speech2code.stages.record import check_sounds, fingerprint, finished, record_of, stage
from speech2code.stages.texts import scorable
from speech2code.unit_quality.cepstra import mel_cepstra
from speech2code.unit_quality.conversion import convert
from speech2code.unit_quality.distortion import mel_cepstral_distortion
from speech2code.unit_quality.edits import translation_scores
from speech2code.unit_quality.information import bitrate_with_durations, usage
from speech2code.unit_quality.intervals import mean_with_interval
from speech2code.unit_quality.naturalness import load_listener
from speech2code.unit_quality.phonetic import Phonetic, encode, phonetic
from speech2code.unit_quality.recordings import phones_of, spoken_by_people
from speech2code.unit_quality.voices import phonetic_of_voices
from speech2code.units.sequences import UnitSequences
from speech2code.vocoders.speaking import speak

SPOKEN = 250  # test sentences that every voice says
HELD = 24  # frames that a unit is held for, to listen to it


def measure(config: Config) -> None:
    """Usage and bit rates; where the times of phones are known, by the voices or by `corpus.phones`, also ABX and phone
    information; where the run has got so far, what the vocoder makes of the units and what the translator does."""
    run, (encoder, record) = run_folder(config), unit_encoder_of(config)
    store = FeatureStore(data_folder(config), "test")
    phones = phones_of(config.corpus, store) if config.corpus.phones else None
    told_by = {"voices": config.measure.voices, "phones": fingerprint(phones) if phones else None}
    read = text_of(config) if config.corpus.target_voice else {}  # which speaks it, and tells the times of its phones
    made_of = settings_of(config, "quality", measure=told_by, codebook=record["codebook"], **read)
    with stage(run, "quality", made_of) as figures:
        if figures is not None:
            torch.set_num_threads(config.trainer.threads)
            figures["measures"] = _measures(config, encoder, phones)
    if not _is_fresh(run, config.measure.naturalness):
        write_json(run / "units.json", sealed(_everything(config, encoder, store)))
    for name, value in RunFolder(run).sealed("units.json").items():
        print(f"{name:42} {value:.4g}" if isinstance(value, float) else f"{name:42} {value}")


def _is_fresh(run: Path, naturalness: bool) -> bool:
    """Whether units.json is younger than all that it speaks of, and speaks of all that is asked for."""
    known, sources = run / "units.json", [run / name / RECORD for name in ("quality", "resynthesis", "decoding")]
    return is_younger(known, sources) and (
        not naturalness or "naturalness_original" in RunFolder(run).sealed("units.json")
    )


def _everything(config: Config, encoder: UnitEncoder, store: FeatureStore) -> dict:
    """The record's measures, and those of what has been made since."""
    run = run_folder(config)
    found = {"corpus": config.corpus.name, "kind": config.units.kind, "codebook_size": encoder.spec.codebook_size}
    found |= {"time_reduction": encoder.spec.step_frames} | finished(run, "quality")["measures"]
    if any(record_of(run, name)["done"] for name in ("vocoder", "resynthesis", "decoding")):
        found |= _spoken(config, encoder)
    if record_of(run, "decoding")["done"]:
        units = RunFolder(run).units()
        found |= translation_scores(*([units[row][key] for key in store.ids] for row in ("reference", "translation")))
    listen = load_listener() if config.measure.naturalness else None
    return found | _heard(RunFolder(run), store, listen)


def _measures(config: Config, encoder: UnitEncoder, phones: dict[str, list[Phone]] | None) -> dict[str, float]:
    """What needs no vocoder; the phones behind each unit go into `quality/phones.npz`."""
    run, store = run_folder(config), FeatureStore(data_folder(config), "test")
    sequences = UnitSequences.load(run / "units" / "test.npz")
    seconds = float(store.lengths("target_waveform").sum()) / SAMPLE_RATE
    measures = usage(sequences.units, encoder.spec.codebook_size, seconds)._asdict()
    measures["bitrate_with_durations"] = bitrate_with_durations(sequences.units, sequences.durations, seconds)
    found = _phonetic(config, encoder, store, phones)
    if found is None:
        return measures
    with write_atomically(run / "quality" / "phones.npz") as path, open(path, "wb") as file:
        codes = encoder.inventory.codes.numpy()
        np.savez(file, counts=found.counts, phones=np.array(found.phones), codes=codes)
    told = {"utterances_with_phones": len(phones)} if phones else {}
    return measures | told | found.measures


def _phonetic(
    config: Config, encoder: UnitEncoder, store: FeatureStore, phones: dict[str, list[Phone]] | None
) -> Phonetic | None:
    """By the recordings' phones, or by those of voices; None where nobody tells any."""
    train = speech_of(config, "train")
    standard, factors = train.standard("target"), train.statistics["target_vtln"]
    if phones:
        encoded = encode(encoder, standard, spoken_by_people(config.corpus, store, phones), factors)
        return phonetic(encoder, encoded)
    texts = scorable(config, "test").store.texts("target") if config.corpus.target_voice else []
    if not texts:
        return None
    named = dict.fromkeys([*str(config.corpus.target_voice).split("+"), *config.measure.voices])
    voices = [voice for voice in named if load_voice(voice).tells_phones]
    for voice in named:
        if voice not in voices:
            print(f"{voice} does not tell the times of its phones: left out of ABX and phone information", flush=True)
    if not voices:
        return None
    return phonetic_of_voices(encoder, standard, texts[:SPOKEN], voices, factors, config.trainer.jobs)


def _spoken(config: Config, encoder: UnitEncoder) -> dict[str, float]:
    """Each unit is spoken alone, for the report; where there are several speakers, how well they change places."""
    run, vocoder = run_folder(config), vocoder_of(config, encoder)
    every, steps = [[unit] for unit in range(encoder.spec.codebook_size)], -(-HELD // encoder.spec.step_frames)
    for unit, sound in enumerate(speak(every, encoder, vocoder, 0, [[steps]] * len(every))):
        save_waveform(run / "quality" / "sounds" / f"{unit:04d}.wav", sound)
    train, test = (speech_of(config, split) for split in ("train", "test"))
    if train.speaker_count("target") == 1:
        return {}
    sequences = UnitSequences.load(run / "units" / "test.npz").units
    read_in = config.corpus.target if "pocketsphinx" in judges_of(config) else None
    return convert(train, test, sequences, encoder, vocoder, read_in)


def _heard(run: RunFolder, store: FeatureStore, listen: Callable[[np.ndarray], float] | None) -> dict[str, float]:
    """How far resynthesis and translation are from the original, none of them with silence at its ends, and how natural
    all three sound; of what is there."""
    done = [row for row in ("resynthesis", "translation") if record_of(run.path, str(ROW[row].made_by))["done"]]
    for row in done:
        check_sounds(run, row, "test")
    found: dict[str, list[float]] = defaultdict(list)
    for item, name in enumerate(store.ids if done or listen else []):
        original = store.waveform("target", item)
        sounds = {row: trim_silence(load_waveform(sound_file(run.sounds(row), name))) for row in done}
        if sounds:
            cepstra = mel_cepstra(original)
            for row, sound in sounds.items():
                found[f"mel_cepstral_distortion_{row}"].append(mel_cepstral_distortion(cepstra, mel_cepstra(sound)))
        if listen:
            for row, sound in ({"original": original} | sounds).items():
                found[f"naturalness_{row}"].append(listen(sound))
    each = [mean_with_interval(*measure) for measure in found.items()]
    return {name: value for measure in each for name, value in measure.items()}
