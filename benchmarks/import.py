"""Until `speech2code --help` is printed, and until `import speech2code` is done: seconds of a new process."""

import subprocess
import sys

from benchmarks.timing import Line, race


def measure() -> Line:
    def run(*arguments):
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    usage, package, bare = race(
        run("-m", "speech2code", "--help"), run("-c", "import speech2code"), run("-c", "pass"), rounds=5
    )
    slower = max(usage, package)
    return Line("import", slower, bare, "s", bare / slower, "≤ 1 s", slower <= 1, {"--help": usage, "import": package})
