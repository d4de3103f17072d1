"""Uploads in chunked coding that are refused early, by clients that keep their connections: neither
the answer nor the next request is lost (RFC 9112 §9.6). Node's agent and aiohttp."""

import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import urllib.request

import aiohttp
from common import check, finish

BASE = os.environ["WAVETANK_URL"]
TENANT = f"{BASE}/_t/kept"
HUB = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1"
NIGHTLY = ("/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
           "/fleets/33333333-3333-4333-8333-333333333333")
ROUNDS = 20
SIZE = 300_000
RULES = [
    {"name": "busy", "match": {"header": {"x-rule": "error"}}, "error": 503},
    {"name": "slow", "match": {"header": {"x-rule": "slow"}}, "delay": "5ms", "error": 503},
    {"name": "thin", "match": {"header": {"x-rule": "thin"}}, "error": 503,
     "delay": {"uniform": {"min": "0ms", "max": "3ms"}}},
]
UPLOADS = [
    ("a rule's answer", "PUT", "/api/v1/space/demo/api/v1/s3/a.tar.gz", {"X-Rule": "error"}, SIZE, 503),
    ("a delayed answer", "PUT", "/api/v1/space/demo/api/v1/s3/a.tar.gz", {"X-Rule": "slow"}, SIZE, 503),
    ("an answer at any moment", "PUT", "/api/v1/space/demo/api/v1/s3/a.tar.gz", {"X-Rule": "thin"}, SIZE, 503),
    ("an unknown path", "POST", "/nope/x", {}, SIZE, 404),
    ("a small upload", "POST", "/nope/x", {}, 1, 404),
    ("a wrong type", "POST", f"{HUB}/topic/t", {"Content-Type": "image/png"}, SIZE, 400),
    ("a signed URL that is none", "PUT", "/api/v1/signed/default/userStorage/a?signature=x", {}, SIZE, 403),
    ("too much", "POST", f"{NIGHTLY}/fleetruns", {"X-Shipyard-API-Key": "k"}, 20 << 20, 413),
    ("a method that is not allowed", "PATCH", f"{NIGHTLY}/fleetruns", {"X-Shipyard-API-Key": "k"}, SIZE, 405),
]


def rounds(size):
    return ROUNDS if size < 1 << 20 else 3


async def by_aiohttp():
    async def content(size):
        for _ in range(-(-size // 65536)):
            yield b"x" * 65536

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        for name, method, path, headers, size, expected in UPLOADS:
            lost, statuses = [], []
            for _ in range(rounds(size)):
                try:
                    async with session.request(method, TENANT + path, headers=headers,
                                               data=content(size)) as response:
                        await response.read()
                        statuses.append(response.status)
                except aiohttp.ClientError as error:
                    lost.append(f"the upload: {error!r}")
                try:
                    # Not repeated by itself: what is lost shows.
                    async with session.post(f"{TENANT}/nope/next", data=b"") as response:
                        await response.read()
                except aiohttp.ClientError as error:
                    lost.append(f"the next request: {error!r}")
            check(f"aiohttp: {name}", not lost and set(statuses) == {expected}, (statuses, lost))


def by_node():
    node = shutil.which("node")
    if not node:
        print("ok node is not here: its agent is not tried")
        return
    for name, method, path, headers, size, expected in UPLOADS:
        upload = json.dumps({"name": name, "method": method, "path": path, "headers": headers, "size": size})
        done = subprocess.run([node, pathlib.Path(__file__).with_name("agent.mjs"), TENANT, str(rounds(size)), upload],
                              text=True, capture_output=True, timeout=60)
        try:
            result = json.loads(done.stdout)
            check(f"node: {name}", not result["lost"] and set(result["statuses"]) == {expected}, result)
        except (ValueError, KeyError):
            check(f"node: {name}", False, done.stdout + done.stderr)


def main():
    for rule in RULES:
        request = urllib.request.Request(f"{TENANT}/_wavetank/scenario/rules", json.dumps(rule).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).read()
    asyncio.run(by_aiohttp())
    by_node()
    finish()


main()
