"""What the program does when the cloud misbehaves."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from wavetank import sweep

ROOT = pathlib.Path(__file__).parents[1]
PROGRAM = [sys.executable, str(ROOT / "import_notes.py")]


def test_each_call_failing_in_every_way():
    found = sweep(PROGRAM, faults=["429", "500", "503", "reset-before", "reset-after", "empty", "cut", "401"])
    assert len(found.runs) > 20
    found.verify()                       # says what was found, and how it is repeated


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_bad_line(wavetank, seed):
    scenario = json.loads((ROOT / "bad-line.json").read_text())
    wavetank.scenario({**scenario, "seed": seed})
    done = subprocess.run(PROGRAM, capture_output=True, text=True, timeout=60, env={
        **os.environ, "STEAMSHIP_API_BASE": wavetank.steamship["api_base"], "STEAMSHIP_API_KEY": wavetank.key})
    # It came through, with each note once; or it says why not, without a trace.
    if done.returncode == 0:
        assert done.stdout == "3 notes\n"
    else:
        assert done.stderr.startswith("import_notes: ") and "Traceback" not in done.stderr
