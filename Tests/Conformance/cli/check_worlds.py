"""Worlds on disk (`--data`, DESIGN §12): killed at any moment while it saves, and with a file that may not grow, the
server comes back with the last good world. `SEED=…` repeats a run."""

import json
import os
import random
import resource
import signal
import subprocess
import tempfile
import time

from common import Server, check, finish, seed

BINARY = os.environ["WAVETANK_BINARY"]
SEED = seed()
ROUNDS = int(os.environ.get("ROUNDS", 12))


class World(Server):
    """A server that keeps its worlds in `data`; no file of its may be longer than `limit` bytes."""

    def __init__(self, data, limit=None):
        super().__init__("--data", data, confine=limit and (
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))

    def make(self, handle):
        return self.call("POST", "/api/v1/workspace/create", {"handle": handle})[0] == 200

    def handles(self):
        state = json.loads(self.call("GET", "/_wavetank/state/steamship")[1])
        return [space["handle"] for user in state["users"] for space in user["workspaces"]]


def numbers(server):
    return sorted(int(name[1:]) for name in server.handles() if name[:1] == "n" and name[1:].isdigit())


def killed_while_saving():
    """SIGTERM saves the world; SIGKILL comes at a random moment of that."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as data:
        count, whole, cut = 0, 0, 0
        for round_number in range(ROUNDS):
            server = World(data)
            found = numbers(server)
            if round_number:
                if found == list(range(count + 40)):
                    whole += 1
                elif found == list(range(count)):
                    cut += 1
                else:
                    check("a world is whole, the new one or the old one", False, (count, found[-5:]))
                    server.end()
                    return
            count = len(found)
            for number in range(count, count + 40):
                if not server.make(f"n{number}"):
                    check("workspaces are made", False, number)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(chance.uniform(0, 0.06))
            server.end()
            names = os.listdir(data)
            if any("damaged" in name for name in names):
                check("nothing is damaged", False, names)
        check(f"killed while it saves, the last good world comes back ({whole} new, {cut} old)", True)


def file_that_may_not_grow():
    with tempfile.TemporaryDirectory() as data:
        server = World(data)
        server.make("first")
        check("a world is saved at the end", server.stop() == 0, server.text())
        size = os.path.getsize(os.path.join(data, "default.tar.gz"))
        # With the log in a file of its own, which may not grow either.
        server = World(data, limit=size + 600)
        for number in range(150):
            server.make(f"w{number}-{random.getrandbits(120):x}")
        status = server.stop()
        check("a world that cannot be saved at the end: exit 1 and a sentence that says so",
              status == 1 and "is lost" in server.text(), (status, server.text()))
        server = World(data)
        found = server.handles()
        check("the last good world is there", "first" in found and len(found) < 20, found)
        check("and no half-written file", not [n for n in os.listdir(data) if n.endswith(".tmp")])
        server.end()


def reader_that_went_away():
    """The server's output is a pipe that nobody reads any more."""
    with tempfile.TemporaryDirectory() as data:
        ready = os.path.join(data, "ready")
        process = subprocess.Popen([BINARY, "serve", "--port", "0", "--ready-file", ready],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        process.stdout.close()
        end = time.time() + 30
        while not (os.path.exists(ready) and os.path.getsize(ready)) and time.time() < end:
            time.sleep(0.005)
        time.sleep(0.1)
        check("a closed pipe does not end the server", process.poll() is None, process.poll())
        process.terminate()
        check("it ends in order", process.wait(30) == 0, process.returncode)


def folder_that_cannot_be_written():
    """With what an earlier server has left in it, its lock above all."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        data = os.path.join(folder, "data")
        os.mkdir(data)
        open(os.path.join(data, ".lock"), "w").close()
        # Root may write anywhere.
        nobody = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
        for place in (data, os.path.join(data, ".lock")) if nobody else ():
            os.chown(place, 65534, 65534)
        os.chmod(data, 0o500)
        try:
            done = subprocess.run([BINARY, "serve", "--port", "0", "--data", data], capture_output=True, text=True, timeout=30, **nobody)
            check("a folder in which nothing can be saved is refused at the start",
                  done.returncode == 1 and "cannot write" in done.stderr and "ready" not in done.stdout, done)
        except (PermissionError, subprocess.TimeoutExpired) as error:
            check("a folder in which nothing can be saved is refused at the start", isinstance(error, PermissionError), error)
        os.chmod(data, 0o700)


killed_while_saving()
folder_that_cannot_be_written()
file_that_may_not_grow()
reader_that_went_away()
finish()
