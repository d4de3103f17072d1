"""What the checks of running sequences share: a server that runs code, and sequences as texts."""

import os
import shutil
import subprocess

from common import Server

NODE_LEAST = 18


def node_is_here():
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], text=True, capture_output=True).stdout if node else ""
    number = int(version.strip().lstrip("v").split(".")[0]) if version else 0
    if number < NODE_LEAST:
        print(f"ok Node {NODE_LEAST} is not here: no sequence in JavaScript is run", flush=True)
    return number >= NODE_LEAST


def serve(*flags):
    """A server that runs code; `support` then speaks to it."""
    server = Server("--run-code", *flags)
    os.environ["WAVETANK_URL"] = server.url
    return server


def script(text, name="made", **more):
    """A package in JavaScript."""
    from support import manifest, package
    return package(manifest(name, **more), {"index.js": text.encode()})


def module(text, name="made-py", **more):
    """A package in Python."""
    from support import manifest, package
    described = {**manifest(name, **more), "main": more.get("main", "main.py"), "engines": {"python3": ">=3.8"}}
    return package(described, {described["main"]: text.encode()})


class Running:
    """An instance and what is asked of it."""

    def __init__(self, base, archive, **order):
        self.base = base
        self.sequence = base.upload(archive).json["id"]
        reply = base.post(f"/sequence/{self.sequence}/start", order, timeout=60)
        self.id = reply.json["id"]
        self.path = f"/instance/{self.id}"

    @property
    def info(self):
        return self.base.get(self.path).json

    @property
    def health(self):
        return self.base.get(self.path + "/health").json

    @property
    def ended(self):
        """Status, exit code and reason, once it is over."""
        info = self.info
        return (info["status"], info["terminated"]["exitcode"], info["terminated"]["reason"]) \
            if info["status"] in ("completed", "errored") else None

    def end(self, seconds=20):
        from support import eventually
        return eventually(lambda: self.ended, seconds)

    def text(self, stream="output"):
        """All of a stream until its end."""
        return self.base.get(f"{self.path}/{stream}", timeout=30).text

    def open(self, stream):
        return self.base.open(f"{self.path}/{stream}", timeout=30)

    def log(self, **wanted):
        """The lines so far, or those with such members."""
        import json
        with self.open("log") as log:
            log.connection.sock.settimeout(0.3)
            lines = []
            try:
                while line := log.line():
                    lines.append(json.loads(line))
            except TimeoutError:
                pass
        return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]

    def send(self, text, kind="text/plain", stream="input", **fields):
        return self.base.post(f"{self.path}/{stream}", text, content_type=kind, timeout=30, **fields)

    def event(self, name, message):
        return self.base.post(f"{self.path}/_event", [5001, {"eventName": name, "message": message}])

    def stop(self, timeout, keep_alive=False):
        return self.base.post(f"{self.path}/_stop", {"timeout": timeout, "canCallKeepalive": keep_alive}, timeout=30)

    def kill(self):
        return self.base.post(f"{self.path}/_kill", {})
