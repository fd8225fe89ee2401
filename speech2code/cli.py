"""`speech2code VERB [overrides]`: the command line. Imports nothing heavy before a verb needs it."""

import os
import signal
import sys
from importlib import import_module

from speech2code.errors import UserError

HELP = """speech2code: speech into speech between languages that nobody has transcribed

  speech2code run experiment=best_fr_en          everything, corpus to report; run again = resume
  speech2code say in.wav out.wav model=FOLDER    translate one recording with a trained system

Stages, each resumable; `run` does them all, in this order:
  prepare      speech pairs → features            data/<corpus>/
  discover     target speech → units              runs/<name>/units/
  recognise    the evaluation's own recogniser    runs/<name>/recogniser/
  invert       units → spectrum → speech          runs/<name>/inverter/
  translate    source speech → units              runs/<name>/translator/
  synthesise   the test sentences, translated     runs/<name>/synthesis/
  listen ROW   what PocketSphinx hears            runs/<name>/listening-ROW/
               (original, resynthesis, translation)
  evaluate     BLEU, METEOR, WER, intervals       runs/<name>/scores.json
  units        ABX, bitrate, phones (not in run)  runs/<name>/units.json
  compare      the paper's baseline and topline   runs/<name>/comparisons/
               (not in run; after baseline, spell and voice, their trainings, and recognise)
  report       one page with everything           runs/<name>/report.html

  sweep        `run` for every combination:       units.codebook_size=32,64 units.time_reduction=4,8
  table        the cells of a sweep, scored       results/<name>/table.md .json .csv .tex .png
  config       the settings as they would be used

Overrides are key=value (Hydra): experiment=best_fr_en  corpus=manifest corpus.path=pairs.csv
  name=mine  units.codebook_size=128  trainer.minutes=10 (per stage)  trainer.jobs=4  search.beam=1
All settings with types and units: speech2code/config.py; values: conf/
How to use your own recordings: README.md"""

STAGES = {  # verb → the module of speech2code.stages it is in
    "prepare": "learn",
    "discover": "learn",
    "recognise": "learn",
    "invert": "learn",
    "translate": "learn",
    "synthesise": "speak",
    "listen": "judge",
    "evaluate": "judge",
    "units": "measure",
    "baseline": "rivals",
    "spell": "rivals",
    "voice": "rivals",
    "compare": "compare",
    "report": "judge",
}


def main(arguments: list[str] | None = None) -> None:
    """Runs one verb; exits with 0, 2 after a mistake of the user's (one sentence), 130 after an interruption."""
    arguments = sys.argv[1:] if arguments is None else arguments
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        _dispatch(arguments)
    except UserError as error:
        sys.exit(_complain(str(error)))
    except OSError as error:  # a full disk, a folder without permission: nothing half-written is left
        sys.exit(
            _complain(
                f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}; free space "
                "or choose another folder"
            )
        )
    except KeyboardInterrupt:
        if "SPEECH2CODE_ROW" not in os.environ:  # else `run` has started this stage, and says so itself
            print("speech2code: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def _dispatch(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    verb, rest = arguments[0], arguments[1:]
    if verb == "units" and any(each.startswith("model=") for each in rest):
        _units(rest)
    elif verb in STAGES:
        _stage(verb, rest)
    elif verb == "run":
        from speech2code.compose import compose

        config = compose(rest)  # a mistake shows before the heavy imports
        from speech2code.runner import run

        run(config, rest)
    elif verb == "sweep":
        from speech2code.sweep import sweep

        sweep(rest)
    elif verb == "table":
        from speech2code.compose import compose
        from speech2code.stages.folders import run_folder
        from speech2code.sweep import table

        table(run_folder(compose(rest)))
    elif verb == "say":
        _say(rest)
    elif verb == "config":
        from speech2code.compose import compose, to_yaml

        print(to_yaml(compose(rest)))
    else:
        from difflib import get_close_matches

        verbs = [*STAGES, "run", "sweep", "table", "say", "config"]
        near = get_close_matches(verb, verbs, 1)
        raise UserError(
            f"no verb is called {verb}; " + (f"did you mean {near[0]}?" if near else "see speech2code --help")
        )


def _stage(verb: str, overrides: list[str]) -> None:
    from speech2code.compose import compose

    row = [each for each in overrides[:1] if verb == "listen" and "=" not in each]
    config = compose(overrides[len(row) :])
    getattr(import_module(f"speech2code.stages.{STAGES[verb]}"), verb)(config, *row)


def _units(arguments: list[str]) -> None:
    what = "recordings: speech2code units a.wav b.wav"
    files, model = _files_and_model(arguments, "units", range(1, sys.maxsize), what)
    from speech2code.stages.measure import units_of_files

    units_of_files(files, model)


def _files_and_model(arguments: list[str], verb: str, counts: range, what: str) -> tuple[list[str], str]:
    files = [each for each in arguments if "=" not in each]
    options = [each for each in arguments if "=" in each]
    model = next((each.removeprefix("model=") for each in options if each.startswith("model=")), None)
    unknown = [each for each in options if not each.startswith("model=")]
    if len(files) not in counts:
        raise UserError(f"{verb} needs {what} model=runs/best_fr_en/model")
    if unknown:
        raise UserError(f"{verb} knows no {unknown[0]}")
    if model is None:
        raise UserError(f"{verb} needs a trained system: model=runs/best_fr_en/model")
    return files, model


def _say(arguments: list[str]) -> None:
    what = "an input and an output file: speech2code say in.wav out.wav"
    files, model = _files_and_model(arguments, "say", range(2, 3), what)
    import torch

    from speech2code.audio.files import load_waveform, save_waveform, trim_silence
    from speech2code.corpora.checks import reason_to_reject
    from speech2code.pipeline import SpeechTranslator

    torch.set_num_threads(1)
    waveform = load_waveform(files[0])
    reason = reason_to_reject(waveform)
    if reason:
        raise UserError(f"{files[0]} cannot be translated: {reason}")
    save_waveform(files[1], SpeechTranslator.from_pretrained(model).translate(trim_silence(waveform)))


def _stop(*_) -> None:
    """The first signal interrupts; a second one must not interrupt the saving."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _complain(sentence: str) -> int:
    print(f"speech2code: {' '.join(sentence.split())}", file=sys.stderr)
    return 2
