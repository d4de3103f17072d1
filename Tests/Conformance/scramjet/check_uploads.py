"""Packages, good and bad: what hub and store say to them (contract §3.1, §4), and that nothing of a
refused or abandoned upload is left."""

import gzip
import io
import json
import os
import tarfile

from common import check, finish
from support import Base, control, manifest, package, same, section

TENANT = "uploads"
SPACE = Base("/api/v1/space/demo/api/v1", TENANT, token="token")
HUB = Base("/api/v1/space/demo/api/v1/sth/sth-0/api/v1", TENANT, token="token")
INVALID = {"code": "PRERUNNER_ERROR", "data": "Invalid pkg tar.gz archive"}


def tar_with(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for entry, data in entries:
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def entry(name, data=b"", **more):
    item = tarfile.TarInfo(name)
    item.size = len(data)
    for key, value in more.items():
        setattr(item, key, value)
    return item, data


good = json.dumps(manifest("x")).encode()
whole = package(manifest("whole"))
damaged = bytearray(whole)
damaged[len(damaged) // 2] ^= 0xFF
broken = {
    "nothing": b"",
    "text": b"no archive at all",
    "a gzip of no tar": gzip.compress(b"no tar"),
    "a tar without gzip": gzip.decompress(whole),
    "a cut archive": whole[:len(whole) // 2],
    "a damaged archive": bytes(damaged),
    "bytes behind the archive": whole + b"more",
    "a path that climbs": tar_with(entry("package.json", good), entry("../../etc/passwd", b"x")),
    "an absolute path": tar_with(entry("package.json", good), entry("/etc/passwd", b"x")),
    "a device": tar_with(entry("package.json", good), entry("dev", type=tarfile.CHRTYPE)),
    "a bomb": tar_with(entry("package.json", good), entry("zeros", b"\0" * (200 << 20))),
}

with section("what is no package"):
    for name, data in broken.items():
        for label, reply in (("hub", HUB.upload(data)), ("store", SPACE.upload(data, "/s3/bad.tar.gz", "PUT"))):
            check(f"{label}: {name}", reply.status == 422 and reply.json == {"error": INVALID}, reply)
    same("none of them is listed", HUB.get("/sequences").json, [])
    same("nor stored", len(SPACE.get("/s3").json), 1)

with section("links are kept and never followed"):
    for name, target in (("relative", "../../../etc/passwd"), ("absolute", "/etc/passwd"), ("own", "index.js")):
        linked = tar_with(entry("package.json", good), entry("index.js", b"x"),
                          entry("link", type=tarfile.SYMTYPE, linkname=target))
        reply = HUB.upload(linked)
        check(f"a {name} link is accepted", reply.status == 200, reply)
        HUB.delete(f"/sequence/{reply.json['id']}")
    reply = SPACE.upload(linked, "/s3/linked.tar.gz", "PUT")
    same("the store gives back the bytes as they came", SPACE.get("/s3/linked.tar.gz").body, linked)
    SPACE.delete("/s3/linked.tar.gz")

with section("package.json"):
    reply = HUB.upload(tar_with(entry("index.js", b"x")))
    check("missing", reply.status == 422 and reply.json["error"]["code"] == "ENOENT", reply)
    reply = HUB.upload(tar_with(entry("sub/package.json", good)))
    check("not at the top", reply.status == 422 and reply.json["error"]["code"] == "ENOENT", reply)
    reply = HUB.upload(tar_with(entry("./package.json", b"{broken")))
    check("no JSON", reply.status == 422 and reply.json == {"error": {}}, reply)
    for key, value, error in (
            ("main", None, 'decoder failed at key "main" with error: undefined is not a valid string'),
            ("name", 5, 'decoder failed at key "name" with error: 5 is not a valid string'),
            ("version", 1, 'decoder failed at key "version" with error: 1 is not a valid string')):
        described = manifest("x")
        described[key] = value
        if value is None:
            del described[key]
        reply = HUB.upload(package(described, {"index.js": b""}))
        same(f"{key}", (reply.status, reply.json),
             (422, {"error": f"<SequencePackageJSON> {error}"}))
    for key, value in (("engines", 5), ("engines", [1]), ("keywords", [1]), ("args", {}), ("repository", 1),
                       ("scramjet", {"config": {"ports": ["80"]}})):
        reply = HUB.upload(package(manifest("x", **{key: value})))
        check(f"{key} of a wrong type", reply.status == 422 and "failed at key" in reply.json["error"],
              reply)
    check("a port's format", "Invalid port format" in HUB.upload(
        package(manifest("x", scramjet={"config": {"ports": ["80"]}}))).json["error"])
    check("null counts as absent", HUB.upload(
        package(manifest("x", description=None, author=None, keywords=None))).status == 200)
    full = manifest("@test/full", description="d", author="A", keywords=["k"], args=[1, {"x": 2}],
                    repository={"type": "git", "url": "u"})
    reply = HUB.upload(package(full))
    config = HUB.get(f"/sequence/{reply.json['id']}").json["config"]
    same("what a hub keeps, in its order", list(config), [
        "type", "engines", "entrypointPath", "version", "name", "id", "sequenceDir", "description",
        "author", "keywords", "args", "repository", "language", "packageSize"])
    for engines, main, language in (({"python3": "3.9"}, "main.py", "py"), ({}, "main.py", "py"),
                                    ({}, "bin", "unknown"), ({"node": "*"}, "a.ts", "js")):
        reply = HUB.upload(package({"main": main, "engines": engines}))
        same(f"language of {main} with {list(engines)}",
             HUB.get(f"/sequence/{reply.json['id']}").json["config"]["language"], language)

with section("content types"):
    for kind, status in (("application/octet-stream", 200), ("text/plain", 415),
                         ("multipart/form-data; boundary=x", 415), ("application/json", 415)):
        reply = HUB.upload(whole, content_type=kind)
        same(f"upload as {kind}", reply.status, status)
    connection = HUB.raw(
        f"POST {HUB.path}/sequence HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        f"Content-Length: {len(whole)}\r\n\r\n".encode() + whole)
    check("upload without a type", connection.head().startswith("HTTP/1.1 200"))
    connection = HUB.raw(
        f"POST {HUB.path}/sequence HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
        "Content-Type: text/html\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
    check("a refusal needs no content and no 100", connection.head().startswith("HTTP/1.1 415"))

with section("alias"):
    reply = HUB.upload(package(manifest("a")), x_name="my-alias")
    first = reply.json["id"]
    same("upload with an alias", HUB.get(f"/sequence/{first}").json["name"], "my-alias")
    reply = HUB.upload(package(manifest("a")), x_name="my-alias")
    check("a taken alias", reply.status == 405
          and reply.json == {"error": "Sequence with name my-alias already exist"}, reply)
    reply = HUB.upload(package(manifest("a")), x_name=first)
    same("an alias that is an id", reply.status, 405)
    same("get by alias", HUB.get("/sequence/my-alias").json["id"], first)
    reply = HUB.upload(package(manifest("b", version="2.0.0")), "/sequence/my-alias", "PUT")
    same("update keeps the id", (reply.status, reply.json), (200, {"id": first}))
    same("and takes the new package", HUB.get(f"/sequence/{first}").json["config"]["version"], "2.0.0")
    reply = HUB.upload(whole, "/sequence/nobody", "PUT")
    check("update of none", reply.status == 404
          and reply.json == {"error": "Sequence with id: nobody not found"}, reply)
    instance = HUB.post("/sequence/my-alias/start", {}).json["id"]
    reply = HUB.upload(whole, f"/sequence/{first}", "PUT")
    check("update while in use", reply.status == 409
          and reply.json == {"error": "Can't update sequence with instances"}, reply)
    same("instances of the sequence", HUB.get(f"/sequence/{first}/instances").json, [instance])
    control("PUT", "/clock", {"mode": "skip"}, TENANT)
    reply = HUB.delete(f"/sequence/{first}", x_seq_kill_inst="true")
    same("a forced delete waits for its instances and succeeds", (reply.status, reply.json),
         (200, {"id": first}))
    same("they are gone", HUB.get(f"/instance/{instance}").status, 404)
    reply = HUB.delete(f"/sequence/{first}")
    check("delete of none", reply.status == 404
          and reply.json == {"error": f"The sequence {first} does not exist."}, reply)

with section("store"):
    reply = SPACE.upload(package(manifest("stored")), "/s3/stored.tar.gz", "PUT")
    same("put", (reply.status, list(reply.json)), (202, [
        "etag", "versionId", "engines", "entrypointPath", "version", "name", "id", "language",
        "packageSize"]))
    again = SPACE.upload(package(manifest("stored", version="2.0.0")), "/s3/stored.tar.gz", "PUT")
    listed = [item for item in SPACE.get("/s3").json if item["_filename"] == "stored.tar.gz"]
    same("a second put replaces", [item["version"] for item in listed], ["2.0.0"])
    same("an item's keys", list(listed[0]), [
        "type", "engines", "entrypointPath", "version", "name", "id", "sequenceDir", "language",
        "packageSize", "_filename", "_fileId"])
    reply = SPACE.upload(package({"main": "index.js"}), "/s3", "PUT")
    check("a package without a name is refused here", reply.status == 422 and reply.json == {}, reply)
    same("a folder in front is ignored", SPACE.get("/s3/any/stored.tar.gz").body[:2], b"\x1f\x8b")
    reply = SPACE.get("/s3/none.tar.gz")
    check("get of none", reply.status == 404 and reply.json == {"error": "Not Found"}, reply)
    reply = SPACE.delete("/s3/none.tar.gz")
    check("delete of none", reply.status == 404 and reply.json == {"error": "Not Found"}, reply)
    reply = HUB.post("/sequence/stored/start", {})
    check("a hub starts what its space has stored, by the file's stem", reply.status == 200, reply)
    check("and lists it from then on", any(
        item["id"] == "stored" for item in HUB.get("/sequences").json))
    reply = HUB.post("/sequence/nowhere/start", {})
    check("start of what is nowhere", reply.status == 404 and reply.json == {"error": "Not Found"},
          reply)
    everything = SPACE.get("/all_sequences").json
    check("the space lists store and hubs", {item["location"] for item in everything}
          == {"store", "sth-0"}, everything)
    item = SPACE.upload(package(manifest("byid")), "/s3", "PUT").json["id"]
    same("a put without a name is stored under its id", SPACE.get(f"/s3/{item}.tar.gz").status, 200)
    same("delete by bare id", SPACE.delete(f"/s3/{item}").json, {"id": item})
    same("takes the bytes too", SPACE.get(f"/s3/{item}.tar.gz").status, 404)
    reply = SPACE.delete("/store")
    same("clear", (reply.status, reply.json, SPACE.get("/s3").json), (202, {}, []))

with section("abandoned"):
    large = package(manifest("large"), {"data": os.urandom(2 << 20)})
    for _ in range(5):
        connection = SPACE.raw(
            f"PUT {SPACE.path}/s3/gone.tar.gz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
            f"Content-Length: {len(large)}\r\n\r\n".encode() + large[:len(large) // 2])
        connection.close()
    same("a client that vanishes inside an upload stores nothing", SPACE.get("/s3").json, [])
    reply = SPACE.upload(large, "/s3/large.tar.gz", "PUT")
    same("the whole one is stored", reply.status, 202)
    same("and comes back as it was", SPACE.get("/s3/large.tar.gz").body == large, True)

with section("limits"):
    reply = control("PUT", "/scenario", {"wavetank": 1, "given": {"scramjet": {
        "hubs": ["sth-0"], "settings": {"storeLimit": "1MiB"}}}}, TENANT + "-small")
    small = Base("/api/v1/space/demo/api/v1", TENANT + "-small", token="token")
    if check("a scenario with a small store", reply.status < 300, reply):
        reply = small.upload(large, "/s3/large.tar.gz", "PUT")
        check("a full store", reply.status == 507 and reply.json == {}, reply)

finish()
