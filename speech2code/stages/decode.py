"""Stage `decode`: the trained parts become one model folder, and that model translates the test sentences; and the
resynthesis, with which the stage `train vocoder` ends."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech2code.audio.files import save_waveform
from speech2code.config import Config
from speech2code.corpora.batches import in_order
from speech2code.corpora.store import FeatureStore
from speech2code.files import write_atomically, write_json
from speech2code.pipeline import Limits, SpeechTranslator
from speech2code.protocols import UnitEncoder, Vocoder
from speech2code.registry import ROWS
from speech2code.stages.folders import (
    check_codebook,
    data_folder,
    run_folder,
    speech_of,
    unit_encoder_of,
    vocoder_of,
)
from speech2code.stages.record import fingerprints, finished, stage
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.translation.search import Hypothesis
from speech2code.units.sequences import UnitSequences
from speech2code.vocoders.speaking import speak

SHOWN = 12  # sentences with players and pictures in the report
BATCH = 16


def decode(config: Config) -> None:
    """Exports the model folder and speaks both test lists with it: the units that it translates from the source."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    settings = {
        "models": fingerprints(run, "units", "vocoder", "translator"),
        "codebook": finished(run, "units")["codebook"],
        "search": vars(config.search),
    }
    with stage(run, "decoding", settings) as figures:
        if figures is None:
            return
        model = export(config)
        units: dict[str, dict] = {}
        ended: dict[str, dict] = {}
        for row in ROWS:
            if row.made_by == "decoding" and (data_folder(config) / row.split).exists():
                _translate_split(model, config, row.name, row.split, units, ended)
        write_json(run / "decoding" / "units.json", units)
        write_json(run / "decoding" / "ended.json", ended)


def export(config: Config) -> SpeechTranslator:
    """Trained stages → one model folder, `runs/<name>/model`, loaded back from there."""
    run = run_folder(config)
    encoder, record = unit_encoder_of(config)
    translator = finished(run, "translator")
    check_codebook(run / "translator", translator, record["codebook"])
    limits, speech = Limits(**translator["limits"]), speech_of(config, "train")
    parts = config.units, config.vocoder, config.translator, config.search
    model = SpeechTranslator(*parts, limits, list(speech.statistics["target_vtln"].values()))
    model.unit_encoder, model.vocoder = encoder, vocoder_of(config, encoder)
    load_checkpoint(run / "translator" / WEIGHTS, model.translator)
    for side in ("source", "target"):
        for what, value in zip(("mean", "std"), speech.standard(side)):
            getattr(model, f"{side}_{what}").copy_(value)
    model.save_pretrained(run / "model")
    return SpeechTranslator.from_pretrained(run / "model")


def resynthesise(
    config: Config, encoder: UnitEncoder, vocoder: Vocoder, folder: Path, *, true_durations: bool = False
) -> None:
    """The true units of the test sentences, each by its own speaker: as well as this a translation can sound. Each unit
    lasts as the vocoder predicts, or as long as it did."""
    speech, true = speech_of(config, "test"), UnitSequences.load(run_folder(config) / "units" / "test.npz")
    for items in bar(in_order(speech.store.lengths("target_waveform"), BATCH), "resynthesis"):
        units, speakers = [true.units[item] for item in items], speech.speakers("target", items).tolist()
        durations = [true.durations[item] for item in items] if true_durations else None
        for item, waveform in zip(items, speak(units, encoder, vocoder, speakers, durations)):
            save_waveform(folder / f"{speech.store.ids[item]}.wav", waveform)


def _translate_split(
    model: SpeechTranslator, config: Config, row: str, split: str, units: dict[str, dict], ended: dict[str, dict]
) -> None:
    """Fills row → id → units, and row → id → whether the search came to an end; writes the waveforms."""
    folder, store = run_folder(config) / "decoding", FeatureStore(data_folder(config), split)

    def translate(items: np.ndarray) -> list[Hypothesis]:
        found = model.translate_to_units([store.waveform("source", item) for item in items])
        for item, waveform in zip(items, model.speak([each.tokens for each in found])):
            save_waveform(folder / row / f"{store.ids[item]}.wav", waveform)
        return found

    batches = in_order(store.lengths("source_waveform"), BATCH)
    with ThreadPoolExecutor(config.trainer.jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        results = list(bar(pool.map(translate, batches), f"decode {split}", len(batches)))
    found = dict(zip(np.concatenate(batches).tolist(), chain.from_iterable(results)))
    units[row] = {key: found[item].tokens for item, key in enumerate(store.ids)}
    ended[row] = {key: found[item].ended for item, key in enumerate(store.ids)}
    if row == "translation":
        true_units = UnitSequences.load(run_folder(config) / "units" / "test.npz").units
        units["reference"] = {key: each.tolist() for key, each in zip(store.ids, true_units)}
        _show(store, found, folder)


def _show(store: FeatureStore, found: dict[int, Hypothesis], folder: Path) -> None:
    """Source, original and alignment of some sentences, for the report."""
    shown = np.linspace(0, len(store) - 1, min(SHOWN, len(store))).astype(int).tolist()
    for item in shown:
        save_waveform(folder / "source" / f"{store.ids[item]}.wav", store.waveform("source", item))
        save_waveform(folder / "original" / f"{store.ids[item]}.wav", store.waveform("target", item))
    with write_atomically(folder / "alignments.npz") as temporary, open(temporary, "wb") as file:
        alignments: dict[str, Any] = {store.ids[item]: found[item].alignment.numpy() for item in shown}
        np.savez(file, **alignments)
