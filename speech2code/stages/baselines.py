"""Stage `decode baselines`: the paper's baseline and topline speak the sentences of every split that is judged."""

import numpy as np
import torch

from speech2code.audio.files import save_waveform
from speech2code.baselines.tacotron import Tacotron
from speech2code.builders import build_translator
from speech2code.config import Config, Seq2SeqConfig, TacotronConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.speech import Speech
from speech2code.files import write_json
from speech2code.padding import pad
from speech2code.recognisers.vocabulary import CHAR, Vocabulary
from speech2code.registry import BY_NAME, ROW, spared_stages
from speech2code.report.run_folder import RunFolder
from speech2code.seals import sealed
from speech2code.stages import cascades
from speech2code.stages.folders import run_folder, speech_of, splits_of
from speech2code.stages.record import finished, sealed_sounds, stage
from speech2code.stages.spoken import beside_references, corpus_voice, place, speak_by_voice
from speech2code.stages.transcribe import is_there
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.training.tacotron import synthesise
from speech2code.translation.search import beam_search

BATCH = 16
TOPLINES = {  # stage of a speech-to-text part → the section with its settings, the rows that speak what it writes
    "topline_stt": ("topline_stt", ("topline", "topline_voice")),
    "topline_stt_tuned": ("translator", ("topline_tuned",)),
}


def decode(config: Config) -> None:
    """Those of baseline and toplines that are chosen. Where the corpus has a voice, it too may speak the topline's
    text: so errors of translation and of synthesis can be told apart."""
    run = run_folder(config)
    torch.set_num_threads(config.trainer.threads)
    records = {name: finished(run, name) for name in _parts(config)}
    made_of: dict = {name: record["fingerprint"] for name, record in records.items()}
    made_of["topline_search"] = vars(config.search)  # where a sweep varies ours, theirs stays as the experiment has it
    made_of |= cascades.made_of(config)
    with stage(run, "baselines", made_of | {"rows": sorted(config.baselines), "splits": splits_of(config)}) as figures:
        if figures is None:
            return
        pretrained, written = cascades.load_cascades(config), dict[str, dict]()
        for split in splits_of(config):
            speech = speech_of(config, split)
            if "baseline" in config.baselines:
                _speak_baseline(config, speech, records["baseline"]["longest"])
            written[split] = {}
            for name, (_, rows) in TOPLINES.items():
                if name in records:
                    written[split][rows[0]] = _speak_topline(config, speech, name, records)
            written[split] |= cascades.speak_cascades(config, speech, pretrained)
        write_json(run / "baselines" / "topline_texts.json", sealed(written))
        spoken = (row for row in config.baselines if is_there(config, row))
        sounds = [sealed_sounds(RunFolder(run), row, splits_of(config)) for row in spoken]
        figures["sounds"] = {place: made for each in sounds for place, made in each.items()}


def _parts(config: Config) -> list[str]:
    """The stages that train what is chosen."""
    spared = spared_stages(config.baselines)
    return [name for name in BY_NAME["baselines"].needs if name not in spared]


def _speak_topline(config: Config, speech: Speech, name: str, records: dict[str, dict]) -> dict[str, tuple[str, str]]:
    """→ id → (reference, what the topline writes) where that can be scored; and speaks it all."""
    section, rows = TOPLINES[name]
    texts = _topline_texts(config, speech, name, getattr(config, section), records[name])
    for row in (each for each in rows if each in config.baselines):
        if not ROW[row].voiced:
            _speak_by_tacotron(config, speech.store.split, row, records["topline_tts"], texts)
        elif is_there(config, row):
            speak_by_voice(config, speech.store.split, row, texts, corpus_voice(config))
    return beside_references(config, speech.store.split, texts)


def _tacotron(config: Config, name: str, settings: TacotronConfig, characters: int | None) -> Tacotron:
    model = Tacotron(settings, characters)
    load_checkpoint(run_folder(config) / name / WEIGHTS, model)
    return model.eval()


def _speak_baseline(config: Config, speech: Speech, longest: int) -> None:
    model = _tacotron(config, "baseline", config.baseline, None)
    for items in bar(in_order(speech.store.lengths("source_mfcc"), BATCH), f"baseline {speech.store.split}"):
        found = synthesise(model, *speech.mfcc("source", items), longest, config.baseline.iterations)
        for item, waveform in zip(items, found):
            save_waveform(place(config, "baseline", speech.store.split, speech.store.ids[item]), waveform)


def _topline_texts(config: Config, speech: Speech, name: str, settings: Seq2SeqConfig, record: dict) -> dict[str, str]:
    """id → what the speech-to-text stage `name` writes for the sentence."""
    characters = Vocabulary(record["characters"], CHAR, config.corpus.target)
    model = build_translator(settings, len(characters.tokens))
    load_checkpoint(run_folder(config) / name / WEIGHTS, model)
    texts: dict[str, str] = {}
    for items in bar(in_order(speech.store.lengths("source_mfcc"), BATCH), f"{name} {speech.store.split}"):
        found = beam_search(model.eval(), *speech.mfcc("source", items), config.search, **record["limits"])
        texts |= {speech.store.ids[item]: characters.decode(each.tokens) for item, each in zip(items, found)}
    return texts


def _speak_by_tacotron(config: Config, split: str, row: str, record: dict, texts: dict[str, str]) -> None:
    characters = Vocabulary(record["characters"], CHAR, config.corpus.target)
    model = _tacotron(config, "topline_tts", config.topline_tts, len(characters.tokens))
    names, encoded = list(texts), [characters.encode(text) for text in texts.values()]
    for items in bar(in_order(np.array([len(each) for each in encoded]), BATCH), f"{row} {split}"):
        batch = pad([encoded[item] for item in items], torch.int64)
        for item, waveform in zip(items, synthesise(model, *batch, record["longest"], config.topline_tts.iterations)):
            save_waveform(place(config, row, split, names[item]), waveform)
