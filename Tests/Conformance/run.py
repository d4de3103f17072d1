#!/usr/bin/env python3
"""Runs the published clients against a release binary of Wavetank.

Each folder beside this file that has a `requirements.txt` gets a virtual environment of its own
(kept below `.build/`, made anew when the requirements change); then every `check_*.py` in it runs
with WAVETANK_URL set. A check prints `ok NAME` or `FAIL NAME: why`, a line each, and exits 0 only
when all went well.

    Tests/Conformance/run.py --binary .build/release/wavetank [--only steamship | --only hostile/check_bombs]
"""

import argparse
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import venv

import cards
from common import Server

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".build" / "conformance"
CARDS = ROOT / ".build" / "test-results" / "cards"
CHECK_SECONDS = 600


def environment_for(folder: pathlib.Path) -> pathlib.Path:
    """The interpreter of the folder's virtual environment, made if need be."""
    requirements = folder / "requirements.txt"
    if not requirements.exists():
        return pathlib.Path(sys.executable)
    mark = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    home = ENVIRONMENTS / f"{folder.name}-{mark}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print(f"-- making the virtual environment for {folder.name}", flush=True)
        venv.create(home, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                   "-r", requirements]
        for attempt in (1, 2, 3):
            if subprocess.run(command).returncode == 0:
                break
            time.sleep(5 * attempt)
        else:
            raise SystemExit(f"could not install {requirements}")
        (home / "complete").touch()
    return python


def run_check(python: pathlib.Path, script: pathlib.Path, url: str, binary: str) -> tuple[int, int]:
    """Runs one script, passes its lines on, counts its results."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith(("STEAMSHIP_", "SCRAMJET_", "SHIPYARD_"))
             and key.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    clean.update(WAVETANK_URL=url, WAVETANK_BINARY=binary, NO_PROXY="127.0.0.1,localhost", PYTHONUNBUFFERED="1",
                 PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(HERE))
    label = f"{script.parent.name}/{script.stem}"
    passed = failed = 0
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        # A group of its own: servers that a script cannot end any more are ended with it.
        process = subprocess.Popen([python, script], env=clean, stdout=log, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            status = process.wait(CHECK_SECONDS)
        except subprocess.TimeoutExpired:
            status = f"no end within {CHECK_SECONDS} s"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        log.seek(0)
        output = log.read()
    for line in output.splitlines():
        if line.startswith("ok "):
            passed += 1
            print(f"ok {label}: {line[3:]}")
        elif line.startswith("FAIL "):
            failed += 1
            print(f"FAIL {label}: {line[5:]}")
    if (status != 0 and failed == 0) or passed + failed == 0:
        failed += 1
        print(f"FAIL {label}: ended with {status}, {passed} checks passed\n{output[-3000:]}")
    print(f"-- {label}: {time.monotonic() - began:.1f} s")
    return passed, failed


def write_card(folder: str, url: str, binary: str) -> tuple[int, int]:
    """The card of the clients whose checks have run on a server."""
    try:
        summary = cards.make(folder, url, str(pathlib.Path(binary).resolve()), CARDS)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"FAIL {folder}: no card of its clients: {error!r}")
        return 0, 1
    if summary is None:
        return 0, 0
    print(f"ok {folder}: the card of its clients is {CARDS / folder}.html: {summary}")
    return 1, 0


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--only", help="one folder, or one check as folder/check_name")
    arguments.add_argument("--results", help="file that gets: PASSED FAILED")
    options = arguments.parse_args()
    passed = failed = 0
    folders = sorted(path.parent for path in HERE.glob("*/check_*.py"))
    for folder in dict.fromkeys(folders):
        only, _, script_name = (options.only or folder.name).partition("/")
        if folder.name != only:
            continue
        python = environment_for(folder)
        server = Server(binary=options.binary)
        for script in sorted(folder.glob(f"{script_name or 'check_*'}.py")):
            counts = run_check(python, script, server.url, str(pathlib.Path(options.binary).resolve()))
            passed += counts[0]
            failed += counts[1]
            sys.stdout.flush()
        if not script_name:
            counts = write_card(folder.name, server.url, options.binary)
            passed += counts[0]
            failed += counts[1]
        status = server.stop()
        if status == 0:
            passed += 1
            print(f"ok {folder.name}: the server drained and ended with 0 on SIGTERM")
        else:
            failed += 1
            print(f"FAIL {folder.name}: the server ended with {status}")
    print(f"conformance: {passed} passed, {failed} failed")
    if options.results:
        pathlib.Path(options.results).write_text(f"{passed} {failed}\n")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
