"""The worlds in which every operation is measured, and what each is asked with: its document's example, with ids that exist."""
import json
import pathlib
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Conformance" / "openapi"))

import scramjet_world  # noqa: E402
import steamship_world  # noqa: E402

FIELDS = ["Authorization: Bearer demo-key", "X-Shipyard-API-Key: demo-key"]
ORGANIZATION = "11111111-1111-4111-8111-111111111111"
FLEETS = f"/orgs/{ORGANIZATION}/projects/22222222-2222-4222-8222-222222222222/fleets"
# What these do can be done once to each thing: they are asked once for each of many.
ENDING = (".delete", ".clear", ".finishStream", ".abortStream", ".stop", ".kill", ".remove")
OCTETS = "application/octet-stream"


# What uses up the world of the others.
WHOLE = ("steamship.file.clear", "scramjet.platform.stopSpace", "scramjet.store.clear", "wavetank.reset.post", "wavetank.scenario.put",
         "wavetank.snapshot.put", "wavetank.clock.put", "wavetank.emit.post", "wavetank.journal.clear")
MAKING = ("create", "import", "publish", "start", "train", "generate", "upsert", "put", "add", "update", "embed", "append")


def is_ending(operation):
    return operation not in WHOLE and operation.rstrip(".0123456789").endswith(ENDING)


def turn(operation):
    """Looks first, then what makes things, what ends each, what ends all."""
    if operation in WHOLE:
        return 3
    verb = operation.rstrip(".0123456789").rsplit(".", 1)[-1]
    return 2 if is_ending(operation) else 1 if any(word in verb for word in MAKING) else 0


def send(base, method, path, body=None, kind="application/json"):
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    fields = dict(field.split(": ", 1) for field in FIELDS)
    request = urllib.request.Request(base + path, content, {**fields, "Content-Type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read() or b"{}")


def steamship(base, pool):
    ids = steamship_world.fill(base, pool)
    call = steamship_world.post
    package = call(base, "package/create", {"handle": "greeter", "fetchIfExists": True})["package"]["id"]
    steamship_world.upload(base, "package/version/create", {"packageId": package, "handle": "1.0"})
    call(base, "package/instance/create", {"handle": "demo", "packageHandle": "greeter", "fetchIfExists": True})
    call(base, "file/create", {"handle": "logbook", "type": "blocks", "blocks": [
        {"text": f"Ahoy, harbor {n}.", "tags": [{"kind": "sentiment"}]} for n in range(20)]})
    ids["token"] = [call(base, "account/create_login_attempt", {})["token"]]
    for operation, key in (("Write", "writeURL"), ("Read", "readURL")):
        url = call(base, "workspace/createSignedUrl",
                   {"bucket": "exports", "filepath": "greet", "operation": operation})["signedUrl"]
        parts = urllib.parse.urlsplit(url)
        ids[key] = [f"{parts.path}?{parts.query}"]
        if operation == "Write":
            send(base, "PUT", ids[key][0], b"Ahoy", OCTETS)
    return ids


def scramjet(base, pool):
    ids = {"sequence": [], "instance": [], "name": [], "file": [], "idle": []}
    call, package = scramjet_world.send, scramjet_world.package()
    for number in range(pool):
        ids["idle"].append(call(base, "POST", "/sequence", package, OCTETS)["id"])
        topic = {"id": f"topic-{number}", "content-type": "application/x-ndjson"}
        ids["name"].append(call(base, "POST", "/topics", json.dumps(topic).encode())["id"])
        call(base, "PUT", f"/space/demo/api/v1/s3/item-{number}.tar.gz", package, OCTETS)
        ids["file"].append(f"item-{number}.tar.gz")
    echo = call(base, "POST", "/sequence", scramjet_world.package(scramjet_world.BELL), OCTETS)["id"]
    ids["sequence"].append(echo)
    for _ in range(min(pool, 200)):
        ids["instance"].append(call(base, "POST", f"/sequence/{echo}/start")["id"])
    return ids


def shipyard(base, pool):
    ids = {"blueprint": [send(base, "POST", f"/orgs/{ORGANIZATION}/blueprints", {"name": "Load", "pallet_type": 3})["data"]["id"]]}
    run = f"{FLEETS}/33333333-3333-4333-8333-333333333333/fleetruns"
    ids["run"] = [send(base, "POST", run, {})["data"]["fleet_run_id"] for _ in range(20)]
    return ids


def wavetank(base, pool):
    send(base, "GET", "/api/v1/version")
    rules = [{"name": f"slow-{n}", "match": {"operation": "shipyard.webhook.receive", "header": {"x-never": "1"}}, "error": 503}
             for n in range(pool)]
    for rule in rules:
        send(base, "POST", "/_wavetank/scenario/rules", rule)
    names = [f"tenant-{n}" for n in range(pool)]
    for name in names:
        send(f"{base}/_t/{name}", "GET", "/api/v1/version")
    with urllib.request.urlopen(f"{base}/_wavetank/snapshot", timeout=30) as reply:
        snapshot = reply.read()
    return {"rule": [rule["name"] for rule in rules], "tenant": names, "snapshot": [snapshot]}


WORLDS = {"steamship": steamship, "scramjet": scramjet, "shipyard": shipyard, "wavetank": wavetank}


def kind_of(name, operation):
    """What a parameter or member is the id of; None where the document's example stands."""
    service, *words = operation.split(".")
    if service == "steamship":
        return name if name == "token" else steamship_world.kind_of(name, operation) if name == "id" or name.endswith("Id") else None
    if service == "scramjet" and name == "id":
        return "idle" if operation == "scramjet.sequence.delete" else words[0]
    if service == "wavetank" and name == "name":
        return {"rules": "rule", "tenants": "tenant"}.get(words[0])
    return name


def body_of(operation, contents, ids):
    """The content and its type."""
    name = operation["operationId"]
    kind = next(iter(contents))
    example = contents[kind].get("example")
    if name.startswith("scramjet.") and kind == OCTETS and not name.endswith("publish"):
        return kind, scramjet_world.package()
    if name.endswith("version.create"):
        kind = "multipart/form-data"
        return f"{kind}; boundary=b", ids
    if name == "wavetank.snapshot.put":
        return kind, ids["snapshot"][0]
    if kind == "multipart/form-data":
        return f"{kind}; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nAhoy\r\n--b--\r\n'
    if kind in (OCTETS, "*/*") and example is None:
        return OCTETS, b"Ahoy"
    if isinstance(example, str) and kind != "application/json":
        return kind, example.encode()
    return kind, example


def version_form(kind, id, number):
    handle = f"1.{number + 1}"
    fields = {f"{kind}Id": id, "handle": handle}
    lines = [f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    lines.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.zip"\r\n\r\n' + steamship_world.archive() + b"\r\n--b--\r\n")
    return b"".join(lines)


def requests(method, path, operation, ids, count):
    """`count` raw requests of an operation, the n-th with the n-th id of each kind."""
    name, raw = operation["operationId"], []
    for number in range(count):
        def known(key, otherwise):
            found = ids.get(kind_of(key, name)) or [otherwise]
            return found[number % len(found)]

        target, fields = path, list(FIELDS)
        for parameter in operation.get("parameters", []):
            key, example = parameter["name"], parameter.get("example")
            if parameter["in"] == "path":
                target = target.replace("{" + key + "}", urllib.parse.quote(str(known(key, example)), safe=""))
        if name.startswith("steamship.signedUrl."):
            target = ids["writeURL" if name.endswith("write") else "readURL"][0]
        if name == "scramjet.platform.revokeKeys":
            fields.append("x-revoke: none")
        content = b""
        if "requestBody" in operation and method != "get":
            kind, content = body_of(operation, operation["requestBody"]["content"], ids)
            if content is ids:
                what = name.split(".")[1]
                content = version_form(what, ids[what][0], number)
            elif not isinstance(content, bytes):
                if isinstance(content, dict):
                    content = {key: known(key, value) if isinstance(value, str) else value for key, value in content.items()}
                    if name.split(".")[-2:] in (["tag", "create"], ["task", "get"]):
                        content |= {"fileId": ids["file"][0]} if "tag" in name else {"id": ids["task"][0]}
                    if name == "steamship.package.version.get":
                        content["packageHandle"] = "greeter"
                content = json.dumps(content).encode()
            fields += [f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
        head = f"{method.upper()} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        raw.append((head + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode() + content)
    return raw
