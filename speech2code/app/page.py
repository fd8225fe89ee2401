"""The page of `speech2code serve`, in Gradio's parts: record or upload, translate, look, click a unit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from speech2code.app.answer import LONGEST, answer
from speech2code.app.drawing import answer_page, inventory_page, unit_page
from speech2code.app.inventory import Inventory
from speech2code.app.transcripts import Readers
from speech2code.app.verb import Served
from speech2code.errors import UserError
from speech2code.pipeline import SpeechTranslator

WAITING = 20  # visitors in the queue; the next one is asked to come again
MEGABYTES = 50  # of an upload
KEPT = (60, 600)  # seconds: how often recordings are looked through, and how old they become
CSS = Path(__file__).with_name("page.css")
CLICK = """element.addEventListener('click', event => {
  const unit = event.target.closest('[data-unit]');
  if (unit) trigger('select', {unit: Number(unit.dataset.unit)});
});"""
ABOUT = f"""# Speech2Code
Say a sentence in the language that the system listens to, and hear it in the other one. At most {LONGEST:.0f} seconds;
pause between sentences. Recordings are deleted after ten minutes."""


class Model:
    """One system that can be chosen, and what belongs to it."""

    def __init__(self, folder: Path | str, whisper: str):
        folder = Path(folder)
        self.system = SpeechTranslator.from_pretrained(folder)
        self.inventory, self.readers = Inventory(self.system, folder), Readers(folder, whisper)
        self.name = folder.resolve().parent.name if folder.name == "model" else folder.name
        shown = self.inventory.run.sounds("source")
        self.examples = sorted(shown.glob("*.wav")) if shown.is_dir() else []


def launch(served: Served) -> None:
    """Loads the models, then serves until it is interrupted."""
    torch.set_num_threads(1)
    models = [Model(folder, served.whisper) for folder in served.models]
    page({model.name: model for model in models}).queue(max_size=WAITING, default_concurrency_limit=1).launch(
        server_name=served.host,
        server_port=served.port,
        max_file_size=f"{MEGABYTES}mb",
        show_error=True,
        footer_links=[],
        css_paths=CSS,
    )


def page(models: dict[str, Model]) -> gr.Blocks:
    """The page of these systems, by name."""
    first = next(iter(models.values()))
    with gr.Blocks(title="Speech2Code", analytics_enabled=False, delete_cache=KEPT) as blocks:
        gr.Markdown(ABOUT)
        with gr.Row():
            chosen = gr.Dropdown(list(models), value=first.name, label="System", visible=len(models) > 1)
            reader = gr.Dropdown(first.readers.names(), label="Who writes down the answer")
        recording = gr.Audio(sources=["microphone", "upload"], type="filepath", format="wav", label="Your sentence")
        if first.examples:
            gr.Examples(
                [[str(path)] for path in first.examples], recording, example_labels=[p.stem for p in first.examples]
            )
        button = gr.Button("Translate", variant="primary")
        answered = gr.HTML(js_on_load=CLICK, elem_id="answer")
        gr.Markdown("## Units\nClick one to hear it, and to see where it occurs.")
        unit = gr.HTML(elem_id="unit")
        inventory = gr.HTML(inventory_page(first.inventory), js_on_load=CLICK, elem_id="inventory")

        def translate(name: str, who: str, path: str | None) -> str:
            model = models[name]
            found = answer(model.system, path)
            return answer_page(found, model.inventory, model.readers.read(who, found.sound))

        def show(name: str, event: gr.EventData) -> str:
            return unit_page(models[name].inventory.unit(int(event.unit)))

        def choose(name: str) -> tuple[Any, str, str, str]:
            model = models[name]
            names = model.readers.names()
            return gr.Dropdown(names, value=names[0]), inventory_page(model.inventory), "", ""

        button.click(_told(translate), [chosen, reader, recording], answered, api_name="translate")
        for each in (answered, inventory):
            each.select(_told(show), chosen, unit, api_visibility="private")
        chosen.change(choose, chosen, [reader, inventory, answered, unit], api_visibility="private")
    return blocks


def _told(function: Callable) -> Callable:
    """A mistake of the visitor's becomes a sentence on the page."""
    from functools import wraps

    @wraps(function)
    def safe(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return safe
