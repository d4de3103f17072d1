"""Uploaded code and what is around it: the tenant's clock, scenarios, the journal, other code."""

import json
import os
import pathlib
import sys
import tempfile
import time

from common import Server

FLAGS = ("--run-code", "--python", sys.executable, "--no-pip")
server = Server(*FLAGS)
os.environ["WAVETANK_URL"] = server.url

import requests  # noqa: E402
from steamship import File, PackageInstance, PluginInstance, Steamship, TaskState  # noqa: E402
from steamship.base.mime_types import MimeTypes  # noqa: E402
from steamship.data.package.package import Package  # noqa: E402
from steamship.data.package.package_version import PackageVersion  # noqa: E402
from steamship.data.plugin.plugin import Plugin  # noqa: E402
from steamship.data.plugin.plugin_version import PluginVersion  # noqa: E402

import code_samples as samples  # noqa: E402
from support import archive, check, failed, refused, run  # noqa: E402


def package(client, code=samples.PACKAGE):
    made = Package.create(client)
    PackageVersion.create(client, package_id=made.id, handle="1.0", filebytes=archive(code))
    instance = PackageInstance.create(client, package_id=made.id)
    instance.wait_for_init()
    return instance


def plugin(client, kind, code):
    made = Plugin.create(client, description="-", type_=kind, transport="jsonOverHttp", is_public=False)
    version = PluginVersion.create(client, plugin_id=made.id, handle="1.0", filebytes=archive(code))
    instance = PluginInstance.create(client, plugin_id=made.id, plugin_version_id=version.id)
    instance.wait_for_init()
    return instance


def done(task):
    task.wait(max_timeout_s=60, retry_delay_s=0.1)
    return task.output


def eventually(holds, seconds=30):
    """Code works in real time, whatever the tenant's clock says."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stays(task, state):
    """It is in no hurry: some real time changes nothing."""
    time.sleep(0.7)
    task.refresh()
    assert task.state == state, task


class Held:
    """A clock that stands until it is told."""

    def __init__(self, place):
        self.place = place
        place.control("PUT", "clock", {"mode": "manual"})

    def advance(self, by):
        assert self.place.control("POST", "clock/advance", {"by": by}).status_code < 300


def alone(name, **more):
    """A tenant of a check's own."""
    from support import Place
    place = Place(name)
    return place, place.client("w", **more)


@check
def later_calls_wait_for_the_clock_that_is_held(_):
    place, client = alone("held")
    instance = package(client)
    clock = Held(place)
    assert instance.invoke("greet", name="now") == "Hello now", "a call at once needs no time"
    task = client.post("task/status", {"taskId": instance.invoke("later")})
    assert task.state == TaskState.waiting, task
    stays(task, TaskState.waiting)
    clock.advance("10s")
    eventually(lambda: task.refresh() or task.state == TaskState.succeeded)


@check
def calls_for_a_time_to_come_begin_at_that_time(_):
    place, client = alone("scheduled")
    instance = package(client)
    clock = Held(place)
    now = place.control("GET", "clock").json()["now"]
    from datetime import datetime, timedelta
    due = datetime.fromisoformat(now.replace("Z", "+00:00")) + timedelta(hours=1)
    answer = requests.post(
        instance.invocation_url + "files", json={"text": "written by and by"},
        headers={"Authorization": f"Bearer {place.key}", "X-Task-Background": "true",
                 "X-Task-Run-After": due.isoformat()}).json()
    task = client.post("task/status", {"taskId": answer["status"]["taskId"]})
    clock.advance("59m")
    stays(task, TaskState.waiting)
    assert not File.list(client).files or all(f.handle == "made-at-init" for f in File.list(client).files)
    clock.advance("2m")
    eventually(lambda: task.refresh() or task.state in (TaskState.succeeded, TaskState.running))
    clock.advance("10s")
    eventually(lambda: task.refresh() or task.state == TaskState.succeeded)


@check
def a_plugin_is_asked_again_by_the_clock_that_is_held(_):
    place, client = alone("asked")
    blockifier = plugin(client, "blockifier", samples.BLOCKIFIER)
    file = File.create(client, content="one\ntwo", mime_type=MimeTypes.TXT)
    clock = Held(place)
    task = file.blockify(blockifier.handle)
    clock.advance("5s")
    eventually(lambda: task.refresh() or task.remote_status_message == "seen 0")
    stays(task, TaskState.running)
    assert task.remote_status_message == "seen 0", task
    clock.advance("500ms")
    eventually(lambda: task.refresh() or task.remote_status_message == "seen 1")
    clock.advance("500ms")
    eventually(lambda: task.refresh() or task.state == TaskState.succeeded)


@check
def a_slow_call_is_held_by_the_clock_alone(_):
    import threading
    place, client = alone("slow")
    instance = package(client)
    clock = Held(place)
    place.control("POST", "emit", {"slowWorker": instance.handle, "by": "1h"})
    said = []
    calling = threading.Thread(target=lambda: said.append(instance.invoke("greet", name="Ada")))
    calling.start()
    time.sleep(0.7)
    assert not said
    clock.advance("61m")
    calling.join(30)
    assert said == ["Hello Ada"], said


@check
def a_call_that_ran_out_of_memory_takes_its_process_along(_):
    place, client = alone("memory")
    counter = package(client, samples.COUNTER)
    assert [counter.invoke("count") for _ in range(3)] == [1, 2, 3]
    place.control("POST", "emit", {"outOfMemory": counter.handle})
    refused(lambda: counter.invoke("count"), "ran out of memory", "signal 9")
    assert counter.invoke("count") == 1, "the event strikes once, and what modules kept is gone"


@check
def an_importer_of_corpora_is_a_plugin_as_any(_):
    place, client = alone("corpus")
    importer = plugin(client, "corpusImporter", samples.IMPORTER)
    assert importer.init_status in ("complete", None), importer.init_status
    shown = place.post("plugin/get", {"id": importer.plugin_id}).json()["data"]["plugin"]
    assert shown["type"] == "corpusImporter", shown
    refused(lambda: done(File.create_with_plugin(client, plugin_instance=importer.handle, url="http://there")),
            "is a corpusImporter", "fileImporter")
    refused(lambda: plugin(client, "corpusImporter", "import nowhere_to_be_found"), "No module named")


@check
def where_no_code_runs_a_scenario_that_asks_for_it_gets_501(_):
    given = {"packages": [{"handle": "greeter", "runtime": "process", "methods": [{"path": "greet", "text": "x"}]}],
             "plugins": [{"handle": "marker", "type": "tagger", "runtime": "process"}]}
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / "scenario.json"
        scenario.write_text(json.dumps({"wavetank": 1, "given": {"steamship": given}}))
        plain = Server("--scenario", str(scenario))
        try:
            client = Steamship(api_key="wt-plain", api_base=f"{plain.url}/api/v1/", app_base=f"{plain.url}/apps/",
                               web_base=plain.url, workspace="w")
            instance = client.use("greeter", "g")
            error = refused(lambda: instance.invoke("greet"), "runs no code")
            assert "--run-code" in error.suggestion, error.suggestion
            answer = requests.post(instance.invocation_url + "greet", headers={"Authorization": "Bearer wt-plain"})
            failed(answer, 501, "runs no code")
            marker = client.use_plugin("marker", version="1.0")
            refused(lambda: done(marker.tag("x")), "runs no code")
        finally:
            plain.end()


@check
def a_scenario_says_what_code_answers_for(_):
    given = {"packages": [
        {"handle": "coded", "code": "greeter.zip"},
        {"handle": "scripted", "code": "greeter.zip", "runtime": "scripted",
         "methods": [{"path": "greet", "text": "from the script"}]}]}
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "greeter.zip").write_bytes(archive(samples.PACKAGE))
        (place / "scenario.json").write_text(json.dumps({"wavetank": 1, "given": {"steamship": given}}))
        one = Server("--scenario", str(place / "scenario.json"), *FLAGS)
        try:
            client = Steamship(api_key="wt-coded", api_base=f"{one.url}/api/v1/", app_base=f"{one.url}/apps/",
                               web_base=one.url, workspace="w")
            assert client.use("coded", "c").invoke("greet", name="Ada") == "Hello Ada"
            assert client.use("scripted", "s").invoke("greet", name="Ada") == "from the script"
            headers = {"Authorization": "Bearer wt-coded", "X-Workspace-Handle": "w"}
            runtimes = {handle: requests.post(f"{one.url}/api/v1/package/instance/get", json={"handle": handle},
                                              headers=headers).json()["data"]["packageInstance"]["runtime"]
                        for handle in ("c", "s")}
            assert runtimes == {"c": "process", "s": "scripted"}, runtimes
        finally:
            one.end()


def linked(place, request_id):
    """The operations that the journal has under an id."""
    entries = place.control("GET", f"journal?request={request_id}").json()["entries"]
    return [entry["operation"] for entry in entries]


@check
def a_call_without_an_id_is_linked_to_what_its_code_does(_):
    place, client = alone("links")
    instance = package(client)
    key = {"Authorization": f"Bearer {place.key}"}
    answer = requests.post(instance.invocation_url + "files", json={"text": "x"}, headers=key)
    made = answer.headers["x-request-id"]
    assert linked(place, made) == ["steamship.package.invoke", "steamship.file.create"], linked(place, made)
    # A call of the code that names nothing, and one that fails.
    answer = requests.post(instance.invocation_url + "plain", json={}, headers=key)
    made = answer.headers["x-request-id"]
    assert linked(place, made) == ["steamship.package.invoke", "steamship.file.create"], linked(place, made)
    answer = requests.post(instance.invocation_url + "boom", json={}, headers=key)
    assert linked(place, answer.headers["x-request-id"]) == ["steamship.package.invoke"], answer.headers
    # What an instance does when it comes into being is its maker's.
    answer = place.post("package/instance/create", {"packageId": instance.package_id, "handle": "second"},
                        workspace=client.config.workspace_id)
    made = answer.headers["x-request-id"]
    eventually(lambda: linked(place, made) == ["steamship.package.instance.create", "steamship.file.create"])


@check
def a_plugin_of_a_package_is_linked_through_both(_):
    place, client = alone("nested")
    instance = package(client)
    tagger = plugin(client, "tagger", samples.TAGGER)
    headers = {"Authorization": f"Bearer {place.key}", "x-request-id": "R-nested"}
    answer = requests.post(instance.invocation_url + "tagged_by", json={"text": "aB", "handle": tagger.handle},
                           headers=headers)
    assert answer.json() == ["B"], answer.text
    operations = linked(place, "R-nested")
    assert operations[0] == "steamship.package.invoke" and "steamship.plugin.instance.tag" in operations, operations
    logs = place.post("logs/list", {"size": 50}).json()["data"]["entries"]
    assert [entry for entry in logs if entry["requestId"] == "R-nested"], logs


@check
def code_touches_neither_files_nor_processes_of_other_code(_):
    if os.geteuid() != 0 or "user namespaces" in server.text():
        return
    place, client = alone("apart")
    one, (_, other) = package(client, samples.HOSTILE), alone("elsewhere")
    path, pid = one.invoke("secret")
    for spy in (package(other, samples.HOSTILE), package(client, samples.HOSTILE + "# another\n")):
        said = spy.invoke("spy", file=path, pid=pid)
        assert said == ["PermissionError", "PermissionError", "ProcessLookupError"] or \
            said == ["PermissionError", "PermissionError", "PermissionError"], said
    assert one.invoke("fine") == "fine"


run("worlds")
