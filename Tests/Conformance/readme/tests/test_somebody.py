"""Somebody's tests, for the CI jobs of README.md: they know nothing but the job's variables."""

import json
import os
import urllib.request


def get(url, **fields):
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=10) as answer:
        return json.load(answer)


def test_the_job_points_steamship_here():
    base = os.environ["STEAMSHIP_API_BASE"]
    user = get(base + "account/current", Authorization="Bearer wt-ci")
    assert user["data"]["user"]["handle"]


def test_the_control_api_answers_the_job():
    token = os.environ.get("WAVETANK_CONTROL_TOKEN")
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    assert get(os.environ["WAVETANK_URL"] + "/_wavetank/clock", **fields)["mode"] == "skip"
