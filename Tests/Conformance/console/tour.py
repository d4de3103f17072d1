#!/usr/bin/env python3
"""Makes the documentation's tour of the console anew: the page and its pictures, with what the checks see.

    Tests/Conformance/console/tour.py --binary .build/release/wavetank
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
PAGES = ROOT / "Sources/Wavetank/Wavetank.docc"
BYTES_MAX = 2_000_000

# The picture of a check, what it is called, and what is said of it.
TOUR = [
    ("journal-1440-light", "journal", "What happens", "Each exchange as it comes, newest first. Polls that repeat are one row that counts; ids are short and of one colour for the same thing."),
    ("refused", "exchange", "Why it came out so", "Request and answer side by side, where the time went, and why in sentences, with the rule's text. It can be sent again, edited, copied as code, made into a rule or a test."),
    ("time-1440-dark", "time", "Ten minutes on one line", "All services over the tenant's time: exchanges, topics, instances, runs, vessels, tasks. On a manual clock the line of now can be dragged."),
    ("gantt", "run", "A run and its attempts", "Vessels in the order of their graph: what they waited for, what failed and was tried again."),
    ("flow", "topic", "A topic and its flow", "Who writes, what waits, who reads and how far behind each is; the messages are followed without taking any."),
    ("scramjet-1440-light", "scramjet", "A service's world", "Hubs, sequences, instances and topics, with what can be done: crash, recover, start, upload."),
    ("scenario-1440-light", "scenario", "What shall go wrong", "Rules as cards that count and blink when they strike; an editor that completes, explains and marks what is wrong."),
    ("numbers-1440-dark", "numbers", "Numbers", "Rates, statuses, latencies, loop lag and open streams over the last minutes."),
    ("presenter", "presenter", "On stage", "The presenter's view: large type, full screen, the next step on space."),
    ("journal-375-dark", "small", "On a telephone", "The same page, 375 pixels wide."),
]


def page():
    parts = ["# Take a tour of the console", "", "What the page at <http://127.0.0.1:7070/> looks like, view by view. <doc:UseTheConsole> says what can be done there.", "",
             "## Overview", "",
             "The pictures show the world of `wavetank demo`, a minute after its failure. They are made, as this page is, by `Tests/Conformance/console/tour.py`."]
    for _, name, title, text in TOUR:
        parts += ["", f"## {title}", "", text, "", f"![{title}](Resources/console-{name}.png)"]
    return "\n".join(parts) + "\n"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    binary = arguments.parse_args().binary
    with tempfile.TemporaryDirectory() as shots:
        for check in ("check_look", "check_tasks"):
            subprocess.run([sys.executable, ROOT / "Tests/Conformance/run.py", "--binary", binary, "--only", f"console/{check}"],
                           env={**os.environ, "WAVETANK_SHOTS": shots}, check=True)
        total = sum(pathlib.Path(shots, shot + ".png").stat().st_size for shot, *_ in TOUR)
        if total > BYTES_MAX:
            sys.exit(f"the pictures have {total} bytes, more than {BYTES_MAX}")
        for old in (PAGES / "Resources").glob("console-*.png"):
            old.unlink()
        for shot, name, *_ in TOUR:
            shutil.copyfile(pathlib.Path(shots, shot + ".png"), PAGES / "Resources" / f"console-{name}.png")
    (PAGES / "TourTheConsole.md").write_text(page())
    print(f"{len(TOUR)} pictures, {total} bytes")


if __name__ == "__main__":
    main()
