#!/usr/bin/env python3
"""Makes the pictures of the documentation's page about the console anew, with what the checks see.

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
PAGES = ROOT / "Sources/Wavetank/Wavetank.docc/Resources"
# The picture of a check, and what the page calls it.
PICTURES = {"journal-1440-light": "journal", "exchange": "exchange", "demo": "time", "topic": "topic", "editor": "scenario"}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    binary = arguments.parse_args().binary
    with tempfile.TemporaryDirectory() as shots:
        for check in ("check_console", "check_look", "check_tasks"):
            subprocess.run([sys.executable, ROOT / "Tests/Conformance/run.py", "--binary", binary, "--only", f"console/{check}"],
                           env={**os.environ, "WAVETANK_SHOTS": shots}, check=True)
        PAGES.mkdir(exist_ok=True)
        for shot, name in PICTURES.items():
            shutil.copyfile(pathlib.Path(shots, shot + ".png"), PAGES / f"console-{name}.png")


if __name__ == "__main__":
    main()
