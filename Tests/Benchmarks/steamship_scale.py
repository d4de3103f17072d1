#!/usr/bin/env python3
"""Steamship with 100,000 blocks and tags in a workspace, and a package upload of 100 MB.

    Tests/Benchmarks/steamship_scale.py [--binary .build/release/wavetank] [--blocks 100000]

Prints a Markdown table: the median wall time of each operation, taken in turns from a server whose workspace
holds little and from one that holds the blocks. Everything is made through the API. The questions match
the same ten blocks in both, also where half of all tags share the kind and the other half the name. Exits with 1
when a floor is missed: nothing that concerns one object or an index may cost more than three times as much
among all blocks, pages come at a steady pace, and the upload may add no more than a tenth beyond what is stored.
"""
import argparse
import io
import json
import statistics
import sys
import time
import zipfile

sys.dont_write_bytecode = True
from scale import BINARY, Report, Server  # noqa: E402

PER_FILE = 100


def call(path, payload, extra=""):
    content = json.dumps(payload).encode()
    return (f"POST /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n"
            f"Content-Type: application/json\r\n{extra}Content-Length: {len(content)}\r\n\r\n").encode() + content


def ask(server, path, payload, extra="", expected=200):
    return json.loads(server.connection.exchange(call(path, payload, extra), expected))["data"]


def file_of_blocks(number, count):
    """A file whose blocks have a tag each: one half of a kind that they share, the other of a name."""
    def tag(index):
        own = f"own-{number}-{index}"
        kind, name = ("note", own) if index % 2 else (own, "common")
        return {"kind": kind, "name": name, "value": {"n": index}}

    return {"type": "blocks", "handle": f"file-{number}", "tags": [{"kind": "file", "name": f"file-{number}"}],
            "blocks": [{"text": f"Block {index} of file {number}", "tags": [tag(index)]} for index in range(count)]}


def asked_file():
    """What the questions match: ten blocks."""
    return {"type": "blocks", "handle": "asked", "blocks": [
        {"text": f"Asked {index}", "tags": [{"kind": "rare", "name": "asked"}, {"kind": "note", "name": "common"}]}
        for index in range(10)]}


def fill(server, blocks):
    for number in range(blocks // PER_FILE):
        server.connection.exchange(call("file/create", file_of_blocks(number, PER_FILE)))


def in_turns(servers, make, rounds=41):
    """The median milliseconds of an exchange for each server; `make(server, round)` gives the request."""
    times = [[] for _ in servers]
    for number in range(rounds):
        for server, seen in list(zip(servers, times))[::1 if number % 2 else -1]:
            request = make(server, number)
            started = time.perf_counter()
            server.connection.exchange(request)
            seen.append((time.perf_counter() - started) * 1e3)
    return [statistics.median(seen) for seen in times]


def operations(ids):
    """Name, maker of requests and by which factor it may cost more with everything there."""
    def query(path, text):
        return lambda server, number: call(path, {"tagFilterQuery": text})

    def made(path, payload):
        return lambda server, number: call(path, payload(server, number))

    yield 'block/query kind "rare" and name "asked"', query("block/query", 'kind "rare" and name "asked"'), 3
    yield 'block/query kind "note" and name "common"', query("block/query", 'kind "note" and name "common"'), 3
    yield 'block/query name "asked"', query("block/query", 'name "asked"'), 3
    yield 'tag/query kind "rare"', query("tag/query", 'kind "rare"'), 3
    yield 'file/query kind "rare"', query("file/query", 'kind "rare"'), 3
    yield 'block/query file_id', lambda s, n: call("block/query", {"tagFilterQuery": f'file_id "{ids[s]["file"]}"'}), 3
    yield "file/get", made("file/get", lambda s, n: {"handle": "asked"}), 3
    yield "block/get", made("block/get", lambda s, n: {"id": ids[s]["block"]}), 3
    yield "block/create", made("block/create", lambda s, n: {
        "fileId": ids[s]["growing"], "text": "one more", "tags": [{"kind": "note", "name": f"more-{n}"}]}), 3
    yield "tag/create", made("tag/create", lambda s, n: {"fileId": ids[s]["growing"], "kind": "k", "name": "n"}), 3
    yield "file/create", made("file/create", lambda s, n: {"type": "none", "handle": f"one-{n}"}), 3
    yield "file/list, a page of 10 empty files", made("file/list", lambda s, n: {"pageSize": 10}), 3
    yield "file/delete", made("file/delete", lambda s, n: {"id": ids[s][f"one-{n}"]}), 3
    yield "task/status", made("task/status", lambda s, n: {"taskId": ids[s]["task"]}), 3
    yield "package/instance/create", made("package/instance/create", lambda s, n: {
        "packageHandle": "hello-world", "handle": f"i-{n}"}), 3
    yield f"file/create with {PER_FILE} blocks and tags", made("file/create", lambda s, n: file_of_blocks(
        f"turn-{n}", PER_FILE)), 2
    yield "workspace/list", made("workspace/list", lambda s, n: {}), 3


def prepare(server):
    made = ask(server, "file/create", asked_file())["file"]
    task = json.loads(server.connection.exchange(call("task/noop", {}, "X-Task-Background: true\r\n")))
    return {"file": made["id"], "block": made["blocks"][0]["id"], "task": task["status"]["taskId"],
            "growing": ask(server, "file/create", {"type": "none", "handle": "growing"})["file"]["id"]}


def compare(report, servers):
    ids = {server: prepare(server) for server in servers}
    for name, make, factor in operations(ids):
        if name == "file/delete":
            for server in servers:
                for number in range(41):
                    ids[server][f"one-{number}"] = ask(server, "file/get", {"handle": f"one-{number}"})["file"]["id"]
        empty, full = in_turns(servers, make)
        report.row(name, f"{empty:.2f} ms", f"{full:.2f} ms ({full / empty:.2f}×)", f"{factor}×",
                   holds=full / empty <= factor)


def pages(report, server, blocks):
    """Every file once, in pages; the last pages cost what the first cost."""
    server.forget_peak()
    before, token, times, seen = server.memory(), None, [], set()
    while True:
        request = call("file/list", {"pageSize": 20, "pageToken": token})
        started = time.perf_counter()
        content = server.connection.exchange(request)
        times.append((time.perf_counter() - started) * 1e3)
        data = json.loads(content)["data"]
        seen |= {file["id"] for file in data["files"]}
        token = data.get("nextPageToken")
        if not token:
            break
    third = len(times) // 3
    first, last = statistics.median(times[1:third + 1]), statistics.median(times[-third - 1:-1])
    report.row(f"file/list, {len(times)} pages of 20, {len(seen)} files", f"{first:.2f} ms a page at first",
               f"{last:.2f} ms at last, {server.peak() - before:+.1f} MB", "2×, all files",
               holds=last <= first * 2 and len(seen) >= blocks // PER_FILE)


def upload(report, server, size):
    """A package version of that size: what the process grows by beyond what is stored."""
    package = ask(server, "package/create", {"handle": "large", "isPublic": False})["package"]["id"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("api.py", bytes(size))
    content = archive.getvalue()
    boundary = "Xo9"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("packageId", package), ("handle", "1.0"), ("type", "file")))
    start = (fields + f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="package.zip"\r\n'
             "Content-Type: multipart/form-data\r\n\r\n").encode()
    end = f"\r\n--{boundary}--\r\n".encode()
    peer = server.connection
    server.forget_peak()
    before, started = server.memory(), time.perf_counter()
    peer.socket.sendall((
        "POST /api/v1/package/version/create HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(start) + len(content) + len(end)}\r\n\r\n").encode() + start)
    view = memoryview(content)
    for offset in range(0, len(content), 1 << 18):
        peer.socket.sendall(view[offset:offset + (1 << 18)])
    peer.exchange(end)
    seconds = time.perf_counter() - started
    grown, stored = server.peak() - before, len(content) / (1 << 20)
    report.row(f"package/version/create, {stored:.0f} MiB", f"{stored / seconds:.0f} MiB/s",
               f"{grown - stored:+.1f} MiB beyond what is stored", "10 MiB", holds=grown - stored <= 10)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", default=BINARY)
    arguments.add_argument("--blocks", type=int, default=100_000)
    arguments.add_argument("--upload-mib", type=int, default=100)
    options = arguments.parse_args()
    with Server(options.binary) as empty, Server(options.binary) as full:
        report = Report("what", "little", f"{options.blocks:,} blocks and tags", "floor")
        before = full.memory()
        fill(full, options.blocks)
        report.row("resident memory", f"{before:.0f} MB", f"{full.memory():.0f} MB", "")
        compare(report, (empty, full))
        pages(report, full, options.blocks)
        upload(report, full, options.upload_mib << 20)
    report.exit()


if __name__ == "__main__":
    main()
