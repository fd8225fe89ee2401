"""The demo, one stage at a time: French speech → English speech, from nothing to a page of scores, on one core.

    python scripts/demo.py                                   # settings: conf/experiment/best_fr_en.yaml
    python scripts/demo.py name=mine units.codebook_size=32  # the same with other settings, in a folder of its own

`speech2code run experiment=best_fr_en` does the same, with stages that do not need each other side by side. Every stage
resumes: stopped anywhere, the same command goes on from there; what is done is not done again.
"""

import subprocess
import sys
from pathlib import Path

from speech2code.builders import judges_of
from speech2code.compose import compose
from speech2code.errors import UserError
from speech2code.registry import BASELINES, STAGES
from speech2code.report.run_folder import RunFolder
from speech2code.stages.folders import run_folder


def main(overrides: list[str]) -> None:
    overrides = ["experiment=best_fr_en", *overrides]
    config = compose(overrides)
    for stage in STAGES:
        if stage.group != BASELINES and (not stage.recogniser or stage.recogniser in judges_of(config)):
            print(f"\n{stage.verb}: {stage.help}", flush=True)
            speech2code(*stage.verb.split(), *overrides)
            print(f"Look at {stage.look}." if stage.look else "", flush=True)
    # and the system at work: a recording in, speech out; any recording will do, this is a test sentence
    run = run_folder(config)
    source = sorted(RunFolder(run).sounds("source").glob("*.wav"))[0]
    speech2code("translate", str(source), str(run / "translated.wav"), f"model={run / 'model'}")
    print(f"Listen: {source} → {run / 'translated.wav'}; then open {run / 'report.html'}")


def speech2code(*arguments: str) -> None:
    """The program of this environment, as a user would type it; ends the demo where it fails."""
    program = Path(sys.executable).with_name("speech2code")
    ended = subprocess.run([str(program), *arguments], check=False)
    if ended.returncode:
        sys.exit(ended.returncode)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"demo: {error}")
