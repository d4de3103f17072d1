#!/usr/bin/env python3
"""What the log costs: T2 (a look at a random one of 10,000 tasks) with the log at info, on a file, beside a quiet server.

    Tests/Benchmarks/log.py [--binary .build/release/wavetank] [--rounds 40]

The servers take turns in short samples; CPU time per request is compared within each round. Prints a Markdown table and exits
with 1 when the log in text costs 5 % or more. It needs gcc.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import types

sys.dont_write_bytecode = True
from scale import BINARY, Report  # noqa: E402
from figures import Bench  # noqa: E402
from servers import Wavetank  # noqa: E402

FORMS = ("text", "json")
SECONDS = 0.4


class Logging(Wavetank):
    """Standard error is a file, as for every server here."""

    def __init__(self, form):
        super().__init__(arguments=["--log", form])
        self.name = form

    def command(self, port=None):
        return [word for word in super().command(port) if word != "--quiet"]


def lines(server):
    with open(server.folder / "log", "rb") as file:
        return sum(b"steamship.task.status" in line for line in file)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(BINARY))
    arguments.add_argument("--rounds", type=int, default=40)
    options = arguments.parse_args()
    report = Report("what", "reached", "detail", "floor")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source = pathlib.Path(__file__).with_name("load.c")
        subprocess.run(["gcc", "-O2", "-o", folder / "load", source, "-lm"], check=True)
        bench = Bench(types.SimpleNamespace(rounds=options.rounds, quick=True, binary=options.binary, verbose=False),
                      folder, folder)
        with Wavetank() as quiet, Logging("text") as text, Logging("json") as json:
            servers = (quiet, text, json)
            pairs = [(server, bench.status_requests(server.seed_tasks())) for server in servers]
            samples = bench.interleaved(pairs, "closed", "-c", 64, "-d", SECONDS)
            told = {server.name: lines(server) for server in servers}
    for form in FORMS:
        more = [ours["cpu_us"] / quiet["cpu_us"] - 1 for ours, quiet in zip(samples[form], samples["Wavetank"])]
        share = statistics.median(more)
        requests = sum(sample["requests"] for sample in samples[form])
        quarters = statistics.quantiles(more)
        report.row(f"the log as {form}, more CPU time per request", f"{share * 100:.1f} %",
                   f"µs: {bench.median(samples[form], 'cpu_us'):.2f} beside {bench.median(samples['Wavetank'], 'cpu_us'):.2f}; the "
                   f"middle half of the rounds {quarters[0] * 100:.1f} to {quarters[2] * 100:.1f} %",
                   "5 %" if form == "text" else "", holds=form != "text" or share < 0.05)
        report.row(f"lines for so many requests, {form}", f"{told[form] / requests:.2f}", f"{told[form]:,} of {requests:,} and those "
                   "before the first sample", "1", holds=told[form] >= requests)
    report.exit()


if __name__ == "__main__":
    main()
