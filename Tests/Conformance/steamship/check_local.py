"""A package that the SDK's own local development server runs, called through Wavetank."""

import base64
import os
import socket

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


run("local")
