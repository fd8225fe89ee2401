"""The page of `speech2code serve`, in Gradio's parts: record or upload, translate, look, click a unit."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from speech2code.app.answer import LONGEST, answer
from speech2code.app.drawing import answer_page, inventory_page, unit_page
from speech2code.app.models import Model, load_models
from speech2code.app.verb import Served
from speech2code.audio.files import SAMPLE_RATE
from speech2code.errors import UserError

WAITING = 20  # visitors in the queue; the next one is asked to come again
MEGABYTES = 50  # of an upload
KEPT = (60, 600)  # seconds: how often recordings are looked through, and how old they become
ONE_AT_A_TIME = "model"  # all that computes waits in one queue
CLICK = """element.addEventListener('click', event => {
  const unit = event.target.closest('[data-unit]');
  if (unit) trigger('select', {unit: Number(unit.dataset.unit)});
});"""
ABOUT = f"""# Speech2Code
Say a sentence in the language that the system listens to, and hear it in the other one. At most {LONGEST:.0f} seconds;
pause between sentences. Recordings are deleted after ten minutes."""


def launch(served: Served) -> None:
    """Loads the models, then serves until it is interrupted."""
    torch.set_num_threads(1)
    start(page(load_models(served.models, served.whisper)), served.host, served.port)


def start(blocks: gr.Blocks, host: str, port: int, *, background: bool = False) -> str:
    """Serves the page, within its limits → its address; in the background only if told so."""
    _, address, _ = blocks.queue(max_size=WAITING, default_concurrency_limit=1).launch(
        server_name=host,
        server_port=port,
        max_file_size=f"{MEGABYTES}mb",
        show_error=False,  # what is no sentence of ours may name files of this machine
        footer_links=[],
        theme=gr.themes.Default(primary_hue="blue").set(
            button_primary_background_fill="*primary_700", button_primary_background_fill_hover="*primary_800"
        ),  # Gradio's own orange is too light for white letters
        css_paths=Path(__file__).with_name("page.css"),
        prevent_thread_lock=background,
    )
    return address


def page(models: dict[str, Model]) -> gr.Blocks:
    """The page of these systems, by name."""
    name, first = next(iter(models.items()))
    with gr.Blocks(title="Speech2Code", analytics_enabled=False, delete_cache=KEPT) as blocks:
        gr.Markdown(ABOUT)
        with gr.Row():
            chosen = gr.Dropdown(list(models), value=name, label="System", visible=len(models) > 1)
            reader = gr.Dropdown(first.readers.names(), label="Who writes down the answer")
        recording = gr.Audio(
            sources=["microphone", "upload"], type="filepath", label="Your sentence", elem_id="recording"
        )
        example = gr.Radio(list(first.examples), label="Or a sentence of the test list", visible=bool(first.examples))
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

        def take(name: str, sentence: str | None) -> Any:
            return (SAMPLE_RATE, models[name].example(sentence)) if sentence else None

        def choose(name: str) -> tuple[Any, ...]:
            model = models[name]
            names, examples = gr.Dropdown(model.readers.names(), value=model.readers.names()[0]), list(model.examples)
            sentences = gr.Radio(examples, value=None, visible=bool(examples))
            return names, sentences, None, inventory_page(model.inventory), "", ""

        button.click(
            _told(translate), [chosen, reader, recording], answered, api_name="translate", concurrency_id=ONE_AT_A_TIME
        )
        for each in (answered, inventory):
            each.select(_told(show), chosen, unit, api_visibility="private", concurrency_id=ONE_AT_A_TIME)
        example.input(_told(take), [chosen, example], recording, api_visibility="private")
        afresh = [reader, example, recording, inventory, answered, unit]
        chosen.input(choose, chosen, afresh, api_visibility="private")
    return blocks


def _told(function: Callable) -> Callable:
    """A mistake of the visitor's becomes a sentence on the page."""

    @wraps(function)
    def safe(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return safe
