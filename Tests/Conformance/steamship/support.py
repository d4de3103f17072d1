"""What all checks of the Steamship client share: a client of its own tenant, and one line per check."""

import io
import logging
import os
import sys
import traceback
import uuid
import zipfile

import requests
from steamship import Steamship, SteamshipError

logging.disable(logging.CRITICAL)

BASE = os.environ["WAVETANK_URL"].rstrip("/")
failures = 0
checks = []


def check(function):
    """A check: its name with spaces is what is printed."""
    checks.append(function)
    return function


class Place:
    """One tenant: the key decides it, so checks that run side by side do not meet."""

    def __init__(self, name):
        self.tenant = f"{name}-{uuid.uuid4().hex[:8]}"
        self.key = f"wt-{self.tenant}"
        self.api = f"{BASE}/api/v1/"
        self.app = f"{BASE}/apps/"

    def client(self, workspace=None, key=None, **more):
        return Steamship(api_key=key or self.key, api_base=self.api, app_base=self.app,
                         web_base=BASE, workspace=workspace, **more)

    def control(self, method, path, body=None):
        return requests.request(method, f"{BASE}/_wavetank/{path}", json=body,
                                headers={"X-Wavetank-Tenant": self.tenant})

    def post(self, operation, body=None, key=None, workspace=None, headers=None, **more):
        """Plain HTTP, for what no client sends."""
        fields = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        if workspace:
            fields["X-Workspace-Id"] = workspace
        if "data" not in more and "files" not in more:
            more["json"] = {} if body is None else body
        return requests.post(self.api + operation, headers=fields, **more)


def archive(text="print('hello')", name="api.py"):
    """A zip archive in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr(name, text)
    return buffer.getvalue()


def refused(call, *texts):
    """The SteamshipError that the call raises; every text must stand in its message."""
    try:
        result = call()
    except SteamshipError as error:
        for text in texts:
            assert text in str(error), f"{text!r} is not in {str(error)!r}"
        return error
    raise AssertionError(f"it was not refused but gave {result!r}")


def failed(response, status, *texts):
    """A plain answer that tells a failure as the client reads it."""
    assert response.status_code == status, f"{response.status_code} {response.text[:300]}"
    told = response.json()["status"]
    assert told["state"] == "failed", told
    assert told["statusMessage"] and told["statusCode"], told
    for text in texts:
        assert text in told["statusMessage"], f"{text!r} is not in {told['statusMessage']!r}"
    return told


def run(name):
    global failures
    only = sys.argv[1:]
    place = Place(name)
    for function in checks:
        title = function.__name__.replace("_", " ")
        if only and not any(part in title for part in only):
            continue
        try:
            function(place)
            print(f"ok {title}", flush=True)
        except Exception as error:  # noqa: BLE001: every failure is a line
            failures += 1
            where = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in where if "check_" in f.filename), "?")
            text = f"{type(error).__name__}: {error}".replace("\n", " ")[:int(os.environ.get("SHOWN", "600"))]
            print(f"FAIL {title}: line {line}: {text}", flush=True)
    sys.exit(1 if failures else 0)
