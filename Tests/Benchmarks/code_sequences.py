#!/usr/bin/env python3
"""What sequences cost whose own code runs, in JavaScript and in Python.

    Tests/Benchmarks/code_sequences.py [--binary .build/release/wavetank] [--rounds 9]

Prints a Markdown table: from the start's request to the first byte of output (medians over servers of their own: the
first start, then those for which a process waits, of a new package and of one that is unpacked), what goes through a running sequence from its input to its output, the memory
of those that wait (pages that several share counted in part), and how long twenty starts at once take. Without Node
only Python is measured. Exits with 1 when a floor is missed: a first byte within 500 ms, half of that where a process waits, 20 MB/s, 100 MB.
"""
import argparse
import http.client
import io
import json
import os
import shutil
import statistics
import sys
import tarfile
import threading
import time

sys.dont_write_bytecode = True
from scale import BINARY, Report  # noqa: E402
import common  # noqa: E402

LANGUAGES = {
    "Python": ("python3", "main.py",
               b"provides = {'contentType': 'application/octet-stream'}\nasync def run(context, input):\n    yield b'.'\n"
               b"    async for piece in input:\n        yield piece\n"),
    "JavaScript": ("node", "index.js",
                   b"module.exports = (input) => { const out = new (require('stream').PassThrough)(); out.write('.');\n"
                   b"    return input.pipe(out) }\n"),
}
MEGABYTES = 64


def archive(engine, main, code):
    content = io.BytesIO()
    manifest = json.dumps({"name": "bench", "version": "1.0.0", "main": main, "engines": {engine: "*"}}).encode()
    with tarfile.open(fileobj=content, mode="w:gz") as bundle:
        for name, data in (("package.json", manifest), (main, code)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            bundle.addfile(entry, io.BytesIO(data))
    return content.getvalue()


class Server(common.Server):
    def upload(self, package):
        return json.loads(self.call("POST", "/api/v1/sequence", package, {"content-type": "application/octet-stream"})[1])["id"]

    def start(self, sequence):
        return json.loads(self.call("POST", f"/api/v1/sequence/{sequence}/start", {})[1])["id"]

    def output(self, instance):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/api/v1/instance/{instance}/output")
        return connection, connection.getresponse()

    def kill(self, instance):
        self.call("POST", f"/api/v1/instance/{instance}/_kill", {})

    def memory(self, instance):
        return share(json.loads(self.call("GET", f"/api/v1/instance/{instance}/health")[1])["processId"])

    def waiting(self):
        """The memory of the process that waits for the next sequence, once it does and the others are gone."""
        end, before = time.monotonic() + 20, None
        while time.monotonic() < end:
            found = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if runs(pid, self.process.pid)]
            if len(found) == 1 and found == before:
                return share(found[0])
            before = found
            # Longer than a killed instance has to go.
            time.sleep(1)
        return 0


def share(pid):
    """What it holds, pages of several in part."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def runs(pid, parent):
    """Whether it is a runner that this server has started."""
    try:
        with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline") as line:
            return int(stat.read().rpartition(")")[2].split()[1]) == parent and "sequence_runner" in line.read()
    except OSError:
        return False


def first_byte(server, sequence):
    began = time.perf_counter()
    instance = server.start(sequence)
    connection, reply = server.output(instance)
    reply.read(1)
    took = time.perf_counter() - began
    connection.close()
    return instance, took * 1000


def throughput(server, sequence):
    instance, _ = first_byte(server, sequence)
    connection, reply = server.output(instance)
    data = bytes(MEGABYTES << 20)
    began = time.perf_counter()
    sender = threading.Thread(target=server.call, args=("POST", f"/api/v1/instance/{instance}/input", data),
                              kwargs={"fields": {"content-type": "application/octet-stream"}, "timeout": 120})
    sender.start()
    left = len(data)
    while left > 0 and (part := reply.read1(1 << 20)):
        left -= len(part)
    took = time.perf_counter() - began
    sender.join()
    connection.close()
    server.kill(instance)
    return MEGABYTES * 1.048576 / took if left <= 0 else 0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=BINARY)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    report = Report("what", "figure", "detail", "floor")
    for language, parts in LANGUAGES.items():
        if parts[0] == "node" and not shutil.which("node"):
            continue
        colds, news, warms = [], [], []
        for number in range(options.rounds):
            package = archive(parts[0], parts[1], parts[2] + b"\n" * number)
            server = Server("--run-code", "--code-workers", "100", binary=options.binary)
            sequence = server.upload(package)
            for times in (colds, warms):
                instance, took = first_byte(server, sequence)
                times.append(took)
                server.kill(instance)
                server.waiting()
            other = server.upload(archive(parts[0], parts[1], parts[2] + b"\n" * (1000 + number)))
            instance, took = first_byte(server, other)
            news.append(took)
            server.kill(instance)
            if number < options.rounds - 1:
                server.stop()
        cold, new, warm = (statistics.median(times) for times in (colds, news, warms))
        report.row(f"{language}: from a start to the first byte, the server's first", f"{cold:.0f} ms",
                   f"{min(colds):.0f} to {max(colds):.0f} ms", "500 ms", holds=cold <= 500)
        report.row(f"{language}: the same where a process waits, a new package", f"{new:.0f} ms",
                   f"{min(news):.0f} to {max(news):.0f} ms", "as the first", holds=new <= cold)
        report.row(f"{language}: the same, a package that is unpacked", f"{warm:.0f} ms",
                   f"{min(warms):.0f} to {max(warms):.0f} ms", "half of the first", holds=warm <= cold / 2)
        spare = server.waiting()
        report.row(f"{language}: memory of the process that waits for a sequence", f"{spare / 1e6:.0f} MB", "", "100 MB",
                   holds=spare <= 100e6)
        rates = [throughput(server, sequence) for _ in range(3)]
        report.row(f"{language}: through a sequence, from input to output", f"{statistics.median(rates):.0f} MB/s",
                   f"{MEGABYTES} MiB, thrice", "20 MB/s", holds=statistics.median(rates) >= 20)
        instance, _ = first_byte(server, sequence)
        time.sleep(1)
        memory = server.memory(instance) / 1e6
        report.row(f"{language}: memory of one that waits for input", f"{memory:.0f} MB", "", "100 MB", holds=memory <= 100)
        began = time.perf_counter()
        threads = [threading.Thread(target=first_byte, args=(server, sequence)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.row(f"{language}: twenty started at once, to the last one's first byte",
                   f"{(time.perf_counter() - began) * 1000:.0f} ms", "", "10 s", holds=time.perf_counter() - began <= 10)
        server.stop()
    report.exit()


if __name__ == "__main__":
    main()
