#!/usr/bin/env python3
"""What `--durable` costs: a change on the disk before its answer, beside one that is saved later and one that never is.

    Tests/Benchmarks/durable.py [--binary .build/release/wavetank] [--data DIR]

`--data` says on which disk (a folder for temporary files). Prints a Markdown table and exits with 1 when a floor is missed:
sixteen who change at once get at least twice as much done as one alone does in their place, since they share the saves; looks
take no longer than without it. Then: how the price of one change grows with what the world holds.
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from scale import BINARY, Report  # noqa: E402
import common  # noqa: E402

KINDS = ("no data", "--data", "--data --durable")


def start(kind, binary, folder):
    place = tempfile.TemporaryDirectory(dir=folder)
    flags = {"no data": [], "--data": ["--data", place.name], "--data --durable": ["--data", place.name, "--durable"]}[kind]
    server = common.Server(*flags, binary=binary)
    server.place = place
    return server


def change(server, name):
    began = time.monotonic()
    status, _, _ = server.call("POST", "/api/v1/workspace/create", {"handle": name})
    assert status == 200, status
    return time.monotonic() - began


def look(server):
    began = time.monotonic()
    assert server.call("GET", "/api/v1/version")[0] == 200
    return time.monotonic() - began


def together(server, clients, seconds, label):
    """Changes a second by so many clients, and how long each took."""
    took, end = [], time.monotonic() + seconds

    def work(client):
        number = 0
        while time.monotonic() < end:
            took.append(change(server, f"{label}-{client}-{number}"))
            number += 1

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(took) / seconds, took


def made(server, path, content):
    status, text, _ = server.call("POST", "/api/v1/" + path, content, timeout=120)
    assert status == 200, text
    return json.loads(text)["data"]


def growth(report, binary, folder):
    """One change by one client, beside blocks that lie there already with a tag each."""
    server, held = start(KINDS[2], binary, folder), 0
    log = pathlib.Path(server.place.name) / "default.changes"
    file = made(server, "file/create", {"type": "blocks", "blocks": []})["file"]["id"]
    for wanted in (0, 1_000, 10_000, 100_000):
        while held < wanted:
            count = min(wanted - held, 10_000)
            blocks = [{"text": f"line {number} of a file that lies there", "tags": [{"kind": "k", "name": f"n{number % 50}"}]}
                      for number in range(count)]
            made(server, "file/create", {"type": "blocks", "blocks": blocks})
            held += count
        for what, path, content in (("workspace", "workspace/create", {}), ("file", "file/create", {"type": "blocks", "blocks": []}),
                                    ("block", "block/create", {"fileId": file, "text": "one more"}),
                                    ("tag", "tag/create", {"fileId": file, "kind": "k", "name": "more"})):
            took, written = [], []
            for _ in range(15):
                size, began = log.stat().st_size if log.exists() else 0, time.monotonic()
                made(server, path, content)
                took.append(time.monotonic() - began)
                written.append(log.stat().st_size - size if log.exists() else 0)
            report.row(f"--data --durable: one {what} more beside {wanted:,} blocks", f"{statistics.median(took) * 1000:.1f} ms",
                       f"{statistics.median(written):,.0f} bytes written")
    server.stop()
    server.place.cleanup()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(BINARY))
    arguments.add_argument("--data")
    arguments.add_argument("--seconds", type=float, default=3)
    options = arguments.parse_args()
    report = Report("what", "reached", "detail", "floor")
    rates, looks = {}, {}
    for kind in KINDS:
        server = start(kind, options.binary, options.data)
        change(server, "warm")
        looks[kind] = statistics.median(look(server) for _ in range(200))
        for clients in (1, 16):
            rate, took = together(server, clients, options.seconds, f"c{clients}")
            rates[kind, clients] = rate
            took.sort()
            share = rate / rates["no data", clients]
            holds = kind != KINDS[2] or clients == 1 or rate >= 2 * rates[kind, 1]
            report.row(f"{kind}: {clients} client{'s' * (clients > 1)} that change", f"{rate:,.0f}/s",
                       f"median {statistics.median(took) * 1000:.1f} ms, p99 {took[int(len(took) * 0.99)] * 1000:.1f} ms; "
                       f"{share:.2f} × no data", "2 × one client" if kind == KINDS[2] and clients > 1 else "", holds=holds)
        server.stop()
        server.place.cleanup()
    growth(report, options.binary, options.data)
    share = looks[KINDS[2]] / looks["no data"]
    report.row("a look, --durable × no data", f"{share:.2f}", f"{looks[KINDS[2]] * 1e6:.0f} µs", "1.3 ×", holds=share <= 1.3)
    report.exit()


if __name__ == "__main__":
    main()
