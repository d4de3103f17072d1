"""Requests made of the document of Scramjet, see fuzzing.py."""

import gzip
import io
import json
import tarfile
import urllib.request

import fuzzing

HEADERS = {"Authorization": "Bearer demo-token"}
POOL, KEPT = 8, 4
# What ends things gets things of its own.
ENDING = (".delete", ".stop", ".kill", ".stopSpace")


def send(base: str, method: str, path: str, content: bytes = b"{}",
         kind: str = "application/json", **fields: str) -> dict:
    request = urllib.request.Request(
        f"{base}/api/v1{path}", content,
        {"Content-Type": kind, **HEADERS, **{key.replace("_", "-"): value
                                             for key, value in fields.items()}}, method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.loads(reply.read() or b"{}")


def package() -> bytes:
    """A tar.gz with a package.json and its main file."""
    manifest = {"name": "echo", "version": "1.0.0", "main": "index.js", "engines": {"node": ">=16"}}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("package.json", json.dumps(manifest)), ("index.js", "\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return gzip.compress(buffer.getvalue())


def prepare(base: str, text: dict) -> None:
    # Nobody waits: an instance that stops has stopped.
    urllib.request.urlopen(urllib.request.Request(
        f"{base}/_wavetank/clock", b'{"mode": "skip"}', method="PUT"), timeout=10).close()
    things = {"sequence": [], "instance": [], "space": ["demo"] * KEPT, "name": [], "file": []}
    for number in range(POOL):
        octets = "application/octet-stream"
        sequence = send(base, "POST", "/sequence", package(), octets)["id"]
        idle = send(base, "POST", "/sequence", package(), octets)["id"]
        things["sequence"].append(sequence if number < KEPT else idle)
        started = send(base, "POST", f"/sequence/{sequence}/start")["id"]
        things["instance"].append(started)
        topic = f"topic-{number}"
        send(base, "POST", "/topics", json.dumps(
            {"id": topic, "content-type": "application/x-ndjson"}).encode())
        things["name"].append(topic)
        send(base, "PUT", f"/space/demo/api/v1/s3/item-{number}.tar.gz", package(), octets)
        things["file"].append(f"item-{number}.tar.gz")
        if number >= KEPT:
            things["space"].append(send(
                base, "POST", "/start", json.dumps({"id": f"dock-{number}"}).encode())["id"])

    def known(name: str, operation: str) -> list:
        kind = operation.split(".")[1] if name == "id" else name
        pool = things.get(kind, [])
        if name == "space" and operation != "scramjet.platform.stopSpace":
            return ["demo"]
        return pool[KEPT:] if operation.endswith(ENDING) else pool[:KEPT]

    fuzzing.replace_ids(text, known)


fuzzing.run("scramjet", max_examples=8, headers=HEADERS, prepare=prepare)
