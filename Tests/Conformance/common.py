"""What the checks share: a line for each result, and servers of a check's own. `run.py` puts this
folder on the path."""

import atexit
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

_failures = 0
_seed = None


def seed(default=None):
    """Of this run: SEED, else `default`, else one of chance. Every failure names it."""
    global _seed
    if _seed is None:
        _seed = int(os.environ.get("SEED") or (random.randrange(1 << 30) if default is None else default))
        print(f"SEED={_seed}", flush=True)
    return _seed


def expect(name, holds, why=""):
    """A line only where it does not hold. Returns whether it does."""
    global _failures
    if not holds:
        _failures += 1
        text = str(why)
        shown = text if len(text) <= 1200 else f"{text[:600]} … {text[-600:]}"
        print(f"FAIL {name}: {shown!r}" + (f" SEED={_seed}" if _seed is not None else ""), flush=True)
    return bool(holds)


def check(name, holds, why=""):
    """One line for one result. Returns whether it is a good one."""
    if expect(name, holds, why):
        print(f"ok {name}", flush=True)
    return bool(holds)


def failures():
    return _failures


def finish():
    """Ends the script: 0 only when all went well."""
    sys.exit(1 if _failures else 0)


class Server:
    """The binary on a free port, killed at the end of the script at the latest."""

    # A key for each of the three APIs.
    KEYS = {"authorization": "Bearer k", "x-shipyard-api-key": "k", "content-type": "application/json"}

    def __init__(self, *flags, command="serve", binary=None, confine=None, wait=60):
        """`confine` runs in the new process, before the program; `wait` is in seconds."""
        self.folder = tempfile.TemporaryDirectory(prefix="wavetank-")
        ready = pathlib.Path(self.folder.name) / "ready.json"
        self.log = open(pathlib.Path(self.folder.name) / "log.txt", "w+b")
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary or os.environ["WAVETANK_BINARY"], command, "--port", "0", "--ready-file", ready,
             "--quiet", *flags],
            stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=confine)
        atexit.register(self.end)
        while not (ready.exists() and ready.stat().st_size):
            if not self.lives or time.monotonic() > began + wait:
                self.process.kill()
                raise SystemExit("the server did not become ready:\n" + self.text())
            time.sleep(0.002)
        self.start_seconds = time.monotonic() - began
        self.port = json.loads(ready.read_text())["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def lives(self):
        return self.process.poll() is None

    @property
    def resident(self):
        """Bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS")), 0)

    def text(self):
        """What it has written."""
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def call(self, method, path, content=None, fields=None, timeout=30.0):
        """Status, content and fields of the answer; status 0 where none came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        body = json.dumps(content) if isinstance(content, (dict, list)) else content
        try:
            connection.request(method, path, body, {**self.KEYS, **(fields or {})})
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, repr(error).encode(), {}
        finally:
            connection.close()

    def stop(self, number=signal.SIGTERM, wait=15):
        """Asks it to end. Returns its exit status, -9 when it did not within `wait` seconds."""
        self.process.send_signal(number)
        try:
            return self.process.wait(wait)
        except subprocess.TimeoutExpired:
            return -9
        finally:
            self.end()

    def end(self):
        """Kills it if it lives. Twice does no harm; what it has written can still be read."""
        atexit.unregister(self.end)
        self.process.kill()
        self.process.wait()
