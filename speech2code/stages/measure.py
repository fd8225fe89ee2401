"""Stage `measure`: how good the units of a run are, apart from any translation → `quality/`, `units.json`."""

from itertools import product
from typing import Any

import numpy as np
import torch

from speech2code.audio.files import SAMPLE_RATE, load_waveform, save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.config import Config
from speech2code.corpora.store import FeatureStore
from speech2code.files import read_json, write_atomically, write_json
from speech2code.protocols import UnitEncoder
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score_pairs
from speech2code.stages.folders import data_folder, run_folder, settings_of, speech_of, unit_encoder_of, vocoder_of
from speech2code.stages.record import RECORD, record_of, stage
from speech2code.unit_quality.conversion import convert
from speech2code.unit_quality.distortion import mel_cepstral_distortion
from speech2code.unit_quality.information import usage
from speech2code.unit_quality.phonetic import phonetic
from speech2code.unit_quality.spoken import mfcc_of
from speech2code.units.sequences import UnitSequences
from speech2code.vocoders.speaking import speak

SPOKEN = 250  # test sentences that every voice says
HELD = 24  # frames that a unit is held for, to listen to it


def measure(config: Config) -> None:
    """Measures the units of the test sentences: usage and bitrate; where voices speak them, also ABX, phone information
    and the error rate between voices; where the run has got so far, what the vocoder makes of them."""
    run, (encoder, record) = run_folder(config), unit_encoder_of(config)
    made_of = settings_of(config, "quality", measure={"voices": config.measure.voices}, codebook=record["codebook"])
    with stage(run, "quality", made_of) as figures:
        if figures is not None:
            torch.set_num_threads(config.trainer.threads)
            figures["measures"] = _measures(config, encoder)
    found = {"corpus": config.corpus.name, "kind": config.units.kind, "codebook_size": encoder.spec.codebook_size}
    found |= {"time_reduction": encoder.spec.step_frames} | read_json(run / "quality" / RECORD)["measures"]
    if record_of(run, "vocoder")["done"]:
        found |= _spoken(config, encoder)
    write_json(run / "units.json", found)
    for name, value in found.items():
        print(f"{name:32} {value:.4g}" if isinstance(value, float) else f"{name:32} {value}")


def _measures(config: Config, encoder: UnitEncoder) -> dict[str, float]:
    """What needs no vocoder; the phones behind each unit go into `quality/phones.npz`."""
    run, store = run_folder(config), FeatureStore(data_folder(config), "test")
    sequences = UnitSequences.load(run / "units" / "test.npz").units
    seconds = float(store.lengths("target_waveform").sum()) / SAMPLE_RATE
    measures = usage(sequences, encoder.spec.codebook_size, seconds)._asdict()
    if not (config.corpus.target_voice and store.has_text()):
        return measures
    voices = list(dict.fromkeys([*config.corpus.target_voice.split("+"), *config.measure.voices]))
    train, texts = speech_of(config, "train"), store.texts("target")[:SPOKEN]
    factors = train.statistics["target_vtln"]
    found = phonetic(encoder, train.standard("target"), texts, voices, factors, config.trainer.jobs)
    with write_atomically(run / "quality" / "phones.npz") as path, open(path, "wb") as file:
        codes = encoder.inventory.codes.numpy()
        np.savez(file, counts=found.counts, phones=np.array(found.phones), codes=codes)
    return measures | found.measures


def _spoken(config: Config, encoder: UnitEncoder) -> dict[str, float]:
    """Each unit is spoken alone, for the report; what the resynthesis loses; where there are several speakers, how well
    they change places."""
    run, vocoder = run_folder(config), vocoder_of(config, encoder)
    every, steps = [[unit] for unit in range(encoder.spec.codebook_size)], -(-HELD // encoder.spec.step_frames)
    for unit, sound in enumerate(speak(every, encoder, vocoder, 0, [[steps]] * len(every))):
        save_waveform(run / "quality" / "sounds" / f"{unit:04d}.wav", sound)
    train, test = (speech_of(config, split) for split in ("train", "test"))
    found = _resynthesis(config, test.store)
    if train.speaker_count("target") > 1:
        sequences = UnitSequences.load(run / "units" / "test.npz").units
        found |= convert(train, test, sequences, encoder, vocoder, config.corpus.target)
    return found


def _resynthesis(config: Config, store: FeatureStore) -> dict[str, float]:
    """What the recognisers make of the original and of the true units' speech, and how far apart their spectra are."""
    found: dict[str, Any] = {}
    run = RunFolder(run_folder(config))
    for row, recogniser in product(("original", "resynthesis"), config.recognisers):
        if table := run.transcripts(row, recogniser):  # where the run has got so far
            scores = score_pairs(table.values(), config.corpus.target).as_dict()
            found |= {f"{figure}_{row}_{recogniser}": scores[figure] for figure in ("wer", "cer", "meteor", "bleu")}
    distances = [
        mel_cepstral_distortion(store.mfcc("target", item), mfcc_of(trim_silence(load_waveform(path))))
        for item, path in enumerate(run.sounds("resynthesis") / f"{name}.wav" for name in store.ids)
    ]
    return found | {"mel_cepstral_distortion": float(np.mean(distances))}
