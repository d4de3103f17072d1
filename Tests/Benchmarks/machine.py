"""The machine under the benchmarks: cores, CPU time, memory, and who else was busy."""
import os
import re
import time
from pathlib import Path

HERTZ = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = {CORES[0]}, {CORES[-1]}


def family(pid):
    """The process and everything below it."""
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                todo += [int(child) for child in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu_seconds(pids):
    """CPU time of processes since their start, in ticks of 10 ms: for long stretches."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / HERTZ
        except (OSError, IndexError):
            pass
    return total


class CPUTime:
    """CPU time of processes over a stretch: to the nanosecond where the kernel keeps it, else in ticks.

    Thread by thread, since one that ends meanwhile takes its past along.
    """

    def __init__(self, pids):
        self.pids = list(pids)
        self.before = self._threads()

    def _threads(self):
        threads = {}
        for pid in self.pids:
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    text = Path(f"/proc/{pid}/task/{task}/schedstat").read_text()
                    threads[task] = int(text.split()[0]) / 1e9
            except (OSError, IndexError, ValueError):
                threads[f"{pid} in ticks"] = cpu_seconds([pid])
        return threads

    def used(self):
        return sum(time - self.before.get(thread, 0) for thread, time in self._threads().items())


def resident_kib(pids, field="Rss"):
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(rf"^{field}:\s+(\d+)", text, re.M)[1])
        except (OSError, TypeError):
            pass
    return total


def peak_kib(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def forget_peak(pid):
    """Lets the kernel count the peak of resident memory anew."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        pass


def busy_seconds():
    """What all processes used so far, and what the host took away."""
    fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / HERTZ, fields[7] / HERTZ


class Quiet:
    """Waits for a quiet machine before a sample, as long as the budget lasts, and keeps the noise of all."""

    def __init__(self, budget):
        self.budget = budget
        self.shares = []

    def wait(self):
        start = time.monotonic()
        while self.budget > 0 and time.monotonic() - start < 10:
            before = busy_seconds()[0]
            time.sleep(0.15)
            if busy_seconds()[0] - before < 0.04:
                break
            time.sleep(0.25)
        self.budget -= max(0.0, time.monotonic() - start - 0.2)

    def note(self, share):
        self.shares.append(max(0.0, share))
