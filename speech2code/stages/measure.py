"""Stage `units`: how good the units of a run are, apart from any translation → `quality/`, `units.json`."""

import sys
from dataclasses import asdict
from itertools import product

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE, load_waveform, save_waveform, trim_silence
from speech2code.config import Config
from speech2code.corpora.checks import reason_to_reject
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.evaluation.conversion import convert
from speech2code.evaluation.distortion import mel_cepstral_distortion
from speech2code.evaluation.phonetic import phonetic
from speech2code.evaluation.run_folder import RECOGNISERS, RunFolder
from speech2code.evaluation.scores import score
from speech2code.evaluation.spoken import mfcc_of
from speech2code.files import read_json, write_atomically, write_json
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
from speech2code.units.quality import usage
from speech2code.units.sequences import UnitSequences
from speech2code.units.vqvae import UnitDiscoverer

SPOKEN = 250  # test sentences that every voice says
HELD = 24  # frames that a unit is held for, to hear it


def units(config: Config) -> None:
    """Measures the units of the test sentences: usage and bitrate; where voices speak them, also ABX, phone information
    and the error rate between voices; where the run has got so far, what the inverter makes of them."""
    run, (discoverer, record) = run_folder(config), discoverer_of(config)
    made_of = settings_of(config, "quality", quality=asdict(config.quality), codebook=record["codebook"])
    with stage(run / "quality", made_of) as figures:
        if figures is not None:
            torch.set_num_threads(config.trainer.threads)
            figures["measures"] = _measures(config, discoverer)
    found = {"corpus": config.corpus.name, "codebook_size": config.units.codebook_size}
    found |= {"time_reduction": config.units.time_reduction} | read_json(run / "quality" / RECORD)["measures"]
    if (RunFolder(run).json(f"inverter/{RECORD}") or {}).get("done"):
        found |= _spoken(config, discoverer)
    write_json(run / "units.json", found)
    for name, value in found.items():
        print(f"{name:32} {value:.4g}" if isinstance(value, float) else f"{name:32} {value}")


def _measures(config: Config, discoverer: UnitDiscoverer) -> dict[str, float]:
    """What needs no inverter; the phones behind each unit go into `quality/phones.npz`."""
    run, store = run_folder(config), FeatureStore(data_folder(config), "test")
    sequences = UnitSequences.load(run / "units" / "test.npz").units
    seconds = float(store.lengths("target_waveform").sum()) / SAMPLE_RATE
    measures = usage(sequences, config.units.codebook_size, seconds)._asdict()
    if not (config.corpus.target_voice and store.has_text()):
        return measures
    voices = list(dict.fromkeys([*config.corpus.target_voice.split("+"), *config.quality.voices]))
    train, texts = speech_of(config, "train"), store.texts("target")[:SPOKEN]
    warps = train.statistics["target_warps"]
    found = phonetic(discoverer, train.standard("target"), texts, voices, warps, config.trainer.jobs)
    with write_atomically(run / "quality" / "phones.npz") as path, open(path, "wb") as file:
        codes = discoverer.alphabet.codes.numpy()
        np.savez(file, counts=found.counts, phones=np.array(found.phones), codes=codes)
    return measures | found.measures


def _spoken(config: Config, discoverer: UnitDiscoverer) -> dict[str, float]:
    """Each unit is spoken alone, for the report; what the resynthesis loses; where there are several speakers, how well
    they change places."""
    run, codebook, inverter = run_folder(config), discoverer.alphabet, inverter_of(config, discoverer)
    every, steps = [[unit] for unit in range(len(codebook.codes))], -(-HELD // inverter.time_reduction)
    for unit, sound in enumerate(
        speak(every, codebook, inverter, config.inverter.iterations, 0, [[steps]] * len(every))
    ):
        save_waveform(run / "quality" / "sounds" / f"{unit:04d}.wav", sound)
    train, test = (speech_of(config, split) for split in ("train", "test"))
    found = _resynthesis(RunFolder(run), test.store)
    if train.speaker_count("target") > 1:
        sequences = UnitSequences.load(run / "units" / "test.npz").units
        found |= convert(train, test, sequences, codebook, inverter, config.inverter.iterations)
    return found


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
    found = usage([np.array(each) for each in written], len(system.discoverer.alphabet.codes), seconds)
    print(", ".join(f"{name} {value:.4g}" for name, value in found._asdict().items()), file=sys.stderr)


def _resynthesis(run: RunFolder, store: FeatureStore) -> dict[str, float]:
    """What two recognisers make of the original and of the true units' speech, and how far apart their spectra are."""
    found = {}
    for row, recogniser in product(("original", "resynthesis"), RECOGNISERS):
        if tables := run.transcripts(row, recogniser):  # of `listen` or `evaluate`, where the run has got so far
            references, hypotheses = zip(*tables.values())
            scores = score(hypotheses, references).as_dict()
            found |= {f"{figure}_{row}_{recogniser}": scores[figure] for figure in ("wer", "cer", "meteor", "bleu")}
    distances = [
        mel_cepstral_distortion(store.mfcc("target", item), mfcc_of(trim_silence(load_waveform(path))))
        for item, path in enumerate(run.sounds("resynthesis") / f"{name}.wav" for name in store.ids)
    ]
    return found | {"mel_cepstral_distortion": float(np.mean(distances))}
