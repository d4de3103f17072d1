"""A program of `Tests/Examples/sweep` under `wavetank sweep`, for the folder that has its SDK."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent.parent / "Examples" / "sweep"


def verdicts(program, faults, *flags):
    """Class and flaws by the run's id."""
    with tempfile.TemporaryDirectory(prefix="wavetank-sweep-") as folder:
        report = pathlib.Path(folder) / "report.json"
        environment = {key: value for key, value in os.environ.items() if key != "WAVETANK_URL"}
        done = subprocess.run(
            [os.environ["WAVETANK_BINARY"], "sweep", "--ca-dir", pathlib.Path(folder) / "ca", "--quiet", "--faults", faults,
             "--json", report, *flags, "--", sys.executable, PROGRAMS / program],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if not report.exists():
            raise SystemExit(f"no report, exit status {done.returncode}: {done.stderr[-1500:]}")
        return {run["id"]: (run["class"], run["flaws"]) for run in json.loads(report.read_text())["runs"]}
