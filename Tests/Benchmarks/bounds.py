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


class Bounds:
    """A part of `Bench`."""

    def t12(self):
        with Wavetank() as ours:
            known = self.get(ours.path)
            files = {name: self.requests(request("GET", path)) for name, path in UNKNOWN.items()}
            ratios = {name: [] for name in files}
            for _ in range(self.rounds):
                health = self.sample(ours, "closed", "-f", known, "-c", 16, "-d", self.seconds / 2)["cpu_us"]
                for name, file in files.items():
                    cost = self.sample(ours, "closed", "-f", file, "-c", 16, "-d", self.seconds / 2, "-S", 404)["cpu_us"]
                    ratios[name].append(cost / health)
        costs = {name: statistics.median(values) for name, values in ratios.items()}
        worst = max(costs, key=costs.get)
        told = ", ".join(f"{name} {cost:.1f}" for name, cost in costs.items())
        return [Row("T12", "a path of no operation, the worst, × GET /_wavetank/health", costs[worst], 5.0, 3.0,
                    values=ratios[worst], detail=told)]

    def t13(self):
        report = self.folder / "lag.json"
        environment = {**os.environ, "PYTHONPATH": str(HOSTILE.parent), "WAVETANK_BINARY": str(Wavetank.binary), "REPORT": str(report)}
        subprocess.run([sys.executable, str(HOSTILE / "check_loop_lag.py")], env=environment, timeout=600,
                       stdout=None if self.options.verbose else subprocess.DEVNULL)
        cases = json.loads(report.read_text())
        worst = max(cases, key=lambda case: case["p99"])
        idle = statistics.median(case["idle"] for case in cases)
        return [Row("T13", f"loop lag under the worst legal requests ({len(cases)} kinds), p99 of the worst", worst["p99"], 20.0, 10.0,
                    unit=" ms", detail=f"{worst['name']}; longest {worst['longest']:.1f} ms; idle {idle:.1f} ms")]
