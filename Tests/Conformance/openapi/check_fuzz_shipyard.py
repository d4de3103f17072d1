"""Requests made of the document of Shipyard, see fuzzing.py."""

import json
import urllib.request

import fuzzing

HEADERS = {"X-Shipyard-API-Key": "demo-key"}
ORGANIZATION = "/orgs/11111111-1111-4111-8111-111111111111"
FLEETS = f"{ORGANIZATION}/projects/22222222-2222-4222-8222-222222222222/fleets"


def post(base: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(base + path, json.dumps(body).encode(), HEADERS)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)["data"]


def prepare(base: str, text: dict) -> None:
    blueprint = post(base, f"{ORGANIZATION}/blueprints", {"name": "Load", "pallet_type": 3})["id"]
    run = post(base, f"{FLEETS}/33333333-3333-4333-8333-333333333333/fleetruns", {})["fleet_run_id"]

    def known(name: str, operation: str) -> list:
        if operation == "shipyard.fleetRun.page" and name == "org":
            return ["Harbor Labs"]
        return {"blueprint": [blueprint], "run": [run]}.get(name, [])

    fuzzing.replace_ids(text, known)


fuzzing.run("shipyard", max_examples=60, headers=HEADERS, prepare=prepare)
