"""What the checks share: results, a tenant of its own, plain HTTP, the control API."""
import http.client
import json
import os
import sys
import traceback
import urllib.parse

BASE = os.environ["WAVETANK_URL"].rstrip("/")
ORG, PROJECT, FLEET = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
WEBHOOK = "/44444444-4444-4444-8444-444444444444/demo-webhook-token"
PROJECT_PATH = f"/orgs/{ORG}/projects/{PROJECT}"
FLEET_PATH = f"{PROJECT_PATH}/fleets/{FLEET}"
RUNS_PATH = f"{FLEET_PATH}/fleetruns"

failures = 0


def check(name):
    """Runs the decorated function at once and prints its result."""
    def run(function):
        global failures
        try:
            function()
            print(f"ok {name}", flush=True)
        except Exception as error:  # noqa: BLE001 - every failure is a result
            failures += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"FAIL {name}: {type(error).__name__} {error} (line {where.lineno})", flush=True)
        return function
    return run


def finish():
    sys.exit(1 if failures else 0)


def equal(found, expected, what=""):
    assert found == expected, f"{what} expected {expected!r}, found {str(found)[:500]!r}"


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def is_failure(self, status):
        equal(self.status, status, "status")
        document = self.json
        equal(list(document), ["request", "data"], "members")
        equal(document["data"], None, "data")
        equal(self.headers["X-Request-Id"], document["request"]["id"], "request id")


class Tenant:
    """One private cloud, named by the key."""

    def __init__(self, name):
        self.name = name
        self.key = f"wt-{name}"

    def send(self, method, path, body=None, headers=None, key=True):
        address = urllib.parse.urlsplit(BASE)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        try:
            fields = {"X-Shipyard-API-Key": self.key} if key is True else {}
            if isinstance(key, str):
                fields["X-Shipyard-API-Key"] = key
            if key is None:
                fields["X-Wavetank-Tenant"] = self.name
            fields.update(headers or {})
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, path, body, fields)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def control(self, method, path, document=None):
        reply = self.send(
            method, f"/_wavetank{path}", None if document is None else json.dumps(document),
            {"X-Wavetank-Tenant": self.name, "Content-Type": "application/json"})
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.body[:400]!r}"
        return json.loads(reply.body) if reply.body else None

    def reset(self, mode="manual"):
        self.control("POST", "/reset")
        self.control("PUT", "/clock", {"mode": mode})

    def advance(self, duration):
        self.control("POST", "/clock/advance", {"by": duration})

    def trigger(self, path=RUNS_PATH, body=None):
        reply = self.send("POST", path, body)
        equal(reply.status, 201, "trigger")
        return reply.json["data"]["fleet_run_id"]

    def rows(self, path):
        import csv
        import io
        return list(csv.DictReader(io.StringIO(self.send("GET", path).text)))
