"""`speech2code VERB [overrides]`: the command line. Imports nothing heavy before a verb needs it."""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

from speech2code.errors import UserError, told
from speech2code.registry import BASELINES, MEASURE, STAGES, Stage, stages_for
from speech2code.workers import take_signals

HEAD = """speech2code: speech into speech between languages that nobody has transcribed

  speech2code check pairs.csv                          what is wrong with your recordings
  speech2code run experiment=best_fr_en                corpus to report; run again = resume
  speech2code translate in.wav out.wav model=FOLDER    translate one recording with a trained system

Stages, each resumable; `run` does the first group in this order:
"""
TAIL = """Overrides are key=value (Hydra): corpus=manifest corpus.path=pairs.csv  units=kmeans  name=mine
`speech2code VERB --help` says more. All settings: docs/configuration.md; own recordings: README.md"""
OTHERS = {  # verb → what it does, an example
    "run": ("all stages, corpus to report; run again = resume", "run experiment=best_fr_en"),
    "baselines": ("trains and judges the paper's baseline and topline", "baselines experiment=best_fr_en"),
    "sweep": (
        "`run` for every combination of values, then `table`",
        "sweep experiment=phrasebook units.codebook_size=32,64,128 seeds=0,1,2",
    ),
    "import": (
        "corpora of other forms (Kaldi, Hugging Face, FLEURS, …) → pairs.csv",
        "import kaldi fr_data/ en_data/ pairs.csv",
    ),
    "table": ("a sweep or a run as results/<name>/table.md .json .csv .tex .png", "table experiment=phrasebook"),
    "translate": ("one recording, by a trained system", "translate in.wav out.wav model=runs/best_fr_en/model"),
    "check": (
        "what is wrong with the recordings of a manifest, and how long a run would take",
        "check pairs.csv corpus.target=en",
    ),
    "serve": ("a page in the browser that people speak to", "serve model=runs/best_fr_en/model"),
    "encode": ("the units of recordings, one line each", "encode a.wav b.wav model=runs/best_fr_en/model"),
    "export": (
        "the networks of a trained system as ONNX files, for other programs",
        "export onnx_folder model=runs/best_fr_en/model",
    ),
    "config": ("the settings as they would be used", "config experiment=best_fr_en units.codebook_size=32"),
}
PAGES = {"import": "corpora.importers.formats", "check": "data_check.verb"}  # who has a page of help of its own
LONGEST = 1_000  # characters of a complaint: what it quotes of a file may be a megabyte


def main(arguments: list[str] | None = None) -> None:
    """Runs one verb; exits with 0, 2 after a mistake of the user's (one sentence), 130 after an interruption."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, TextIOWrapper):  # also the name of a file that no encoding knows can be printed
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    threading.excepthook = _thread_failed
    try:
        take_signals()
        _dispatch(arguments)
        sys.stdout.flush()
    except UserError as error:
        sys.exit(_complain(str(error)))
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a full disk, a folder without permission: nothing half-written is left
        sys.exit(_complain(f"{error.filename}: {told(error)}" if error.filename else told(error)))
    except KeyboardInterrupt:
        if "SPEECH2CODE_ROW" not in os.environ:  # else `run` has started this stage, and says so itself
            print("speech2code: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def _dispatch(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
    elif arguments[0] == "--version":
        from importlib.metadata import version

        print(f"speech2code {version('speech2code')}")
    elif arguments[0] not in {*OTHERS, *(stage.verb.split()[0] for stage in STAGES)}:
        raise UserError(_unknown(arguments[0]))
    elif {"-h", "--help"} & set(arguments):
        print(help_of(arguments[0]))
    elif arguments[0] in VERBS:
        VERBS[arguments[0]](arguments[1:])
    else:
        _stages(arguments)


def overview() -> str:
    """What `speech2code --help` prints: all verbs on one screen."""
    lines, said = [], set()
    for stage in STAGES:
        trains = stage.verb.startswith("train ")
        verb = stage.verb if trains and stage.group != BASELINES else stage.verb.split()[0]
        if verb in said or (trains and stage.group == BASELINES):
            continue
        said.add(verb)
        help = "what each recogniser reads in each row" if verb == "transcribe" else stage.help
        lines.append(f"  {verb:18} {help}{' (not in run)' if stage.group == MEASURE else ''}")
    compared = [
        stage.verb.split()[1] for stage in STAGES if stage.verb.startswith("train ") and stage.group == BASELINES
    ]
    lines.append(f"  train …            not in run: {', '.join(compared)}")
    others = [f"  {verb:18} {what}" for verb, (what, _) in OTHERS.items() if f"speech2code {verb} " not in HEAD]
    return HEAD + "\n".join(lines) + "\n\n" + "\n".join(others) + "\n" + TAIL


def help_of(verb: str) -> str:
    """What `speech2code VERB --help` prints."""
    if verb in PAGES:
        return import_module(f"speech2code.{PAGES[verb]}").page()
    if verb in OTHERS:
        what, example = OTHERS[verb]
        return f"speech2code {verb}: {what}\n\n  speech2code {example}"
    meant = [stage for stage in STAGES if stage.verb.split()[0] == verb]
    lines = [f"  {stage.verb:36} {stage.help} → {stage.name}/" for stage in meant]
    lines += [f"\nLook at {stage.look}." for stage in meant if stage.look and len(meant) == 1]
    return (
        f"speech2code {verb}: resumable; done once, it does nothing. Folders are those in runs/<name>/.\n\n"
        + "\n".join(lines)
        + f"\n\n  speech2code {meant[0].verb} experiment=best_fr_en"
    )


def _stages(arguments: list[str]) -> None:
    """One or several stages of one experiment, one after the other."""
    from speech2code.builders import judges_of
    from speech2code.compose import compose

    words = [each for each in _before_overrides(arguments)]
    stages = stages_for(words)
    config = compose(arguments[len(words) :])
    for stage in stages:
        if len(stages) == 1 or not stage.recogniser or stage.recogniser in judges_of(config):
            call(stage)(config)


def call(stage: Stage) -> Callable:
    """What a stage does: a function of the config."""
    module, _, name = stage.call.partition(":")
    function = getattr(import_module(f"speech2code.stages.{module}"), name)
    return (lambda config: function(config, stage)) if stage.row else function


def _before_overrides(arguments: list[str]) -> list[str]:
    """The words in front of the first key=value. UserError where a path stands where an override belongs."""
    words = []
    for each in arguments:
        if "=" in each:
            break
        if "/" in each or Path(each).suffix:
            raise UserError(
                f"{arguments[0]} takes no file, and {each} looks like one; to translate a recording: "
                "speech2code translate in.wav out.wav model=FOLDER, to train on recordings: speech2code run "
                "corpus=manifest corpus.path=pairs.csv name=mine"
            )
        words.append(each)
    return words


def _run(arguments: list[str], group: str = "run") -> None:
    from speech2code.compose import compose

    if words := _before_overrides(["run", *arguments])[1:]:
        raise UserError(f"run takes key=value, not {words[0]}; for example speech2code run experiment=best_fr_en")
    config = compose(arguments)  # a mistake shows before the heavy imports
    from speech2code.stages.runner import run

    run(config, arguments, group)


def _sweep(arguments: list[str]) -> None:
    from speech2code.stages.sweep import sweep

    sweep(arguments)


def _import(arguments: list[str]) -> None:
    from speech2code.corpora.importers.run import import_corpus

    import_corpus(arguments)


def _table(arguments: list[str]) -> None:
    from speech2code.compose import compose
    from speech2code.stages.folders import run_folder
    from speech2code.stages.sweep import table

    table(run_folder(compose(arguments)))


def _config(arguments: list[str]) -> None:
    from speech2code.compose import compose, to_yaml

    print(to_yaml(compose(arguments)))


def _check(arguments: list[str]) -> None:
    """Exits with 1 where something is serious."""
    from speech2code.data_check.verb import check_manifest

    if check_manifest(arguments):
        sys.stdout.flush()
        sys.exit(1)


def _translate(arguments: list[str]) -> None:
    what = "an input and an output file: speech2code translate in.wav out.wav"
    files, model = _files_and_model(arguments, "translate", range(2, 3), what)
    from speech2code.stages.files import translate_file

    translate_file(files[0], files[1], model)


def _encode(arguments: list[str]) -> None:
    files, model = _files_and_model(
        arguments, "encode", range(1, sys.maxsize), "recordings: speech2code encode a.wav b.wav"
    )
    from speech2code.stages.files import encode_files

    encode_files(files, model)


def _export(arguments: list[str]) -> None:
    from speech2code.export.verb import export

    export(arguments)


def _serve(arguments: list[str]) -> None:
    from speech2code.app.verb import serve

    serve(arguments)


def _files_and_model(arguments: list[str], verb: str, counts: range, what: str) -> tuple[list[str], str]:
    options = [each for each in arguments if each.startswith("model=") or ("=" in each and not _is_file(each))]
    files = [each for each in arguments if each not in options]
    model = next((each.removeprefix("model=") for each in options if each.startswith("model=")), None)
    unknown = [each for each in options if not each.startswith("model=")]
    if unknown and not files:
        raise UserError(
            f"{verb} works on recordings: speech2code {OTHERS[verb][1]}; to train, say speech2code train translator "
            "or speech2code run"
        )
    if len(files) not in counts:
        raise UserError(f"{verb} needs {what} model=runs/best_fr_en/model")
    if unknown:
        raise UserError(f"{verb} knows no {unknown[0]}")
    if model is None:
        raise UserError(f"{verb} needs a trained system: model=runs/best_fr_en/model")
    return files, model


def _is_file(argument: str) -> bool:
    """Whether `a=b.wav` is a file: there is one, or it ends like one and is no setting."""
    from speech2code.overrides import setting_types

    ends_like_one = re.fullmatch(r"\.[A-Za-z]\w{1,4}", Path(argument).suffix)
    return Path(argument).exists() or bool(ends_like_one and argument.partition("=")[0] not in setting_types())


VERBS: dict[str, Callable[[list[str]], None]] = {
    "run": _run,
    "baselines": lambda arguments: _run(arguments, BASELINES),
    "sweep": _sweep,
    "import": _import,
    "table": _table,
    "check": _check,
    "translate": _translate,
    "encode": _encode,
    "export": _export,
    "serve": _serve,
    "config": _config,
}


def _unknown(verb: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(verb, [*OTHERS, *(stage.verb.split()[0] for stage in STAGES)], 1)
    return f"no verb is called {verb}; " + (f"did you mean {near[0]}?" if near else "see speech2code --help")


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """TensorBoard writes from a thread, and tells the main one of a full disk itself."""
    if not issubclass(failure.exc_type, OSError):
        threading.__excepthook__(failure)


def _stop(*_: object) -> None:
    """The first signal interrupts; a second one must not interrupt the saving."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)  # of one that has come already, Python says that SIG_IGN ignores it
    raise _Interruption


class _Interruption(KeyboardInterrupt):
    """Where a plain one comes out of Python that C has started, as in an import of torch, Python remembers it and dies
    of the signal in the end, whatever exit code it is given (`unhandled_keyboard_interrupt` of pythonrun.c)."""


def _complain(sentence: str) -> int:
    said = " ".join(sentence.split())
    if len(said) > LONGEST:  # the end says what helps
        said = f"{said[: LONGEST // 2]} … {said[-LONGEST // 2 :]}"
    print(f"speech2code: {said}", file=sys.stderr)
    return 2
