"""What every endpoint does with bad input: a failed status, the HTTP code, and nothing changed."""

import time

import requests
from steamship import Block, File, Tag
from steamship.data.package.package import Package

from support import archive, check, failed, run

# Operation, fields that are right, and then (field, bad value, status) each on its own.
# REMOVE takes the field away. "$x" stands for something of the world below.
REMOVE = object()
OTHER = "00000000-0000-4000-8000-000000000000"
TABLE = [
    ("workspace/create", {"handle": "w"}, [("handle", 3, 400), ("fetchIfExists", "yes", 400),
                                           ("handle", "a/b", 400), ("handle", "default", 409),
                                           ("handle", "x" * 300, 400)]),
    ("workspace/get", {"id": "$workspace"}, [("id", OTHER, 404), ("id", 5, 400),
                                             ("id", "$foreign_workspace", 404),
                                             ("handle", "not-its-handle", 404)]),
    ("workspace/update", {"id": "$workspace"}, [("id", OTHER, 404), ("handle", "demo", 409),
                                                ("id", REMOVE, 400)]),
    ("workspace/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400), ("id", [], 400),
                                         ("id", "$foreign_workspace", 404)]),
    ("workspace/list", {}, [("pageSize", 0, 400), ("pageSize", "x", 400), ("pageSize", 1.5, 400),
                            ("sortOrder", "UP", 400), ("pageToken", 4, 400)]),
    ("workspace/createSignedUrl", {"bucket": "userData", "filepath": "f", "operation": "Read"},
     [("bucket", "cellar", 400), ("operation", "Burn", 400), ("filepath", "", 400),
      ("filepath", REMOVE, 400), ("expiresInMinutes", -1, 400), ("bucket", REMOVE, 400)]),
    ("package/create", {"handle": "new-one"}, [
        ("handle", {}, 400), ("isPublic", 1, 400), ("profile", "text", 400),
        ("handle", "$package_handle", 409), ("handle", "hello-world", 409)]),
    ("package/get", {"id": "$package"}, [("id", OTHER, 404), ("id", REMOVE, 400),
                                         ("id", "$foreign_package", 404)]),
    ("package/update", {"id": "$package"}, [("id", OTHER, 404), ("handle", "hello-world", 409),
                                            ("description", 3, 400)]),
    ("package/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", "$hello", 403)]),
    ("package/list", {}, [("pageSize", -3, 400)]),
    ("package/version/get", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("package/version/list", {"packageId": "$package"}, [("packageId", OTHER, 404),
                                                         ("packageId", REMOVE, 400)]),
    ("package/version/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("package/version/create", {"packageId": "$package"}, [("packageId", OTHER, 404),
                                                           ("packageId", "$package", 400)]),
    ("package/instance/create", {"packageHandle": "hello-world", "handle": "hw"}, [
        ("packageHandle", "nothing", 404), ("packageHandle", REMOVE, 400), ("handle", 4, 400),
        ("config", "x", 400), ("packageVersionHandle", "9.9", 404),
        ("packageVersionId", OTHER, 404), ("workspaceId", OTHER, 404),
        ("localDevelopmentURL", "file:///etc", 400), ("packageId", "$package", 404)]),
    ("package/instance/get", {"handle": "$instance_handle"}, [
        ("handle", "nobody", 404), ("handle", REMOVE, 400), ("id", OTHER, 404)]),
    ("package/instance/list", {}, [("pageSize", 0, 400), ("acrossWorkspaces", "all", 400)]),
    ("package/instance/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("package/instance/invoke", {"instanceHandle": "nobody"}, [
        ("instanceHandle", "nobody", 404), ("instanceHandle", REMOVE, 400),
        ("instanceHandle", "$instance_handle", 400)]),
    ("task/status", {"taskId": "$task"}, [("taskId", OTHER, 404), ("taskId", REMOVE, 400),
                                          ("taskId", 3, 400), ("taskId", "$foreign_task", 404)]),
    ("task/get", {"id": "$task"}, [("id", OTHER, 404), ("id", REMOVE, 400),
                                   ("id", "$foreign_task", 404)]),
    ("task/update", {"taskId": "$task"}, [
        ("taskId", OTHER, 404), ("state", "sleeping", 400), ("statusMessage", 3, 400),
        ("remoteStatusInput", "text", 400), ("retries", "x", 400), ("maxRetries", {}, 400),
        ("assignedWorker", [1], 400), ("remoteStatusMessage", 5, 400)]),
    ("task/list", {}, [("state", "sleeping", 400), ("workspaceId", OTHER, 404)]),
    ("task/comment/create", {"taskId": "$task"}, [
        ("taskId", OTHER, 404), ("externalId", 3, 400), ("metadata", 3, 400)]),
    ("task/comment/list", {}, [("taskId", OTHER, 404), ("pageSize", 0, 400)]),
    ("task/comment/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("file/create", {"type": "blocks"}, [
        ("type", "magic", 400), ("type", "file", 400), ("blocks", "text", 400),
        ("blocks", [3], 400), ("blocks", [{"text": 3}], 400), ("tags", [{"name": "n"}], 400),
        ("tags", [{"kind": "k", "startIdx": 3, "endIdx": 1}], 400), ("publicData", "x", 400),
        ("handle", "$file_handle", 409), ("type", "fileImporter", 400), ("type", "value", 400),
        ("tags", [{"kind": "k", "value": "text"}], 400)]),
    ("file/get", {"id": "$file"}, [("id", OTHER, 404), ("id", REMOVE, 400), ("handle", "no", 404),
                                   ("id", "$foreign_file", 404)]),
    ("file/update", {"id": "$file"}, [("id", OTHER, 404), ("publicData", "maybe", 400)]),
    ("file/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", "$foreign_file", 404)]),
    ("file/clear", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("file/list", {}, [("pageSize", 0, 400)]),
    ("file/query", {"tagFilterQuery": "all"}, [("tagFilterQuery", "alles", 400),
                                               ("tagFilterQuery", REMOVE, 400)]),
    ("file/import", {"id": "$file"}, [("id", OTHER, 404), ("pluginInstance", "nobody", 404)]),
    ("file/raw", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400), ("id", "$file", 404),
                                 ("id", "$foreign_file", 404)]),
    ("block/create", {"fileId": "$file", "text": "x"}, [
        ("fileId", OTHER, 404), ("fileId", REMOVE, 400), ("text", 4, 400), ("tags", {}, 400),
        ("uploadType", "carrier pigeon", 400), ("uploadType", "file", 400),
        ("uploadType", "url", 400), ("fileId", "$foreign_file", 404)]),
    ("block/get", {"id": "$block"}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("block/update", {"id": "$block"}, [("id", OTHER, 404), ("publicData", [], 400)]),
    ("block/delete", {"id": OTHER}, [("id", OTHER, 404)]),
    ("block/query", {"tagFilterQuery": "all"}, [("tagFilterQuery", "kind", 400)]),
    ("block/raw", {"id": OTHER}, [("id", OTHER, 404), ("id", 7, 400)]),
    (f"block/{OTHER}/finishStream", {}, [("x", 1, 404)]),
    (f"block/{OTHER}/abortStream", {}, [("x", 1, 404)]),
    (f"block/{OTHER}/appendStream", {}, [("x", 1, 404)]),
    ("tag/create", {"fileId": "$file", "kind": "k"}, [
        ("fileId", OTHER, 404), ("kind", REMOVE, 400), ("kind", 3, 400), ("value", 5, 400),
        ("blockId", OTHER, 404), ("startIdx", -1, 400), ("fileId", REMOVE, 400)]),
    ("tag/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", REMOVE, 400)]),
    ("tag/query", {"tagFilterQuery": "all"}, [("tagFilterQuery", "(", 400)]),
    ("plugin/create", {"type": "tagger"}, [("type", REMOVE, 400), ("handle", "gpt-4", 409),
                                           ("trainingPlatform", "moon", 400)]),
    ("plugin/get", {"handle": "gpt-4"}, [("handle", "nothing", 404), ("handle", REMOVE, 400)]),
    ("plugin/list", {}, [("pageSize", 0, 400), ("type", 3, 400)]),
    ("plugin/update", {"id": OTHER}, [("id", OTHER, 404)]),
    ("plugin/delete", {"id": OTHER}, [("id", OTHER, 404), ("id", "$gpt", 403)]),
    ("plugin/version/create", {"pluginId": OTHER}, [("pluginId", OTHER, 404)]),
    ("plugin/version/public", {"pluginId": "$gpt"}, [("pluginId", OTHER, 404)]),
    ("plugin/version/private", {"pluginId": "$gpt"}, [("pluginId", OTHER, 404)]),
    ("plugin/version/delete", {"id": OTHER}, [("id", OTHER, 404)]),
    ("plugin/instance/create", {"pluginHandle": "gpt-4"}, [("pluginHandle", "none", 404),
                                                           ("config", 3, 400)]),
    ("plugin/instance/get", {"handle": "gpt-4-1.0"}, [("handle", "gpt-4-9.9", 404)]),
    ("plugin/instance/delete", {"id": OTHER}, [("id", OTHER, 404)]),
    ("plugin/instance/tag", {"pluginInstance": "test-tagger-1.0", "id": "$file"}, [
        ("pluginInstance", "nobody", 404)]),
    ("plugin/instance/blockify", {"pluginInstance": "markdown-blockifier-default-1.0"}, [
        ("pluginInstance", "nobody", 404)]),
    ("plugin/instance/generate", {"pluginInstance": "test-generator-1.0", "text": "x"}, [
        ("text", REMOVE, 400), ("pluginInstance", "nobody", 404), ("outputFileId", OTHER, 400),
        ("inputFileId", OTHER, 400), ("blockQuery", "all", 400), ("streaming", True, 400),
        ("options", 3, 400), ("pluginInstance", "test-tagger-1.0", 400)]),
    ("plugin/instance/train", {"pluginInstance": "test-tagger-1.0"}, [
        ("pluginInstance", "nobody", 404)]),
    ("plugin/instance/getTrainingParameters", {"pluginInstance": "test-tagger-1.0"}, [
        ("trainingEpochs", 0, 400), ("trainingParams", "x", 400),
        ("testingHoldoutPercent", 200, 400)]),
    ("plugin/instance/embeddingSearch", {"pluginInstance": "test-embedder-1.0", "query": "x"}, [
        ("docs", "x", 400), ("docs", [3], 400), ("k", 0, 400), ("query", REMOVE, 400)]),
    ("embedding-index/create", {"pluginInstance": "test-embedder-1.0"}, [
        ("pluginInstance", REMOVE, 400), ("pluginInstance", "nobody", 404)]),
    ("embedding-index/delete", {"id": OTHER}, [("id", OTHER, 404)]),
    ("embedding-index/item/create", {"indexId": "$index", "value": "v"}, [
        ("indexId", OTHER, 404), ("value", REMOVE, 400), ("items", [{"x": 1}], 400),
        ("fileId", OTHER, 404), ("value", "a [remaining arguments] b", 400)]),
    ("embedding-index/item/list", {"id": "$index"}, [("id", OTHER, 404), ("pageSize", 0, 400)]),
    ("embedding-index/embed", {"id": "$index"}, [("id", OTHER, 404)]),
    ("embedding-index/search", {"id": "$index", "query": "q"}, [
        ("id", OTHER, 404), ("query", REMOVE, 400), ("k", -1, 400), ("queries", [1], 400)]),
    ("logs/list", {}, [("from", -1, 400), ("size", "x", 400), ("fieldValues", 3, 400)]),
]


def world(place):
    """Things to name, some of them somebody else's."""
    if hasattr(place, "names"):
        return place.names
    client = place.client("bad-input")
    other = place.client(key=place.key + ".other")
    file = File.create(client, handle="held", blocks=[Block(text="b", tags=[Tag(kind="t")])])
    instance = client.use("hello-world", "held-instance")
    package = Package.create(client, handle=f"held-{place.tenant}")
    index = place.post("embedding-index/create", {"pluginInstance": "test-embedder-1.0"},
                       workspace=client.config.workspace_id).json()["data"]["index"]["id"]
    place.anchor = client.config.workspace_id
    place.names = {
        "$workspace": client.config.workspace_id, "$file": file.id, "$file_handle": "held",
        "$block": file.blocks[0].id, "$package": package.id, "$package_handle": package.handle,
        "$instance_handle": instance.handle, "$hello": instance.package_id, "$index": index,
        "$task": client.post("task/noop", {}, as_background_task=True).task_id,
        "$gpt": place.post("plugin/get", {"handle": "gpt-4"}).json()["data"]["plugin"]["id"],
        "$foreign_workspace": other.config.workspace_id,
        "$foreign_file": File.create(other).id,
        "$foreign_package": Package.create(other).id,
        "$foreign_task": other.post("task/noop", {}, as_background_task=True).task_id,
    }
    # Whatever a refused call may make by itself (a built-in instance) is there already.
    for name in ("test-generator-1.0", "test-tagger-1.0", "markdown-blockifier-default-1.0"):
        place.post("plugin/instance/get", {"handle": name}, workspace=place.anchor)
    return place.names


def state(place):
    answer = place.control("GET", "state/steamship")
    assert answer.ok and answer.json()["users"], answer.text
    return answer.json()


def substituted(place, value):
    names = world(place)
    return names.get(value, value) if isinstance(value, str) else value


@check
def every_bad_field_is_refused_and_changes_nothing(place):
    world(place)
    place.control("PUT", "clock", {"mode": "manual"})
    before, wrong = state(place), []
    for operation, right, cases in TABLE:
        for field, value, status in cases:
            body = {k: substituted(place, v) for k, v in right.items()}
            if value is REMOVE:
                body.pop(field, None)
            else:
                body[field] = substituted(place, value)
            answer = place.post(operation, body, workspace=place.anchor)
            try:
                failed(answer, status)
            except AssertionError as error:
                wrong.append(f"{operation} {field}={value!r}: {error}")
        after = state(place)
        if after != before:
            wrong.append(f"{operation} changed the world")
            before = after
    place.control("PUT", "clock", {"mode": "real"})
    assert not wrong, f"{len(wrong)} wrong: " + " | ".join(wrong)


@check
def every_operation_asks_for_a_key_and_for_an_object(place):
    tenant = {"X-Wavetank-Tenant": place.tenant}
    wrong = []
    for operation, right, _ in TABLE:
        answer = requests.post(place.api + operation, json={}, headers=tenant)
        if answer.status_code != 401:
            wrong.append(f"{operation} without a key: {answer.status_code}")
        if "appendStream" in operation or "finishStream" in operation or "abortStream" in operation:
            continue
        for content in (b"[]", b"3", b'"x"', b"{", b"\xff", b"{}x", b"nul"):
            answer = place.post(operation, data=content,
                                headers={"Content-Type": "application/json"})
            if answer.status_code != 400:
                wrong.append(f"{operation} with {content!r}: {answer.status_code}")
    assert not wrong, wrong


@check
def a_deleted_workspace_fails_everything_else(place):
    client = place.client("doomed")
    doomed = client.config.workspace_id
    place.post("workspace/delete", {"id": doomed})
    for operation in ("file/list", "file/create", "tag/query", "package/instance/list",
                      "plugin/instance/get", "task/list", "embedding-index/create", "package/list",
                      "plugin/get", "logs/list", "task/noop", "task/comment/list"):
        body = {"tagFilterQuery": "all", "handle": "x", "pluginInstance": "test-embedder-1.0",
                "type": "none"}
        failed(place.post(operation, body, workspace=doomed), 404, "workspace")
    assert place.post("workspace/list", workspace=doomed).ok
    assert requests.get(place.api + "account/current", headers={
        "Authorization": f"Bearer {place.key}", "X-Workspace-Id": doomed}).ok


def form(*parts, boundary=b"q1", end=True):
    lines = b""
    for name, content in parts:
        lines += (b"--" + boundary + b"\r\nContent-Disposition: form-data; name=\"" + name
                  + b"\"; filename=\"" + name + b"\"\r\n\r\n" + content + b"\r\n")
    return lines + (b"--" + boundary + b"--\r\n" if end else b"")


@check
def broken_forms_are_refused_and_keep_nothing(place):
    def kept():
        # Tasks of other checks may be under way: time alone moves them on.
        seen = state(place)
        return {**seen, "tasks": [task["id"] for task in seen["tasks"]]}

    world(place)
    before = kept()
    package = place.names["$package"].encode()
    good = [(b"packageId", package), (b"file", archive())]
    kind = "multipart/form-data; boundary=q1"
    cases = [
        ("no boundary", "multipart/form-data", form(*good)),
        ("cut off", kind, form(*good)[:-40]),
        ("no end", kind, form(*good, end=False)),
        ("no file", kind, form((b"packageId", package))),
        ("two files", kind, form(*good, (b"file", b"again"))),
        ("no package", kind, form((b"file", archive()))),
        ("unknown package", kind, form((b"packageId", b"NOPE"), (b"file", archive()))),
        ("bad template", kind, form(*good, (b"configTemplate", b"{"))),
        ("template of a wrong kind", kind, form(*good, (b"configTemplate", b'{"a": 3}'))),
        ("template of an unknown type", kind,
         form(*good, (b"configTemplate", b'{"a": {"type": "colour"}}'))),
        ("conflicting names", kind, form(*good, (b"a", b"1"), (b"a[b]", b"2"))),
        ("not a form", kind, b"hello"),
        ("empty", kind, b""),
    ]
    for name, type_, content in cases:
        answer = place.post("package/version/create", data=content,
                            headers={"Content-Type": type_})
        assert answer.status_code in (400, 404), f"{name}: {answer.status_code} {answer.text}"
        assert answer.json()["status"]["state"] == "failed", name
    assert kept() == before
    answer = place.post("package/version/create", data=form(*good),
                        headers={"Content-Type": kind})
    assert answer.json()["status"]["state"] == "succeeded", answer.text


@check
def odd_background_fields_are_refused(place):
    for headers in ({"X-Task-Background": "perhaps"},
                    {"X-Task-Background": "true", "X-Task-Run-After": "tomorrow"}):
        failed(place.post("task/noop", headers=headers), 400)
    failed(place.post("task/noop", headers={
        "X-Task-Background": "true", "X-Task-Dependency": OTHER}), 404)
    assert "data" in place.post("task/noop", headers={"X-Task-Background": "false"}).json()


@check
def unknown_operations_and_methods_are_told(place):
    key = {"Authorization": f"Bearer {place.key}"}
    failed(place.post("workspace/crate"), 404)
    failed(requests.get(place.api + "workspace/create", headers=key), 405)
    failed(requests.post(f"{place.app}default/nobody/greet", json={}, headers=key), 404)


@check
def explicit_nulls_and_unknown_fields_mean_nothing(place):
    made = place.post("file/create", {
        "type": "none", "handle": None, "blocks": None, "tags": None, "publicData": None,
        "mimeType": None, "colour": "red"})
    assert made.json()["data"]["file"]["handle"]
    assert "id" in place.post("workspace/get", {"id": None, "handle": None}).json()[
        "data"]["workspace"]


@check
def objects_with_a_hundred_thousand_members_cost_no_more_than_their_bytes(place):
    many = {f"k{n}": n for n in range(100_000)}
    started = time.monotonic()
    instance = {"packageHandle": "hello-world", "handle": "laden", "config": many}
    made = place.post("package/instance/create", instance).json()["data"]["packageInstance"]
    again = place.post("package/instance/create", {**instance, "fetchIfExists": True})
    assert again.json()["data"]["packageInstance"]["id"] == made["id"]
    failed(place.post("package/instance/create", {
        **instance, "fetchIfExists": True, "config": {**many, "k5": "other"}}), 409)
    tagged = place.post("file/create", {"type": "none", "tags": [{"kind": "laden", "value": many}]})
    assert tagged.json()["data"]["file"]["tags"][0]["value"] == many
    found = place.post("tag/query", {"tagFilterQuery": 'value("k99999") = 99999'}).json()["data"]["tags"]
    assert [tag["kind"] for tag in found] == ["laden"]
    # One look through all members for each of them would be ten seconds and more for each request.
    assert time.monotonic() - started < 15, f"{time.monotonic() - started:.1f} s"


@check
def questions_and_lists_without_measure_are_refused(place):
    made = []
    for part in range(3):
        kinds = [{"kind": f"k{n}"} for n in range(part * 20_000, (part + 1) * 20_000)]
        made.append(place.post("file/create", {"type": "none", "handle": f"many-tags-{part}", "tags": kinds}))
        assert made[-1].ok, made[-1].text[:200]
    relations = " or ".join(['samefile { value("z") exists }'] * 500)
    failed(place.post("tag/query", {"tagFilterQuery": relations}), 400, "more than 256 conditions")
    for name in ("blocks", "tags"):
        failed(place.post("file/create", {"type": "blocks", name: [{}] * 20_001}), 400, "20000")
    failed(place.post("tag/query", {"tagFilterQuery": 'kind "' + "x" * 70_000 + '"'}), 400)
    for file in made:
        place.post("file/delete", {"id": file.json()["data"]["file"]["id"]})


run("bad-input")
