#!/usr/bin/env python3
"""Tenants (T14): what one costs to make, to keep, to reset, what comes back when it is dropped, how many stay at once, and a test
run with a tenant for each test.

    Tests/Benchmarks/tenants.py [--binary .build/release/wavetank] [--tests 10000] [--many 100000] [--rounds 3] [--strict]

Prints Markdown. A test is six requests to the three APIs in a tenant of its own, which it drops at its end; 32 connections send
them, each the next one. Of the many that stay at once a third uses each API. `--strict` exits with 1 when a floor is missed.
"""
import argparse
import json
import resource
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import importlib.machinery  # noqa: E402
import machine  # noqa: E402
from figures import Bench  # noqa: E402
from rows import request  # noqa: E402
from servers import Wavetank, ask  # noqa: E402

harness = importlib.machinery.SourceFileLoader("harness", str(HERE / "run")).load_module()

CONNECTIONS = 32
KEYS = ["Authorization: Bearer bench", "X-Shipyard-API-Key: bench"]
FIRSTS = {
    "Steamship": ("POST", "/api/v1/workspace/create", '{"handle": "default", "fetchIfExists": true}'),
    "Scramjet": ("GET", "/api/v1/version", None),
    "Shipyard": ("GET", "/orgs", None),
}
TEST = [
    ("POST", "/api/v1/workspace/create", '{"handle": "w"}'),
    ("POST", "/api/v1/file/create", '{"handle": "f", "type": "blocks", "blocks": [{"text": "Ahoy"}]}'),
    ("POST", "/api/v1/file/get", '{"handle": "f"}'),
    ("POST", "/api/v1/topics", '{"id": "cargo", "content-type": "text/x-ndjson"}'),
    ("GET", "/api/v1/instances", None),
    ("GET", "/orgs", None),
]


def asked(name, question):
    method, path, body = question
    return request(method, f"/_t/{name}{path}", body, KEYS)


class Tenants(Bench):
    def cost(self, server, raw, status=200):
        """CPU and growth of memory, each request once."""
        before = machine.resident_kib(server.pids())
        result = self.sample(server, "closed", "-f", self.requests(*raw), "-1", "-c", 8, "-d", 120, "-S", status)
        return result["cpu_us"], (machine.resident_kib(server.pids()) - before) / len(raw)

    def one(self, service, count):
        """Made, looked at again, reset, dropped: µs and KiB of each."""
        with Wavetank() as server:
            warm = [asked(f"warm-{n}", FIRSTS[service]) for n in range(200)]
            self.cost(server, warm)
            again = self.cost(server, warm * 5)[0]
            names = [f"t-{n}" for n in range(count)]
            made, kept = self.cost(server, [asked(name, FIRSTS[service]) for name in names])
            reset = self.cost(server, [request("POST", f"/_wavetank/reset?tenant={name}") for name in names], 200)[0]
            dropped, back = self.cost(server, [request("DELETE", f"/_wavetank/tenants/{name}") for name in names], 204)
        return made - again, kept, reset, dropped, -back

    def many(self, count):
        """All made and kept: seconds, what is resident, how many are there, and which went where one more comes than may stay."""
        services = list(FIRSTS)
        with Wavetank() as server:
            before = machine.resident_kib(server.pids())
            raw = [asked(f"t-{n}", FIRSTS[services[n % 3]]) for n in range(count)]
            result = self.load("closed", "-p", server.port, "-f", self.requests(*raw), "-1", "-c", CONNECTIONS, "-d", 300, timeout=400)
            answered = result["requests"] + result["bad"]
            if answered != count or result["bad"]:
                raise RuntimeError(f"{answered} of {count} answers, {result['bad']} bad")
            kept = machine.resident_kib(server.pids()) - before
            names = {one["name"] for one in json.loads(ask(server.port, "GET", "/_wavetank/tenants")[2])["tenants"]}
            there = len(names) - 1
            # The oldest is used again; of those that come beyond the limit the next oldest pay for it.
            ask(server.port, *FIRSTS["Shipyard"][:1], "/_t/t-0/orgs", None, {"X-Shipyard-API-Key": "bench"})
            for n in range(300):
                ask(server.port, "GET", f"/_t/late-{n}/orgs", None, {"X-Shipyard-API-Key": "bench"})
            names = {one["name"] for one in json.loads(ask(server.port, "GET", "/_wavetank/tenants")[2])["tenants"]}
            gone = [n for n in range(count) if f"t-{n}" not in names]
            # So many connections ask at once: who came first among that many is the server's to say.
            is_fair = "t-0" in names and all(n <= len(gone) + CONNECTIONS for n in gone)
        return result["seconds"], kept / 1024, there, len(gone), is_fair

    def tests(self, count):
        with Wavetank() as server:
            before = machine.resident_kib(server.pids())
            names = [f"test-{n}" for n in range(count)]
            # As 32 workers would send them: the first request of 32 tests, the second of them, and so on.
            raw = []
            for first in range(0, count, 32):
                for question in TEST:
                    raw += [asked(name, question) for name in names[first:first + 32]]
                raw += [request("DELETE", f"/_wavetank/tenants/{name}") for name in names[first:first + 32]]
            result = self.load("closed", "-p", server.port, "-f", self.requests(*raw), "-1", "-c", CONNECTIONS, "-d", 300, timeout=400)
            cpu = machine.cpu_seconds(server.pids())
            answered = result["requests"] + result["bad"]
            if answered != len(raw):
                raise RuntimeError(f"{answered} of {len(raw)} answers")
            left = machine.resident_kib(server.pids()) - before
            count_left = len(json.loads(ask(server.port, "GET", "/_wavetank/tenants")[2])["tenants"])
        return result["seconds"], cpu / count * 1e6, left / 1024, count_left


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--tenants", type=int, default=1_500, help="of each kind that are made and kept")
    parser.add_argument("--many", type=int, default=100_000, help="that stay at once")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    options.quick = True
    harness.install_missing()
    tools = harness.build_tools()
    options.binary = (options.binary or harness.release_binary()).resolve()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    missed = []
    print("| a tenant whose first request is to | µs to make | KiB | µs to reset | µs to drop | KiB given back |\n|-|-|-|-|-|-|")
    with tempfile.TemporaryDirectory(prefix="wavetank-bench-") as folder:
        bench = Tenants(options, tools, Path(folder))
        bench.quiet = machine.Quiet(0)
        for service in FIRSTS:
            rounds = [bench.one(service, options.tenants) for _ in range(options.rounds)]
            made, kept, reset, dropped, back = (statistics.median(column) for column in zip(*rounds))
            print(f"| {service} | {made:.0f} | {kept:.1f} | {reset:.0f} | {dropped:.0f} | {back:.1f} |", flush=True)
            if made > 100 or kept > 16:
                missed.append(service)
        seconds, resident, there, gone, is_fair = bench.many(options.many)
        print(f"\n{options.many:,} tenants at once: {seconds:.1f} s to make, {resident:.0f} MiB, {there:,} there; {gone} went when 300 more"
              f" came, {'the longest unused first' if is_fair else 'NOT the longest unused first'}.", flush=True)
        if resident > 1024 * options.many / 100_000 or there < min(options.many, 100_000) - 201 or not is_fair:
            missed.append("many")
        seconds, cpu, left, count = bench.tests(options.tests)
    print(f"\n{options.tests:,} tests of {len(TEST)} requests, a tenant each, 32 at once: {seconds:.1f} s, {cpu:.0f} µs of CPU a test,"
          f" {left:.1f} MiB more resident at the end, {count} tenants left.")
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
