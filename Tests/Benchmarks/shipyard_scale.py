#!/usr/bin/env python3
"""Shipyard with 100,000 runs kept: the cost of a trigger, the speed and memory of an export.

    Tests/Benchmarks/shipyard_scale.py [--binary .build/release/wavetank] [--runs 100000]

Prints a Markdown table. CPU time per trigger is the server's own, from /proc/PID/schedstat files, taken
over batches of pipelined triggers: with none kept and with all kept. The journal is on. Exits with 1 when
a floor of the issue is missed: an export of at least 50 MB/s with flat memory, triggers that cost the same.
"""
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ORG, PROJECT, FLEET = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
RUNS = f"/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
BATCH = 100


def head(method, path, extra=""):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Shipyard-API-Key: k\r\n"
            f"{extra}\r\n").encode()


class Server:
    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="wavetank-scale-")
        ready = pathlib.Path(self.folder.name) / "ready.json"
        # A clock that stands: the runs stay open, so that the queue of what is due is full as well.
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--threads", "1", "--clock", "manual",
             "--ready-file", str(ready)],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("the server did not become ready")
            time.sleep(0.01)
        self.port = json.loads(ready.read_text())["port"]
        self.socket = socket.create_connection(("127.0.0.1", self.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        self.folder.cleanup()

    def cpu(self):
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def trigger(self, count):
        """Server CPU seconds for one trigger, in microseconds, over pipelined batches."""
        before = self.cpu()
        batch = head("POST", RUNS, "Content-Length: 0\r\n") * BATCH
        for _ in range(count // BATCH):
            self.socket.sendall(batch)
            seen, rest = 0, b""
            while seen < BATCH:
                data = rest + self.socket.recv(1 << 18)
                if data == rest:
                    sys.exit("the server closed the connection")
                seen += data.count(b"HTTP/1.1 201 ")
                assert b"HTTP/1.1 4" not in data and b"HTTP/1.1 5" not in data, data[:300]
                rest = data[-12:] if not data.endswith(b"}") else b""
                if seen == BATCH:
                    break
            while not data.endswith(b"}"):
                data = self.socket.recv(1 << 18)
        return (self.cpu() - before) / count * 1e6

    def export(self, path):
        """Bytes, seconds, the server's CPU seconds, and the highest resident memory meanwhile."""
        with socket.create_connection(("127.0.0.1", self.port)) as peer:
            peer.sendall(head("GET", path, "Connection: close\r\n"))
            started, cpu, size, peak = time.monotonic(), self.cpu(), 0, self.memory()
            looked = started
            while data := peer.recv(1 << 20):
                size += len(data)
                if time.monotonic() - looked > 0.01:
                    peak = max(peak, self.memory())
                    looked = time.monotonic()
            return size, time.monotonic() - started, self.cpu() - cpu, max(peak, self.memory())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(ROOT / ".build" / "release" / "wavetank"))
    arguments.add_argument("--runs", type=int, default=100_000)
    options = arguments.parse_args()
    good = True
    with Server(options.binary) as server:
        sample = min(5_000, options.runs // 10)
        server.trigger(2_000)
        first = server.trigger(sample)
        server.trigger(options.runs - sample - 2_000)
        last = server.trigger(sample)
        kept = server.memory()
        server.export(RUNS)
        settled = server.memory()
        print("| what | figure | floor |\n|-|-|-|")
        ratio = last / first
        good &= ratio < 1.3
        print(f"| trigger, CPU, none kept | {first:.1f} µs | |")
        print(f"| trigger, CPU, {options.runs:,} kept | {last:.1f} µs ({ratio:.2f}×) | 1.3× |")
        print(f"| resident memory with them | {kept:.0f} MB | |")
        for name, path in (("runs of the fleet", RUNS), ("voyages", f"/orgs/{ORG}/voyages")):
            size, seconds, cpu, peak = min((server.export(path) for _ in range(3)),
                                           key=lambda result: result[1])
            growth = peak - settled
            good &= size / cpu > 50e6 and growth < 8
            print(f"| export, {name}: {size / 1e6:.0f} MB | {size / seconds / 1e6:.0f} MB/s, "
                  f"{size / cpu / 1e6:.0f} MB per CPU second, {growth:+.1f} MB | 50 MB/s, 8 MB |")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
