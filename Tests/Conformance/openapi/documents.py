"""What the checks of the OpenAPI documents share."""

import json
import os
import sys
import urllib.request

URL = os.environ["WAVETANK_URL"].rstrip("/")
DOCUMENTS = ["steamship", "scramjet", "shipyard", "wavetank"]

_failed = False


def ok(name: str) -> None:
    print(f"ok {name}", flush=True)


def fail(name: str, why: str) -> None:
    global _failed
    _failed = True
    print(f"FAIL {name}: {' '.join(why.split())[:600]}", flush=True)


def finish() -> None:
    sys.exit(1 if _failed else 0)


def document(service: str, tenant: str = "") -> dict:
    base = f"{URL}/_t/{tenant}" if tenant else URL
    with urllib.request.urlopen(f"{base}/_wavetank/openapi/{service}.json", timeout=10) as reply:
        assert reply.headers["content-type"] == "application/json", reply.headers["content-type"]
        return json.load(reply)


def operations(text: dict):
    """(method, path, operation) of every operation."""
    for path, item in text["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def is_streaming(operation: dict) -> bool:
    return operation.get("x-wavetank-streaming", False)
