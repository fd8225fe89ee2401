"""Stage `compare`: the paper's baseline and topline speak the test sentences; `comparisons/scores.json`."""

import numpy as np
import torch

from speech2code.audio.files import save_waveform, trim_silence
from speech2code.comparisons.speaking import say
from speech2code.comparisons.tacotron import Tacotron
from speech2code.config import Config, TacotronConfig
from speech2code.corpora.batches import in_order, pad
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.run_folder import RIVALS, RunFolder
from speech2code.evaluation.scores import score
from speech2code.evaluation.vocabulary import CHARACTERS, Vocabulary
from speech2code.files import write_json
from speech2code.stages.folders import run_folder, speech_of
from speech2code.stages.record import finished, stage
from speech2code.stages.transcripts import own_recogniser, transcripts
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.translation.recurrent import SpeechToTokens
from speech2code.translation.search import beam_search

BATCH = 16
NEEDED = ("baseline", "speller", "voice", "recogniser")


def compare(config: Config) -> None:
    """Baseline and topline speak the test sentences; where the corpus has a voice, it too says what the topline has
    spelt: so errors of translation and of synthesis can be told apart. Both recognisers read all."""
    run, test = run_folder(config), speech_of(config, "test").store
    torch.set_num_threads(config.trainer.threads)
    records = {name: finished(run / name) for name in NEEDED}
    made_of = {name: record["fingerprint"] for name, record in records.items()} | {"search": vars(config.search)}
    with stage(run / "comparisons", made_of) as figures:
        if figures is None:
            return
        _speak_baseline(config, records["baseline"]["longest"])
        spelt = _spell_test(config, records["speller"])
        write_json(run / "comparisons" / "spelt.json", spelt)
        _read_aloud(config, records["voice"], spelt)
        if config.corpus.target_voice:
            _by_the_corpus_voice(config, spelt)
        references, scores = test.texts("target"), {}
        for row in RIVALS if config.corpus.target_voice else RIVALS[:2]:
            heard = {each.name: transcripts(config, row, each) for each in (own_recogniser(config), PocketSphinx())}
            scores[row] = {name: score(texts, references).as_dict() for name, texts in heard.items()}
        scores["spelt"] = score([spelt[key] for key in test.ids], references).as_dict()
        scores["seconds"] = {name: record["seconds"] for name, record in records.items()}
        write_json(run / "comparisons" / "scores.json", scores)


def _tacotron(config: Config, name: str, settings: TacotronConfig, characters: int | None) -> Tacotron:
    model = Tacotron(settings, characters)
    load_checkpoint(run_folder(config) / name / WEIGHTS, model)
    return model.eval()


def _speak_baseline(config: Config, longest: int) -> None:
    test, model = speech_of(config, "test"), _tacotron(config, "baseline", config.baseline, None)
    for items in bar(in_order(test.store.lengths("source_mfcc"), BATCH), "baseline"):
        found = say(model, *test.mfcc("source", items), longest, config.baseline.iterations)
        for item, waveform in zip(items, found):
            _save(config, "baseline", test.store.ids[item], waveform)


def _spell_test(config: Config, record: dict) -> dict[str, str]:
    """id → what the topline writes for the test sentence."""
    test, characters = speech_of(config, "test"), Vocabulary(record["characters"], CHARACTERS)
    model = SpeechToTokens(config.speller, len(characters.tokens))
    load_checkpoint(run_folder(config) / "speller" / WEIGHTS, model)
    spelt = {}
    for items in bar(in_order(test.store.lengths("source_mfcc"), BATCH), "spell"):
        found = beam_search(model.eval(), *test.mfcc("source", items), config.search, **record["limits"])
        spelt |= {test.store.ids[item]: characters.decode(each.tokens) for item, each in zip(items, found)}
    return spelt


def _read_aloud(config: Config, record: dict, spelt: dict[str, str]) -> None:
    characters = Vocabulary(record["characters"], CHARACTERS)
    model = _tacotron(config, "voice", config.voice, len(characters.tokens))
    names, texts = list(spelt), [characters.encode(text) for text in spelt.values()]
    for items in bar(in_order(np.array([len(each) for each in texts]), BATCH), "read aloud"):
        batch = pad([texts[item] for item in items], torch.int64)
        for item, waveform in zip(items, say(model, *batch, record["longest"], config.voice.iterations)):
            _save(config, "topline", names[item], waveform)


def _by_the_corpus_voice(config: Config, spelt: dict[str, str]) -> None:
    """The first target voice; what it cannot say is silence."""
    speaker = load_voice(config.corpus.target_voice.split("+")[0])
    for name, text in spelt.items():
        try:
            waveform = trim_silence(speaker.speak(text))
        except UserError:
            waveform = np.zeros(1600, np.float32)
        _save(config, "topline_voice", name, waveform)


def _save(config: Config, row: str, name: str, waveform: np.ndarray) -> None:
    save_waveform(RunFolder(run_folder(config)).sounds(row) / f"{name}.wav", waveform)
