"""Requests made of the document of Scramjet, see fuzzing.py."""

import json
import urllib.request

import fuzzing
from scramjet_world import HEADERS, package, send

POOL, KEPT = 8, 4
# What ends things gets things of its own.
ENDING = (".delete", ".stop", ".kill", ".stopSpace")


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


fuzzing.run("scramjet", max_examples=20, headers=HEADERS, prepare=prepare)
