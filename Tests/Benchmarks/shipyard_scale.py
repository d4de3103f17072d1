#!/usr/bin/env python3
"""Shipyard with 100,000 runs kept: the cost of a trigger, the speed and memory of an export.

    Tests/Benchmarks/shipyard_scale.py [--binary .build/release/wavetank] [--runs 100000]

Prints a Markdown table. A trigger's cost is the median wall time of pipelined batches of 100, taken in
turns from a server that keeps none and one that keeps all, and the servers' own CPU time. An export's speed
is the median of several, by wall clock. The clock stands, so the runs stay open and the queue of what is due
is full as well. Exits with 1 when a floor is missed: an export of at least 50 MB/s with flat memory,
triggers that cost the same.
"""
import argparse
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True
from scale import BINARY, Report, Server  # noqa: E402

ORG, PROJECT, FLEET = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
RUNS = f"/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
BATCH = 100


def head(method, path, extra=""):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Shipyard-API-Key: k\r\n"
            f"{extra}\r\n").encode()


def trigger(server, batches=1):
    """Triggers so many batches; the wall time of one trigger in microseconds, a figure for each batch."""
    peer, batch = server.connection, head("POST", RUNS, "Content-Length: 0\r\n") * BATCH
    times = []
    for _ in range(batches):
        started = time.perf_counter()
        peer.socket.sendall(batch)
        for _ in range(BATCH):
            status, content = peer.receive()
            if status != 201:
                sys.exit(f"status {status}: {content[:300]!r}")
        times.append((time.perf_counter() - started) / BATCH * 1e6)
    return times


def compare(servers, batches):
    """Wall (median) and CPU (mean) microseconds of a trigger for each server, taken in turns."""
    before = [server.cpu() for server in servers]
    times = [[] for _ in servers]
    for number in range(batches):
        for server, seen in list(zip(servers, times))[::1 if number % 2 else -1]:
            seen += trigger(server)
    return [(statistics.median(seen), (server.cpu() - cpu) / (batches * BATCH) * 1e6)
            for server, seen, cpu in zip(servers, times, before)]


def export(server, path):
    """Bytes, seconds, the server's CPU seconds, and the highest resident memory meanwhile."""
    server.forget_peak()
    with socket.create_connection(("127.0.0.1", server.port)) as peer:
        started, cpu, size = time.perf_counter(), server.cpu(), 0
        peer.sendall(head("GET", path, "Connection: close\r\n"))
        while data := peer.recv(1 << 20):
            size += len(data)
        return size, time.perf_counter() - started, server.cpu() - cpu, server.peak()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=BINARY)
    arguments.add_argument("--runs", type=int, default=100_000)
    options = arguments.parse_args()
    with Server(options.binary) as empty, Server(options.binary) as server:
        trigger(server, options.runs // BATCH)
        trigger(empty, 20)
        (none, none_cpu), (full, full_cpu) = compare((empty, server), 50)
        kept = server.memory()
        export(server, RUNS)
        settled = server.memory()
        report = Report("what", "figure", "floor")
        report.row("a trigger, none kept", f"{none:.1f} µs, CPU {none_cpu:.1f} µs", "")
        report.row(
            f"a trigger, {options.runs:,} kept",
            f"{full:.1f} µs ({full / none:.2f}×), CPU {full_cpu:.1f} µs ({full_cpu / none_cpu:.2f}×)",
            "1.1×", holds=full / none <= 1.1)
        report.row("resident memory with them", f"{kept:.0f} MB", "")
        for name, path in (("runs of the fleet", RUNS), ("voyages", f"/orgs/{ORG}/voyages")):
            results = [export(server, path) for _ in range(7)]
            size = results[0][0] / 1e6
            wall = size / statistics.median(result[1] for result in results)
            cpu = size / statistics.median(result[2] for result in results)
            growth = max(result[3] for result in results) - settled
            report.row(
                f"export, {name}: {size:.0f} MB",
                f"{wall:.0f} MB/s, {cpu:.0f} MB per CPU second, {growth:+.1f} MB",
                "50 MB/s, 8 MB", holds=wall >= 50 and growth < 8)
    report.exit()


if __name__ == "__main__":
    main()
