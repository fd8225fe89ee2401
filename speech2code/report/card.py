"""What goes with a model wherever it goes: `model/README.md`, in the form of the Hugging Face hub's model cards."""

from pathlib import Path

import yaml

from speech2code.files import read_json, write_atomically
from speech2code.pipeline import CARD
from speech2code.records import origin_of
from speech2code.report.page import score_lines, template
from speech2code.report.run_folder import RunFolder


def write_card(run: RunFolder, corpus: dict) -> None:
    """From what the run's folder and `data/<corpus>/corpus.json` (`corpus`) say; nothing where no model is exported."""
    folder = run.path / "model"
    if not (folder / "config.json").is_file():
        return
    settings, model, origin = yaml.safe_load(run.config() or ""), read_json(folder / "config.json"), origin_of(run.path)
    voices = [str(settings["corpus"][f"{side}_voice"]) for side in ("source", "target")]
    text = template(Path(__file__).with_name("card.md.jinja")).render(
        name=run.path.resolve().name,
        corpus=settings["corpus"],
        languages=[tag for side in ("source", "target") if (tag := settings["corpus"][side]) != "und"],
        units=settings["units"],
        learnt=_learnt(settings["corpus"], corpus),
        scores=score_lines(run.scores()),
        range=model.get("source_range"),
        mbrola=any("mbrola:" in voice for voice in voices),
        commits=origin["commits"],
        seeds=origin["seeds"],
    )
    with write_atomically(folder / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _learnt(settings: dict, corpus: dict) -> dict[str, str]:
    """What a reader wants to know of the training speech → how it is said."""
    said = {"corpus": f"{settings['name']}, {corpus['pairs']:,} pairs of sentences"}
    for side in ("source", "target"):
        voice, speakers = settings[f"{side}_voice"], corpus["speakers"][side]
        who = f"spoken by {voice.replace('+', ', ')}" if voice else f"recordings of {len(speakers)} speaker(s)"
        said[f"{side} speech"] = f"{corpus[f'{side}_hours']:.2f} hours, {who}"
    return said
