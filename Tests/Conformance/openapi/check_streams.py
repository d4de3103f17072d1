"""What does not end by itself: each such operation of the documents is asked once, and its head is
compared with what the document says."""

import contextlib
import http.client
import json
import threading
import urllib.parse
import urllib.request

import scramjet_world
from documents import URL, document, fail, finish, is_streaming, ok, operations

PLACE = urllib.parse.urlsplit(URL)
TENANT = "streams"


# What an operation has to be asked with.
QUERIES = {"wavetank.tap.get": "?topic=docked"}


def head(method: str, path: str, content: bytes | None, headers: dict) -> tuple[int, str | None]:
    """Status and content type; the connection is closed without waiting for an end."""
    connection = http.client.HTTPConnection(PLACE.hostname, PLACE.port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, f"/_t/{TENANT}{path}", content, headers)
        reply = connection.getresponse()
        return reply.status, reply.headers["content-type"]


def check(method: str, path: str, operation: dict, values: dict, headers: dict) -> None:
    """Both what it is for and, with an id that nothing has, its refusal."""
    name = operation["operationId"]
    content = None
    if "requestBody" in operation:
        kind, media = next(iter(operation["requestBody"]["content"].items()))
        is_json = kind == "application/json"
        content = json.dumps(media["example"]).encode() if is_json else b'"ahoy"\n'
        headers = {**headers, "Content-Type": kind}
    for wanted, given in (("2", values), ("4", {**values, "id": "nobody"})):
        if wanted == "4" and "{id}" not in path:
            continue
        filled = path
        for key, value in given.items():
            filled = filled.replace("{" + key + "}", urllib.parse.quote(value, safe=""))
        filled += QUERIES.get(name, "")
        try:
            status, kind = head(method.upper(), filled, content, headers)
        except OSError as error:
            fail(f"{name} answers", f"{method} {filled}: {error}")
            continue
        documented = operation["responses"].get(str(status))
        types = list((documented or {}).get("content", {}))
        if documented is None or not str(status).startswith(wanted):
            fail(f"{name}: {wanted}xx as documented", f"{method} {filled}: {status}")
        elif types and (kind or "").split(";")[0] not in types:
            fail(f"{name}: content type of {status}", f"{kind}, documented: {types}")
        else:
            ok(f"{name}: {status} as documented")


def emit_events(base: str, instance: str, over: threading.Event) -> None:
    """Something to wait for, until all is checked."""
    while not over.wait(0.1):
        scramjet_world.send(base, "POST", f"/instance/{instance}/_event", json.dumps(
            [5001, {"eventName": "ring", "message": 1}]).encode())


def scramjet(base: str) -> tuple[dict, dict]:
    sequence = scramjet_world.send(
        base, "POST", "/sequence", scramjet_world.package(scramjet_world.BELL),
        "application/octet-stream")["id"]
    instance = scramjet_world.send(base, "POST", f"/sequence/{sequence}/start")["id"]
    return {"space": "demo", "id": instance, "name": "docked"}, scramjet_world.HEADERS


def control(base: str) -> tuple[dict, dict]:
    scramjet_world.send(base, "POST", "/topic/docked", b'"ahoy"\n', "application/x-ndjson")
    return {"service": "scramjet"}, {}


def steamship(base: str) -> tuple[dict, dict]:
    headers = {"Authorization": "Bearer demo-key"}
    request = urllib.request.Request(
        f"{base}/api/v1/file/create", b'{"type": "blocks", "blocks": [{"text": "Ahoy"}]}', headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return {"id": json.load(reply)["data"]["file"]["id"]}, headers


BASE = f"{URL}/_t/{TENANT}"
over = threading.Event()
for service, prepare in (("scramjet", scramjet), ("steamship", steamship),
                         ("wavetank", control)):
    values, headers = prepare(BASE)
    ringing = None
    if service == "scramjet":
        ringing = threading.Thread(target=emit_events, args=(BASE, values["id"], over))
        ringing.start()
    for method, path, operation in operations(document(service, TENANT)):
        if is_streaming(operation):
            check(method, path, operation, values, headers)
    if ringing:
        over.set()
        ringing.join()

finish()
