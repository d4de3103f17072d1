#!/usr/bin/env python3
"""Random and mutated requests over many sockets; then everything answers and nothing is left behind.

WAVETANK_URL names the server (on this machine). SEED replays a run, HOSTILE_SECONDS sets its length
(default 60), HOSTILE_PEERS the number of peers at a time (default 24). Prints `ok …` and `FAIL …` lines.
"""
import http.client
import json
import os
import pathlib
import random
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from traffic import TENANTS, Traffic  # noqa: E402

URL = urllib.parse.urlsplit(os.environ.get("WAVETANK_URL", "http://127.0.0.1:7070"))
HOST, PORT = URL.hostname, URL.port or 80
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
DURATION = float(os.environ.get("HOSTILE_SECONDS") or 60)
PEERS = int(os.environ.get("HOSTILE_PEERS") or 24)
# Content that one answer may reasonably have here; reading stops after it.
ANSWER_BYTES = 4 << 20

# Plays of single requests: once an answer is whole the next step begins.
QUICK = {"grammatical", "mutated", "chunks", "archive", "multipart", "yaml", "control", "flood", "heads"}

failures = 0


def report(good, name, why=""):
    global failures
    failures += not good
    print(f"ok {name}" if good else f"FAIL {name}: {why}", flush=True)
    return good


def ask(method, path, body=None, fields=None, timeout=10):
    connection = http.client.HTTPConnection(HOST, PORT, timeout=timeout)
    try:
        sent = {"Authorization": "Bearer bench", "X-Shipyard-API-Key": "bench", **(fields or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


# -------------------------------------------------------------------- the process behind the port
def server_pid():
    """The `pid` that the server tells, else the owner of the listening socket."""
    status, content = ask("GET", "/_wavetank/version")
    if status == 200:
        told = json.loads(content).get("pid")
        if isinstance(told, int):
            return told
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == PORT:
                inodes.add(f"socket:[{fields[9]}]")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:
            continue
    raise SystemExit(f"FAIL setup: nobody listens on port {PORT}, or it is not visible from here")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("FAIL the process is gone")


def started(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]


# -------------------------------------------------------------------- one peer
class Peer(threading.Thread):
    """Plays one thing after the other, each on a connection of its own."""

    def __init__(self, number, phase, operations, end):
        super().__init__(daemon=True)
        self.traffic = Traffic(random.Random(f"{SEED}/{phase}/{number}"), operations)
        self.end, self.plays, self.refused = end, 0, 0
        self.statuses, self.oddities = {}, []

    def run(self):
        while time.monotonic() < self.end:
            name, steps = self.traffic.play()
            try:
                self.perform(name, steps)
            except OSError:
                pass
            self.plays += 1

    def perform(self, name, steps):
        try:
            peer = socket.create_connection((HOST, PORT), 5)
        except OSError:
            self.refused += 1
            time.sleep(0.05)
            return
        first, received, awaited = b"", 0, 0
        with peer:
            peer.settimeout(5)
            for step in steps:
                kind = step[0]
                if kind == "send":
                    awaited = received
                    peer.sendall(step[1])
                elif kind == "drip":
                    for byte in step[1]:
                        peer.sendall(bytes([byte]))
                        time.sleep(0.0005)
                elif kind == "wait":
                    time.sleep(step[1])
                elif kind == "half":
                    peer.shutdown(socket.SHUT_WR)
                elif kind == "reset":
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                elif kind == "read":
                    end = time.monotonic() + step[1]
                    while (left := end - time.monotonic()) > 0 and received < ANSWER_BYTES:
                        peer.settimeout(left)
                        try:
                            data = peer.recv(65536)
                        except TimeoutError:
                            break
                        if not data:
                            return self.judge(name, first)
                        received += len(data)
                        first = (first + data)[:64] if len(first) < 64 else first
                        if name in QUICK and is_complete(data, received - awaited):
                            break
                    peer.settimeout(5)
        self.judge(name, first)

    def judge(self, name, first):
        """Whatever was asked, what comes back begins as an answer does."""
        if not first:
            return
        if first[:9] == b"HTTP/1.1 " and first[9:12].isdigit():
            status = int(first[9:12])
            self.statuses[status] = self.statuses.get(status, 0) + 1
        elif len(first) >= 12:
            self.oddities.append(f"{name}: {first!r}")


def is_complete(data, received):
    """Whether all that came for a request is one whole answer: no need to wait for more."""
    head, separator, _ = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(separator and length) and received >= len(head) + 4 + int(length[1])


class Probe(threading.Thread):
    """An innocent client meanwhile: nobody's garbage may hold it up."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done, self.worst, self.problems, self.count = threading.Event(), 0.0, [], 0

    def run(self):
        while not self.done.wait(0.25):
            for method, path, body, wanted in PROBES:
                start = time.monotonic()
                try:
                    status, content = ask(method, "/_t/innocent" + path, body)
                    if status not in wanted:
                        self.problems.append(f"{method} {path}: {status} {content[:200]!r}")
                except OSError as problem:
                    self.problems.append(f"{method} {path}: {problem!r}")
                self.worst = max(self.worst, time.monotonic() - start)
                self.count += 1


ORGANIZATION = "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
PROBES = [
    ("GET", "/api/v1/account/current", None, (200,)),
    ("POST", "/api/v1/workspace/get", '{"handle": "default"}', (200,)),
    ("GET", "/api/v1/version", None, (200,)),
    ("GET", "/api/v1/space/demo/api/v1/s3", None, (200,)),
    ("GET", f"{ORGANIZATION}/fleets/33333333-3333-4333-8333-333333333333/fleetruns", None, (200,)),
]
ALIVE = PROBES + [
    ("POST", f"{ORGANIZATION}/fleets/33333333-3333-4333-8333-333333333333/fleetruns", "{}", (200, 201)),
    ("POST", "/api/v1/package/create", '{"handle": "after-the-storm"}', (200,)),
]


def storm(phase, seconds, operations):
    end = time.monotonic() + seconds
    peers = [Peer(number, phase, operations, end) for number in range(PEERS)]
    for peer in peers:
        peer.start()
    while time.monotonic() < end:
        time.sleep(min(3, max(0.05, end - time.monotonic())))
        clean(TENANTS)
    for peer in peers:
        peer.join(60)
    return peers


def clean(tenants):
    for tenant in tenants:
        try:
            ask("POST", f"/_wavetank/reset?tenant={tenant}")
        except OSError:
            pass


def forget_tenants():
    """Drops every tenant that the storm made: what is left is what the server itself keeps."""
    status, content = ask("GET", "/_wavetank/tenants")
    listed = json.loads(content) if status == 200 else []
    listed = listed.get("tenants", []) if isinstance(listed, dict) else listed
    for one in listed:
        name = one["name"] if isinstance(one, dict) else one
        if name != "default":
            ask("DELETE", f"/_wavetank/tenants/{name}")
    ask("POST", "/_wavetank/reset")
    ask("DELETE", "/_wavetank/journal")


def settled(measure, bound, seconds=20):
    """The measure once it is within the bound, else its last value: lingering closes take a moment."""
    end = time.monotonic() + seconds
    while (value := measure()) > bound and time.monotonic() < end:
        time.sleep(0.25)
    return value


def main():
    print(f"SEED={SEED} HOSTILE_SECONDS={DURATION:g} HOSTILE_PEERS={PEERS}", flush=True)
    pid = server_pid()
    birth = started(pid)
    status, content = ask("GET", "/_wavetank/operations")
    listed = json.loads(content)
    listed = listed.get("operations", []) if isinstance(listed, dict) else listed
    operations = [one for one in listed if "method" in one and "path" in one]
    if not report(len(operations) > 50, "the server lists its operations", f"{status}, {len(operations)} operations"):
        return 1
    quiet_descriptors = descriptors(pid)
    for _ in range(2):  # pages that are touched once stay: the baseline is a server that has seen all this
        storm("warm-up", max(DURATION / 2, 3), operations)
    forget_tenants()
    settled(lambda: descriptors(pid), quiet_descriptors + 2)
    time.sleep(1)
    baseline = resident_kib(pid)

    probe = Probe()
    probe.start()
    peers = storm("storm", DURATION, operations)
    probe.done.set()
    probe.join(60)
    statuses = {}
    for peer in peers:
        for status, count in peer.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    plays = sum(peer.plays for peer in peers)
    print(f"{plays} plays; answers by status: {dict(sorted(statuses.items()))}", flush=True)

    alive = os.path.exists(f"/proc/{pid}") and started(pid) == birth
    if not report(alive, "the process is the one that was there before", "it is gone"):
        return 1
    report(plays > PEERS * DURATION / 3, "the storm was a storm", f"only {plays} plays")
    report(len(statuses) >= 5 and 400 in statuses and 200 in statuses, "answers of many kinds came back", str(statuses))
    odd = [oddity for peer in peers for oddity in peer.oddities]
    report(not odd, "every answer began as an answer does", "; ".join(odd[:3]))
    report(sum(peer.refused for peer in peers) == 0, "no connection was refused", str(sum(peer.refused for peer in peers)))
    report(probe.count > 4 and not probe.problems, "an innocent client was served throughout",
           f"{len(probe.problems)} of {probe.count}: " + "; ".join(probe.problems[:3]))
    report(probe.worst < 5, "and never waited for long", f"{probe.worst:.1f} s")

    for method, path, body, wanted in ALIVE:
        try:
            status, content = ask(method, "/_t/after-the-storm" + path, body)
            report(status in wanted, f"after it {method} {path.replace(ORGANIZATION, '…')} answers", f"{status} {content[:300]!r}")
        except OSError as problem:
            report(False, f"after it {method} {path} answers", repr(problem))
    status, _ = ask("GET", "/_wavetank/health")
    report(status == 200, "after it the server says that it is well", str(status))

    forget_tenants()
    left = settled(lambda: descriptors(pid), quiet_descriptors + 2)
    report(left <= quiet_descriptors + 2, "descriptors are back", f"{quiet_descriptors} before, {left} after")
    # 2 MiB besides: pages that a few live bytes hold, whatever the size of the server.
    bound = baseline * 1.1 + 2048
    resident = settled(lambda: resident_kib(pid), bound)
    print(f"resident: {baseline} KiB before, {resident} KiB after", flush=True)
    report(resident <= bound, "resident memory is back within 10 %", f"{baseline} KiB before, {resident} KiB after")
    if failures:
        print(f"replay with SEED={SEED}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
