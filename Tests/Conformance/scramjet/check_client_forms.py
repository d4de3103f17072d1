"""The requests of the JavaScript clients and of `si`, as they stand on the wire, and the habits that
hang a server which waits for whole requests (contract §1.3, §6.2, §6.3)."""

import json

from common import check, finish
from support import HOST, PORT, Base, advance, control, eventually, manifest, package, same, section

TENANT = "forms"
PLATFORM = Base("/api/v1", TENANT, token="token")
SPACE = Base("/api/v1/space/demo/api/v1", TENANT, token="token")
HUB = Base("/api/v1/space/demo/api/v1/sth/sth-0/api/v1", TENANT, token="token")
ALONE = Base("/api/v1", TENANT)
archive = package(manifest("@scramjet/hello"))


def chunked(data):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def head(base, method, path, *fields):
    return "\r\n".join([f"{method} {base.path}{path} HTTP/1.1", f"Host: {HOST}:{PORT}",
                        "Authorization: Bearer token", *fields, "", ""]).encode()


def js(method, path, *fields, base=HUB, data=None):
    """A request of node-fetch; streams are chunked."""
    lines = ["Accept: */*", "User-Agent: node-fetch/1.0", "Accept-Encoding: gzip,deflate",
             "Connection: close", *fields]
    if data is None:
        return base.raw(head(base, method, path, *lines))
    return base.raw(head(base, method, path, *lines, "Transfer-Encoding: chunked") + chunked(data))


def parsed(connection):
    """Status, fields and JSON of an answer that ends with its connection."""
    top, _, body = connection.rest().partition(b"\r\n\r\n")
    while top.startswith(b"HTTP/1.1 100"):
        top, _, body = body.partition(b"\r\n\r\n")
    status = int(top.split()[1])
    fields = dict(line.decode().lower().split(": ", 1) for line in top.split(b"\r\n")[1:])
    if fields.get("transfer-encoding") == "chunked":
        whole, rest = b"", body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            whole, rest = whole + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        body = whole
    return status, fields, json.loads(body) if body else None


with section("JS: hub"):
    status, _, reply = parsed(js("POST", "/sequence", "content-type: application/octet-stream",
                                 data=archive))
    check("js: sendSequence", status == 200 and "id" in reply, reply)
    sequence = reply["id"]
    status, _, reply = parsed(js(
        "POST", f"/sequence/{sequence}/start", "content-type: application/json",
        data=json.dumps({"appConfig": {}, "args": ["a"], "limits": {}}).encode()))
    check("js: start", status == 200, reply)
    instance = reply["id"]
    for path in ("/version", "/load-check", "/status", "/config", "/sequences", "/instances",
                 "/topics", "/entities", f"/sequence/{sequence}", f"/sequence/{sequence}/instances",
                 f"/instance/{instance}", f"/instance/{instance}/health"):
        status, fields, reply = parsed(js("GET", path))
        check(f"js: GET {path.replace(sequence, 'S').replace(instance, 'I')} is JSON",
              status == 200 and reply is not None
              and fields["content-type"].startswith("application/json"), (status, fields, reply))
    for name in ("input", "stdin"):
        connection = js("POST", f"/instance/{instance}/{name}",
                        "content-type: application/octet-stream", "x-end-stream: true", data=b"js")
        check(f"js: sendStream {name}", connection.rest().startswith(b"HTTP/1.1 200 OK"))
    connection = HUB.raw(head(HUB, "GET", f"/instance/{instance}/output",
                              "Accept: */*", "content-type: application/octet-stream"))
    check("js: getStream output", connection.head().startswith("HTTP/1.1 200")
          and connection.until(b"0\r\n\r\n").endswith(b"Hello js!\r\n0\r\n\r\n"))
    status, _, reply = parsed(js(
        "POST", f"/instance/{instance}/_event", "content-type: application/json",
        data=b'[5001,{"eventName":"e","message":{"a":1}}]'))
    same("js: sendEvent", (status, reply), (200, {"accepted": "OK"}))
    connection = HUB.raw(head(HUB, "POST", "/topic/js", "Accept: */*", "expect: 100-continue",
                              "content-type: application/x-ndjson", "Transfer-Encoding: chunked")
                         + chunked(b'{"a":1}\n'))
    check("js: sendTopic sends its content without waiting for the 100",
          b"HTTP/1.1 202" in connection.until(b"\r\n\r\n{}"))
    connection = HUB.raw(head(HUB, "GET", "/topic/js", "content-type: application/x-ndjson"))
    connection.head()
    same("js: getTopic", connection.until(b"\n\r\n").split(b"\r\n")[1], b'{"a":1}\n')
    status, _, reply = parsed(js("DELETE", f"/sequence/{sequence}", "content-type: application/json"))
    same("js: a failed delete has JSON to parse", (status, reply),
         (409, {"error": "Can't remove- Sequence in use"}))
    status, _, reply = parsed(js("POST", "/sequence/none/start", "content-type: application/json",
                                 data=b"{}"))
    same("js: a failed start too", (status, reply), (404, {"error": "Not Found"}))

with section("JS: space, multi-manager, platform"):
    for path in ("/version", "/load", "/list", "/sequences", "/all_sequences", "/instances", "/topics",
                 "/entities", "/config", "/s3", "/health", "/sth/sth-0/info"):
        status, fields, reply = parsed(js("GET", path, base=SPACE))
        check(f"js: space GET {path}", status == 200 and reply is not None, (status, reply))
    for path in ("/log", "/audit", "/load-stream"):
        stream = SPACE.open(path)
        check(f"js: space stream {path}", stream.status == 200 and stream.line().endswith(b"}\n"))
        stream.close()
    status, _, reply = parsed(js("PUT", "/s3/js.tar.gz", "content-type: application/octet-stream",
                                 base=SPACE, data=archive))
    check("js: putStoreItem", status == 202 and reply["id"], reply)
    status, _, reply = parsed(js("DELETE", "/s3/js.tar.gz", "content-type: application/json",
                                 base=SPACE))
    same("js: deleteStoreItem", (status, reply), (202, {"id": "js.tar.gz"}))
    same("js: a space's topic", parsed(js(
        "POST", "/topic/spacetopic", "content-type: application/x-ndjson", base=SPACE,
        data=b"1\n"))[0], 202)
    status, _, reply = parsed(js("GET", "/spaces", base=PLATFORM))
    same("js: getManagers", (status, reply), (200, [{"id": "demo"}]))
    status, _, key = parsed(js("POST", "/space/demo/apikey", "content-type: application/json",
                               base=PLATFORM, data=b'{"description":"d"}'))
    check("js: createAccessKey", status == 200 and key["accessKey"], key)
    status, _, reply = parsed(js("GET", "/space/demo/apikey", base=PLATFORM))
    same("js: listAccessKeys", [item["description"] for item in reply["accessKeys"]], ["d"])
    status, _, reply = parsed(js("DELETE", "/space/demo/apikey", "content-type: application/json",
                                 f"x-revoke: {key['accessKey']}", base=PLATFORM))
    check("js: revokeAccessKey", status == 200 and "message" in reply, reply)
    status, _, reply = parsed(js("DELETE", "/space/demo/apikey", "content-type: application/json",
                                 "x-revoke: none", base=PLATFORM))
    same("js: revoke of none", status, 404)
    status, _, reply = parsed(js("DELETE", "/space/demo/apikey", "content-type: application/json",
                                 "x-revoke-all: true", base=PLATFORM))
    same("js: revokeAllAccessKeys", (status, reply["keysRevoked"]), (200, 0))
    same("multi-manager: list", ALONE.get("/list").json, [{"id": "demo"}])
    same("multi-manager: info", ALONE.get("/info").json["managersCount"], 1)
    reply = ALONE.post("/start", {"manager": {"id": "second"}})
    same("multi-manager: start", (reply.status, reply.json), (202, {"id": "second"}))
    same("multi-manager: twice", ALONE.post("/start", {"manager": {"id": "second"}}).json,
         {"error": "Manager with id second already exists."})
    same("multi-manager: its space", ALONE.get("/cpm/second/api/v1/list").json, [])
    same("multi-manager: stop", ALONE.post("/cpm/second/stop", {}).json, {"id": "second"})
    reply = ALONE.get("/cpm/second/api/v1/list")
    same("multi-manager: an unknown space", (reply.status, reply.body), (404, b""))
    for path in ("/version", "/load-check", "/load", "/health", "/cpm/demo/api/v1/version"):
        same(f"multi-manager: {path}", ALONE.get(path).status, 200)
    same("a hub's view of its space", ALONE.get("/cpm/api/v1/version").json["service"],
         "@scramjet/manager")
    same("also through a space", HUB.get("/cpm/api/v1/s3").status, 200)
    same("and from there to another hub",
         HUB.get("/cpm/api/v1/sth/sth-1/api/v1/version").json["service"], "@scramjet/host")

with section("hubs of a space"):
    reply = SPACE.get("/sth/none/api/v1/version")
    same("an unknown hub", (reply.status, reply.body), (404, b""))
    reply = SPACE.get("/nothing")
    same("a path that only preflights know", (reply.status, reply.body), (404, b""))
    check("info of an unknown hub", SPACE.get("/sth/none/info").json.get("error"))
    for body, status, error in (
            ({}, 400, "Received empty request body"), ({"id": "none"}, 404, "Couldn't find STH with a given ID"),
            ({"id": "sth-0"}, 400, "Unable to disconnect native hub"),
            ({"accessKey": "x"}, 404, "Couldn't find any STH connected with that Access Key")):
        reply = SPACE.post("/disconnect", body)
        same(f"disconnect {body}", (reply.status, reply.json), (status, {"error": error}))
    reply = SPACE.delete("/sth/sth-0")
    same("a native hub is not deleted", (reply.status, reply.json),
         (400, {"error": "Unable to delete native hub"}))
    _, lost = HUB.started("echo")
    stream = HUB.open(f"/instance/{lost}/output")
    reply = control("POST", "/emit", {"crashHub": "sth-0"}, TENANT)
    if check("a hub can be made to crash", reply.status < 300, reply):
        same("its streams end", stream.rest(), b"")
        reply = HUB.get("/version")
        same("a hub that is away", (reply.status, reply.body), (503, b""))
        listed = SPACE.get("/list").json
        same("it stands last in the list, without health",
             [(hub["id"], hub["healthy"]) for hub in listed], [("sth-1", True), ("sth-0", False)])
        control("POST", "/emit", {"recoverHub": "sth-0"}, TENANT)
        same("it comes back", HUB.get("/version").status, 200)
        same("without its instances", HUB.get("/instances").json, [])
        check("but with its sequences", len(HUB.get("/sequences").json) >= 1)

with section("si"):
    same("si: development", ALONE.get("/version").status, 200)
    same("si: lists compare with []", ALONE.get("/instances").json, [])
    reply = SPACE.get("/list")
    check("si: the first healthy hub", reply.json[0]["healthy"] and not reply.json[0]["selfHosted"])
    control("PUT", "/clock", {"mode": "manual"}, TENANT)
    _, running = HUB.started("echo")
    reply = HUB.post(f"/instance/{running}/_kill", {"removeImmediately": True})
    same("si: restart kills", reply.status, 202)
    advance(TENANT, "17s")
    same("si: and waits for 404", HUB.get(f"/instance/{running}").status, 404)
    sequence = HUB.upload(archive).json["id"]
    reply = HUB.post(f"/sequence/{sequence}/start", {
        "appConfig": {}, "args": [], "limits": {}, "instanceId": running})
    same("si: then starts under the same id", reply.json.get("id"), running)
    reply = HUB.post(f"/instance/{running}/input", b"si", content_type="text/plain",
                     x_end_stream="false")
    same("si: inst input", reply.status, 202)
    reply = SPACE.upload(archive, "/s3/", "PUT")
    same("si: store send without a name", reply.status, 202)
    reply = SPACE.delete("/store")
    same("si: store prune has JSON", (reply.status, reply.json), (202, {}))

with section("connections"):
    connection = HUB.raw(head(HUB, "GET", "/version") * 3)
    got = b"".join(connection.until(b'"build":"source"}') for _ in range(3))
    same("pipelined requests are answered in order", got.count(b"HTTP/1.1 200"), 3)
    sequence, instance = HUB.started("echo")
    connection = HUB.raw(head(HUB, "GET", f"/instance/{instance}/stdout", "Transfer-Encoding: chunked"))
    check("a chunked GET without content is answered at once", connection.head().startswith("HTTP/1.1 200"))
    connection = HUB.raw(head(HUB, "POST", f"/sequence/{sequence}/start"))
    check("a POST without length has no content", connection.head().startswith("HTTP/1.1 200"))
    connection = HUB.raw(head(HUB, "POST", f"/instance/{instance}/inout", "Content-Type: text/plain",
                              "Transfer-Encoding: chunked"))
    check("inout: head at once", connection.head().startswith("HTTP/1.1 200"))
    connection.send(b"3\r\none\r\n")
    connection.until(b"one\r\n")
    connection.send(b"3\r\ntwo\r\n")
    check("inout: both ways", connection.until(b"two\r\n").endswith(b"two\r\n"))
    connection.close()
    reply = HUB.get("/version", accept="text/html")
    check("a JSON endpoint with another Accept", reply.status == 415 and reply.json, reply)
    reply = HUB.get(f"/instance/{instance}/output", accept="application/json")
    same("a stream with another Accept", reply.status, 415)
    reply = HUB.call("DELETE", f"/sequence/{sequence}")
    check("an operation without a content type is accepted with a remark", reply.status == 409
          and "x-wavetank-remark" not in reply.fields or reply.fields.get("x-wavetank-remark"), reply)
    reply = HUB.delete(f"/sequence/{sequence}", content_type="application/json; charset=UTF-8")
    same("charset=UTF-8", reply.status, 409)
    reply = HUB.delete(f"/sequence/{sequence}", content_type="text/plain")
    same("an operation of another type", reply.status, 400)

with section("leaks"):
    def world():
        state = control("GET", "/state/scramjet", tenant=TENANT).json
        return state["streams"], json.dumps(state).count('"readers": 1')

    before = world()
    for _ in range(30):
        for path in (f"/instance/{instance}/output", f"/instance/{instance}/log", "/log", "/audit",
                     f"/instance/{instance}/events/x", "/topic/js", f"/instance/{instance}/monitoring"):
            HUB.raw(head(HUB, "GET", path)).close()
        HUB.raw(head(HUB, "POST", "/topic/js", "Content-Type: application/x-ndjson",
                     "Transfer-Encoding: chunked") + b"5\r\nabc").close()
        HUB.raw(head(HUB, "POST", f"/instance/{instance}/input", "Content-Type: text/plain",
                     "Transfer-Encoding: chunked") + b"5\r\nabc").close()
    check("clients that vanish leave nothing", eventually(lambda: world()[0] <= before[0] + 1
                                                         and world()[1] <= before[1], 10),
          (before, world()))

    def writers():
        state = control("GET", "/state/scramjet", tenant=TENANT).json
        return sum(item["writers"] for item in state["spaces"][0]["topics"])

    check("no writer either", eventually(lambda: writers() == 0, 10), writers())

with section("audit and log"):
    audit = HUB.open("/audit")
    log = HUB.open("/log", timeout=5)
    _, audited = HUB.started("echo")
    seen = []
    while len(seen) < 20000:
        record = json.loads(audit.line())
        seen.append((record["opState"], record["opCode"]))
        if seen[-1] == ("END", 10117) and record["objectId"]:
            break
    check("audit: the record of a start", ("START", 10117) in seen and ("", 0) in seen, seen[-5:])
    for _ in range(20000):
        line = json.loads(log.line())
        if line["msg"] == "Request" and "/start" in line["data"][0]:
            break
    check("log: a line for each request", "method: POST" in line["data"][0]
          and line["data"][0].endswith("status: 200"), line)
    advance(TENANT, "11s")
    for _ in range(20000):
        record = json.loads(audit.line())
        if record["opCode"] == 13010:
            break
    same("audit: a heartbeat every ten seconds", record["objectId"], "sth-0")
    audit.close()
    log.close()

finish()
