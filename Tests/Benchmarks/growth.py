#!/usr/bin/env python3
"""What each thing costs as the world grows: a curve for each, with its exponent.

    Tests/Benchmarks/growth.py [--binary .build/release/wavetank] [--most 10000] [--only WORD,WORD]

A world is made larger and larger through the API, tenfold each time. At each size a look-up, a change and a page are asked, by
the server's CPU time per request (the median of some), and what takes the whole world (snapshot, save) by its CPU time in all.
The exponent is the slope of cost over size, both in logarithms, from 100 on: 0 does not grow, 1 grows as the world does. Prints
a Markdown table; exits with 1 when a single look-up grows (more than 0.25) or a whole grows faster than its size (more than 1.25).
"""
import argparse
import gzip
import io
import json
import math
import statistics
import sys
import tarfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
import machine  # noqa: E402
from scale import BINARY, Connection, Report, Server  # noqa: E402
import worlds  # noqa: E402

SINGLE, WHOLE = 0.25, 1.25
RUNS = f"{worlds.FLEETS}/33333333-3333-4333-8333-333333333333/fleetruns"
OCTETS = "application/octet-stream"


def raw(method, path, body=None, kind="application/json", fields=()):
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *worlds.FIELDS, f"Content-Type: {kind}",
             f"Content-Length: {len(content)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def steamship(path, body, fields=()):
    return raw("POST", f"/api/v1/{path}", body, fields=fields)


def filled(server, requests, at_once=50):
    """Sends them in rows; gives the contents of their answers."""
    contents, connection = [], server.connection
    requests = iter(requests)
    while row := [request for request, _ in zip(requests, range(at_once))]:
        connection.socket.sendall(b"".join(row))
        for _ in row:
            status, content = connection.receive()
            if status >= 400:
                sys.exit(f"status {status}: {content[:300]!r}")
            contents.append(content)
    return contents


class Subject:
    """A kind of thing. `most` bounds how many of it are made."""

    most = 100_000

    def grow(self, server, start, end):
        """Makes the things from `start` to `end`."""
        raise NotImplementedError

    def asked(self, size, turn):
        """Name → request of what must not grow; `turn` is another number each time."""
        raise NotImplementedError


class Blocks(Subject):
    name = "blocks, with a tag each"

    def grow(self, server, start, end):
        self.ids = [json.loads(content)["data"]["file"]["id"] for content in filled(server, (
            steamship("file/create", {"handle": f"f-{n}", "type": "blocks", "blocks": [
                {"text": f"Ahoy {b}", "tags": [{"kind": f"k-{b}", "name": "common"}]} for b in range(n, n + 10)]})
            for n in range(start, end, 10)), 20)]

    def asked(self, size, turn):
        yield "file/get by handle", steamship("file/get", {"handle": "f-0"})
        yield "file/list, a page of 5", steamship("file/list", {"pageSize": 5})
        yield "block/query by tag", steamship("block/query", {"tagFilterQuery": 'kind "k-3" and name "common"'})
        yield "file/create", steamship("file/create", {"handle": f"more-{size}-{turn}", "type": "none"})
        yield "file/delete", steamship("file/delete", {"id": self.ids[turn % len(self.ids)]}) if size > 1_000 else None


class Tasks(Subject):
    name = "tasks"

    def grow(self, server, start, end):
        answers = filled(server, (steamship("task/noop", {}, ["X-Task-Background: true"]) for _ in range(start, end)))
        self.id = json.loads(answers[0])["status"]["taskId"]

    def asked(self, size, turn):
        yield "task/status", steamship("task/status", {"taskId": self.id})
        yield "task/list, a page of 10", steamship("task/list", {"pageSize": 10})
        yield "task/noop", steamship("task/noop", {})
        yield "the journal, its last 10", raw("GET", "/_wavetank/journal?limit=10")


class Runs(Subject):
    name = "runs"

    def grow(self, server, start, end):
        filled(server, (raw("POST", RUNS, {}) for _ in range(start, end)))

    def asked(self, size, turn):
        yield "a trigger", raw("POST", RUNS, {})
        yield "the fleet", raw("GET", RUNS.rsplit("/", 1)[0])


class Instances(Subject):
    name = "instances, topics, packages"

    def grow(self, server, start, end):
        package = worlds.scramjet_world.package(worlds.scramjet_world.BELL)
        if start == 0:
            self.sequence = json.loads(filled(server, [raw("POST", "/api/v1/sequence", package, OCTETS)])[0])["id"]
        answers = filled(server, (raw("POST", f"/api/v1/sequence/{self.sequence}/start", {}) for _ in range(start, end)))
        self.ids = [json.loads(answer)["id"] for answer in answers]
        filled(server, (raw("POST", "/api/v1/topics", {"id": f"t-{n}", "content-type": "text/plain"}) for n in range(start, end)))
        filled(server, (raw("PUT", f"/api/v1/space/demo/api/v1/s3/p-{n}.tar.gz", package, OCTETS) for n in range(start, end)))
        self.package = package

    def asked(self, size, turn):
        store = "/api/v1/space/demo/api/v1/s3"
        yield "an instance", raw("GET", f"/api/v1/instance/{self.ids[0]}")
        yield "instances, a page of 5", raw("GET", "/api/v1/space/demo/api/v1/instances?limit=5")
        yield "sequences, a page of 5", raw("GET", "/api/v1/space/demo/api/v1/all_sequences?limit=5")
        yield "a start", raw("POST", f"/api/v1/sequence/{self.sequence}/start", {})
        yield "a package put", raw("PUT", f"{store}/more-{size}-{turn}.tar.gz", self.package, OCTETS)
        yield "the package gone", raw("DELETE", f"{store}/more-{size}-{turn}.tar.gz")
        yield "a topic", raw("POST", "/api/v1/topics", {"id": f"more-{size}-{turn}", "content-type": "text/plain"})
        yield "the topic gone", raw("DELETE", f"/api/v1/topics/more-{size}-{turn}")


class Tenants(Subject):
    name = "tenants"
    most = 90_000  # Fewer than may stay, with those that come besides.

    def grow(self, server, start, end):
        filled(server, (raw("GET", f"/_t/t-{n}/api/v1/version") for n in range(start, end)))

    def asked(self, size, turn):
        yield "a tenant's request", raw("GET", "/_t/t-1/api/v1/version")
        yield "a new tenant's first", raw("GET", f"/_t/more-{size}-{turn}/api/v1/version")
        yield "the tenant gone", raw("DELETE", f"/_wavetank/tenants/more-{size}-{turn}")


class Rules(Subject):
    most = 10_000

    def __init__(self, name, match):
        self.name, self.match = f"rules: {name}", match

    def grow(self, server, start, end):
        rules = [{"name": f"r-{n}", "match": {"operation": "steamship.task.noop", **self.match(n)}, "error": 503}
                 for n in range(start, end)]
        filled(server, [raw("POST", "/_wavetank/scenario/rules", {"rules": rules})])

    def asked(self, size, turn):
        fields = ["X-Ship: Aurora of the northern harbor, ship-12-b"]
        rules, name = "/_wavetank/scenario/rules", f"more-{size}-{turn}"
        rule = {"name": name, "match": {"operation": "steamship.task.noop", **self.match(turn)}, "error": 503}
        yield "a request", steamship("task/noop", {"text": "Aurora of the northern harbor, ship-12-b"}, fields)
        yield "a rule added", raw("POST", rules, rule)
        yield "the rule moved to the middle", raw("PATCH", f"{rules}/{name}", {"position": size // 2})
        yield "the rule gone", raw("DELETE", f"{rules}/{name}")
        yield "a new tenant's first", raw("GET", f"/_t/more-{size}-{turn}/api/v1/version")


SUBJECTS = [
    Blocks(), Tasks(), Runs(), Instances(), Tenants(),
    Rules("a field's value", lambda n: {"header": {"x-ship": f"ship-{n}"}}),
    Rules("expressions on a field", lambda n: {"header": {"x-ship": {"regex": f"^ship-{n}(-[a-z]+)?$"}}}),
    Rules("expressions on the content", lambda n: {"body": {"text": {"regex": f"ship-[0-9]+-to-{n}\\b"}}}),
    Rules("patterns of paths", lambda n: {"path": f"/ships/{n}/*"}),
]


def cpu(server, request, connection):
    """µs of one exchange, and its status."""
    before = machine.CPUTime([server.process.pid])
    connection.socket.sendall(request)
    status, _ = connection.receive()
    return before.used() * 1e6, status


def single(server, subject, size, rounds):
    """Name → median µs."""
    times = {}
    for turn in range(rounds):
        for name, request in subject.asked(size, turn):
            if request is None:
                continue
            used, status = cpu(server, request, server.connection)
            if status >= 400:
                sys.exit(f"{subject.name}, {name}: status {status}")
            times.setdefault(name, []).append(used)
    return {name: statistics.median(seen) for name, seen in times.items()}


class Lag(threading.Thread):
    """Asks for nothing in particular, again and again: the longest wait is what the loop was held."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.connection, self.longest, self.ends = Connection(port), 0.0, False

    def run(self):
        while not self.ends:
            started = time.perf_counter()
            self.connection.exchange(raw("GET", "/_wavetank/health"))
            self.longest = max(self.longest, time.perf_counter() - started)
            time.sleep(0.001)

    def stop(self):
        self.ends = True
        self.join(30)
        self.connection.close()
        return self.longest * 1e3


def whole(server):
    """µs of a snapshot, and what another waits meanwhile; nothing where there is no room for it."""
    lag = Lag(server.port)
    lag.start()
    used, status = cpu(server, raw("GET", "/_wavetank/snapshot"), server.connection)
    return used if status == 200 else None, lag.stop()


def exponent(curve):
    """The slope of log cost over log size."""
    points = [(math.log(size), math.log(max(cost, 0.1))) for size, cost in curve.items() if size >= 100]
    if len(points) < 2:
        return 0.0
    x, y = (statistics.mean(column) for column in zip(*points))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def measured(report, subject, options):
    most = min(options.most, subject.most)
    sizes = [size for size in (10, 100, 1_000, 10_000) if size <= most] + [most] * (most > 10_000)
    curves, lag, lacking, have = {}, {}, [], 0
    with Server(options.binary) as server:
        for size in sizes:
            subject.grow(server, have, size)
            have = size
            for name, cost in single(server, subject, size, options.rounds).items():
                curves.setdefault(name, {})[size] = cost
            used, lag[size] = whole(server)
            curves.setdefault("a snapshot of it all", {}).update({size: used} if used else {})
            lacking += [] if used else [size]
        memory = server.memory()
    for name, curve in curves.items():
        slope, limit = exponent(curve), WHOLE if "snapshot" in name else SINGLE
        costs = ", ".join(f"{cost:,.0f}" for cost in curve.values())
        more = f"; others waited {max(lag.values()):.0f} ms; {memory:.0f} MB" if limit == WHOLE else ""
        more += f"; no room for {', '.join(f'{size:,}' for size in lacking)}" if limit == WHOLE and lacking else ""
        report.row(subject.name, name, costs + more, f"{slope:.2f}", f"{limit}", holds=slope <= limit)


class Chunks:
    """A file to write to: what is written goes out as chunks of a request's content."""

    def __init__(self, out):
        self.out = out

    def write(self, data):
        self.out.sendall(b"%x\r\n%b\r\n" % (len(data), data) if data else b"")
        return len(data)

    def close(self):
        self.out.sendall(b"0\r\n\r\n")


def put(connection, name, megabytes):
    """Puts a package with so much in it that nothing packs."""
    head = raw("PUT", f"/api/v1/space/demo/api/v1/s3/{name}.tar.gz", b"", OCTETS)
    connection.socket.sendall(head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
    chunks = Chunks(connection.socket)
    manifest = json.dumps({"name": name, "version": "1.0.0", "main": "index.js"}).encode()
    # Stored as it is: what packs is this client's time only.
    with gzip.GzipFile(fileobj=chunks, mode="wb", compresslevel=0) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        with open("/dev/urandom", "rb") as noise:
            files = (("package.json", len(manifest), io.BytesIO(manifest)), ("index.js", 0, None), ("noise", megabytes << 20, noise))
            for path, size, content in files:
                info = tarfile.TarInfo(path)
                info.size = size
                archive.addfile(info, content)
    chunks.close()
    status, content = connection.receive()
    if status >= 400:
        sys.exit(f"a package of {megabytes} MB: status {status}: {content[:300]!r}")


def uploads(report, options):
    """Packages from 1 MB to 1 GB: the server's CPU time and what it holds beyond what is stored."""
    sizes = [size for size in (1, 10, 100, 1_000) if size * 100 <= options.most]
    curve, beyond = {}, []
    with Server(options.binary, "--memory", "4GiB") as server:
        put(server.connection, "warm", 1)
        for size in sizes:
            before, resident = machine.CPUTime([server.process.pid]), server.memory()
            server.forget_peak()
            put(server.connection, f"p-{size}", size)
            curve[size] = before.used() * 1e6
            beyond.append(server.peak() - resident - size)
    points = {size * 100: cost for size, cost in curve.items()}  # From 1 MB on.
    costs = ", ".join(f"{cost:,.0f}" for cost in curve.values())
    slope = exponent(points)
    report.row("packages of 1, 10, 100, 1,000 MB", "a put", f"{costs}; {max(beyond):.0f} MB beyond what is stored", f"{slope:.2f}",
               f"{WHOLE}", holds=slope <= WHOLE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=BINARY, type=Path)
    parser.add_argument("--most", type=int, default=10_000, help="things of a kind (10,000; at most 100,000)")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--only", default="", help="words, one of which a subject's name must hold")
    options = parser.parse_args()
    words = [word for word in options.only.split(",") if word]
    report = Report("what there is", "what is asked", "µs of CPU with 10, 100, 1,000 …", "exponent", "at most")
    for subject in SUBJECTS:
        if not words or any(word in subject.name for word in words):
            measured(report, subject, options)
    if not words or any(word in "uploads" for word in words):
        uploads(report, options)
    report.exit()


if __name__ == "__main__":
    main()
