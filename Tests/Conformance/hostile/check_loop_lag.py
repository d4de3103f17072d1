"""No request holds a loop, whatever is legal: the worst requests of every operation are sent to a server with one loop, while a
second client measures what it waits. SEED replays the shapes; ONLY=word takes the cases whose name holds it."""

import http.client
import json
import multiprocessing
import os
import random
import threading
import time

import worst
from lag import Observer
from common import Server, check, finish, seed

SEED = seed(1)
ONLY = os.environ.get("ONLY", "")
SECONDS = float(os.environ.get("SECONDS", "120"))
# What holds a loop holds it for seconds; on a noisy machine so much more than the same client waits while nothing is asked is
# allowed, too. How short the waits are (20 ms on a quiet one) is the benchmarks' to say: T13 reads the report.
LIMIT_MS, RATIO = float(os.environ.get("LIMIT_MS", "120")), 3.0
TRIES = 4


def burn(stop):
    while not stop.is_set():
        sum(range(10_000))


class Sender:
    """Sends requests one after the other and reads the answers whole."""

    def __init__(self, port):
        self.port = port

    def send(self, request, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(request.method, request.path, request.body, request.fields)
            response = connection.getresponse()
            size = 0
            while piece := response.read(1 << 20):
                size += len(piece)
            return response.status, size
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()


class Lag:
    def __init__(self, server):
        self.server, self.sender = server, Sender(server.port)
        self.observer = Observer(server.port)
        self.base = self.idle = self.measured_idle(2)
        self.report = []

    def measured_idle(self, seconds):
        """What is waited while one core has other work, as it has while large work is done off the loop."""
        stop = multiprocessing.Event()
        burner = multiprocessing.Process(target=burn, args=(stop,), daemon=True)
        burner.start()
        time.sleep(0.1)
        self.observer.begin()
        time.sleep(seconds)
        p99, _ = self.observer.end()
        stop.set()
        burner.join()
        return p99

    def of(self, case):
        """Percentile and longest wait while the case's requests are sent; the last answer."""
        stop = threading.Event()
        beside = threading.Thread(target=self.keep_sending, args=(case.beside, stop)) if case.beside else None
        self.observer.begin()
        if beside:
            beside.start()
        began, answer = time.monotonic(), (0, "nothing was sent")
        for _ in range(3):
            for request in case.requests:
                answer = self.sender.send(request)
                if not answer[0]:
                    break
            if time.monotonic() - began > 0.25:
                break
        stop.set()
        if beside:
            beside.join()
        return *self.observer.end(), answer

    def keep_sending(self, requests, stop):
        while not stop.is_set():
            for request in requests:
                self.sender.send(request)

    def check(self, case):
        seen = []
        figures = {"name": case.name, "p99": float("inf"), "longest": float("inf"), "idle": self.idle}
        self.report.append(figures)
        for _ in range(TRIES):
            p99, longest, answer = self.of(case)
            if p99 < figures["p99"]:
                figures.update(p99=p99, longest=longest, idle=self.idle)
            seen.append(f"p99 {p99:.1f} ms, longest {longest:.1f} ms, idle {self.idle:.1f} ms, answer {answer}")
            if not self.server.lives or not answer[0]:
                break
            if p99 <= max(LIMIT_MS, RATIO * self.idle):
                if os.environ.get("VERBOSE"):
                    print(f"# {case.name}: {seen[-1]}", flush=True)
                self.idle = min(self.idle, max(self.base, p99 / 2))
                return check(case.name, case.expects(answer[0]), f"answered {answer}")
            # Others may have come and gone meanwhile.
            self.idle = max(self.idle, self.measured_idle(0.5))
        check(case.name, False, " | ".join(seen))


def main():
    server = Server("--threads", "1")
    try:
        rng = random.Random(SEED)
        sender = Sender(server.port)
        cases = worst.Cases(rng, sender, server)
        lag = Lag(server)
        end = time.monotonic() + SECONDS
        for case in cases.all():
            if ONLY in case.name and not (case.seeded and time.monotonic() > end):
                lag.check(case)
        lag.observer.stop()
        if "REPORT" in os.environ:
            with open(os.environ["REPORT"], "w") as file:
                json.dump(lag.report, file)
        check("the server is still there", server.lives, server.text())
    finally:
        server.end()
    finish()


if __name__ == "__main__":
    main()
