"""The log on standard error: its lines, its levels, what is closed, full, hostile or secret (DESIGN §12)."""

import contextlib
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import tempfile
import time

from common import check, finish

BINARY = os.environ["WAVETANK_BINARY"]

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug) (\S+) (.*)")


@contextlib.contextmanager
def serving(*flags, stderr=None, stdout=subprocess.DEVNULL, environment=None, preexec=None):
    """A server of its own; gives its port and its process."""
    with tempfile.TemporaryDirectory() as folder:
        ready = pathlib.Path(folder, "ready.json")
        process = subprocess.Popen(
            [BINARY, "serve", "--port", "0", "--threads", "1", "--ready-file", str(ready), *flags], stdout=stdout,
            stderr=stderr, env={**os.environ, **(environment or {})}, preexec_fn=preexec)
        limit = time.monotonic() + 30
        try:
            while time.monotonic() < limit:
                with contextlib.suppress(FileNotFoundError, ValueError):
                    yield json.loads(ready.read_text())["port"], process
                    break
                time.sleep(0.01)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(15)


def ask(port, request, method="GET", *fields, body=b""):
    """One exchange on a connection of its own, to whatever its end is."""
    head = b"".join([method.encode(), b" ", request, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                     b"".join(field + b"\r\n" for field in fields),
                     b"Content-Length: %d\r\n\r\n" % len(body), body])
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(head)
        with contextlib.suppress(ConnectionError, TimeoutError):
            while piece := peer.recv(65536):
                answer += piece
    return answer


def logged(*flags, requests=(), stderr="file", environment=None):
    """What a server with such flags has written on standard error when it has ended."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "log")
        with open(path, "wb") as output, serving(*flags, stderr=output, environment=environment) as (port, _):
            for request in requests:
                ask(port, *request)
        return path.read_bytes().decode()


KEY = b"X-Shipyard-API-Key: s3cret-key"
ORG = b"/orgs/11111111-1111-4111-8111-111111111111/fleets"
CONTROL = b"/_wavetank"
RULES = {"wavetank": 1, "rules": [
    {"name": "torn", "match": {"path": "/api/v1/version"}, "times": 1, "fault": "reset"},
    {"name": "nothing", "match": {"path": "/api/v1/version"}, "times": 1, "fault": "empty"},
    {"name": "half", "match": {"path": "/api/v1/version"}, "times": 1, "fault": {"truncate": {"afterBytes": 3}}}]}


def lines():
    text = logged(requests=[
        (ORG, "GET", KEY), (b"/_t/blue/api/v1/version",), (b"/nonsense/x",), (b"/api/v1/instancez",),
        (CONTROL + b"/reset", "POST"), (CONTROL + b"/nowhere",), (CONTROL + b"/scenario", "PUT"),
        (b"/x\x01y",)])
    found = text.splitlines()
    check("every line has the form of a line", all(LINE.fullmatch(line) for line in found), found)
    def one(*parts):
        return sum(all(part in line for part in parts) for line in found) == 1
    check("an exchange: tenant, method, target, operation, status, duration",
          re.search(r"info  default GET /orgs/\S+/fleets shipyard\.fleet\.list 200 \d+\.\d{3}ms #1\b", text), found)
    check("another tenant's", one(" info  blue GET /_t/blue/api/v1/version scramjet.", " 200 "), found)
    check("a path that there is not: a warning with a hint", one(" warn  ", "/nonsense/x - 404 ", 'hint="'), found)
    check("the nearest operation", one("/api/v1/instancez - 404", "scramjet.instance.list"), found)
    check("a control call", one("info  default control: POST /_wavetank/reset 200"), found)
    check("control calls that are refused",
          one("warn  default control: GET /_wavetank/nowhere refused, 404")
          and one("control: PUT /_wavetank/scenario refused, 4"), found)
    check("what the engine refuses", one(" warn  - refused 127.0.0.1, 400: "), found)
    check("keys stand nowhere", "s3cret" not in text, text)


def levels():
    requests = [(b"/api/v1/version",), (b"/nonsense/x",), (CONTROL + b"/operations",)]
    for level, words in {
            "error": [], "warn": ["/nonsense/x"], "info": ["/nonsense/x", "/api/v1/version", "listening on"],
            "debug": ["/nonsense/x", "why=", "control: GET /_wavetank/operations 200"]}.items():
        text = logged("--log-level", level, requests=requests)
        check(f"--log-level {level}", all(word in text for word in words) and (words or not text), text)
    text = logged("--log", "json", requests=requests)
    entries = [json.loads(line) for line in text.splitlines()]
    check("--log json: an object a line", {"time", "level"} <= set.intersection(*map(set, entries)), entries)
    entry = next(entry for entry in entries if entry.get("target") == "/api/v1/version")
    check("--log json: an exchange", (entry["status"], entry["tenant"], entry["service"], entry["level"]) == (
        200, "default", "scramjet", "info") and entry["durationMilliseconds"] > 0, entry)
    check("--quiet: not a byte", logged("--quiet", requests=requests) == "")
    for flags in (["--log", "xml"], ["--log-level", "loud"]):
        done = subprocess.run([BINARY, "serve", "--port", "0", *flags], capture_output=True, text=True, timeout=20)
        check(f"{flags} is refused", done.returncode == 64 and flags[1] in done.stderr, done)


def faults():
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder, "s.json")
        scenario.write_text(json.dumps(RULES))
        text = logged("--scenario", str(scenario), requests=[(b"/api/v1/version",)] * 4)
        check("the scenario that was loaded", f"scenario {scenario}" in text, text)
        for rule, outcome in {"torn": "reset", "nothing": "empty", "half": "cut"}.items():
            check(f"a fault is named: {outcome}",
                  re.search(rf' {outcome} \d+\.\d{{3}}ms #\d rule="{rule}" fault=', text), text)
        check("faults do not read as 200", text.count("scramjet.version 200") + text.count("version.get 200") == 1
              or len(re.findall(r" 200 \S+ms #\d", text)) == 1, text)


def hostile():
    text = logged("--log-level", "debug", requests=[
        (b"/a\xc2\x9b31mb",), (b"/caf\xc3\xa9\xe2\x80\xae",), (b"/\xff\xfe",), (b"/a?token=s3cret",),
        (b"/x", "GET", b"X-Wavetank-Tenant: a\x1b[2Jb"), (b"/x", "GET", b"X-Wavetank-Tenant: a\xc2\x9bb")])
    raw = [line for line in text.splitlines() if not LINE.fullmatch(line)]
    check("no line is anybody else's", raw == [], raw)
    check("nothing that a terminal obeys", not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", text), text)
    check("a token in a query is masked", "s3cret" not in text and "token=***#" in text, text)


def terminal():
    for environment, has_colour in (({"TERM": "xterm", "NO_COLOR": ""}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                                    ({"TERM": "dumb", "NO_COLOR": ""}, False)):
        ours, theirs = pty.openpty()
        with serving(stderr=theirs, environment=environment) as (port, _):
            os.close(theirs)
            ask(port, b"/api/v1/version")
        text = b""
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                text += piece
        os.close(ours)
        check(f"a terminal, {environment}: {'colours' if has_colour else 'none'}",
              (b"\x1b[32m200\x1b[0m" in text) == has_colour and b"/api/v1/version" in text, text)


def outputs():
    with serving(preexec=lambda: os.close(2)) as (port, process):
        answers = [ask(port, b"/api/v1/version") for _ in range(20)]
    check("standard error closed: every answer whole, nothing else in them",
          all(answer.startswith(b"HTTP/1.1 200 OK\r\n") and b" info " not in answer for answer in answers), answers[:2])
    check("standard error closed: the end is a good one", process.returncode == 0, process.returncode)
    with open("/dev/full", "wb") as full, serving(stderr=full) as (port, process):
        answers = [ask(port, b"/api/v1/version") for _ in range(20)]
    check("standard error full", all(b" 200 OK" in answer for answer in answers) and process.returncode == 0,
          process.returncode)
    # A pipe that nobody reads holds 64 KiB.
    with serving(stderr=subprocess.PIPE) as (port, process):
        start = time.monotonic()
        answers = 0
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
            peer.sendall(b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n" * 1999
                         + b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            content = b""
            while piece := peer.recv(1 << 20):
                content += piece
            answers = content.count(b"HTTP/1.1 200 OK\r\n")
        taken = time.monotonic() - start
        process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        process.wait(60)
        ended = time.monotonic() - start
    check("a pipe that nobody reads: all are answered, and the end comes",
          answers == 2000 and taken < 60 and ended < 40 and process.returncode == 0,
          (answers, taken, ended, process.returncode))


def follower():
    with serving("--log-level", "error") as (port, _):
        with tempfile.TemporaryFile("w+") as output:
            place = ["--url", f"http://127.0.0.1:{port}"]
            process = subprocess.Popen([BINARY, "ctl", "journal", "--follow", *place], stdout=output)
            as_json = subprocess.Popen([BINARY, "ctl", "journal", "--follow", "--log", "json", *place],
                                       stdout=subprocess.PIPE, text=True)
            limit = time.monotonic() + 20
            text = ""
            while text.count("\n") < 2 and time.monotonic() < limit:
                ask(port, b"/api/v1/version")
                time.sleep(0.05)
                output.seek(0)
                text = output.read()
            line = as_json.stdout.readline()
            for child in (process, as_json):
                child.terminate()
                child.wait(10)
    check("ctl journal --follow: the lines of the log", all(LINE.fullmatch(line) for line in text.splitlines())
          and "GET /api/v1/version scramjet." in text, text)
    check("ctl journal --follow --log json", json.loads(line)["target"] == "/api/v1/version", line)


def banner_and_run():
    with tempfile.TemporaryFile("w+") as output:
        with serving(stdout=output, stderr=subprocess.DEVNULL) as (port, _):
            pass
        output.seek(0)
        text = output.read()
    check("the banner names the console, and stays a text that a shell reads",
          text.startswith(f"wavetank ready on http://127.0.0.1:{port}\n")
          and f"# Console: http://127.0.0.1:{port}/_wavetank/console\n" in text, text)
    done = subprocess.run([BINARY, "run", "--quiet", "--", "true"], capture_output=True, text=True, timeout=60)
    check("run: the program's standard error is its own", done.stderr == "", done)
    done = subprocess.run([BINARY, "run", "--quiet", "--log", "text", "--", "true"], capture_output=True, text=True,
                          timeout=60)
    check("run --log: where it is asked for", "listening on" in done.stderr, done)


def worlds():
    with tempfile.TemporaryDirectory() as data:
        requests = [(b"/_t/blue/api/v1/sequences",)]
        text = logged("--data", data, requests=requests)
        check("worlds that are saved are told", "info  - worlds saved: " in text and "blue" in text, text)
        text = logged("--data", data, requests=requests)
        check("worlds that are restored are told", "tenant blue: restored" in text, text)


for part in (lines, levels, faults, hostile, terminal, outputs, follower, banner_and_run, worlds):
    part()
finish()
