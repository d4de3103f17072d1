"""What continuous integration is given: the action, the template, the wait that a container's test does; and what a
build from source says where something is missing."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

import yaml
from testcontainers.core.wait_strategies import HttpWaitStrategy

from common import Server, check, expect, finish

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ["WAVETANK_BINARY"]
ACTION = ROOT / ".github" / "actions" / "wavetank"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def version(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/version", timeout=10) as answer:
        return json.load(answer)["service"]


def shell(script, place, **variables):
    """Run as a job is: a clean environment, a group that is ended with it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), **variables}
    child = subprocess.Popen(["bash", "-eo", "pipefail", "-c", script], cwd=place, env=environment, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
    try:
        output, _ = child.communicate(timeout=60)
        return child.returncode, output, child.pid
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return "no end", child.communicate()[0], child.pid


def action(package, place):
    """Its one step, with what the runner gives it."""
    kind = package.suffix
    document = yaml.safe_load((ACTION / "action.yml").read_text())
    step = document["runs"]["steps"][0]
    port = free_port()
    inputs = {"package": str(package), "flags": "--clock skip --seed 7", "port": str(port)}
    check(f"action {kind}: composite, and every input has a use",
          document["runs"]["using"] == "composite" and set(document["inputs"]) == set(inputs), document)
    def filled(text):
        return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)
    files = {name: str(place / name) for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")}
    variables = {name: filled(value) for name, value in step["env"].items()}
    status, output, _ = shell(step["run"], place, GITHUB_ACTION_PATH=str(ACTION), RUNNER_TEMP=str(place), **files, **variables)
    pid = place / "wavetank" / "pid"
    try:
        expect(f"action {kind}: serves", status == 0 and version(port) == "@scramjet/host", output)
        told = dict(line.split("=", 1) for line in pathlib.Path(files["GITHUB_ENV"]).read_text().splitlines())
        check(f"action {kind}: later steps have the variables",
              told["WAVETANK_URL"] == f"http://127.0.0.1:{port}" and {"STEAMSHIP_API_BASE", "SCRAMJET_HUB_URL"} <= set(told), told)
        folder = pathlib.Path(files["GITHUB_PATH"]).read_text().strip()
        done = subprocess.run([f"{folder}/wavetank", "ctl", "clock", "--url", told["WAVETANK_URL"]], capture_output=True, text=True)
        check(f"action {kind}: later steps have the command; the flags count", '"skip"' in done.stdout, done)
        check(f"action {kind}: its output", pathlib.Path(files["GITHUB_OUTPUT"]).read_text() == f"url=http://127.0.0.1:{port}\n")
    finally:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)


def gitlab(package, place):
    template = yaml.safe_load((ROOT / "docker" / "ci" / "wavetank.gitlab-ci.yml").read_text())[".wavetank"]
    port = free_port()
    variables = {**template["variables"], "WAVETANK_PACKAGE": package.as_uri(), "WAVETANK_PORT": str(port)}
    lines = [*template["before_script"], 'curl -sf "$SCRAMJET_HUB_URL/version"', "wavetank ctl clock"]
    status, output, group = shell("\n".join(lines), place, **variables)
    check("GitLab template: a job finds a server by the variables", status == 0 and "@scramjet/host" in output
          and '"skip"' in output, output)
    check("GitLab template: its log is kept", (place / ".wavetank" / "log.txt").stat().st_size > 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)


class Container:
    """What a wait asks of a container."""

    def __init__(self, server):
        self.server = server

    def get_container_host_ip(self):
        return "127.0.0.1"

    def get_exposed_port(self, _):
        return self.server.port

    def reload(self):
        pass

    status = "running"


def container():
    """The wait of docker/README.md, by the library itself, on a server that listens as an image does."""
    server = Server("--host", "0.0.0.0")
    try:
        HttpWaitStrategy(7070, "/_wavetank/ready").for_status_code(200).with_startup_timeout(20).wait_until_ready(Container(server))
        check("Testcontainers' wait for /_wavetank/ready ends", True)
    except Exception as error:
        check("Testcontainers' wait for /_wavetank/ready ends", False, repr(error))
    server.stop()
    text = (ROOT / "docker" / "README.md").read_text()
    for words in ("HttpWaitStrategy(7070, \"/_wavetank/ready\")", "Wait.forHttp(\"/_wavetank/ready\", 7070)",
                  "Wait.forHttp(\"/_wavetank/ready\").forPort(7070)", "wait.ForHTTP(\"/_wavetank/ready\")"):
        check(f"docker/README.md says {words}", words in text)


def source(place):
    """A machine without zlib's headers."""
    if not shutil.which("swift"):
        return
    for folder in ("Sources", "Tests"):
        (place / folder).symlink_to(ROOT / folder)
    manifest = (ROOT / "Package.swift").read_text()
    (place / "Package.swift").write_text(manifest.replace('"/usr/include", "/usr/local/include"', '"/nonexistent"'))
    clean = {key: value for key, value in os.environ.items() if key not in ("CPATH", "C_INCLUDE_PATH", "PKG_CONFIG_PATH")}
    done = subprocess.run(["swift", "package", "--package-path", str(place), "show-dependencies"], capture_output=True, text=True,
                          env=clean, timeout=120)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error:")]
    check("a build without zlib's headers is told in a sentence", done.returncode != 0 and len(lines) == 1
          and "zlib1g-dev" in lines[0], done)


with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    done = subprocess.run([sys.executable, ROOT / "docker" / "release", "--binary", BINARY, "--out", place / "dist", "wheel", "tar"],
                          check=True, capture_output=True, text=True)
    packages = {path.suffix: path for path in map(pathlib.Path, done.stdout.split())}
    for number, package in enumerate((packages[".gz"], packages[".whl"])):
        (place / str(number)).mkdir()
        action(package, place / str(number))
    (place / "gitlab").mkdir()
    gitlab(packages[".gz"], place / "gitlab")
    container()
    (place / "source").mkdir()
    source(place / "source")
finish()
