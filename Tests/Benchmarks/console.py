#!/usr/bin/env python3
"""The console in real Chromium: how soon it is painted, how ten thousand rows scroll, and what it costs the server while
2,000 exchanges a second come.

    Tests/Benchmarks/console.py [--binary .build/release/wavetank] [--rounds N] [--seconds N]

Needs Chromium and its driver, and Python's selenium (`Tests/Conformance/console/requirements.txt`). The server's cost is its CPU time, with no
console and with one, a sample of each in every round: the load and the browser have the machine's other cores. Prints a
Markdown table and exits with 1 when a floor is missed.
"""
import argparse
import os
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import machine  # noqa: E402
from scale import BINARY, ROOT, Report  # noqa: E402
import common  # noqa: E402

RATE, CONNECTIONS = 2000, 40
REQUEST = b"GET /_t/bench/api/v1/version HTTP/1.1\r\nHost: bench\r\n\r\n"


class Load:
    """So many requests a second, each at its time, over connections that stay; nobody waits for an answer to send the next."""

    def __init__(self, port):
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        self.sent, self.isOver = 0, False
        self.threads = [threading.Thread(target=self.send, daemon=True), threading.Thread(target=self.read, daemon=True)]
        for thread in self.threads:
            thread.start()

    def send(self):
        begun = time.monotonic()
        while not self.isOver:
            due = int((time.monotonic() - begun) * RATE)
            while self.sent < due:
                self.sockets[self.sent % CONNECTIONS].sendall(REQUEST)
                self.sent += 1
            time.sleep(0.002)

    def read(self):
        selector = selectors.DefaultSelector()
        for one in self.sockets:
            selector.register(one, selectors.EVENT_READ)
        while not self.isOver:
            for key, _ in selector.select(0.1):
                key.fileobj.recv(1 << 16)

    def stop(self):
        self.isOver = True
        for thread in self.threads:
            thread.join()
        for one in self.sockets:
            one.close()


def cost(server, seconds):
    """CPU time of the server for each exchange, in microseconds, and as a share of a core."""
    load = Load(server.port)
    time.sleep(0.5)
    sent, begun, used = load.sent, time.monotonic(), machine.CPUTime([server.process.pid])
    time.sleep(seconds)
    spent, wall, count = used.used(), time.monotonic() - begun, load.sent - sent
    load.stop()
    return spent / count * 1e6, spent / wall, count / wall


def scrolling(page):
    """Milliseconds of work for each of 120 steps, and between two pictures."""
    return page.browser.execute_async_script(
        "const done = arguments[0], box = document.querySelector('.scroller'), steps = [], gaps = []; let last = 0;"
        "const step = (now) => { if (last) gaps.push(now - last); last = now; const begun = performance.now();"
        " box.scrollTop = (box.scrollTop + 700) % (box.scrollHeight - box.clientHeight); box.dispatchEvent(new Event('scroll')); box.offsetHeight;"
        " steps.push(performance.now() - begun); if (steps.length < 120) requestAnimationFrame(step); else done([steps, gaps]); };"
        "requestAnimationFrame(step)")


def measure(report, server, page, browser, options):
    address = f"{server.url}/_wavetank/console?tenant=bench"
    first = []
    for _ in range(9):
        page.browser.get("about:blank")
        page.browser.get(address)
        first.append(page.eventually("performance.getEntriesByName('first-contentful-paint')[0]?.startTime", seconds=20) or 1e9)
    report.row("first paint on loopback", f"{statistics.median(first):.0f} ms", f"least {min(first):.0f} ms of nine", "100 ms", holds=min(first) < 100)
    ratios, shares, pauses = [], [], []
    for _ in range(options.rounds):
        page.browser.get("about:blank")
        alone, share, rate = cost(server, options.seconds)
        page.browser.get(address)
        page.eventually(browser.ROWS + " > 5", seconds=20)
        page.js("window.slowest = 0; let last = performance.now(); setInterval(() => { const now = performance.now();"
                " window.slowest = Math.max(window.slowest, now - last); last = now; }, 10)")
        watched, more, _ = cost(server, options.seconds)
        pauses.append(page.js("return window.slowest"))
        ratios.append(watched / alone)
        shares.append(more - share)
    report.row("a console that is open, of a core", f"{statistics.median(shares):.2%}", f"{min(shares):.2%} … {max(shares):.2%}; {rate:,.0f} exchanges/s, which take {share:.1%} by themselves", "5 %",
               holds=statistics.median(shares) < 0.05)
    report.row("the same, CPU time for each exchange ×", f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} … {max(ratios):.2f}", "")
    report.row("longest pause of the page meanwhile", f"{statistics.median(pauses):.0f} ms", f"most {max(pauses):.0f} ms", "")
    if page.js("return document.querySelector('#fold').checked"):
        page.click("#fold")
    page.eventually("/^\\d{4,}/.test(document.querySelector('#shown').textContent)", seconds=20)
    steps, gaps = scrolling(page)
    kept = page.js("return document.querySelector('.rows').getAttribute('aria-rowcount')")
    late = sum(gap > 17.5 for gap in gaps) / len(gaps)
    report.row(f"a step of scrolling through {int(kept):,} rows", f"{statistics.median(steps):.1f} ms", f"most {max(steps):.1f} ms; {late:.0%} of the pictures came late", "16 ms",
               holds=statistics.median(steps) < 16)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=str(BINARY))
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=5)
    options = arguments.parse_args()
    server = common.Server("--threads", "1", binary=options.binary)
    os.environ["WAVETANK_URL"] = server.url
    sys.path.insert(0, str(ROOT / "Tests/Conformance/console"))
    import browser
    program, driver, why = browser.install()
    if not program:
        sys.exit(why)
    report = Report("what", "reached", "detail", "floor")
    with tempfile.TemporaryDirectory(prefix="wavetank-browser-", ignore_cleanup_errors=True) as profile:
        one = browser.start(program, driver, profile)
        try:
            page = browser.Page(one)
            page.size(1440, 900)
            measure(report, server, page, browser, options)
        finally:
            one.quit()
            server.stop()
    report.exit()


if __name__ == "__main__":
    main()
