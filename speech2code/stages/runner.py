"""All stages of one experiment; those that do not need each other run side by side, one process each."""

import os
import signal
import sys
import time
from contextlib import nullcontext
from multiprocessing import connection, get_context, set_start_method
from multiprocessing.process import BaseProcess
from pathlib import Path
from runpy import run_module

from speech2code.builders import judges_of, left_out
from speech2code.config import Config
from speech2code.corpora.pairs import VOICES
from speech2code.errors import UserError
from speech2code.files import is_younger, left_overs
from speech2code.locks import hold
from speech2code.provenance import COMMAND, command
from speech2code.records import RECORD, seconds_of
from speech2code.registry import BASELINES, BY_NAME, ROW, RUN, judging_stages, spared_stages, stages_of
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.ceiling import SENTENCE as CANNOT_JUDGE
from speech2code.stages.folders import run_folder
from speech2code.stages.machine import check_machine
from speech2code.stages.prepare import prepare
from speech2code.stages.record import leads
from speech2code.stages.texts import as_judged, has_words
from speech2code.workers import end_with_parent, signals_held_back

LOWEST = 19  # priority of background stages: 15 parts of a core's time where a training has 1024
# a server imports these once and every stage is a fork of it: none waits seconds for torch
HEAVY = ["speech2code.stages.train", "speech2code.stages.decode", "speech2code.stages.score", "lightning_fabric"]


def run(config: Config, overrides: list[str], group: str = RUN) -> None:
    """Prepares, then runs the stages of a group: the system's own, or `baselines`, which need the in-domain recogniser
    too. UserError when one fails, after the others that were running have ended."""
    if group == BASELINES and not config.baselines:
        raise UserError("baselines=[] leaves nothing to train; name some of them, or leave that setting out")
    run_stages(config, overrides, (*(judging_stages() if group == BASELINES else ()), *stages_of(group)))
    folder = RunFolder(run_folder(config))
    for line in score_lines(folder):
        print(line)
    if (folder.path / "report.html").exists():
        print(f"open {folder.path / 'report.html'}")


def run_stages(config: Config, overrides: list[str], stages: tuple[str, ...], *, wait: bool = False) -> None:
    """The same for any stages, named in any order; `wait`: for another process that prepares the same corpus."""
    with hold(run_folder(config)) if leads() else nullcontext():
        _run_stages(config, overrides, stages, wait)


def _run_stages(config: Config, overrides: list[str], stages: tuple[str, ...], wait: bool) -> None:
    began = time.monotonic()
    folder = run_folder(config)
    for each in left_overs(folder):
        if each.parent == folder:  # each stage clears its own folder
            each.unlink(missing_ok=True)
    check_machine(config)
    prepare(config, wait=wait)
    able = as_judged(config)
    if able.recognisers:
        for sentence in left_out(config):
            print(sentence, flush=True)
        config, overrides = _left(config, able, overrides)
    skipped = {name for name in BY_NAME if name not in stages or _unread(config, name)}
    skipped |= spared_stages(config.baselines)
    if not able.recognisers:
        skipped |= {name for name, stage in BY_NAME.items() if stage.text}
        if "decoding" in stages:
            skipped.discard("quality")  # where no text judges, units do
        text = "target text in train or dev to learn from" if has_words(config, "test") else "target text"
        print(f"the corpus has no {text}: nothing is scored, its units are judged (units.json, report)", flush=True)
    _side_by_side(config, overrides, skipped)
    print(f"\n{'stage':32} seconds")
    for name, seconds in seconds_of(run_folder(config)).items():
        print(f"{name:32} {seconds:7.0f}")
    print(f"this run took {(time.monotonic() - began) / 60:.1f} minutes")


def _left(config: Config, able: Config, overrides: list[str]) -> tuple[Config, list[str]]:
    """`able`, and the overrides that tell the stages so; a sentence where that is less than was asked for."""
    gone = {*judges_of(config), *config.baselines} - {*able.recognisers, *able.baselines}
    if not gone:
        return config, overrides
    print(f"no target text in train or dev to learn from: {', '.join(sorted(gone))} left out", flush=True)
    lists = {"recognisers": able.recognisers, "baselines": able.baselines}
    return able, [*overrides, *(f"{name}=[{','.join(each)}]" for name, each in lists.items())]


def score_lines(run: RunFolder) -> list[str]:
    """Every row of the test list that has been scored, and what is new to training, for a terminal: BLEU and WER with
    their 95 % intervals."""
    lines = []
    for split, remark in (("test", ""), ("unseen", ", unseen combinations"), (VOICES, ", unseen voices")):
        for row, by_recogniser in run.scores(split).items():
            title = ROW[row].title + remark
            lines += [_score_line(title, recogniser, each) for recogniser, each in by_recogniser.items()]
    return ["", f"{'':54} {'recogniser':12} {'BLEU (95 %)':22} WER % (95 %)", *lines] if lines else []


def _score_line(title: str, recogniser: str, figures: dict) -> str:
    bleu = f"{figures['bleu']:5.1f} ({figures['bleu_low']:.1f} to {figures['bleu_high']:.1f})"
    wer = f"{figures['wer']:5.1f} ({figures['wer_low']:.1f} to {figures['wer_high']:.1f})"
    mark = f"  {CANNOT_JUDGE}" if "cannot_judge" in figures else ""
    return f"{title:54} {recogniser:12} {bleu:22} {wer}{mark}"


def _unread(config: Config, name: str) -> bool:
    """Whether a stage would read for a recogniser that this experiment does not use."""
    recogniser = BY_NAME[name].recogniser or ("in_domain" if name == "recogniser" else "")
    return bool(recogniser) and recogniser not in judges_of(config)


def _side_by_side(config: Config, overrides: list[str], done: set[str]) -> None:
    waiting = [name for name in BY_NAME if name not in done and name != "prepare"]
    done = done | {"prepare"}
    running: dict[str, tuple[BaseProcess, int]] = {}
    failed: dict[str, int] = {}  # stage → its exit code
    try:
        while running or (waiting and not failed):
            for name in [] if failed else [each for each in waiting if set(BY_NAME[each].needs) <= done]:
                if name == "report" and _report_is_fresh(run_folder(config)):
                    waiting.remove(name)
                elif _has_room(name, list(running), config.trainer.jobs):
                    row = min(set(range(len(running) + 1)) - {taken for _, taken in running.values()})
                    running[name] = _start(name, overrides, row, config.trainer.threads), row
                    waiting.remove(name)
            if running:
                connection.wait([process.sentinel for process, _ in running.values()])
            for name, (process, _) in list(running.items()):
                if process.exitcode is not None:
                    del running[name]
                    if process.exitcode:
                        failed[name] = process.exitcode
                    else:
                        done.add(name)
    except KeyboardInterrupt:
        _end([process for process, _ in running.values()])
        raise
    if failed:
        name, code = next(iter(failed.items()))
        raise UserError(f"`{BY_NAME[name].verb}` {_how(code)}")


def _end(stages: list[BaseProcess]) -> None:
    for each in stages:
        each.terminate()
    for each in stages:
        each.join()  # it writes its checkpoint first


def _how(code: int) -> str:
    """A stage ended, by its exit code; one below zero is the signal that killed it."""
    if code >= 0:
        return "failed (its message stands above); the same command goes on once that is mended"
    by = signal.Signals(-code).name
    return f"was killed by {by}, often for want of memory (trainer.jobs=1 needs least); the same command goes on"


def _has_room(name: str, running: list[str], jobs: int) -> bool:
    """Background stages keep no training from its core: one of them at a time, beside any number of others."""
    background = [each for each in running if BY_NAME[each].background]
    if BY_NAME[name].background:
        return not background
    return len(running) - len(background) < jobs


def _report_is_fresh(run: Path) -> bool:
    """True where report.html is younger than every stage."""
    return is_younger(run / "report.html", [run / name / RECORD for name in BY_NAME])


def _start(name: str, overrides: list[str], row: int, threads: int) -> BaseProcess:
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by the server, when the first stage starts
    # also as the default, of which the child is told: one of joblib's workers has `loky` there, which no child knows
    set_start_method("forkserver", force=True)
    context = get_context()
    context.set_forkserver_preload(HEAVY)
    process = context.Process(target=_stage, args=([*BY_NAME[name].verb.split(), *overrides], row, command()))
    with signals_held_back():  # until the stage, or the server that is started with the first one, can answer them
        process.start()
    if BY_NAME[name].background:
        os.setpriority(os.PRIO_PROCESS, process.pid or 0, LOWEST)
    return process


def _stage(arguments: list[str], row: int, typed: str) -> None:
    end_with_parent()
    os.environ |= {"SPEECH2CODE_ROW": str(row), COMMAND: typed}
    sys.argv = ["speech2code", *arguments]
    run_module("speech2code", run_name="__main__", alter_sys=True)  # `python -m speech2code`, also for whom it starts
