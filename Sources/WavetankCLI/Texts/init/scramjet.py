"""Made by `wavetank init`: what does your code do when the cloud refuses? `version` stands for your code."""

import asyncio
import pathlib

from client.host_client import HostClient

SCENARIO = pathlib.Path(__file__).parent / "two-refusals.json"


async def version(hub, attempts=3):
    for attempt in range(1, attempts + 1):
        try:
            return (await hub.get_version())["service"]
        except Exception:
            if attempt == attempts:
                raise


def test_it_comes_back_after_two_refusals(wavetank):
    wavetank.scenario(SCENARIO)          # what it expects is verified when the test ends
    assert asyncio.run(version(HostClient(wavetank.scramjet_hub))) == "@scramjet/host"
    wavetank.verify({"operation": "@OPERATION@"}, exactly=3)
