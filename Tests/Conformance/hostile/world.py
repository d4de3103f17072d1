"""A server of one's own, its snapshots taken apart, a tenant in which something of everything is under way, and a
request for each operation that the server says it has."""

import gzip
import http.client
import io
import json
import tarfile

from common import Server
from traffic import KNOWN, tar_gz


class World(Server):
    """Whatever is asked of it may go wrong: the process may be gone, and an answer may never end."""

    def call(self, method, path, content=None, timeout=5.0, fields=None, whole=True):
        """Status and content; status 0 where no answer came in time. Without `whole` a content without a known length
        is left unread: it may be one that never ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        if isinstance(content, (dict, list)):
            content = json.dumps(content)
        try:
            connection.request(method, path, content, {**self.KEYS, **(fields or {})})
            response = connection.getresponse()
            return response.status, response.read() if whole or response.length is not None else b""
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, repr(error).encode()
        finally:
            connection.close()

    def control(self, method, path, content=None, **more):
        return self.call(method, "/_wavetank" + path, content, **more)

    def data(self, method, path, content=None, **more):
        """The answer's JSON; empty where there is none."""
        try:
            return json.loads(self.call(method, path, content, **more)[1])
        except ValueError:
            return {}


def unpack(archive):
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return [(entry.name, tar.extractfile(entry).read()) for entry in tar if entry.isfile()]


def pack(parts):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in parts:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), 1)


# ---------------------------------------------------------------------- a busy tenant
BASH = {"source": {"type": "CODE", "language": "BASH"}, "guardrails": {"retry_count": 2, "retry_wait": "5m"}}
BUSY = {
    "wavetank": 1, "seed": 5, "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"}, "variables": {"n": 1},
    "given": {
        "scramjet": {
            "hubs": ["sth-0", {"id": "sth-1", "load": {"avgLoad": 1}}], "topics": ["news"],
            "store": [{"package": {"name": "echo", "version": "1.0.0"}}],
            "sequences": [{"id": "s", "package": {"name": "tick", "version": "1.0.0"}}],
            "instances": [{"sequence": "s", "id": "i", "args": [1, "a"], "outputTopic": "out"},
                          {"sequence": "s", "id": "j", "inputTopic": "news",
                           "appConfig": {"emulator": {"behaviour": "slow", "delay": 5000}}}],
            "settings": {"retention": "1m", "storeLimit": "1MB"}},
        "shipyard": {"orgs": [{
            "id": KNOWN["org"][0], "name": "Labs", "projects": [{
                "id": KNOWN["project"][0], "name": "ETL", "timezone": "Europe/Berlin", "fleets": [{
                    "_id": KNOWN["fleet"][0], "name": "Nightly", "vessels": {"A": BASH, "B": BASH, "C": BASH},
                    "connections": {"A": {"B": "SUCCESS", "C": "ERRORED"}},
                    "triggers": {"schedules": [{"how_often": "DAILY", "at": "2:05"}, {
                        "how_often": "MONTHLY", "at": "2:00", "when": 31}]},
                    "webhook": {"id": KNOWN["webhook"][0], "token": KNOWN["token"][0]}}]}]}]},
        "steamship": {"packages": [{"handle": "hello-world", "versions": ["1.0"], "methods": [
            {"path": "greet", "text": "Hello", "delay": "2s"}]}]}},
    "behaviors": {
        "scramjet": [{"when": {"sequence": "tick"}, "program": [
            {"on": "start", "do": [{"repeat": 30, "do": [{"write": "{n}\n"}, {"sleep": "20m"}]}]},
            {"on": "line", "do": [{"write": "{n1} {length}\n"}, "digest"]},
            {"on": "every", "every": "10m", "count": 50, "do": {"emit": "tick", "message": {"a": 1}}},
            {"on": "event", "event": "tick", "do": [{"log": "l"}, {"each": ["a", "b"], "to": "topic:news"}]}]}],
        "shipyard": [{"when": {"vessel": "A"}, "attempts": [{"exit": 1, "for": "3m"}, {"exit": 0, "for": "1h"}]}],
        "steamship": [{"when": {"operation": "steamship.task.noop"}, "timeline": [
            {"state": "waiting", "for": "3h"}, {"state": "running", "polls": 3}, {"state": "succeeded"}]}]},
    "rules": [
        {"name": "sliding", "match": {"operation": "steamship.task.list"}, "continue": True,
         "limit": {"requests": 3, "window": "720000h"}},
        {"name": "fixed", "match": {"operation": "scramjet.hub.version"},
         "limit": {"requests": 3, "window": "1h", "kind": "fixed", "per": "credential"}},
        {"name": "counted", "match": {"service": "steamship"}, "every": 3, "skip": 1, "continue": True,
         "set": {"n": {"add": 1}}},
        {"name": "steps", "match": {"operation": "shipyard.organization.list"}, "sequence": [
            {"pass": True}, {"error": 503, "times": 2}], "end": "loop"}]}


def steamship(server, path, body=None, **fields):
    answer = server.data("POST", "/api/v1/" + path, body or {}, fields=fields)
    return answer.get("data") or answer.get("status") or {}


def busy(server):
    """Fills the default tenant; gives what path parameters and fields may be called there."""
    status, answer = server.control("PUT", "/scenario", BUSY)
    if status != 200:
        raise SystemExit(f"FAIL the busy world's scenario is good: {answer.decode()}")
    known = {name: list(values) for name, values in KNOWN.items()}
    known["id"] += ["s", "i", "j", "news"]
    known["name"] += ["tick", "news"]
    known["topic"] = ["news", "out"]
    ids = {}

    def keep(key, value):
        if value:
            ids[key] = value
            known["id"].append(value)

    package = steamship(server, "package/get", {"handle": "hello-world"}).get("package", {})
    keep("packageId", package.get("id"))
    instance = steamship(server, "package/instance/create", {"packageHandle": "hello-world", "handle": "hello"})
    keep("packageInstanceId", instance.get("packageInstance", {}).get("id"))
    plugin = steamship(server, "plugin/instance/create", {"pluginHandle": "markdown-blockifier-default", "handle": "md"})
    keep("pluginInstanceId", plugin.get("pluginInstance", {}).get("id"))
    known["instance"] = ["hello", "i", "j"]
    tag = {"kind": "k", "name": "n", "value": {"a": 1}, "startIdx": 0, "endIdx": 3}
    made = steamship(server, "file/create", {"handle": "f", "tags": [{"kind": "t"}],
                                             "blocks": [{"text": "one two", "tags": [tag]}, {"text": "three"}]})
    file = made.get("file", {})
    keep("fileId", file.get("id"))
    for block in file.get("blocks", [])[:1]:
        keep("blockId", block.get("id"))
        for one in block.get("tags", []):
            keep("tagId", one.get("id"))
    stream = steamship(server, "block/create", {"fileId": ids.get("fileId"), "streaming": True})
    keep("streamId", stream.get("block", {}).get("id"))
    steamship(server, "embedding-index/create", {"handle": "x", "pluginInstance": "md"})
    for _ in range(3):
        task = server.data("POST", "/api/v1/task/noop", {}, fields={"x-task-background": "true"}).get("status", {})
        keep("taskId", task.get("taskId"))
    steamship(server, "task/comment/create", {"taskId": ids.get("taskId"), "metadata": "{}"})
    server.call("POST", "/apps/default/hello/greet", {"name": "x"}, fields={"x-task-background": "true"})
    server.call("POST", "/" + KNOWN["webhook"][0] + "/" + KNOWN["token"][0], {"a": 1})
    fleet = f"/orgs/{KNOWN['org'][0]}/projects/{KNOWN['project'][0]}/fleets/{KNOWN['fleet'][0]}"
    run = server.data("POST", fleet + "/fleetruns", {})
    keep("runId", run.get("data", {}).get("fleet_run_id"))
    known["run"] = [ids["runId"]] if "runId" in ids else []
    lines = {"content-type": "application/x-ndjson"}
    server.call("POST", "/api/v1/topic/news", '{"a": 1}\n{"a": 2}\n', timeout=0.3, fields=lines)
    server.call("POST", "/api/v1/topic/quiet", '{"a": 1}\n', timeout=0.3, fields=lines)
    server.control("POST", "/clock/advance", {"by": "4h"}, timeout=20)
    # What a snapshot takes of a tenant is also what has been asked of its rules.
    for _ in range(2):
        server.call("POST", "/api/v1/task/list", {})
        server.call("GET", "/api/v1/version")
    return known, ids


# ---------------------------------------------------------------------- a request for each operation
def filled(value, ids, name=""):
    """An example with the ids that are there in the place of made-up ones."""
    if isinstance(value, dict):
        return {key: filled(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids, name) for inner in value]
    return ids.get(name, value)


class Call:
    def __init__(self, name, method, path, content, kind):
        self.name, self.method, self.path, self.content, self.kind = name, method, path, content, kind

    def send(self, server, content=None, timeout=0.3):
        body = self.content if content is None else content
        return server.call(self.method, self.path, body, timeout=timeout, whole=False,
                           fields={"content-type": self.kind} if self.kind else None)


def operations(server, known, ids, chance):
    """By the documents that the server gives of itself."""
    calls = []
    for service in ("steamship", "scramjet", "shipyard"):
        document = server.data("GET", f"/_wavetank/openapi/{service}.json")
        for path, methods in document.get("paths", {}).items():
            for method, operation in methods.items():
                if method not in ("get", "head", "post", "put", "patch", "delete"):
                    continue
                target = path
                while "{" in target:
                    start, end = target.index("{"), target.index("}")
                    name = target[start + 1:end].rstrip("…*+.")
                    target = target[:start] + chance.choice(known.get(name) or known["id"]) + target[end + 1:]
                content = kind = None
                for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                    content = filled(body.get("example"), ids)
                    break
                if content is not None and kind != "application/json" and not isinstance(content, str):
                    content = json.dumps(content)
                calls.append(Call(operation.get("operationId", path), method.upper(), target, content, kind))
    return calls


def package(emulator):
    manifest = {"name": "made", "version": "1.0.0", "main": "i.js", "engines": {"node": ">=16"}, "emulator": emulator}
    return tar_gz([("package.json", json.dumps(manifest).encode(), tarfile.REGTYPE, ""),
                   ("i.js", b"module.exports = 1", tarfile.REGTYPE, "")])
