"""Stages `resynthesise`: the vocoder speaks the true units; and `decode`: the trained parts become one model folder,
and that model translates the sentences of every split that is judged."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech2code.audio.files import save_waveform
from speech2code.config import Config
from speech2code.corpora.batches import in_order
from speech2code.corpora.pairs import VOICES
from speech2code.corpora.statistics import source_range
from speech2code.corpora.store import FeatureStore
from speech2code.files import safe_name, sound_file, write_atomically, write_json
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.protocols import UnitEncoder, Vocoder
from speech2code.report.run_folder import RunFolder
from speech2code.seals import sealed
from speech2code.stages.folders import (
    check_codebook,
    corpus_of,
    data_folder,
    run_folder,
    speech_of,
    splits_of,
    unit_encoder_of,
    vocoder_of,
)
from speech2code.stages.record import fingerprints, finished, sealed_sounds, stage
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.translation.search import Hypothesis
from speech2code.units.sequences import UnitSequences
from speech2code.vocoders.speaking import speak

SHOWN = 12  # sentences with players and pictures in the report
BATCH = 16


def resynthesise(config: Config) -> None:
    """Speaks the true units of every split that is judged: as well as this a translation can sound."""
    run, (encoder, record) = run_folder(config), unit_encoder_of(config)
    torch.set_num_threads(config.trainer.threads)
    settings = {"models": fingerprints(run, "vocoder"), "codebook": record["codebook"]}
    settings["splits"] = splits_of(config, target_only=True)
    settings["corpus"] = corpus_of(config, "resynthesis")
    with stage(run, "resynthesis", settings) as figures:
        if figures is None:
            return
        vocoder = vocoder_of(config, encoder)
        for split in settings["splits"]:
            speak_true_units(config, encoder, vocoder, split, RunFolder(run).sounds("resynthesis", split))
        figures["sounds"] = sealed_sounds(RunFolder(run), "resynthesis", settings["splits"])


def decode(config: Config) -> None:
    """Exports the model folder and speaks every split that is judged with it: the units that it translates from the
    source."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    settings = {
        "models": fingerprints(run, "units", "vocoder", "translator"),
        "codebook": finished(run, "units")["codebook"],
        "search": vars(config.search),
        "splits": splits_of(config),
    }
    with stage(run, "decoding", settings) as figures:
        if figures is None:
            return
        model = export(config)
        true_units: dict[str, np.ndarray] = {}
        units: dict[str, list[int]] = {}
        ended: dict[str, bool] = {}
        for split in splits_of(config):
            store = FeatureStore(data_folder(config), split)
            if split != VOICES:
                true_units |= dict(zip(store.ids, UnitSequences.load(run / "units" / f"{split}.npz").units))
            found = _translate_split(model, config, store)
            units |= {key: each.tokens for key, each in found.items()}
            ended |= {key: each.ended for key, each in found.items()}
            if split == "test":
                _show(store, found, run)
        reference = {key: each.tolist() for key, each in true_units.items()}
        write_json(run / "decoding" / "units.json", sealed({"reference": reference, "translation": units}))
        write_json(run / "decoding" / "ended.json", sealed({"ended": ended}))
        figures["sounds"] = sealed_sounds(RunFolder(run), "translation", splits_of(config))


def export(config: Config) -> SpeechTranslator:
    """Trained stages → one model folder, `runs/<name>/model`, loaded back from there."""
    run = run_folder(config)
    encoder, record = unit_encoder_of(config)
    translator = finished(run, "translator")
    check_codebook(run / "translator", translator, record["codebook"])
    limits, speech = Limits(**translator["limits"]), speech_of(config, "train")
    parts = config.units, config.vocoder, config.translator, config.search
    vtln = list(speech.statistics["target_vtln"].values())
    model = SpeechTranslator(*parts, limits, vtln, source_range(speech.store), config.corpus.trimming)
    model.unit_encoder, model.vocoder = encoder, vocoder_of(config, encoder)
    load_checkpoint(run / "translator" / WEIGHTS, model.translator)
    for side in ("source", "target"):
        for what, value in zip(("mean", "std"), speech.standard(side)):
            getattr(model, f"{side}_{what}").copy_(value)
    model.save_pretrained(run / "model")
    return SpeechTranslator.from_pretrained(run / "model")


def speak_true_units(
    config: Config,
    encoder: UnitEncoder,
    vocoder: Vocoder,
    split: str,
    folder: Path,
    *,
    true_durations: bool = False,
) -> None:
    """The true units of a split, each sentence by its own speaker, as WAV files. Each unit lasts as the vocoder
    predicts, or as long as it did."""
    speech, true = speech_of(config, split), UnitSequences.load(run_folder(config) / "units" / f"{split}.npz")
    for items in bar(in_order(speech.store.lengths("target_waveform"), BATCH), f"resynthesis {split}"):
        units, speakers = [true.units[item] for item in items], speech.speakers("target", items).tolist()
        durations = [true.durations[item] for item in items] if true_durations else None
        for item, waveform in zip(items, speak(units, encoder, vocoder, speakers, durations)):
            save_waveform(sound_file(folder, speech.store.ids[item]), waveform)


def _translate_split(model: SpeechTranslator, config: Config, store: FeatureStore) -> dict[str, Hypothesis]:
    """Writes the waveforms of a split → id → what the search has found."""
    folder = RunFolder(run_folder(config)).sounds("translation", store.split)

    def translate(items: np.ndarray) -> list[Hypothesis]:
        found = model.translate_to_units([store.waveform("source", item) for item in items])
        for item, waveform in zip(items, model.speak([each.tokens for each in found])):
            save_waveform(sound_file(folder, store.ids[item]), waveform)
        return found

    batches = in_order(store.lengths("source_waveform"), BATCH)
    with ThreadPoolExecutor(config.trainer.jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        results = list(bar(pool.map(translate, batches), f"decode {store.split}", len(batches)))
    found = dict(zip(np.concatenate(batches).tolist(), chain.from_iterable(results)))
    return {key: found[item] for item, key in enumerate(store.ids)}


def _show(store: FeatureStore, found: dict[str, Hypothesis], run: Path) -> None:
    """Source, original and alignment of some sentences, for the report."""
    shown = np.linspace(0, len(store) - 1, min(SHOWN, len(store))).astype(int).tolist()
    for item, (row, side) in product(shown, (("source", "source"), ("original", "target"))):
        path = sound_file(RunFolder(run).sounds(row), store.ids[item])
        save_waveform(path, store.waveform(side, item))
    path = run / "decoding" / "alignments.npz"
    with write_atomically(path) as temporary, open(temporary, "wb") as file:
        names = [store.ids[item] for item in shown]
        alignments: dict[str, Any] = {safe_name(name): found[name].alignment.numpy() for name in names}
        np.savez(file, **alignments)
