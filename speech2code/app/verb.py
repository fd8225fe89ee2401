"""`speech2code serve model=FOLDER …`: what the command line says, checked; then the page."""

import socket
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from speech2code.errors import UserError

EXAMPLE = "speech2code serve model=runs/best_fr_en/model"
DEFAULTS = {"host": "127.0.0.1", "port": "7860", "whisper": ""}
PORTS = range(1, 65_536)


class Served(NamedTuple):
    """What is served, and where."""

    models: list[Path]
    host: str
    port: int
    whisper: str  # a model for faster-whisper that transcribes the answers; "": none


def serve(arguments: list[str]) -> None:
    """Serves until it is interrupted."""
    served = request(arguments)
    if find_spec("gradio") is None:
        raise UserError("the page needs the package gradio: pip install 'speech2code[app]'")
    check_free(served.host, served.port)
    from speech2code.app.page import launch

    launch(served)


def check_free(host: str, port: int) -> None:
    """UserError where nothing can be served there; before any model is loaded."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        raise UserError(
            f"cannot serve at host={host} port={port}: {error.strerror}; give another, such as port={port % 65_535 + 1}"
        ) from error


def request(arguments: list[str]) -> Served:
    """Arguments of the verb → what is meant; UserError where that is nothing."""
    models, options = [], dict(DEFAULTS)
    for each in arguments:
        name, equals, value = each.partition("=")
        if name == "model" and value:
            models.append(Path(value))
        elif equals and name in options:
            options[name] = value
        else:
            raise UserError(f"serve knows no {each}; say {EXAMPLE}, and port=, host= or whisper= if need be")
    if not models:
        raise UserError(f"serve needs a trained system, or several: {EXAMPLE}")
    if not options["port"].isdecimal() or int(options["port"]) not in PORTS:
        raise UserError(f"port={options['port']} is no port; give a number from {PORTS[0]} to {PORTS[-1]}")
    return Served(models, options["host"], int(options["port"]), options["whisper"])
