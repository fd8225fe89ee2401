"""`speech2code export OUT_FOLDER model=FOLDER`: what the command line says, checked; then the files."""

from importlib.util import find_spec
from pathlib import Path

from speech2code.errors import UserError

EXAMPLE = "speech2code export onnx_folder model=runs/best_fr_en/model"
NEEDED = ("onnx", "onnxruntime")


def export(arguments: list[str]) -> None:
    """Writes the networks of a trained system into a folder, and prints the names of the files."""
    folder, model = request(arguments)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise UserError(f"export needs the package {missing[0]}: pip install 'speech2code[export]'")
    from speech2code.export.folder import export_system
    from speech2code.pipeline import SpeechTranslator

    for path in export_system(SpeechTranslator.from_pretrained(model), folder):
        print(path)


def request(arguments: list[str]) -> tuple[Path, str]:
    """Arguments of the verb → the folder to write, the system; UserError where that is not what they say."""
    models = [each.removeprefix("model=") for each in arguments if each.startswith("model=")]
    folders = [each for each in arguments if not each.startswith("model=")]
    if len(folders) != 1 or len(models) != 1 or not folders[0] or not models[0]:
        raise UserError(f"export needs one folder to write and one trained system: {EXAMPLE}")
    return Path(folders[0]), models[0]
