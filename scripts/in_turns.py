"""Two commands side by side on a noisy machine: in turns of ten seconds, so that both meet the same noise.

    python scripts/in_turns.py OLD_FOLDER "command" NEW_FOLDER "command"    # e.g. two checkouts and `speech2code run …`

Each command runs in its folder as a process group that is stopped while the other one runs. Prints the seconds that
each was running and their ratio; what a command itself says goes into `in_turns.log` in its folder.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

TURN = 10.0  # seconds


class Racer:
    def __init__(self, folder: str, command: str):
        self.name, self.seconds = f"{command} in {folder}", 0.0
        with (Path(folder) / "in_turns.log").open("w") as log:
            self.process = subprocess.Popen(
                shlex.split(command), cwd=folder, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
            )
        self._signal(signal.SIGSTOP)

    def running(self) -> bool:
        return self.process.poll() is None

    def turn(self) -> None:
        began = time.monotonic()
        self._signal(signal.SIGCONT)
        while self.running() and time.monotonic() - began < TURN:
            time.sleep(0.05)
        self._signal(signal.SIGSTOP)
        self.seconds += time.monotonic() - began

    def _signal(self, number: signal.Signals) -> None:
        if self.running():
            os.killpg(self.process.pid, number)


def main(arguments: list[str]) -> None:
    if len(arguments) != 4:
        sys.exit('in_turns: give two folders and two commands: in_turns.py OLD "command" NEW "command"')
    racers = [Racer(*arguments[:2]), Racer(*arguments[2:])]
    for racer in cycle(racers):
        if racer.running():
            racer.turn()
        elif not any(each.running() for each in racers):
            break
    for racer in racers:
        print(f"{racer.seconds:8.1f} s  exit {racer.process.returncode}  {racer.name}")
    if any(racer.process.returncode for racer in racers):
        sys.exit("in_turns: a command failed; nothing can be compared")
    print(f"ratio {racers[1].seconds / racers[0].seconds:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
