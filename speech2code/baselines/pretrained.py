"""Models of transformers for the cascades that everybody knows: what a judged row of them needs, and how they load.

A folder, or an id on the Hugging Face hub. Weights are safetensors, and no code that comes with a model is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from speech2code.bcp47 import primary
from speech2code.builders import WHISPER_LANGUAGES
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.hub import locate
from speech2code.registry import TRANSCRIBE, TRANSLATE, Row

FILES = ["*.json", "*.safetensors", "*.model", "*.spm", "*.txt"]  # what is fetched from the hub: no pickles, no code
EXAMPLES = {  # setting → what may be given
    "translation": "Helsinki-NLP/opus-mt-fr-en",
    "text_to_speech": "microsoft/speecht5_tts or facebook/mms-tts-eng",
    "vocoder": "microsoft/speecht5_hifigan",
}
LONGEST_TOLD = 300  # characters of what transformers says of an error


def check_cascade(config: Config, row: Row) -> None:
    """UserError, before any work, where a row's languages, voice, models or the package are missing."""
    corpus, settings = config.corpus, config.pretrained
    known = primary(corpus.source) in WHISPER_LANGUAGES
    if row.cascade == TRANSLATE and not (known and primary(corpus.target) == "en"):
        raise UserError(
            f"Whisper translates from languages it knows into English, not from {corpus.source} into {corpus.target}; "
            f"leave {row.name} out of baselines"
        )
    if not known:
        raise UserError(f"Whisper does not know {corpus.source}; leave {row.name} out of baselines")
    if row.voiced and corpus.target_voice is None:
        raise UserError(f"{row.name} needs a voice that speaks: set corpus.target_voice, or leave it out of baselines")
    needed = {"translation": row.cascade == TRANSCRIBE, "text_to_speech": not row.voiced}
    for name in (each for each, wanted in needed.items() if wanted):
        if getattr(settings, name) is None:
            raise missing(name, row.name)
        if find_spec("transformers") is None:
            raise UserError(f"{row.name} needs the package transformers: pip install 'speech2code[pretrained]'")


def missing(name: str, who: str) -> UserError:
    """What to say where a model is needed and not named."""
    return UserError(f"{who} needs a model: set pretrained.{name}= to a folder or an id such as {EXAMPLES[name]}")


def folder_of(name: str, model: str) -> Path:
    """Where the files of `pretrained.<name>=model` are. UserError where there are none, or no safetensors."""
    try:
        folder = locate(model, FILES)
    except UserError as error:
        raise UserError(f"pretrained.{name}: {error}") from error
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"pretrained.{name}={model} has no safetensors, and nothing else is loaded; docs/evaluation.md says how to "
            "make them of other weights"
        )
    return folder


def load_model(kind: Any, name: str, folder: Path) -> Any:
    """A class of transformers → its model, evaluating, in float32 whatever its file holds. UserError where a weight is
    missing, which else would be drawn at random."""
    import torch  # the command line checks settings without it

    options = {"use_safetensors": True, "trust_remote_code": False, "dtype": torch.float32}
    with _told(name, folder):
        model, about = kind.from_pretrained(folder, output_loading_info=True, **options)
    if absent := sorted(about["missing_keys"]):
        raise UserError(
            f"pretrained.{name}: {folder} lacks weights of {kind.__name__} ({', '.join(absent[:3])}); choose a model "
            "of that kind"
        )
    return model.eval()


def load_part(kind: Any, name: str, folder: Path) -> Any:
    """A class of transformers → what has no weights: settings or a tokenizer. UserError where it cannot."""
    with _told(name, folder):
        return kind.from_pretrained(folder, trust_remote_code=False)


@contextmanager
def _told(name: str, folder: Path) -> Iterator[None]:
    from transformers.utils import logging

    logging.set_verbosity_error()  # what matters is raised
    logging.disable_progress_bar()
    try:
        yield
    except Exception as error:  # transformers raises many kinds for a damaged folder, ImportError for a package
        said = " ".join(str(error).split())[:LONGEST_TOLD]
        help = "pip install 'speech2code[pretrained]'" if isinstance(error, ImportError) else "choose a whole model"
        raise UserError(f"pretrained.{name}: {folder} cannot be loaded ({said}); {help}") from error
