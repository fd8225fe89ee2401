"""Stage `units`: how good the units of a run are, apart from any translation → `quality/`, `units.json`."""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE, load_waveform, save_waveform, trim_silence
from speech2code.config import Config
from speech2code.corpora.checks import reason_to_reject
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.evaluation.conversion import convert, mfcc_of
from speech2code.evaluation.distortion import mel_cepstral_distortion
from speech2code.evaluation.phonetic import phonetic
from speech2code.evaluation.run_folder import RECOGNISERS, RunFolder
from speech2code.files import write_atomically, write_json
from speech2code.inversion.inverter import CodebookInverter
from speech2code.pipeline import SpeechTranslator
from speech2code.speaking import speak
from speech2code.stages.folders import (
    data_folder,
    discoverer_of,
    inverter_of,
    run_folder,
    settings_of,
    speech_of,
)
from speech2code.stages.record import RECORD, stage
from speech2code.units.codebook import Codebook
from speech2code.units.quality import usage
from speech2code.units.sequences import UnitSequences

SPOKEN = 250  # test sentences that every voice says
HELD = 24  # frames that a unit is held for, to hear it


def units(config: Config) -> None:
    """Measures the units of the test sentences: usage and bitrate; where voices speak them, also ABX, phone information
    and the error rate between voices; where the run has got so far, what the resynthesis loses."""
    run, (discoverer, record) = run_folder(config), discoverer_of(config)
    store = FeatureStore(data_folder(config), "test")
    made_of = settings_of(config, quality=asdict(config.quality), codebook=record["codebook"])
    with stage(run / "quality", made_of) as figures:
        if figures is not None:
            torch.set_num_threads(config.trainer.threads)
            sequences = UnitSequences.load(run / "units" / "test.npz").units
            seconds = float(store.lengths("target_waveform").sum()) / SAMPLE_RATE
            measures = usage(sequences, config.units.codebook_size, seconds)._asdict()
            if config.corpus.target_voice and store.has_text():
                voices = list(dict.fromkeys([*config.corpus.target_voice.split("+"), *config.quality.voices]))
                standard = speech_of(config, "train").standard("target")
                texts = store.texts("target")[:SPOKEN]
                found = phonetic(discoverer, standard, texts, voices, config.trainer.jobs)
                measures |= found.measures
                with write_atomically(run / "quality" / "phones.npz") as path, open(path, "wb") as file:
                    codes = discoverer.codebook.codes.numpy()
                    np.savez(file, counts=found.counts, phones=np.array(found.phones), codes=codes)
            figures["measures"] = measures
    spoken = {}
    if (run / "inverter" / RECORD).exists():
        inverter = inverter_of(config)
        _sounds(config, discoverer.codebook, inverter, run / "quality" / "sounds")
        if speech_of(config, "test").speaker_count("target") > 1:
            sequences = UnitSequences.load(run / "units" / "test.npz").units
            parts = discoverer.codebook, inverter, config.inverter.iterations
            spoken = convert(speech_of(config, "train"), speech_of(config, "test"), sequences, *parts)
    measures = RunFolder(run).json("quality/stage.json")["measures"]
    header = {"corpus": config.corpus.name} | {
        key: getattr(config.units, key) for key in ("codebook_size", "time_reduction")
    }
    write_json(run / "units.json", header | measures | spoken | _resynthesis(RunFolder(run), store))
    for name, value in RunFolder(run).json("units.json").items():
        print(f"{name:32} {value:.4g}" if isinstance(value, float) else f"{name:32} {value}")


def units_of_files(paths: list[str], model: str) -> None:
    """Prints the units of any recordings, one line a file, and what they cost."""
    system = SpeechTranslator.from_pretrained(model)
    waveforms = [trim_silence(load_waveform(path)) for path in paths]
    for path, waveform in zip(paths, waveforms):
        if reason := reason_to_reject(waveform):
            raise UserError(f"{path} has no units: {reason}")
    written = [system.encode([waveform])[0] for waveform in waveforms]
    for path, sequence in zip(paths, written):
        print(f"{path}\t{' '.join(map(str, sequence))}")
    seconds = sum(map(len, waveforms)) / SAMPLE_RATE
    found = usage([np.array(each) for each in written], len(system.discoverer.codebook.codes), seconds)
    print(", ".join(f"{name} {value:.4g}" for name, value in found._asdict().items()), file=sys.stderr)


def _sounds(config: Config, codebook: Codebook, inverter: CodebookInverter, folder: Path) -> None:
    """Each unit of the codebook, spoken alone."""
    repeated = [[unit] * -(-HELD // inverter.time_reduction) for unit in range(len(codebook.codes))]
    for unit, sound in enumerate(speak(repeated, codebook, inverter, config.inverter.iterations)):
        save_waveform(folder / f"{unit:04d}.wav", sound)


def _resynthesis(run: RunFolder, store: FeatureStore) -> dict[str, float]:
    """What two recognisers make of the original and of the true units' speech, and how far apart their spectra are."""
    scores = run.json("scores.json") or {}
    found = {
        f"{figure}_{row}_{recogniser}": scores[row][recogniser][figure]
        for row in ("original", "resynthesis")
        for recogniser in RECOGNISERS
        for figure in ("wer", "cer", "meteor")
        if recogniser in scores.get(row, {})
    }
    sounds = [run.sounds("resynthesis") / f"{name}.wav" for name in store.ids]
    if all(path.is_file() for path in sounds):
        found["mel_cepstral_distortion"] = float(
            np.mean(
                [
                    mel_cepstral_distortion(store.mfcc("target", item), mfcc_of(load_waveform(path)))
                    for item, path in enumerate(sounds)
                ]
            )
        )
    return found
