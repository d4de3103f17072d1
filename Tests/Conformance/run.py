#!/usr/bin/env python3
"""Runs the published clients against a release binary of Wavetank.

Each folder beside this file that has a `requirements.txt` gets a virtual environment of its own
(kept below `.build/`, made anew when the requirements change); then every `check_*.py` in it runs
with WAVETANK_URL set. A check prints `ok NAME` or `FAIL NAME: why`, a line each, and exits 0 only
when all went well. Two folders run at a time, each on a server of its own; what measures runs alone
when they are done. So does, once more and on a new server, what failed: a machine that others use is
no defect. What goes well only then is named at the end. All that the vendors' clients were answered is held
to the OpenAPI documents (`openapi/traffic.py`).

    Tests/Conformance/run.py --binary .build/release/wavetank [--only steamship | --only hostile/check_bombs]
"""

import argparse
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import venv

import cards
from common import Server

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".build" / "conformance"
CARDS = ROOT / ".build" / "test-results" / "cards"
CHECK_SECONDS = 600
LANES = 2
# What measures waits, memory or the minute of a newcomer has the machine to itself.
ALONE = {"hostile/check_loop_lag", "hostile/check_memory", "newcomer/check_newcomer", "newcomer/check_root"}

# Each print is whole lines of one check.
printing = threading.Lock()
# The groups of the scripts that run now.
running: set[int] = set()


def tell(*lines: str) -> None:
    with printing:
        print(*lines, sep="\n", flush=True)


@dataclasses.dataclass
class Outcome:
    """What one script, or what belongs to a folder as a whole, came to."""

    label: str
    passed: int = 0
    failed: int = 0
    lines: list[str] = dataclasses.field(default_factory=list)

    def add(self, good: bool, name: str) -> None:
        if good:
            self.passed += 1
        else:
            self.failed += 1
        self.lines.append(f"{'ok' if good else 'FAIL'} {name}")


def environment_for(folder: pathlib.Path) -> pathlib.Path:
    """The interpreter of the folder's virtual environment, made if need be."""
    requirements = folder / "requirements.txt"
    if not requirements.exists():
        return pathlib.Path(sys.executable)
    mark = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    home = ENVIRONMENTS / f"{folder.name}-{mark}"
    python = home / "bin" / "python"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    # Whoever else wants it, in another thread or a script, waits until it is whole.
    with open(ENVIRONMENTS / f"{home.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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


def run_check(python: pathlib.Path, script: pathlib.Path, url: str, binary: str, last: bool) -> Outcome:
    """Runs one script and counts its results; what fails in a try that is not the last is called UNSURE."""
    clean = {key: value for key, value in os.environ.items()
             if not key.startswith(("STEAMSHIP_", "SCRAMJET_", "SHIPYARD_"))
             and key.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    clean.update(WAVETANK_URL=url, WAVETANK_BINARY=binary, NO_PROXY="127.0.0.1,localhost", PYTHONUNBUFFERED="1",
                 PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(HERE))
    outcome = Outcome(label_of(script))
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        # A group of its own: servers that a script cannot end any more are ended with it.
        process = subprocess.Popen([python, script], env=clean, stdout=log, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        running.add(process.pid)
        try:
            status = process.wait(CHECK_SECONDS)
        except subprocess.TimeoutExpired:
            status = f"no end within {CHECK_SECONDS} s"
        end_group(process.pid)
        process.wait()
        running.discard(process.pid)
        log.seek(0)
        output = log.read()
    for line in output.splitlines():
        good, _, name = line.partition(" ")
        if good in ("ok", "FAIL"):
            outcome.add(good == "ok", f"{outcome.label}: {name}")
    if (status != 0 and outcome.failed == 0) or outcome.passed + outcome.failed == 0:
        outcome.add(False, f"{outcome.label}: ended with {status}, {outcome.passed} checks passed\n{output[-3000:]}")
    outcome.lines.append(f"-- {outcome.label}: {time.monotonic() - began:.1f} s")
    tell(*(line if last else re.sub("^FAIL ", "UNSURE ", line) for line in outcome.lines))
    return outcome


def label_of(script: pathlib.Path) -> str:
    return f"{script.parent.name}/{script.stem}"


def end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def documented(url: str) -> list[str]:
    """What `openapi/traffic.py` says of the answers that a server has given: lines of checks."""
    folder = HERE / "openapi"
    clean = {**os.environ, "WAVETANK_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run([environment_for(folder), folder / "traffic.py"], env=clean, timeout=CHECK_SECONDS,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except subprocess.TimeoutExpired as error:
        return [f"FAIL the OpenAPI documents and what was answered: {error}"]
    lines = done.stdout.splitlines()
    return lines or [f"FAIL the OpenAPI documents and what was answered: {done.stderr[-600:]!r}"]


def write_card(folder: str, url: str, binary: str, outcome: Outcome) -> None:
    """The card of the clients whose checks have run on a server."""
    try:
        summary = cards.make(folder, url, binary, CARDS)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        outcome.add(False, f"{folder}: no card of its clients: {error!r}")
        return
    if summary is not None:
        outcome.add(True, f"{folder}: the card of its clients is {CARDS / folder}.html: {summary}")


def run_scripts(folder: pathlib.Path, scripts: list[pathlib.Path], binary: str, *, card: bool = False,
                last: bool = False) -> list[Outcome]:
    """Runs scripts of one folder on a server, one after the other."""
    whole = Outcome(folder.name)
    outcomes = [whole]
    try:
        python = environment_for(folder)
        server = Server(binary=binary)
        outcomes += [run_check(python, script, server.url, binary, last) for script in scripts]
        if card:
            write_card(folder.name, server.url, binary, whole)
            if folder.name in cards.CLIENTS:
                for line in documented(server.url):
                    good, _, name = line.partition(" ")
                    whole.add(good == "ok", f"{folder.name}: {name}")
        status = server.stop()
        whole.add(status == 0, f"{folder.name}: the server drained and ended with 0 on SIGTERM" if status == 0
                  else f"{folder.name}: the server ended with {status}")
    # Whatever it is: what a lane loses would be missing from the count, and nobody would know.
    except (SystemExit, Exception) as error:
        whole.add(False, f"{folder.name}: {error!r}")
    tell(*whole.lines)
    return outcomes


def run_in_lanes(work: list[tuple[pathlib.Path, list[pathlib.Path]]], binary: str, cards_too: bool) -> list[Outcome]:
    """Runs several folders at a time."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for item in work:
        waiting.put(item)
    outcomes: list[Outcome] = []

    def lane() -> None:
        while True:
            try:
                folder, scripts = waiting.get_nowait()
            except queue.Empty:
                return
            outcomes.extend(run_scripts(folder, scripts, binary, card=cards_too))

    lanes = [threading.Thread(target=lane, daemon=True) for _ in range(LANES)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return outcomes


def run_all(scripts: list[pathlib.Path], binary: str, cards_too: bool) -> list[Outcome]:
    folders: dict[pathlib.Path, list[pathlib.Path]] = {}
    for script in scripts:
        if label_of(script) not in ALONE:
            folders.setdefault(script.parent, []).append(script)
    # What has most scripts takes longest, about, and begins first.
    work = sorted(folders.items(), key=lambda item: -len(item[1]))
    outcomes = run_in_lanes(work, binary, cards_too)
    for script in scripts:
        if label_of(script) in ALONE:
            outcomes += run_scripts(script.parent, [script], binary)
    for script in scripts:
        first = next((one for one in outcomes if one.label == label_of(script)), None)
        if first and first.failed:
            tell(f"-- once more: {first.label}")
            again = run_scripts(script.parent, [script], binary, last=True)
            outcomes = [one for one in outcomes if one is not first] + again
            if not again[-1].failed:
                tell(f"-- {first.label} went well only when it ran once more, alone")
    return outcomes


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--only", help="one folder, or one check as folder/check_name")
    arguments.add_argument("--results", help="file that gets: PASSED FAILED")
    options = arguments.parse_args()
    folder, _, name = (options.only or "*").partition("/")
    scripts = sorted(HERE.glob(f"{folder}/{name or 'check_*'}.py"))
    try:
        outcomes = run_all(scripts, str(pathlib.Path(options.binary).resolve()), not name)
    except KeyboardInterrupt:
        for leader in list(running):
            end_group(leader)
        raise
    passed, failed = sum(one.passed for one in outcomes), sum(one.failed for one in outcomes)
    print(f"conformance: {passed} passed, {failed} failed")
    if options.results:
        pathlib.Path(options.results).write_text(f"{passed} {failed}\n")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
