"""The figures T12 and T13: what a request may cost at most, whatever it asks for."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

from rows import Row, request
from servers import Wavetank

HOSTILE = pathlib.Path(__file__).resolve().parent.parent / "Conformance" / "hostile"

# Paths of no operation: short ones, near ones, and all the bytes that a request line may have.
LONG = 16_000
UNKNOWN = {
    "/nope/x": "/nope/x",
    "a path near many": "/instancs/sequencs/topcs/entitis/healt/versin/confg/stats/loadchec/avdit/sequenc/instanc",
    "a deep path": "/a" * (LONG // 2),
    "slashes": "/" * LONG,
    "one long segment": "/" + "a" * LONG,
    "escapes": "/%41" * (LONG // 4),
    "/api/v1 again and again": "/api/v1" * (LONG // 7),
    "hubs within hubs": "/cpm/api/v1" * (LONG // 11),
}


def known(length):
    """An operation of an emulated API, its target made as long by a query."""
    path = "/api/v1/version"
    return path if length <= len(path) else path + "?" + "a" * (length - len(path) - 1)


class Bounds:
    """A part of `Bench`."""

    def t12(self):
        def cost(file, *more):
            return self.sample(ours, "closed", "-f", file, "-c", 16, "-d", self.seconds / 2, *more)["cpu_us"]

        with Wavetank() as ours:
            health = self.get(ours.path)
            files = {name: (self.requests(request("GET", path)), self.requests(request("GET", known(len(path)))))
                     for name, path in UNKNOWN.items()}
            alike, short = {name: [] for name in files}, {name: [] for name in files}
            for _ in range(self.rounds):
                least = cost(health)
                for name, (unknown, same) in files.items():
                    spent = cost(unknown, "-S", 404)
                    alike[name].append(spent / cost(same))
                    short[name].append(spent / least)
        return [self.worst("a path of no operation, the worst, × a known one of as many bytes", alike, 3.0, 2.0),
                self.worst("the same, × GET /_wavetank/health", short, 5.0, 3.0)]

    def worst(self, title, ratios, floor, goal):
        costs = {name: statistics.median(values) for name, values in ratios.items()}
        worst = max(costs, key=costs.get)
        told = ", ".join(f"{name} {cost:.1f}" for name, cost in costs.items())
        return Row("T12", title, costs[worst], floor, goal, values=ratios[worst], detail=told)

    def t13(self):
        report = self.folder / "lag.json"
        environment = {**os.environ, "PYTHONPATH": str(HOSTILE.parent), "WAVETANK_BINARY": str(Wavetank.binary), "REPORT": str(report),
                       "LIMIT_MS": "20"}
        subprocess.run([sys.executable, str(HOSTILE / "check_loop_lag.py")], env=environment, timeout=600,
                       stdout=None if self.options.verbose else subprocess.DEVNULL)
        cases = json.loads(report.read_text())
        worst = max(cases, key=lambda case: case["p99"])
        idle = statistics.median(case["idle"] for case in cases)
        return [Row("T13", f"loop lag under the worst legal requests ({len(cases)} kinds), p99 of the worst", worst["p99"], 20.0, 10.0,
                    unit=" ms", detail=f"{worst['name']}; longest {worst['longest']:.1f} ms; idle {idle:.1f} ms")]
