"""What goes with a model wherever it goes: `model/README.md`, in the form of the Hugging Face hub's model cards."""

from pathlib import Path

import yaml

from speech2code.corpora.store import SIDES, read_corpus
from speech2code.files import read_json, write_atomically
from speech2code.records import origin_of
from speech2code.report.page import score_lines, template
from speech2code.report.run_folder import RunFolder
from speech2code.training.checkpoints import CARD


def write_card(run: RunFolder, data: Path) -> None:
    """From what the run's folder and its corpus in `data` say; nothing where no model is exported."""
    folder = run.path / "model"
    if not (folder / "config.json").is_file():
        return
    settings, model, origin = yaml.safe_load(run.config() or ""), read_json(folder / "config.json"), origin_of(run.path)
    corpus = settings["corpus"]
    voices = [str(corpus[f"{side}_voice"]) for side in SIDES]
    text = template(Path(__file__).with_name("card.md.jinja")).render(
        name=run.path.resolve().name,
        corpus=corpus,
        languages=[tag for side in SIDES if (tag := corpus[side]) != "und"],
        units=settings["units"],
        learnt=_learnt(corpus, data),
        scores=score_lines(run.scores()),
        range=model.get("source_range"),
        mbrola=any("mbrola:" in voice for voice in voices),
        commits=origin["commits"],
        seeds=origin["seeds"],
    )
    with write_atomically(folder / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _learnt(settings: dict, data: Path) -> dict[str, str]:
    """What a reader wants to know of the training speech → how it is said; its name alone where the corpus is gone."""
    said = {"corpus": settings["name"]}
    if not (data / "corpus.json").is_file():
        return said
    corpus = read_corpus(data)
    said["pairs of sentences"] = f"{corpus['pairs']:,}"
    for side in SIDES:
        voice, speakers = settings[f"{side}_voice"], corpus["speakers"][side]
        voices = ", ".join(dict.fromkeys(voice.split("+"))) if voice else ""
        who = f"spoken by {voices}" if voice else f"recordings of {len(speakers)} speaker(s)"
        said[f"{side} speech"] = f"{corpus[f'{side}_hours']:.2f} hours, {who}"
    return said
