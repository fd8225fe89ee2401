"""Ctrl-C and SIGTERM at awkward moments: one sentence, exit code 130, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import speech2code

ROOT = Path(speech2code.__file__).parent.parent
WHILE_IMPORTING = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "speech2code.workers":
            os.kill(os.getpid(), signal.NAME)
sys.meta_path.insert(0, Finder())
sys.argv = ["speech2code", "config", "experiment=best_fr_en"]
runpy.run_module("speech2code", run_name="__main__")
"""
IN_PYTHON_THAT_C_RUNS = """
import ctypes
from speech2code import cli
def verb(arguments):
    run = ctypes.pythonapi.PyRun_String
    run.restype, run.argtypes = ctypes.py_object, (ctypes.c_char_p, ctypes.c_int, ctypes.py_object, ctypes.py_object)
    run(b"import os, signal; os.kill(os.getpid(), signal.NAME)", 257, {}, {})
cli.VERBS["config"] = verb
cli.main(["config"])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("program", [WHILE_IMPORTING, IN_PYTHON_THAT_C_RUNS], ids=["importing", "in C"])
def test_it_ends_with_a_sentence(program, name, tmp_path):
    (tmp_path / "program.py").write_text(program.replace("NAME", name))
    command = [sys.executable, "-m", "program"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
    assert ended.stderr == "speech2code: interrupted; the same command goes on from here\n"
    assert ended.returncode == 130
