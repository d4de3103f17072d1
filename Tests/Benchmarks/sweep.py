#!/usr/bin/env python3
"""What `wavetank sweep` costs beside the program: so many runs of a command that takes 0.3 s, at several jobs.

    Tests/Benchmarks/sweep.py [--binary FILE] [--runs 500] [--jobs 2,8] [--strict]

The command sleeps for 0.3 s and meanwhile asks forty times; each question meets each fault that ends at once. So
the ideal is runs × 0.3 s ÷ jobs, whatever else the machine does; the floor is a tenth more.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parents[1] / ".build" / "release" / "wavetank"
SECONDS = 0.3
QUESTIONS = 40
FAULTS = "reset-before,reset-after,empty,cut,corrupt,framing,429,500,503,outage,unreachable,401,wrong-type,lost-connection"
COMMAND = f"""sleep {SECONDS} &
set --
for i in $(seq {QUESTIONS}); do set -- "$@" -o /dev/null "$WAVETANK_URL/orgs"; done
curl -s -m 5 -H 'X-Shipyard-API-Key: k' "$@"
wait
exit 0
"""


def sweep(binary, runs, jobs, folder):
    """Seconds in all, and the report. The clean runs, two more, are in it."""
    report = folder / "report.json"
    began = time.monotonic()
    done = subprocess.run(
        [binary, "sweep", "--ca-dir", folder / "ca", "--quiet", "--all", "--faults", FAULTS, "--max-runs", str(runs),
         "--jobs", str(jobs), "--json", report, "--", "sh", "-c", COMMAND],
        env={key: value for key, value in os.environ.items() if key != "WAVETANK_URL"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - began
    if done.returncode not in (0, 1):
        raise SystemExit(f"the sweep ended with {done.returncode}: {done.stderr}")
    return seconds, json.loads(report.read_text())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=BINARY)
    arguments.add_argument("--runs", type=int, default=500)
    arguments.add_argument("--jobs", default="2,8")
    arguments.add_argument("--strict", action="store_true")
    options = arguments.parse_args()
    is_reached = True
    print("| jobs | runs | ideal | floor | reached | of the ideal | each run, by itself | clean |\n|-|-|-|-|-|-|-|-|")
    for jobs in [int(text) for text in options.jobs.split(",")]:
        with tempfile.TemporaryDirectory(prefix="wavetank-sweep-") as folder:
            seconds, report = sweep(options.binary, options.runs, jobs, pathlib.Path(folder))
        ran = [run["seconds"] for run in report["runs"]]
        ideal = len(ran) * SECONDS / jobs
        is_reached = is_reached and seconds < 1.1 * ideal and len(ran) == options.runs
        print(f"| {jobs} | {len(ran)} | {ideal:.1f} s | < {1.1 * ideal:.1f} s | {seconds:.1f} s | {seconds / ideal:.2f} | "
              f"{sorted(ran)[len(ran) // 2] * 1000:.0f} ms | {report['clean']['seconds'] * 1000:.0f} ms |", flush=True)
    return 0 if is_reached or not options.strict else 1


sys.exit(main())
