#!/usr/bin/env python3
"""What the user's own code costs: from nothing, by the process that has the SDK imported, and warm.

    Tests/Benchmarks/code.py [--binary .build/release/wavetank] --python VENV/bin/python

The Python must have the Steamship SDK. Prints a Markdown table and exits with 1 when a floor is missed: a server's first
call of code takes at most 1.2 times what the bare import of the SDK takes, a later version's first call at most 60 ms, a
warm call at most 10 ms.
"""
import argparse
import glob
import io
import json
import statistics
import subprocess
import sys
import threading
import time
import zipfile

sys.dont_write_bytecode = True
from scale import BINARY, Report  # noqa: E402
import common  # noqa: E402

CODE = '''
from steamship.invocable import PackageService, post

class Greeter(PackageService):
    @post("greet")
    def greet(self, name: str) -> str:
        return f"Hello {name}"
'''


def archive(code):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as bundle:
        bundle.writestr("api.py", code)
    return content.getvalue()


def form(fields, file):
    mark = "wavetank-benchmark"
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'.encode()
                 + file + f"\r\n--{mark}--\r\n".encode())
    return b"".join(parts), {"content-type": f"multipart/form-data; boundary={mark}"}


class Server(common.Server):
    def ask(self, path, content, fields=None):
        status, answer, _ = self.call("POST", f"/api/v1/{path}", content, fields)
        if status != 200:
            raise SystemExit(f"{path}: {status} {answer[:500]}")
        return json.loads(answer)

    def finished(self, task):
        while task["status"]["state"] in ("waiting", "running"):
            time.sleep(0.002)
            task = self.ask("task/status", {"taskId": task["status"]["taskId"]})
        if task["status"]["state"] != "succeeded":
            raise SystemExit(task["status"].get("statusMessage"))
        return task["data"]

    def package(self, number):
        """A package's id; each has code of its own."""
        made = self.ask("package/create", {"handle": f"p{number}"})["data"]["package"]["id"]
        content, fields = form({"packageId": made, "handle": "1.0"}, archive(CODE + f"# {number}\n"))
        return made, content, fields

    def deploy(self, upload):
        self.finished(self.ask("package/version/create", upload[1], upload[2]))

    def greet(self, number):
        status, answer, _ = self.call("POST", f"/apps/default/i{number}/greet", {"name": "Ada"})
        if (status, answer) != (200, b"Hello Ada"):
            raise SystemExit(f"{status} {answer[:500]}")

    def instance(self, package, number):
        self.ask("package/instance/create", {"packageId": package, "handle": f"i{number}"})

    def workers(self):
        """Resident bytes of each process of this server's code, pages that several share counted in part."""
        parents = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    pid, rest = file.read().split(" (", 1)
                parents[int(pid)] = int(rest.rsplit(")", 1)[1].split()[1])
            except OSError:
                pass  # It has ended.
        found, level = [], {self.process.pid}
        while level := {pid for pid, parent in parents.items() if parent in level}:
            found += level
        sizes = []
        # Those that start others, the one that forks and one beside each worker, run no code.
        for pid in set(found) - set(parents.values()):
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    sizes += [int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")]
            except OSError:
                pass
        return sizes


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=BINARY)
    arguments.add_argument("--python", required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    flags = ("--run-code", "--no-pip", "--python", options.python)
    report = Report("what", "median", "detail", "floor")

    # Both in turn, so that whatever else the machine does strikes both; of the shares the median.
    bare, cold = [], []
    for _ in range(options.rounds):
        bare.append(seconds(lambda: subprocess.run(
            [options.python, "-c", "import steamship.invocable.entrypoint"], check=True)))
        server = Server(*flags, binary=options.binary)
        upload = server.package(0)
        cold.append(seconds(lambda: server.deploy(upload)))
        server.stop()
    share = statistics.median(whole / alone for whole, alone in zip(cold, bare))
    report.row("first upload of a server: unpacked, loaded, asked what it is", f"{statistics.median(cold) * 1000:.0f} ms",
               f"{share:.2f} × the import of the SDK alone ({statistics.median(bare) * 1000:.0f} ms)", "1.2 ×", holds=share <= 1.2)

    server = Server(*flags, binary=options.binary)
    packages = [server.package(number) for number in range(20)]
    for upload in packages:
        server.deploy(upload)
    server.instance(packages[0][0], 0)
    server.greet(0)
    warm = [seconds(lambda: server.greet(0)) for _ in range(200)]
    report.row("a warm call", f"{statistics.median(warm) * 1000:.1f} ms", f"slowest {max(warm) * 1000:.0f} ms", "10 ms",
               holds=statistics.median(warm) <= 0.010)

    fresh = []
    for number in range(20, 20 + 2 * options.rounds):
        upload = server.package(number)
        server.deploy(upload)
        server.instance(upload[0], number)
        server.call("POST", "/_wavetank/emit", {"crashWorker": f"i{number}"})
        time.sleep(0.05)
        fresh.append(seconds(lambda: server.greet(number)))
    report.row("first call of a version without a process", f"{statistics.median(fresh) * 1000:.0f} ms",
               f"slowest {max(fresh) * 1000:.0f} ms", "60 ms", holds=statistics.median(fresh) <= 0.060)

    for number in range(1, 20):
        server.instance(packages[number][0], number)
    time.sleep(1)
    threads = [threading.Thread(target=server.greet, args=(number,)) for number in range(20)]
    took = seconds(lambda: ([thread.start() for thread in threads], [thread.join() for thread in threads]))
    report.row("20 instances, each a process of its own, called at once", f"{took * 1000:.0f} ms", "all of them", "")
    sizes = server.workers()
    report.row("memory of an idle process", f"{statistics.median(sizes) / (1 << 20):.0f} MB",
               f"{len(sizes)} processes, {sum(sizes) / (1 << 20):.0f} MB together", "")
    server.stop()
    report.exit()


if __name__ == "__main__":
    main()
