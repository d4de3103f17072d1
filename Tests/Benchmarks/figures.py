"""The figures T1 to T11: how each is measured, and what floor and goal it is held against. T12 and T13: bounds.py; T16: secure.py."""
import contextlib
import gzip
import io
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import tarfile
import time

import machine
from bounds import Bounds
from rows import Row, request
from secure import Secure
from servers import Go, Limit, Nginx, Wavetank, ask

STATUS = "/api/v1/task/status"
GO_TASKS = [f"00000000-0000-4000-8000-{i:012d}" for i in range(10_000)]


def preloadable(binary):
    """The same program linked with glibc as a shared library, into which a counter can be preloaded."""
    with open(binary, "rb") as file:
        if b"ld-linux" in file.read(4096):
            return binary
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    build = ["swift", "build", "-c", "release", "--package-path", str(root), "--product", "wavetank",
             "--scratch-path", str(root / ".build" / "dynamic")]
    environment = {**os.environ, "WAVETANK_DYNAMIC": "1"}
    subprocess.run(build, check=True, env=environment, stdout=subprocess.DEVNULL)
    shown = subprocess.run([*build, "--show-bin-path"], check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(shown.stdout.strip()) / "wavetank"


class Bench(Bounds, Secure):
    def __init__(self, options, tools, folder):
        self.options, self.tools, self.folder = options, tools, folder
        self.rounds, self.seconds = options.rounds, 0.7 if options.quick else 1.5
        self.quiet = machine.Quiet(20 if options.quick else 90)
        Go.tools = Limit.tools = tools
        Wavetank.binary = options.binary
        self.files = 0

    # ---------------------------------------------------------------- tools
    def requests(self, *raw):
        self.files += 1
        path = self.folder / f"requests-{self.files}"
        path.write_bytes(b"".join(struct.pack("<I", len(one)) + one for one in raw))
        return str(path)

    def get(self, path="/health"):
        return self.requests(request("GET", path))

    def status_requests(self, ids):
        return self.requests(*(
            request("POST", STATUS, json.dumps({"taskId": one}), ["Authorization: Bearer bench"]) for one in ids))

    def tool(self, mode):
        return str(self.tools / ("secure" if mode.startswith("tls-") else "load"))

    def load(self, *arguments, timeout=120):
        cores = machine.LOAD_CORE
        done = subprocess.run([self.tool(arguments[0]), *map(str, arguments)], stdout=subprocess.PIPE, timeout=timeout,
                              preexec_fn=lambda: os.sched_setaffinity(0, cores))
        lines = done.stdout.decode().strip().splitlines()
        result = json.loads(lines[-1]) if lines else {"error": f"exit status {done.returncode}"}
        if "error" in result:
            raise RuntimeError(f"load {arguments[0]}: {result['error']}")
        return result

    def sample(self, server, *arguments):
        """The load's own result, with the server's CPU time per request and the share of others."""
        self.quiet.wait()
        pids = server.pids()
        cpu, (busy, stolen), own, start = machine.CPUTime(pids), machine.busy_seconds(), os.times(), time.monotonic()
        result = self.load(arguments[0], "-p", server.port, *arguments[1:])
        used, (busy2, stolen2), own2 = cpu.used(), machine.busy_seconds(), os.times()
        mine = own2.children_user + own2.children_system - own.children_user - own.children_system
        self.quiet.note((busy2 - busy + stolen2 - stolen - used - mine) / (time.monotonic() - start))
        if result.get("bad"):
            raise RuntimeError(f"{server.name}: {result['bad']} bad answers of {result.get('requests')}")
        result["cpu"] = used
        result["cpu_us"] = used * 1e6 / result["requests"] if result.get("requests") else None
        self.say(server.name, arguments, result)
        return result

    def say(self, name, arguments, result):
        if self.options.verbose:
            kept = {k: round(v, 2) if isinstance(v, float) else v for k, v in result.items()}
            print(f"# {name} {' '.join(map(str, arguments))}: {kept}", flush=True)

    def interleaved(self, pairs, *arguments):
        """For each round one sample of every (server, request file): {server name: [samples]}."""
        samples = {}
        for server, file in pairs:  # caches, heaps and the journal's ring become what they will stay
            self.load(arguments[0], "-p", server.port, "-f", file, *arguments[1:])
        for _ in range(self.rounds):
            for server, file in pairs:
                samples.setdefault(server.name, []).append(self.sample(server, arguments[0], "-f", file, *arguments[1:]))
        return samples

    @staticmethod
    def ratios(samples, ours, theirs, key):
        """Paired within each round, so that a drift of the machine cancels."""
        return [b[key] / a[key] for a, b in zip(samples[ours], samples[theirs])]

    @staticmethod
    def median(samples, key):
        return statistics.median(s[key] for s in samples)

    # ---------------------------------------------------------------- figures
    def t1(self):
        with Wavetank() as ours, Nginx() as nginx, Limit() as limit, Go() as go:
            pairs = [(ours, self.get(ours.path)), (nginx, self.get()), (limit, self.get()), (go, self.get())]
            samples = self.interleaved(pairs, "closed", "-c", 64, "-d", self.seconds)
        to_nginx = self.ratios(samples, "Wavetank", "nginx", "cpu_us")
        to_limit = self.ratios(samples, "Wavetank", "limit", "cpu_us")
        costs = ", ".join(f"{name} {self.median(s, 'cpu_us'):.1f}" for name, s in samples.items())
        detail = f"µs of CPU per request: {costs}; ours {self.median(samples['Wavetank'], 'p99_us') / 1000:.1f} ms p99"
        return [Row("T1", "GET /_wavetank/health, × nginx", statistics.median(to_nginx), 0.9, 1.1, least=True,
                    detail=detail, values=to_nginx),
                Row("T1", "the same, × limit", statistics.median(to_limit), 0.77 * 0.9, 0.85, least=True, values=to_limit)]

    def t2(self):
        with Wavetank() as ours, Nginx() as nginx, Go() as go:
            pairs = [(ours, self.status_requests(ours.seed_tasks())), (nginx, self.get()),
                     (go, self.status_requests(GO_TASKS))]
            samples = self.interleaved(pairs, "closed", "-c", 64, "-d", self.seconds)
        to_go = self.ratios(samples, "Wavetank", "Go", "cpu_us")
        to_nginx = self.ratios(samples, "Wavetank", "nginx", "cpu_us")
        costs = ", ".join(f"{name} {self.median(s, 'cpu_us'):.1f}" for name, s in samples.items())
        return [Row("T2", "POST task/status among 10,000 tasks, × Go", statistics.median(to_go), 2.0, 3.0, least=True,
                    detail=f"µs of CPU per request: {costs}", values=to_go),
                Row("T2", "the same, × nginx's static answer", statistics.median(to_nginx), 0.5, 1.0, least=True,
                    values=to_nginx)]

    def t3(self):
        with Wavetank() as ours, Nginx() as nginx, Limit() as limit:
            pairs = [(ours, self.get(ours.path)), (nginx, self.get()), (limit, self.get())]
            samples = self.interleaved(pairs, "closed", "-c", 64, "-P", 16, "-d", self.seconds)
        to_nginx = self.ratios(samples, "Wavetank", "nginx", "cpu_us")
        to_limit = self.ratios(samples, "Wavetank", "limit", "cpu_us")
        costs = ", ".join(f"{name} {self.median(s, 'cpu_us'):.2f}" for name, s in samples.items())
        return [Row("T3", "16 pipelined GETs, × nginx", statistics.median(to_nginx), 3.0, 6.0, least=True,
                    detail=f"µs of CPU per request: {costs}", values=to_nginx),
                Row("T3", "the same, × limit", statistics.median(to_limit), 0.25, 0.5, least=True, values=to_limit)]

    def t4(self):
        with Wavetank() as ours, Nginx() as nginx:
            pairs = [(ours, self.get(ours.path)), (nginx, self.get())]
            samples = self.interleaved(pairs, "open", "-c", 64, "-R", 2000, "-d", self.seconds * 2)
        ratios = [1 / r for r in self.ratios(samples, "Wavetank", "nginx", "p99_us")]
        tails = ", ".join(f"{n} {self.median(s, 'p50_us'):.0f}/{self.median(s, 'p99_us'):.0f}" for n, s in samples.items())
        return [Row("T4", "p99 at 2,000 requests/s, open loop, × nginx", statistics.median(ratios), 2.0, 1.0,
                    detail=f"p50/p99 µs: {tails}", values=ratios)]

    def t5(self):
        starts, least, others = [], [], {Go.name: [], Limit.name: []}
        for _ in range(self.rounds):
            server = Wavetank()
            with contextlib.ExitStack() as stack:
                stack.callback(server.folder.rmdir if not any(server.folder.iterdir()) else lambda: None)
                # The built-in world, as a user starts it; all cores: a start is not pinned.
                result = self.first(server, server.binary, "serve", "--port", server.port, "--quiet")
            starts.append(result["median_ms"])
            least.append(result["least_ms"])
            for other in (Go(), Limit()):
                others[other.name].append(self.first(other, *other.command())["median_ms"])
                other.folder.rmdir()
        peers = ", ".join(f"{name} {statistics.median(taken):.1f} ms" for name, taken in others.items())
        return [Row("T5", "exec to the first answer, built-in world", statistics.median(starts), 15, 4, unit=" ms",
                    detail=f"least {min(least):.1f} ms; {peers}; binary {os.path.getsize(Wavetank.binary) / 1e6:.1f} MB",
                    values=starts)]

    def first(self, server, *command):
        """Ten starts of a server, each until its first answer."""
        self.quiet.wait()
        result = self.load("first", "-p", server.port, "-n", 10, "-f", self.get(server.path), "--", *command)
        self.say(server.name, ("first",), result)
        return result

    @contextlib.contextmanager
    def held(self, server, *arguments, mode="hold"):
        holder = subprocess.Popen([self.tool(mode), mode, "-p", str(server.port), *map(str, arguments)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            yield json.loads(holder.stdout.readline() or b'{"open": 0}')["open"]
        finally:
            holder.stdin.close()
            holder.wait(30)

    def t6(self):
        count = 2_000 if self.options.quick else 10_000 - 100
        with Wavetank() as ours:
            time.sleep(0.3)
            idle = machine.resident_kib(ours.pids())
            with self.held(ours, "-f", self.get(ours.path), "-c", count) as opened:
                per_connection = (machine.resident_kib(ours.pids()) - idle) / max(opened, 1)
        with Wavetank() as ours:
            ask(ours.port, "GET", ours.path)
            before = machine.resident_kib(ours.pids())
            streams = self.requests(request("GET", "/api/v1/topic/held", None, ["Content-Type: text/plain"]))
            with self.held(ours, "-s", "-f", streams, "-c", count) as streaming:
                per_stream = (machine.resident_kib(ours.pids()) - before) / max(streaming, 1)
                whole = machine.resident_kib(ours.pids()) / 1024
        rows = [Row("T6", "resident when idle", idle / 1024, 15, 10, unit=" MiB"),
                Row("T6", f"per idle connection, {opened:,} open", per_connection, 4, 1, unit=" KiB"),
                Row("T6", f"per open stream, {streaming:,} open", per_stream, 16, 4, unit=" KiB",
                    detail=f"{whole:.0f} MiB in all")]
        for row, opened in zip(rows[1:], (opened, streaming)):
            if opened < count:
                row.value, row.detail = None, f"only {opened} of {count} could be opened"
        return rows

    def t7(self):
        rows = []
        # Lines per POST, and lines under way at most; the last row is a writer that batches.
        cases = ((1, 1, 16, 0.5, 1.0), (100, 1, 16, 0.8, 1.0), (1_000, 1, 16, 2.0, 5.0), (5_000, 1, 16, 2.0, 15.0),
                 (1_000, 16, 64, 1.0, 2.0))
        for readers, lines, window, floor, goal in cases:
            samples = {}
            for n in range(max(1, self.rounds // 2)):
                for kind, path in ((Wavetank, f"/api/v1/topic/fan{n}"), (Go, f"/topic/fan{n}")):
                    with kind() as server:
                        result = self.sample(
                            server, "fanout", "-t", path, "-c", readers, "-k", lines, "-w", window, "-d", self.seconds)
                        if result["delivered"] != result["expected"]:
                            raise RuntimeError(f"{kind.name}: {result['delivered']} of {result['expected']} lines arrived")
                        result["memory"] = machine.resident_kib(server.pids()) / 1024
                        samples.setdefault(kind.name, []).append(result)
            ratios = [1 / r for r in self.ratios(samples, "Wavetank", "Go", "per_second")]
            told = "; ".join(
                f"{name} {self.median(s, 'per_second'):,.0f}/s, p99 {self.median(s, 'p99_us') / 1000:.1f} ms"
                for name, s in samples.items())
            rows.append(Row("T7", f"topic to {readers:,} readers, {lines} × 128 bytes a POST, × Go", statistics.median(ratios),
                            floor, goal, least=True, detail=told, values=ratios))
        return rows

    def archive(self, mib):
        """A package of about so many MiB, compressed: text that deflate makes a quarter smaller."""
        path = self.folder / "package.tar.gz"
        noise, left = random.Random(7), mib * 1024 * 1024 * 4 // 3
        with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed, \
                tarfile.open(fileobj=packed, mode="w|") as tar:
            def add(name, content):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            add("package.json", b'{"name": "bench", "version": "1.0.0", "main": "index.js"}')
            add("index.js", b"module.exports = [];\n")
            number = 0
            while left > 0:
                size = min(left, 8 << 20)
                add(f"data/{number}", noise.randbytes(size // 2).hex().encode() if number % 8 == 0 else noise.randbytes(size))
                left, number = left - size, number + 1
                packed.flush()
                if raw.tell() >= mib << 20:
                    break
        return path

    def t8(self):
        path = self.archive(64 if self.options.quick else 256)
        size, ours_s, gzip_s, growth = path.stat().st_size, [], [], []
        for n in range(max(2, self.rounds // 2)):
            start = time.monotonic()
            core = machine.SERVER_CORE
            subprocess.run(["gzip", "-t", str(path)], check=True, preexec_fn=lambda: os.sched_setaffinity(0, core))
            gzip_s.append(time.monotonic() - start)
            with Wavetank() as ours:
                pid = ours.process.pid
                machine.forget_peak(pid)
                before = machine.resident_kib([pid])
                result = self.sample(ours, "upload", "-t", f"/api/v1/space/demo/api/v1/s3/bench{n}.tar.gz", "-f", path)
                if result["status"] != 202:
                    raise RuntimeError(f"the upload answered {result['status']}")
                growth.append((machine.peak_kib(pid) - before) / 1024 - size / 2**20)
            ours_s.append(result["seconds"])
        ratios = [g / o for g, o in zip(gzip_s, ours_s)]
        return [Row("T8", f"upload of {size / 2**20:.0f} MiB tar.gz, chunked, × `gzip -t`", statistics.median(ratios), 0.8,
                    0.95, least=True, values=ratios, detail=f"{size / 1e6 / statistics.median(ours_s):.0f} MB/s"),
                Row("T8", "resident beyond what is stored, at the peak", statistics.median(growth), 16, 4, unit=" MiB")]

    def t9(self):
        count = 2_000 if self.options.quick else 9_900
        late = {"wavetank": 1, "name": "late", "rules": [
            {"name": "late", "match": {"operation": "steamship.*", "header": {"x-late": "1"}}, "delay": "100ms"}]}
        path, fields = "/api/v1/account/current", ["Authorization: Bearer bench"]
        plain = self.requests(request("GET", path, None, fields))
        delayed = self.requests(request("GET", path, None, [*fields, "X-Late: 1"]))
        shares, kept = {}, {}
        with Wavetank(scenario=late) as ours, Go() as go:
            sides = ((ours, plain, delayed), (go, self.get(), self.get("/late")))
            for _ in range(self.rounds):
                for server, soon, later in sides:
                    at_once = self.sample(server, "burst", "-f", soon, "-c", count, "-n", 5)["seconds"]
                    waited = self.sample(server, "burst", "-f", later, "-c", count, "-n", 5)["seconds"]
                    shares.setdefault(server.name, []).append((at_once + 0.1) / waited)
            for _ in range(self.rounds):
                for server, _, later in sides:
                    tail = self.sample(server, "open", "-f", later, "-c", 400, "-R", 1000, "-d", self.seconds * 2)["p99_us"]
                    kept.setdefault(server.name, []).append(tail / 1000 - 100)
        share, late = shares[ours.name], kept[ours.name]
        return [Row("T9", f"{count:,} answers delayed by 100 ms at once, share of the ideal rate",
                    statistics.median(share), 0.9, 0.98, least=True, values=share,
                    detail=f"Go {statistics.median(shares[go.name]):.2f}"),
                Row("T9", "a delay of 100 ms at 1,000 requests/s, late by (p99)", statistics.median(late), 5, 2, unit=" ms",
                    values=late, detail=f"Go {statistics.median(kept[go.name]):.1f} ms")]

    def t10(self):
        counter = self.folder / "heapcalls"
        counter.write_bytes(bytes(16))
        rows = []
        environment = {"LD_PRELOAD": str(self.tools / "heapcalls.so"), "HEAPCALLS": str(counter)}
        with Wavetank(environment=environment, binary=preloadable(Wavetank.binary)) as ours:
            ids = ours.seed_tasks(1_000)
            cases = (("GET /_wavetank/health", self.get(ours.path), 12, 3),
                     ("POST task/status", self.status_requests(ids), 40, 12))
            for what, file, floor, goal in cases:
                # Enough first to fill the journal's ring, so that its growth is not counted.
                self.load("closed", "-p", ours.port, "-f", file, "-c", 8, "-n", 12_000, "-d", 20)
                before = struct.unpack("<QQ", counter.read_bytes())
                done = self.load("closed", "-p", ours.port, "-f", file, "-c", 8, "-n", 5_000, "-d", 20)["requests"]
                after = struct.unpack("<QQ", counter.read_bytes())
                if after[0] == 0:
                    raise RuntimeError("the counter was not loaded")
                rows.append(Row("T10", f"heap calls per {what}", (after[0] - before[0]) / done, floor, goal,
                                detail=f"{(after[1] - before[1]) / done:,.0f} bytes"))
        return rows

    def t11(self):
        with Wavetank() as probe:
            answer = json.loads(ask(probe.port, "GET", "/_wavetank/operations")[2])
        listed = answer["operations"] if isinstance(answer, dict) else answer
        names = [one["operation"] if "operation" in one else one["name"] for one in listed]
        names.sort(key=lambda name: name != "steamship.task.status")
        # Spread over the operations as in a large real scenario; none has the field.
        scenarios = {f"{count:,} rules": [
            {"name": f"rule {i}", "match": {"operation": names[i % len(names)], "header": {"x-never": str(i)}}, "error": 503}
            for i in range(count)] for count in (1, 100, 1_000)}
        scenarios["one that strikes"] = [
            {"name": "rule", "match": {"operation": names[0]}, "patch": {"header": {"X-Struck": "yes"}}}]
        with contextlib.ExitStack() as stack:
            servers = []
            for name, rules in scenarios.items():
                server = stack.enter_context(Wavetank(scenario={"wavetank": 1, "name": "many", "rules": rules}))
                server.name = name
                servers.append((server, self.status_requests(server.seed_tasks(1_000))))
            costs = self.interleaved(servers, "closed", "-c", 64, "-d", self.seconds)
        def cost(name):
            return [1 / r for r in self.ratios(costs, name, "1 rules", "cpu_us")]
        many, striking = cost("1,000 rules"), cost("one that strikes")
        told = ", ".join(f"{name} {self.median(s, 'cpu_us'):.1f}" for name, s in costs.items())
        return [Row("T11", "task/status with 1,000 rules, × with one", statistics.median(many), 2.0, 1.2, values=many,
                    detail=f"µs of CPU per request: {told}"),
                Row("T11", "task/status with a rule that strikes, × with one that does not", statistics.median(striking), 2.0, 1.5,
                    values=striking)]
