"""A package that the SDK's own local development server runs, called through Wavetank."""

import base64
import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from steamship import PackageInstance, SteamshipError
from steamship.cli.local_server.server import SteamshipHTTPServer
from steamship.data.package.package import Package
from steamship.invocable import PackageService, get, post
from steamship.invocable.invocable_response import InvocableResponse

from support import BASE, check, failed, refused, run


class Greeter(PackageService):
    """The package under development."""

    @post("greet")
    def greet(self, name: str = "you") -> str:
        return f"Local hello, {name}!"

    @get("lookup")
    def lookup(self, key=None) -> dict:
        return {"key": key, "workspace": self.client.config.workspace_handle}

    @post("open", public=True)
    def open(self, name: str = "you") -> str:
        return f"Open to {name}."

    @post("picture")
    def picture(self) -> InvocableResponse:
        return InvocableResponse(_bytes=b"\x89PNG\x00\xff")

    @post("fail")
    def fail(self) -> str:
        raise SteamshipError(message="the local package is out of ink")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def local(place):
    """The server, started once, and an instance bound to it."""
    if not hasattr(place, "server"):
        os.environ.update(STEAMSHIP_API_BASE=place.api, STEAMSHIP_APP_BASE=place.app,
                          STEAMSHIP_WEB_BASE=BASE + "/", STEAMSHIP_API_KEY=place.key)
        place.port = free_port()
        place.server = SteamshipHTTPServer(
            Greeter, base_url=f"http://127.0.0.1:{place.port}", port=place.port,
            invocable_handle="local-greeter", invocable_version_handle="local-development!",
            invocable_instance_handle="local-1", config={}, workspace="local")
        place.server.start()
    client = place.client("local")
    if not hasattr(place, "package"):
        place.package = Package.create(client, handle=f"local-greeter-{place.tenant}")
    return client, PackageInstance.create_local_development_instance(
        client, local_development_url=f"http://127.0.0.1:{place.port}",
        package_id=place.package.id, handle="local-1")


@check
def an_instance_is_bound_to_a_local_server(place):
    _, instance = local(place)
    assert instance.package_version_handle == "local-development!"
    assert instance.invocation_url == f"http://127.0.0.1:{place.port}/"
    assert instance.id == local(place)[1].id


@check
def calls_are_forwarded_and_unwrapped(place):
    _, instance = local(place)
    assert instance.invoke("greet", name="Ada") == "Local hello, Ada!"
    assert instance.invoke("lookup", verb="GET", key="k")["workspace"] == "local"
    assert instance.invoke("picture") == b"\x89PNG\x00\xff"


@check
def failures_of_the_local_package_come_through(place):
    _, instance = local(place)
    refused(lambda: instance.invoke("fail"), "the local package is out of ink")
    answer = requests.post(f"{place.app}local/local-1/nothing", json={},
                           headers={"Authorization": f"Bearer {place.key}"})
    failed(answer, 404, "No handler")


@check
def public_methods_of_the_local_package_need_no_key(place):
    local(place)

    def call(path, key=None):
        fields = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.post(f"{place.app}local/local-1/{path}", json={"name": "Bo"},
                             headers={"X-Wavetank-Tenant": place.tenant, **fields})

    for key in (None, "somebody-else"):
        answer = call("open", key)
        assert answer.status_code == 200 and answer.text == "Open to Bo.", answer.text
    failed(call("greet"), 401)
    failed(call("greet", "somebody-else"), 403)
    assert call("greet", place.key).text == "Local hello, Bo!"


@check
def later_calls_are_forwarded_too(place):
    client, _ = local(place)
    task = client.post("package/instance/invoke", {
        "instanceHandle": "local-1", "payload": {
            "httpVerb": "POST", "invocationPath": "greet", "arguments": {"name": "Bo"}}},
        as_background_task=True)
    task.wait(max_timeout_s=20)
    assert base64.b64decode(task.output).decode() == "Local hello, Bo!"


@check
def a_server_that_is_gone_is_told(place):
    client, _ = local(place)
    instance = PackageInstance.create_local_development_instance(
        client, local_development_url=f"http://127.0.0.1:{free_port()}",
        package_id=place.package.id, handle="gone")
    refused(lambda: instance.invoke("greet"), "did not answer")
    refused(lambda: PackageInstance.create_local_development_instance(
        client, local_development_url="ftp://127.0.0.1", package_id=place.package.id,
        handle="odd"), "localDevelopmentURL")


class Slow(BaseHTTPRequestHandler):
    """A package's own server that answers when it is told to."""

    calls = 0
    is_free = threading.Event()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Slow.calls += 1
        Slow.is_free.wait(60)
        content = json.dumps({"data": f"done {asked['n']}", "status": None,
                              "http": {"status": 200, "headers": {"Content-Type": "text/plain"}}})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_):
        pass


def polled(place, task, tenant, until):
    """The task's status in a tenant, once its state is among those."""
    deadline = time.monotonic() + 30
    while True:
        status = place.post("task/status", {"taskId": task},
                            headers={"X-Wavetank-Tenant": tenant}).json()["status"]
        if status["state"] in until or time.monotonic() > deadline:
            return status
        time.sleep(0.05)


@check
def a_snapshot_taken_while_a_forwarded_task_runs_goes_on_elsewhere(place):
    client, _ = local(place)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    PackageInstance.create_local_development_instance(
        client, local_development_url=f"http://127.0.0.1:{server.server_port}",
        package_id=place.package.id, handle="slow")
    task = client.post("package/instance/invoke", {
        "instanceHandle": "slow", "payload": {
            "httpVerb": "POST", "invocationPath": "work", "arguments": {"n": 7}}},
        as_background_task=True).task_id
    deadline = time.monotonic() + 30
    while not Slow.calls and time.monotonic() < deadline:
        polled(place, task, place.tenant, ["waiting", "running"])
        time.sleep(0.02)
    assert Slow.calls == 1, Slow.calls

    def snapshot(method, tenant, content=None):
        answer = requests.request(method, f"{BASE}/_wavetank/snapshot", data=content,
                                  headers={"X-Wavetank-Tenant": tenant})
        assert answer.ok, answer.text
        return answer.content

    held = snapshot("GET", place.tenant)
    other = f"{place.tenant}-b"
    snapshot("PUT", other, held)
    # Into the same tenant too: the call under way then answers a task that came back.
    snapshot("PUT", place.tenant, held)
    assert polled(place, task, other, ["running", "waiting"])["state"] in ("running", "waiting")
    Slow.is_free.set()
    for tenant in (place.tenant, other):
        status = polled(place, task, tenant, ["succeeded", "failed"])
        assert status["state"] == "succeeded", status
        assert base64.b64decode(status["output"]).decode() == "done 7", status
    # Whoever restores a world asks again; nobody asks more than once for each world.
    assert 2 <= Slow.calls <= 3, Slow.calls
    assert polled(place, task, place.tenant, ["succeeded"])["output"] == status["output"]
    server.shutdown()


run("local")
