"""Made by `wavetank init`: what does your code do when the cloud refuses? `version` stands for your code."""

import json
import pathlib
import urllib.error
import urllib.request

SCENARIO = pathlib.Path(__file__).parent / "two-refusals.json"


def version(hub, attempts=3):
    for attempt in range(1, attempts + 1):
        try:
            return json.load(urllib.request.urlopen(hub + "/version"))["service"]
        except urllib.error.HTTPError:
            if attempt == attempts:
                raise


def test_it_comes_back_after_two_refusals(wavetank):
    wavetank.scenario(SCENARIO)          # what it expects is verified when the test ends
    assert version(wavetank.scramjet_hub) == "@scramjet/host"
    wavetank.verify({"operation": "@OPERATION@"}, exactly=3)
