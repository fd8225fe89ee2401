"""`speech2code check pairs.csv [overrides]`: the verb's arguments, and its help."""

import sys
from pathlib import Path

from speech2code.compose import compose
from speech2code.errors import UserError

EXAMPLE = "speech2code check pairs.csv corpus.target=en"
PAGE = f"""speech2code check: what is wrong with the recordings of a manifest, and how long a run would take

  {EXAMPLE}

Reads every recording and looks for noise, clipping, silence, telephone speech, pairs that do not fit, rows shifted by
one, sentences that stand in train and in test, and more. Nothing is changed. Writes pairs.check.html (open it in a
browser) and pairs.check.csv (every id) beside the manifest. Exit status: 0, or 1 where something is serious.

  page=FOLDER/NAME.check.html   another place for the page; the list goes beside it
  time=false                    without measuring how long a run would take
Other overrides are those of `run`; without experiment=… it takes recordings."""


def page() -> str:
    """What `speech2code check --help` prints."""
    return PAGE


def check_manifest(arguments: list[str]) -> list[str]:
    """→ the kinds of the serious findings. UserError for arguments that cannot be meant."""
    manifests = [each for each in arguments if "=" not in each or Path(each).is_file()]
    if len(manifests) != 1:
        raise UserError(f"check needs one manifest: {EXAMPLE}")
    manifest = Path(manifests[0])
    rest = [each for each in arguments if each not in manifests]
    place = _taken(rest, "page") or str(manifest.with_name(f"{manifest.stem}.check.html"))
    time = _taken(rest, "time") or "true"
    # the list is written beside the page: it must replace no file of yours
    if not place.endswith(".check.html") or time not in ("true", "false"):
        raise UserError("check takes page=NAME.check.html, and time=true or time=false; see speech2code check --help")
    if not any(each.startswith("experiment=") for each in rest):
        rest.insert(0, "experiment=recordings")
    config = compose([*rest, f"corpus.path={manifest}"])
    from speech2code.data_check.command import check  # a mistake shows before the heavy imports

    try:
        return check(config, Path(place), time == "true")
    except KeyboardInterrupt:
        print("speech2code: interrupted; the check begins anew next time", file=sys.stderr)
        sys.exit(130)


def _taken(arguments: list[str], key: str) -> str | None:
    """Takes the last key=value of this key out of the arguments → the value."""
    found = [each for each in arguments if each.startswith(f"{key}=")]
    arguments[:] = [each for each in arguments if each not in found]
    return found[-1].partition("=")[2] if found else None
