"""A pytest plugin for Wavetank, in one file and without dependencies.

Copy it beside your tests and name it in `conftest.py`:

    pytest_plugins = ["wavetank_pytest"]

Then a test that asks for `wavetank` gets a cloud of its own, on a server that all tests share:

    def test_greeting(wavetank):
        client = Steamship(**wavetank.steamship, workspace="demo")
        ...
        wavetank.verify({"operation": "steamship.package.invoke"}, exactly=1)

The binary is the one named by the environment variable WAVETANK_BINARY, else `wavetank` on the path.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pytest


class WavetankError(Exception):
    """The control API refused something; the text says why."""


class Server:
    """A Wavetank of its own on a free port."""

    def __init__(self, *flags, binary=None):
        binary = binary or os.environ.get("WAVETANK_BINARY") or shutil.which("wavetank")
        if not binary:
            raise WavetankError("no wavetank found: set WAVETANK_BINARY or put it on the path")
        self._folder = tempfile.TemporaryDirectory(prefix="wavetank-")
        ready = pathlib.Path(self._folder.name, "ready.json")
        log = pathlib.Path(self._folder.name, "log.txt")
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [binary, "serve", "--port", "0", "--quiet", "--ready-file", str(ready), *flags],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise WavetankError("wavetank did not become ready:\n" + log.read_text())
            time.sleep(0.005)
        self.url = f"http://127.0.0.1:{json.loads(ready.read_text())['port']}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self._folder.cleanup()

    def tenant(self, name):
        return Tenant(self, name)


class Tenant:
    """One private cloud: own state, clock, scenario and journal."""

    def __init__(self, server, name):
        self.name = name
        self.server = server
        self.url = f"{server.url}/_t/{name}"
        self.key = f"wt-{name}"

    @property
    def steamship(self):
        """Arguments for `Steamship(...)`."""
        return {"api_base": f"{self.url}/api/v1/", "app_base": f"{self.url}/apps/",
                "web_base": f"{self.url}/", "api_key": self.key}

    @property
    def scramjet_hub(self):
        return f"{self.url}/api/v1"

    @property
    def scramjet_space(self):
        return f"{self.url}/api/v1/space/demo/api/v1"

    def shipyard_base(self, org="11111111-1111-4111-8111-111111111111"):
        """For `client.base_url`."""
        return f"{self.url}/orgs/{org}"

    def control(self, method, path, body=None):
        """One call of the control API, for this tenant."""
        request = urllib.request.Request(
            f"{self.server.url}/_wavetank/{path.lstrip('/')}", method=method,
            headers={"X-Wavetank-Tenant": self.name, "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise WavetankError(f"{method} {path}: {error.code} {error.read().decode()}") from None
        return json.loads(text) if text else None

    def scenario(self, document):
        """Puts a scenario in force; the tenant starts anew."""
        return self.control("PUT", "scenario", document)

    def clock(self, mode):
        return self.control("PUT", "clock", {"mode": mode})

    def advance(self, by=None, to=None, to_next=False):
        step = {"by": by} if by else {"to": to} if to else {"toNext": to_next}
        return self.control("POST", "clock/advance", step)

    def journal(self, **filters):
        query = "&".join(f"{key}={value}" for key, value in filters.items())
        return self.control("GET", "journal" + (f"?{query}" if query else ""))

    def verify(self, match=None, **counts):
        """Raises AssertionError, with the nearest misses, unless the journal holds what is asked:
        `exactly=`, `at_least=`, `at_most=`. Without a match: what the scenario itself expects."""
        names = {"at_least": "atLeast", "at_most": "atMost"}
        body = {names.get(key, key): value for key, value in counts.items()}
        if match is not None:
            body["match"] = match
        result = self.control("POST", "verify", body)
        assert result["holds"], "Wavetank: " + json.dumps(result, indent=2)
        return result

    def reset(self):
        self.control("POST", "reset")

    def drop(self):
        self.control("DELETE", f"tenants/{self.name}")


@pytest.fixture(scope="session")
def wavetank_flags():
    """Override it to start the server with flags of your own."""
    return ["--clock", "skip"]


@pytest.fixture(scope="session")
def wavetank_server(wavetank_flags):
    server = Server(*wavetank_flags)
    yield server
    server.stop()


@pytest.fixture
def wavetank(wavetank_server, request):
    """A tenant for this test alone; what its scenario expects is verified at the end."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:10]
    tenant = wavetank_server.tenant(f"{words or 'test'}-{digest}")
    yield tenant
    if tenant.control("GET", "scenario").get("expect"):
        tenant.verify()
    tenant.drop()
