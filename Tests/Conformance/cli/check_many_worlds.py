"""More worlds on disk than are kept in memory (`--data`, DESIGN §12): 2,300 tenants with acknowledged writes, while
idle ones are dropped from memory, saved, deleted and read again; ended by SIGHUP and by SIGTERM. Whatever was
acknowledged is there after a restart, whatever was deleted is not. `SEED=…` repeats a run, `TENANTS=…` shortens it."""

import http.client
import json
import os
import random
import signal
import socket
import tempfile
import threading
import time

from common import Server, check, finish, seed

SEED = seed()
TENANTS = int(os.environ.get("TENANTS", 2300))
WORKERS = 8
KEY = {"authorization": "Bearer k", "content-type": "application/json"}
GIVEN = {"default", "demo", "sandbox"}


class World(Server):
    def peer(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ended(self, number=signal.SIGTERM):
        """Exit status, and how many seconds it took."""
        began = time.monotonic()
        return self.stop(number, wait=120), time.monotonic() - began


def call(peer, method, path, content=None):
    peer.request(method, path, None if content is None else json.dumps(content), KEY)
    response = peer.getresponse()
    return response.status, response.read()


class Worker(threading.Thread):
    """Has tenants of its own, so that it knows what each must hold."""

    def __init__(self, server, model, names, seed, seconds, deletes):
        super().__init__()
        self.server, self.model, self.names = server, model, names
        self.chance = random.Random(seed)
        self.seconds, self.deletes = seconds, deletes
        self.problems, self.writes, self.deleted = [], 0, 0

    def run(self):
        try:
            self.work(self.server.peer())
        except Exception as error:
            self.problems.append(repr(error))

    def work(self, peer):
        end = time.time() + self.seconds
        # Each once, then here and there.
        order = list(self.names)
        self.chance.shuffle(order)
        while time.time() < end or order:
            name = order.pop() if order else self.chance.choice(self.busy(end))
            if name in self.model and self.chance.random() < self.deletes:
                self.write(peer, name)  # so that a save is due
                status, body = call(peer, "DELETE", f"/_wavetank/tenants/{name}")
                if status != 204:
                    self.problems.append((name, status, body))
                self.model.pop(name, None)
                self.deleted += 1
                continue
            for _ in range(self.chance.randint(1, 3)):
                self.write(peer, name)

    def busy(self, end):
        """A quarter of the tenants at a time: the others are saved meanwhile, and may be dropped from memory."""
        part = int(4 * max(0, self.seconds - (end - time.time())) / self.seconds) % 4
        return self.names[part::4] or self.names

    def write(self, peer, name):
        held = self.model.setdefault(name, set())
        kind = self.chance.random()
        if kind < 0.9:
            handle = f"w{self.chance.getrandbits(40):x}"
            status, body = call(
                peer, "POST", f"/_t/{name}/api/v1/workspace/create", {"handle": handle})
            held.add(handle)
        else:
            # The control API's writes count as well.
            rule = f"r{self.chance.getrandbits(40):x}"
            status, body = call(
                peer, "POST", f"/_t/{name}/_wavetank/scenario/rules",
                {"name": rule, "match": {"path": "/nowhere"}, "error": 500})
            held.add("rule " + rule)
        self.writes += 1
        if status not in (200, 201):
            self.problems.append((name, status, body))


def content(peer, name):
    status, body = call(peer, "GET", f"/_t/{name}/_wavetank/state/steamship")
    held = {space["handle"] for user in json.loads(body)["users"] for space in user["workspaces"]}
    status, body = call(peer, "GET", f"/_t/{name}/_wavetank/scenario/rules")
    # Those of the built-in world come with the first call.
    return held - GIVEN | {"rule " + rule["name"] for rule in json.loads(body)["rules"]}


class Reader(threading.Thread):
    def __init__(self, server, model, names):
        super().__init__()
        self.server, self.model, self.names = server, model, names
        self.wrong = []

    def run(self):
        try:
            peer = self.server.peer()
            for name in self.names:
                found = content(peer, name)
                if found != self.model[name]:
                    self.wrong.append(
                        (name, "lost", self.model[name] - found, "more", found - self.model[name]))
        except Exception as error:
            self.wrong.append(repr(error))


def together(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def names_of(server):
    status, body = call(server.peer(), "GET", "/_wavetank/tenants")
    return {tenant["name"] for tenant in json.loads(body)["tenants"]} - {"default"}


def compare(what, server, model, data):
    listed = names_of(server)
    check(f"{what}: all tenants are listed, and no other", listed == set(model),
          (sorted(set(model) - listed)[:5], sorted(listed - set(model))[:5]))
    files = {name[:-7] for name in os.listdir(data) if name.endswith(".tar.gz")} - {"default"}
    check(f"{what}: a file for each, and no other", files == set(model),
          (sorted(set(model) - files)[:5], sorted(files - set(model))[:5]))
    names = sorted(model)
    readers = [Reader(server, model, names[index::WORKERS]) for index in range(WORKERS)]
    together(readers)
    wrong = [entry for reader in readers for entry in reader.wrong]
    check(f"{what}: everything acknowledged is there, nothing else ({len(names)} tenants)",
          not wrong, (len(wrong), wrong[:3]))


def use(server, model, seconds, deletes, seed):
    names = [f"t{number}" for number in range(TENANTS)]
    workers = [
        Worker(server, model, names[index::WORKERS], seed * 100 + index, seconds, deletes)
        for index in range(WORKERS)
    ]
    together(workers)
    problems = [problem for worker in workers for problem in worker.problems]
    writes = sum(worker.writes for worker in workers)
    deleted = sum(worker.deleted for worker in workers)
    check(f"{writes} writes and {deleted} deletions are acknowledged", not problems, problems[:3])


def main():
    # Under `nohup` the server would leave SIGHUP ignored, as it should.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    model = {}
    with tempfile.TemporaryDirectory() as data:
        server = World("--data", data)
        use(server, model, seconds=25, deletes=0.05, seed=SEED)
        status, body = call(server.peer(), "GET", "/_wavetank/tenants")
        evicted = json.loads(body)["evicted"]
        print(f"{evicted} tenants were dropped from memory meanwhile")
        status, seconds = server.ended(signal.SIGHUP)
        check(f"SIGHUP saves and ends with 0 ({seconds:.1f} s)", status == 0,
              (status, server.text()[-500:]))

        server = World("--data", data)
        check(f"{len(model)} saved tenants: ready in {server.start_seconds:.2f} s",
              server.start_seconds < 5, server.start_seconds)
        compare("after SIGHUP", server, model, data)
        use(server, model, seconds=12, deletes=0.3, seed=SEED + 1)
        status, seconds = server.ended(signal.SIGTERM)
        check(f"SIGTERM saves and ends with 0 ({seconds:.1f} s)", status == 0,
              (status, server.text()[-500:]))

        server = World("--data", data)
        compare("after SIGTERM", server, model, data)
        # Everything was only looked at: little is left to be saved.
        status, seconds = server.ended(signal.SIGTERM)
        check(f"it ends in order again ({seconds:.1f} s)", status == 0, server.text()[-500:])
        left = [name for name in os.listdir(data) if not name.endswith(".tar.gz") and name != ".lock"]
        check("no half-written or foreign file is left", not left, left[:5])
    finish()


main()
