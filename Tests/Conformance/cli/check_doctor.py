"""`wavetank doctor`: each thing that it looks at, well and ill."""

import json
import os
import pathlib
import resource
import socket
import stat
import subprocess
import sys
import tempfile

from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]


def run(*arguments, confine=None, **variables):
    environment = {name: value for name, value in os.environ.items()
                   if not name.lower().endswith("_proxy") and not name.startswith("WAVETANK_")}
    environment.update(variables)
    return subprocess.run([BINARY, "doctor", *arguments], capture_output=True, text=True, timeout=60, env=environment,
                          preexec_fn=confine, stdin=subprocess.DEVNULL)


def told(*arguments, **more):
    """The checks by what they look at; and the exit status fits them."""
    done = run("--json", *arguments, **more)
    answer = json.loads(done.stdout)
    wrong = [one for one in answer["checks"] if one["status"] == "wrong"]
    if done.returncode != (1 if wrong else 0) or answer["ok"] != (not wrong) or done.stderr:
        check("the exit status is that of the checks", False, (done.returncode, answer, done.stderr))
    if any("do" not in one for one in answer["checks"] if one["status"] != "ok"):
        check("whatever is not well says what to do", False, answer)
    return {one["what"]: one for one in answer["checks"]}


def is_(name, one, status, *words):
    text = f"{one.get('found')} {one.get('do')}"
    check(name, one["status"] == status and all(word in text for word in words), one)


def free_port():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def well(folder):
    port = str(free_port())
    done = run("--port", port, "--ca-dir", str(folder / "ca"), "--python", sys.executable)
    check("a machine that is well: exit 0, a line each, and that nothing was made",
          done.returncode == 0 and f"port {port}" in done.stdout and "Nothing is in the way." in done.stdout
          and not (folder / "ca").exists(), (done.returncode, done.stdout, done.stderr))


def ports():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        is_("a port of another program", told("--port", str(port))[f"port {port}"], "wrong", "in use", "--port")
    server = Server()
    is_("a port of ours", told("--port", str(server.port))[f"port {server.port}"], "ok", "ready")
    server.stop()
    token = Server("--control-token", "x")
    is_("a port of ours with a token", told("--port", str(token.port))[f"port {token.port}"], "ok", "ready")
    is_("an address that is not ours", told("--host", "203.0.113.9", "--port", "0")["port 0"], "wrong", "--host")


def directories(folder):
    data = folder / "worlds"
    is_("a data directory that will be made", told("--data", str(data))["data directory"], "ok", "will be made")
    is_("one that cannot", told("--data", "/proc/none/worlds")["data directory"], "wrong", "--data")
    (folder / "file").write_text("x")
    is_("one that is a file", told("--data", str(folder / "file"))["data directory"], "wrong", "no directory")
    server = Server("--data", str(data))
    is_("one that another server has", told("--data", str(data))["data directory"], "wrong", "in use")
    server.stop()
    is_("one that was left", told("--data", str(data))["data directory"], "ok", "can be written")
    (data / "blue.tar.gz.damaged-1").write_text("x")
    is_("files set aside", told("--data", str(data))["data directory"], "warn", "blue.tar.gz.damaged-1")


def authority(folder):
    place = str(folder / "authority")
    subprocess.run([BINARY, "ca", "--ca-dir", place], check=True, capture_output=True)
    is_("a CA that is good", told("--ca-dir", place)["CA"], "ok", "days more")
    key = pathlib.Path(place, "ca.key")
    key.chmod(0o644)
    is_("a key that others may read", told("--ca-dir", place)["CA"], "wrong", "chmod 600", "ca renew")
    key.chmod(0o600)
    good = key.read_bytes()
    key.write_bytes(b"garbage")
    is_("a key that is none", told("--ca-dir", place)["CA"], "wrong", "ca")
    key.write_bytes(good)
    is_("a CA that cannot be made", told("--ca-dir", f"{key}/below/it")["CA"], "wrong", "cannot be made", "--ca-dir")
    is_("one that can", told("--ca-dir", str(folder / "a" / "b" / "c"))["CA"], "ok", "none yet")
    homeless = told(HOME="", XDG_STATE_HOME="")["CA"]
    is_("no place for a CA", homeless, "wrong", "--ca-dir", "HOME")
    check("is a sentence", ".." not in homeless["found"] + homeless["do"], homeless)
    check("looking changes nothing", stat.S_IMODE(key.stat().st_mode) == 0o600)


def variables():
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        is_(f"{name} that catches loopback", told(**{name: "http://proxy.example:3128"})["proxies"], "wrong", name, "NO_PROXY")
    is_("NO_PROXY for half of it", told(HTTP_PROXY="http://proxy.example:3128", NO_PROXY="localhost")["proxies"], "wrong",
        "127.0.0.1")
    for value in ("localhost,127.0.0.1", "*", "example.com, localhost ,127.0.0.0/8"):
        is_(f"NO_PROXY {value}", told(HTTP_PROXY="http://proxy.example:3128", NO_PROXY=value)["proxies"], "ok")
    is_("a proxy that is ours", told(HTTP_PROXY="http://blue:@127.0.0.1:7070")["proxies"], "ok")
    is_("a bundle that is not there", told(REQUESTS_CA_BUNDLE="/no/bundle.pem")["REQUESTS_CA_BUNDLE"], "wrong",
        "/no/bundle.pem", "unset")
    is_("a base that leads away", told(STEAMSHIP_API_BASE="https://api.steamship.com/api/v1/")["STEAMSHIP_API_BASE"], "warn",
        "api.steamship.com")
    check("bases that lead here are no matter", "SHIPYARD_API_BASE" not in told(SHIPYARD_API_BASE="http://127.0.0.1:7070"))


def limits():
    is_("few descriptors", told(confine=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))["open files"], "warn",
        "256", "ulimit")
    is_("no place for temporary files", told(TMPDIR="/proc/none")["temporary files"], "wrong", "TMPDIR")
    for name in ("clock", "time zones", "namespaces", "memory"):
        check(f"{name} is looked at", name in told())


def programs(folder):
    """Packages as a Python has them: of the version that we were tried with, and of another."""
    site = folder / "site"
    for name, version in (("steamship", "2.17.34"), ("shipyard-api", "9.9")):
        metadata = site / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    found = told("--python", sys.executable, PYTHONPATH=str(site))
    is_("an SDK of the version that we were tried with", found["steamship"], "ok", "2.17.34")
    is_("an SDK of another", found["shipyard-api"], "warn", "9.9", "tried with")
    is_("a Python that is none", told("--python", "/no/python")["python"], "wrong", "--python")
    is_("a Node that is none", told("--node", "/no/node")["node"], "wrong", "--node")
    hanging = folder / "python-hangs"
    for what, line in (("says nothing", "exec sleep 60"), ("says that it says no more", "exec >&-; exec sleep 60")):
        hanging.write_text(f"#!/bin/sh\n{line}\n")
        hanging.chmod(0o755)
        is_(f"a Python that {what} and goes on holds nobody up", told("--python", str(hanging))["python"], "wrong")
    is_("no programs at all are no harm", told(PATH="/nowhere")["python"], "ok", "none found")


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    well(folder)
    ports()
    directories(folder)
    authority(folder)
    variables()
    limits()
    programs(folder)
finish()
