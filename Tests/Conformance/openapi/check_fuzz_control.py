"""Requests made of the document of the control API, see fuzzing.py."""

import json
import urllib.request

import fuzzing


def prepare(base: str, text: dict) -> None:
    """An exchange in the journal, and a rule."""
    urllib.request.urlopen(f"{base}/api/v1/version", timeout=10).close()
    rule = {"name": "slow", "match": {"operation": "shipyard.*"}, "error": 503}
    urllib.request.urlopen(urllib.request.Request(
        f"{base}/_wavetank/scenario/rules", json.dumps(rule).encode()), timeout=10).close()
    fuzzing.replace_ids(text, lambda name, operation: ["slow"]
                        if name == "name" and operation.startswith("wavetank.rules") else [])


fuzzing.run("wavetank", max_examples=20, headers={}, prepare=prepare)
