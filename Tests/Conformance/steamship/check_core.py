"""Accounts, workspaces, packages, versions, instances, invocation and tasks, by the SDK."""

import base64
import json
import os
import subprocess
import time
from datetime import datetime

import requests
from steamship import Block, File, PackageInstance, Steamship, Task, TaskState, Workspace
from steamship.base.request import SortOrder
from steamship.base.tasks import TaskComment
from steamship.data.invocable_init_status import InvocableInitStatus
from steamship.data.manifest import Manifest, SteamshipRegistry
from steamship.data.package.package import Package
from steamship.data.package.package_version import PackageVersion
from steamship.data.user import User

from common import Server
from support import BASE, archive, check, failed, refused, run


@check
def a_client_starts_in_the_default_workspace(place):
    client = place.client()
    assert client.config.workspace_handle == "default"
    assert client.config.workspace_id == client.config.workspace_id.upper()


@check
def a_client_starts_in_a_new_and_in_a_known_workspace(place):
    first = place.client("harbor-1")
    again = place.client("harbor-1")
    assert first.config.workspace_id == again.config.workspace_id
    assert refused(lambda: place.client("harbor-1", fail_if_workspace_exists=True),
                   "already exists")


@check
def the_scheme_of_the_key_may_be_lower_case(place):
    answer = requests.get(place.api + "account/current",
                          headers={"Authorization": f"bearer {place.key}"})
    assert answer.json()["data"]["user"]["handle"] == "dev"


@check
def the_current_user_owns_what_is_made(place):
    client = place.client()
    user = User.current(client)
    package = Package.create(client)
    assert package.user_id == user.id and user.handle


@check
def a_login_attempt_is_granted(place):
    token = requests.post(place.api + "account/create_login_attempt",
                          headers={"X-Wavetank-Tenant": place.tenant}).json()["data"]["token"]
    poll = requests.post(place.api + "account/poll_login_attempt", json={"token": token},
                         headers={"X-Wavetank-Tenant": place.tenant}).json()["data"]
    assert poll["status"] == "done" and poll["apiKey"]


@check
def without_a_key_nothing_is_answered(place):
    answer = requests.post(place.api + "workspace/get", json={},
                           headers={"X-Wavetank-Tenant": place.tenant})
    failed(answer, 401)


@check
def workspaces_are_made_got_listed_and_deleted(place):
    client = place.client()
    made = Workspace.create(client, handle="short-lived")
    assert Workspace.get(client, handle="short-lived").id == made.id
    assert Workspace.get(client, id_=made.id).handle == "short-lived"
    assert made.id in [w.id for w in Workspace.list(client, page_size=200).workspaces]
    assert Workspace.create(client, handle="short-lived", fetch_if_exists=True).id == made.id
    refused(lambda: Workspace.create(client, handle="short-lived", fetch_if_exists=False),
            "The object you are trying to create already exists.")
    anchored = place.client("short-lived")
    made.delete()
    refused(lambda: made.delete())
    refused(lambda: Workspace.get(client, id_=made.id))
    # A client anchored there can still make and look at workspaces, and nothing else.
    assert Workspace.get(anchored, handle="default").handle == "default"
    refused(lambda: anchored.post("file/list", {}))


@check
def a_workspace_gets_a_handle_when_none_is_given(place):
    made = Workspace.create(place.client(), handle=None)
    assert made.handle and "/" not in made.handle
    made.delete()


@check
def workspaces_are_listed_in_pages(place):
    client = place.client()
    mine = [Workspace.create(client, handle=f"page-{n}") for n in range(7)]
    seen, token, rounds = [], None, 0
    while True:
        page = Workspace.list(client, page_size=3, page_token=token, sort_order=SortOrder.ASC)
        seen += [w.id for w in page.workspaces]
        token, rounds = page.next_page_token, rounds + 1
        if not token:
            break
    assert rounds > 2 and len(seen) == len(set(seen))
    assert [w.id for w in mine] == [i for i in seen if i in {w.id for w in mine}]
    newest = Workspace.list(client, page_size=1, sort_order=SortOrder.DESC).workspaces[0]
    assert newest.id == mine[-1].id
    refused(lambda: Workspace.list(client, page_size=0))
    refused(lambda: Workspace.list(client, page_size=-1))
    first = Workspace.list(client, page_size=2, page_token="no such token").workspaces
    assert len(first) == 2


@check
def a_deleted_default_workspace_comes_back_new(place):
    key = place.key + ".other"
    client = place.client(key=key)
    old = client.config.workspace_id
    Workspace.get(client, id_=old).delete()
    assert place.client(key=key).config.workspace_id != old


@check
def packages_are_made_got_updated_and_deleted(place):
    client = place.client()
    handle = "greeter-1"
    manifest = Manifest(
        type="package", handle=handle, version="1.0.0", public=False,
        steamshipRegistry=SteamshipRegistry(tags=["a"], tagline="hello"))
    package = Package.create(client, handle=handle, profile=manifest, is_public=False)
    assert Package.get(client, handle=handle).id == package.id
    assert Package.create(client, handle=handle, fetch_if_exists=True).id == package.id
    refused(lambda: Package.create(client, handle=handle, fetch_if_exists=False),
            "already exists")
    package.description, package.readme = "It greets.", "# Greeter"
    package.update(client)
    again = Package.get(client, handle=handle)
    assert again.description == "It greets." and again.readme == "# Greeter"
    assert again.profile.steamshipRegistry.tagline == "hello"
    other = place.client(key=place.key + ".other")
    error = refused(lambda: Package.create(other, handle=handle), "Something went wrong.")
    assert error.message == "Something went wrong."
    refused(lambda: Package.get(other, handle=handle))
    package.delete()
    refused(lambda: Package.get(client, handle=handle))


def greeter(client, config_template=None):
    package = Package.create(client)
    version = PackageVersion.create(client, package_id=package.id, filebytes=archive(),
                                    config_template=config_template)
    return package, version


@check
def a_version_is_uploaded_as_a_form(place):
    client = place.client()
    package, version = greeter(client, {"tone": {"type": "string", "default": "warm"}})
    assert version.package_id == package.id and version.handle
    assert version.config_template["tone"].dict()["default"] == "warm" if not isinstance(
        version.config_template["tone"], dict) else version.config_template["tone"]["default"] == "warm"
    named = PackageVersion.create(client, package_id=package.id, handle="2.0",
                                  filebytes=archive())
    assert named.handle == "2.0"
    refused(lambda: PackageVersion.create(client, package_id=package.id, handle="2.0",
                                          filebytes=archive()),
            "The object you are trying to create already exists.")
    refused(lambda: PackageVersion.create(client, package_id="NO-SUCH", filebytes=archive()))
    named.delete()
    refused(lambda: named.delete())


@check
def usage_is_counted_by_workspace_and_plugin(place):
    for workspace, times in (("usage-a", 2), ("usage-b", 1)):
        client = place.client(workspace)
        llm = client.use_plugin("gpt-4", instance_handle="llm")
        for _ in range(times):
            llm.generate(text="Ahoy").wait()
    rows = place.post("usage/aggregate", {"aggregateField": "billingCredits",
                                          "aggregation": "sum"}).json()["data"]["aggregateResults"]
    costs = {(row["workspaceHandle"], row["resourceHandle"]): row["billingCredits"] for row in rows}
    assert costs[("usage-a", "gpt-4")] == 2 * costs[("usage-b", "gpt-4")] > 0, rows
    records = place.post("account/usage", {"pageSize": None, "pageToken": None}).json()["data"]["usage"]
    assert records[0]["workspaceHandle"] == "usage-b", records[0]
    summary = requests.get(f"{place.api}account/getUsageSummary",
                           headers={"Authorization": f"Bearer {place.key}"}).json()["data"]
    assert summary["usageSummary"]["billingCredits"] == sum(costs.values()), summary


@check
def a_slash_too_many_names_the_same_operation(place):
    for path in ("workspace/get", "workspace//get", "/workspace///get"):
        assert place.post("/" + path).json()["data"]["workspace"]["handle"] == "default", path
    url = f"{BASE}//api/v1//account/current"
    assert requests.get(url, headers={"Authorization": f"Bearer {place.key}"}).ok
    failed(place.post("/" + "workspace/nothing"), 404, "no operation")


@check
def an_unknown_path_is_told_in_words(place):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"):
        for path in ("nothing", "nothing/at/all", "account/nothing", "usage/nothing"):
            failed(requests.request(method, place.api + path, headers={
                "Authorization": f"Bearer {place.key}"}), 404, "no operation")
        if method not in ("POST", "OPTIONS"):
            told = failed(requests.request(method, place.api + "workspace/get", headers={
                "Authorization": f"Bearer {place.key}"}), 405, method)
            assert told["statusCode"] == "MethodNotAllowed"


@check
def public_data_is_read_without_a_key(place):
    client = place.client("shown")
    file = File.create(client, content="for all", public_data=True)
    block = Block.create(client, file_id=file.id, text="to all", public_data=True)
    hidden = Block.create(client, file_id=file.id, text="to me")
    assert requests.get(block.raw_data_url).text == "to all"
    assert requests.get(f"{place.api}file/{file.id}/raw").text == "for all"
    assert not requests.get(hidden.raw_data_url).ok
    block.set_public_data(False)
    assert not requests.get(block.raw_data_url).ok


@check
def what_cannot_be_started_is_refused_when_it_is_uploaded(place):
    client = place.client()
    package = Package.create(client)
    refused(lambda: PackageInstance.create(client, package_id=package.id),
            "Unable to find an appropriate PackageVersion of the Package you are trying to create "
            "an instance of.")
    for content in (b"", b"print('no zip')", archive()[:-1], archive(name="main.py")):
        refused(lambda: PackageVersion.create(client, package_id=package.id, filebytes=content),
                "There was an error loading the main file (it must be named api.py)")
    PackageVersion.create(client, package_id=package.id, filebytes=archive())
    assert PackageInstance.create(client, package_id=package.id).id


@check
def what_no_url_could_name_is_no_handle(place):
    client = place.client()
    for handle in ("a?b", "a#b", "a/b", "a b", "ä"):
        for call in (lambda: Workspace.create(client, handle=handle),
                     lambda: Package.create(client, handle=handle),
                     lambda: File.create(client, content="x", handle=handle),
                     lambda: PackageInstance.create(client, package_handle="hello-world",
                                                    handle=handle)):
            refused(call, "cannot be a handle")


@check
def instances_freeze_their_configuration(place):
    client = place.client("configured")
    package, version = greeter(client, {
        "tone": {"type": "string"}, "loud": {"type": "boolean", "default": False},
        "level": {"type": "number", "default": 3}})
    make = lambda **more: PackageInstance.create(client, package_id=package.id, **more)
    instance = make(handle="desk", config={"tone": "warm"})
    assert instance.config == {"tone": "warm", "loud": False, "level": 3}
    assert instance.package_version_id == version.id and instance.user_handle
    assert instance.invocation_url.endswith("/") and isinstance(instance.created_at, datetime)
    assert instance.init_status in (InvocableInitStatus.NOT_NEEDED, InvocableInitStatus.COMPLETE)
    same = make(handle="desk", config={"tone": "warm", "level": 3}, fetch_if_exists=True)
    assert same.id == instance.id
    assert make(handle="desk", fetch_if_exists=True).id == instance.id
    refused(lambda: make(handle="desk", config={"tone": "cold"}, fetch_if_exists=True),
            "different configuration")
    refused(lambda: make(handle="desk", config={"tone": "warm"}), "already exists")
    refused(lambda: make(handle="bare"), "Configuration for this PackageInstance is invalid.")
    refused(lambda: make(handle="odd", config={"tone": 3}),
            "Configuration for this PackageInstance is invalid.")
    refused(lambda: make(handle="odd", config={"tone": "x", "loud": "yes"}),
            "Configuration for this PackageInstance is invalid.")
    other, _ = greeter(client)
    refused(lambda: PackageInstance.create(client, package_id=other.id, handle="desk",
                                           fetch_if_exists=True), "another package")
    assert PackageInstance.get(client, "desk").id == instance.id
    listed = PackageInstance.list(client).package_instances
    assert [i.id for i in listed] == [instance.id]
    elsewhere = place.client("configured-2")
    refused(lambda: PackageInstance.get(elsewhere, "desk"))
    assert PackageInstance.list(elsewhere).package_instances == []
    everywhere = PackageInstance.list(elsewhere, across_workspaces=True,
                                      package_id=package.id).package_instances
    assert [i.id for i in everywhere] == [instance.id]
    instance.delete()
    refused(lambda: PackageInstance.get(client, "desk"))


@check
def an_instance_without_a_version_is_refused(place):
    client = place.client()
    package = Package.create(client)
    refused(lambda: PackageInstance.create(client, package_id=package.id), "Unable to find an appropriate PackageVersion")


@check
def the_latest_version_is_chosen(place):
    client = place.client()
    package, first = greeter(client)
    second = PackageVersion.create(client, package_id=package.id, filebytes=archive())
    assert PackageInstance.create(client, package_id=package.id).package_version_id == second.id
    older = PackageInstance.create(client, package_id=package.id, package_version_id=first.id)
    assert older.package_version_id == first.id


@check
def methods_are_invoked_by_POST_and_GET(place):
    client = place.client("calls")
    instance = client.use("hello-world", "front-desk")
    assert instance.invoke("greet") == "Hello, World!"
    assert instance.invoke("/greet", name="Ada") == "Hello, Ada!"
    assert instance.invoke("greet", verb="GET", name="A+b c&d") == "Hello, A+b c&d!"


@check
def a_package_is_called_without_a_client(place):
    client = place.client("calls")
    instance = client.use("hello-world", "front-desk")
    key = {"Authorization": f"Bearer {place.key}"}
    for path in ["greet", "/greet", "//greet"]:
        answer = requests.post(instance.invocation_url + path, json={"name": "Ada"}, headers=key)
        assert answer.text == "Hello, Ada!", answer.text
        assert answer.headers["Content-Type"].split(";")[0] == "text/plain"
    assert requests.post(instance.invocation_url + "greet", headers=key).text == "Hello, World!"
    # Public methods need no key, others do.
    assert requests.get(instance.invocation_url + "greet?name=a+b").text == "Hello, a b!"
    failed(requests.post(instance.invocation_url + "greet", json={}), 401)
    failed(requests.post(instance.invocation_url + "gret", json={}, headers=key), 404,
           "No handler for POST /gret available.")
    without = instance.invocation_url.replace("/apps/", "/")
    assert requests.post(without + "greet", json={"name": "Bo"}, headers=key).text == "Hello, Bo!"
    preflight = requests.options(instance.invocation_url + "greet")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@check
def a_server_whose_host_the_client_does_not_take_for_a_local_one(place):
    one = Server("--host", "0.0.0.0")
    # Of this machine, and no name that the client knows.
    url = f"http://127.0.0.2:{one.port}"
    told = subprocess.run([os.environ["WAVETANK_BINARY"], "env", "--url", url, "--tenant", "far", "--shell", "json"],
                          check=True, capture_output=True, text=True)
    variables = json.loads(told.stdout)
    client = Steamship(api_key=variables["STEAMSHIP_API_KEY"], api_base=variables["STEAMSHIP_API_BASE"],
                       app_base=variables["STEAMSHIP_APP_BASE"], web_base=url, workspace="far")
    assert client.use("hello-world", "far-desk").invoke("greet", name="Ada") == "Hello, Ada!"
    base, key = variables["STEAMSHIP_APP_BASE"], {"Authorization": "Bearer wt-far"}
    failed(requests.post(f"{base}far/nobody/greet", headers=key), 404)
    failed(requests.post(f"{base}nowhere/far-desk/greet", headers=key), 404)
    one.end()


@check
def a_failing_method_raises(place):
    instance = place.client("calls").use("hello-world", "front-desk")
    error = refused(lambda: instance.invoke("fail", message="out of ink"), "out of ink")
    assert error.suggestion and error.code == "PackageError"


@check
def a_package_tells_its_methods(place):
    instance = place.client("calls").use("hello-world", "front-desk")
    spec = instance.invoke("__dir__", verb="GET")
    assert spec == instance.invoke("__dir__")
    assert {"/greet", "/slow", "/fail"} <= {m["path"] for m in spec["methods"]}


@check
def a_deployed_archive_without_a_runtime_says_so(place):
    client = place.client("calls")
    package, _ = greeter(client)
    instance = PackageInstance.create(client, package_id=package.id)
    refused(lambda: instance.invoke("anything"), "No handler for POST /anything available.")


@check
def a_background_call_becomes_a_task_and_succeeds(place):
    client = place.client("tasks")
    task = client.post("task/noop", {}, as_background_task=True)
    assert isinstance(task, Task) and task.state == TaskState.waiting and task.request_id
    task.wait()
    assert task.state == TaskState.succeeded
    assert task.output == {}


@check
def a_failing_background_call_raises_when_polled(place):
    client = place.client("tasks")
    task = client.post("task/alwaysfail", {}, as_background_task=True)
    assert task.state == TaskState.waiting
    refused(lambda: task.wait(), "always fails")


@check
def tasks_go_through_their_states_on_the_tenants_clock(place):
    place.control("PUT", "clock", {"mode": "manual"})
    try:
        client = place.client("tasks")
        task = client.post("task/noop", {}, as_background_task=True)
        states = [task.state]
        for _ in range(12):
            place.control("POST", "clock/advance", {"by": "100ms"})
            task.refresh()
            if task.state != states[-1]:
                states.append(task.state)
        assert states == [TaskState.waiting, TaskState.running, TaskState.succeeded], states
    finally:
        place.control("PUT", "clock", {"mode": "real"})


@check
def a_task_waits_for_others_and_for_its_time(place):
    client = place.client("tasks")
    place.control("PUT", "clock", {"mode": "manual", "now": "2030-01-01T00:00:00Z"})
    try:
        first = client.post("task/noop", {}, as_background_task=True)
        second = client.post("task/noop", {}, wait_on_tasks=[first])
        later = place.post("task/noop", headers={
            "X-Task-Background": "true", "X-Task-Run-After": "2030-01-01T01:00:00+00:00"})
        later = later.json()["status"]["taskId"]
        state = lambda id_: place.post("task/status", {"taskId": id_}).json()["status"]["state"]
        place.control("POST", "clock/advance", {"by": "600ms"})
        assert state(first.task_id) == "succeeded" and state(second.task_id) == "waiting"
        place.control("POST", "clock/advance", {"by": "10s"})
        assert state(second.task_id) == "succeeded" and state(later) == "waiting"
        place.control("POST", "clock/advance", {"by": "1h"})
        assert state(later) == "succeeded"
        bad = client.post("task/alwaysfail", {}, as_background_task=True)
        dependent = client.post("task/noop", {}, wait_on_tasks=[bad])
        place.control("POST", "clock/advance", {"by": "1s"})
        assert state(bad.task_id) == "failed" and state(dependent.task_id) == "failed"
        refused(lambda: client.post("task/noop", {}, wait_on_tasks=[bad]),
                "At least one dependent already failed")
    finally:
        place.control("PUT", "clock", {"mode": "real"})


@check
def a_task_is_got_and_updated(place):
    client = place.client("tasks")
    task = client.post("task/noop", {}, as_background_task=True)
    task.wait()
    got = Task.get(client, _id=task.task_id)
    assert got.task_id == task.task_id and got.state == TaskState.succeeded
    task.output = {"meaning": 42}
    task.status_message = "thought about it"
    task.post_update({"output", "status_message"})
    again = client.post("task/status", {"taskId": task.task_id})
    assert again.output == {"meaning": 42} and again.status_message == "thought about it"
    task.state = TaskState.failed
    task.post_update({"state"})
    refused(lambda: task.refresh())


@check
def tasks_are_remarked_on(place):
    client = place.client("tasks")
    task = client.post("task/noop", {}, as_background_task=True)
    one = task.add_comment(external_id="a", external_type="rating", external_group="g1",
                           metadata={"stars": 5})
    task.add_comment(external_id="b", external_type="rating", external_group="g2",
                     metadata=[1, 2])
    other = client.post("task/noop", {}, as_background_task=True)
    other.add_comment(external_id="c", external_group="g1")
    assert one.metadata == {"stars": 5}
    listed = TaskComment.list(client, task_id=task.task_id).comments
    assert {c.external_id for c in listed} == {"a", "b"}
    assert [c.external_id for c in TaskComment.list(
        client, task_id=task.task_id, external_group="g1").comments] == ["a"]
    assert {c.external_id for c in TaskComment.list(client, external_group="g1").comments} == {
        "a", "c"}
    one.delete()
    assert [c.external_id for c in TaskComment.list(
        client, task_id=task.task_id).comments] == ["b"]
    refused(lambda: one.delete())


@check
def a_later_call_gives_its_body_in_base64(place):
    client = place.client("calls")
    client.use("hello-world", "front-desk")
    schedule = lambda path, arguments, verb="POST": client.post(
        "package/instance/invoke",
        {"instanceHandle": "front-desk",
         "payload": {"httpVerb": verb, "invocationPath": path, "arguments": arguments}},
        as_background_task=True)
    text = schedule("/greet", {"name": "Ada"})
    assert text.state == TaskState.waiting
    spec = schedule("__dir__", {})
    bad = schedule("fail", {"message": "no"})
    text.wait()
    assert base64.b64decode(text.output).decode() == "Hello, Ada!"
    spec.wait()
    assert b'"hello-world"' in base64.b64decode(spec.output)
    refused(lambda: bad.wait(), "no")
    refused(lambda: client.post(
        "package/instance/invoke",
        {"instanceHandle": "nobody", "payload": {"httpVerb": "POST", "invocationPath": "x"}},
        as_background_task=True), "nobody")


@check
def a_direct_call_in_the_background_is_a_task(place):
    instance = place.client("calls").use("hello-world", "front-desk")
    answer = requests.post(instance.invocation_url + "greet", json={"name": "Bo"}, headers={
        "Authorization": f"Bearer {place.key}", "X-Task-Background": "true"}).json()
    task = Task(client=place.client("calls"), **answer["status"])
    task.wait()
    assert base64.b64decode(task.output).decode() == "Hello, Bo!"


@check
def a_slow_method_follows_the_clock_that_skips(place):
    place.control("PUT", "clock", {"mode": "skip"})
    try:
        instance = place.client("calls").use("hello-world", "front-desk")
        begin = time.monotonic()
        assert instance.invoke("slow", seconds=3000)["done"] is True
        assert time.monotonic() - begin < 20
    finally:
        place.control("PUT", "clock", {"mode": "real"})


@check
def the_request_id_is_kept(place):
    client = place.client("tasks")
    client.config.request_id = "my-request-1"
    task = client.post("task/noop", {}, as_background_task=True)
    assert task.request_id == "my-request-1"


@check
def logs_tell_what_happened(place):
    client = place.client("logging")
    instance = client.use("hello-world", "logged")
    instance.invoke("greet")
    refused(lambda: instance.invoke("fail"))
    logs = client.logs(offset=0, number=10, invocable_handle="hello-world",
                       instance_handle="logged", path="/fail")
    assert [e["level"] for e in logs["entries"]] == ["ERROR"], logs


@check
def the_documentation_pages_way_by_plain_HTTP(place):
    made = place.post("package/instance/create",
                      {"packageHandle": "hello-world", "handle": "curl"}).json()
    instance = made["data"]["packageInstance"]
    assert "status" not in made and instance["workspaceHandle"] == "default"
    answer = requests.post(instance["invocationURL"] + "greet", json={"name": "Curl"},
                           headers={"Authorization": f"Bearer {place.key}"})
    assert answer.text == "Hello, Curl!"
    told = place.post("task/noop", headers={"X-Task-Background": "true"}).json()
    assert told["task"]["taskState"] == "waiting" and told["task"]["taskCreatedOn"]


@check
def tasks_are_listed(place):
    client = place.client("task-list")
    ids = [client.post("task/noop", {}, as_background_task=True).task_id for _ in range(3)]
    listed = place.post("task/list", {"state": "waiting"},
                        workspace=client.config.workspace_id).json()["data"]["tasks"]
    assert [t["taskId"] for t in listed] == ids[::-1]


@check
def what_only_other_clients_ask_for_is_there(place):
    client = place.client("others")
    here = client.config.workspace_id
    ask = lambda operation, body: place.post(operation, body, workspace=here).json()["data"]
    renamed = ask("workspace/update", {"id": here, "handle": "others-2"})["workspace"]
    assert renamed["handle"] == "others-2" and renamed["id"] == here
    package, version = greeter(client)
    assert package.id in [p["id"] for p in ask("package/list", {})["packages"]]
    assert ask("package/version/get", {"id": version.id})["packageVersion"]["handle"] == version.handle
    listed = ask("package/version/list", {"packageId": package.id})["packageVersions"]
    assert [v["id"] for v in listed] == [version.id]
    value = ask("file/create", {"type": "value", "value": "typed"})["file"]
    assert place.post("file/raw", {"id": value["id"]}, workspace=here).content == b"typed"
    file = ask("file/create", {"type": "blocks", "blocks": [{"text": "x"}]})["file"]
    assert ask("file/clear", {"id": file["id"]})["file"]["blocks"] == []


run("core")
