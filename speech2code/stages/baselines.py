"""Stage `decode baselines`: the paper's baseline and topline speak the test sentences."""

from pathlib import Path

import numpy as np
import torch

from speech2code.audio.files import save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.baselines.tacotron import Tacotron
from speech2code.builders import build_translator
from speech2code.config import Config, TacotronConfig
from speech2code.corpora.batches import in_order
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.padding import pad
from speech2code.recognisers.vocabulary import CHARACTERS, Vocabulary
from speech2code.registry import BY_NAME
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.normalisation import normalise
from speech2code.stages.folders import run_folder, speech_of
from speech2code.stages.record import finished, stage
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.training.tacotron import synthesise
from speech2code.translation.search import beam_search

BATCH = 16


def decode(config: Config) -> None:
    """Baseline and topline; where the corpus has a voice, it too speaks the topline's text: so errors of translation
    and of synthesis can be told apart."""
    run, test = run_folder(config), speech_of(config, "test").store
    torch.set_num_threads(config.trainer.threads)
    records = {name: finished(run, name) for name in BY_NAME["baselines"].needs}
    made_of = {name: record["fingerprint"] for name, record in records.items()} | {"search": vars(config.search)}
    with stage(run, "baselines", made_of) as figures:
        if figures is None:
            return
        _speak_baseline(config, records["baseline"]["longest"])
        texts = _topline_texts(config, records["topline_stt"])
        references = zip(test.ids, test.texts("target"))
        language = config.corpus.target
        pairs = {key: (normalise(text, language), normalise(texts[key], language)) for key, text in references}
        write_json(run / "baselines" / "topline_text.json", pairs)
        _speak_topline(config, records["topline_tts"], texts)
        if config.corpus.target_voice:
            _speak_by_corpus_voice(config, config.corpus.target_voice, texts)


def _tacotron(config: Config, name: str, settings: TacotronConfig, characters: int | None) -> Tacotron:
    model = Tacotron(settings, characters)
    load_checkpoint(run_folder(config) / name / WEIGHTS, model)
    return model.eval()


def _speak_baseline(config: Config, longest: int) -> None:
    test, model = speech_of(config, "test"), _tacotron(config, "baseline", config.baseline, None)
    for items in bar(in_order(test.store.lengths("source_mfcc"), BATCH), "baseline"):
        found = synthesise(model, *test.mfcc("source", items), longest, config.baseline.iterations)
        for item, waveform in zip(items, found):
            save_waveform(_place(config, "baseline", test.store.ids[item]), waveform)


def _topline_texts(config: Config, record: dict) -> dict[str, str]:
    """id → what the topline writes for the test sentence."""
    test, characters = speech_of(config, "test"), Vocabulary(record["characters"], CHARACTERS, config.corpus.target)
    model = build_translator(config.topline_stt, len(characters.tokens))
    load_checkpoint(run_folder(config) / "topline_stt" / WEIGHTS, model)
    texts: dict[str, str] = {}
    for items in bar(in_order(test.store.lengths("source_mfcc"), BATCH), "topline_stt"):
        found = beam_search(model.eval(), *test.mfcc("source", items), config.search, **record["limits"])
        texts |= {test.store.ids[item]: characters.decode(each.tokens) for item, each in zip(items, found)}
    return texts


def _speak_topline(config: Config, record: dict, texts: dict[str, str]) -> None:
    characters = Vocabulary(record["characters"], CHARACTERS, config.corpus.target)
    model = _tacotron(config, "topline_tts", config.topline_tts, len(characters.tokens))
    names, encoded = list(texts), [characters.encode(text) for text in texts.values()]
    for items in bar(in_order(np.array([len(each) for each in encoded]), BATCH), "topline_tts"):
        batch = pad([encoded[item] for item in items], torch.int64)
        for item, waveform in zip(items, synthesise(model, *batch, record["longest"], config.topline_tts.iterations)):
            save_waveform(_place(config, "topline", names[item]), waveform)


def _speak_by_corpus_voice(config: Config, voice: str, texts: dict[str, str]) -> None:
    """The first target voice; what it cannot say is silence."""
    speaker = load_voice(voice.split("+", maxsplit=1)[0])
    for name, text in texts.items():
        try:
            waveform = trim_silence(speaker.speak(text))
        except UserError:
            waveform = np.zeros(1600, np.float32)
        save_waveform(_place(config, "topline_voice", name), waveform)


def _place(config: Config, row: str, name: str) -> Path:
    return RunFolder(run_folder(config)).sounds(row) / f"{name}.wav"
