"""Which sentences can be scored: those whose target text holds a word. The others are listed by `prepare`, and no stage
that reads text sees them."""

from dataclasses import replace

from speech2code.builders import RECOGNISERS, judges_of
from speech2code.config import Config
from speech2code.corpora.checks import Rejection, write_rejections
from speech2code.corpora.speech import Speech
from speech2code.corpora.store import UNSCORED, FeatureStore, read_corpus
from speech2code.errors import UserError
from speech2code.registry import ROW, learn_from_text
from speech2code.scoring.normalisation import holds_words
from speech2code.stages.folders import data_folder, speech_of

LEARNT = ("train", "dev")  # splits whose text a training needs


def scorable(config: Config, split: str) -> Speech:
    """The sentences of a split that can be scored."""
    speech = speech_of(config, split)
    texts = enumerate(speech.store.texts("target"))
    return speech.only([item for item, text in texts if holds_words(text, config.corpus.target)])


def has_words(config: Config, split: str) -> bool:
    """Whether any sentence of a split can be scored."""
    texts = FeatureStore(data_folder(config), split).texts("target")
    return any(holds_words(text, config.corpus.target) for text in texts)


def check_words(config: Config, *splits: str) -> None:
    """UserError where one of these splits has no sentence that can be scored."""
    for split in splits:
        if not has_words(config, split):
            raise UserError(
                f"{data_folder(config) / split} has no target text, or no word in it, which scoring needs: give a "
                "target_text column, leave scoring out, or choose recognisers that learn from no text"
            )


def list_unscored(config: Config) -> None:
    """Lists the sentences that cannot be scored, and why, in `unscored.csv` beside `rejected.csv`, and says so; not
    where the corpus has no target text at all."""
    folder = data_folder(config)
    stores = {split: FeatureStore(folder, split) for split in read_corpus(folder)["splits"]}
    texts = {split: store.texts("target") for split, store in stores.items()}
    (folder / UNSCORED).unlink(missing_ok=True)  # of an earlier corpus
    if not any(map(any, texts.values())):
        return
    found = {
        split: [
            Rejection(name, "target", f"no word in its text {text!r}" if text else "no text")
            for name, text in zip(stores[split].ids, texts[split])
            if not holds_words(text, config.corpus.target)
        ]
        for split in texts
    }
    if every := [each for of_split in found.values() for each in of_split]:
        write_rejections(folder / UNSCORED, every)
        counts = ", ".join(f"{len(each)} of {len(stores[split])} in {split}" for split, each in found.items() if each)
        print(
            f"sentences without a word of target text are not scored: {counts}; see {folder / UNSCORED}, the first is "
            f"{every[0].id}: {every[0].reason}",
            flush=True,
        )


def as_judged(config: Config) -> Config:
    """The same without the recognisers and baselines that would have to learn from text that train or dev lacks;
    without any where the test list has no text to score with."""
    if not has_words(config, "test"):
        return replace(config, recognisers=[], baselines=[])
    if all(has_words(config, split) for split in LEARNT):
        return config
    recognisers = [name for name in judges_of(config) if not learn_from_text(RECOGNISERS[name].needs)]
    baselines = [name for name in config.baselines if not learn_from_text(ROW[name].trained)]
    return replace(config, recognisers=recognisers, baselines=baselines)
