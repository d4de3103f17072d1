"""Made by `wavetank init`: what does your code do when the cloud refuses? `greeting` stands for your code."""

import pathlib

from steamship import Steamship, SteamshipError

SCENARIO = pathlib.Path(__file__).parent / "two-refusals.json"


def greeting(package, name, attempts=3):
    for attempt in range(1, attempts + 1):
        try:
            return package.invoke("greet", name=name)
        except SteamshipError:
            if attempt == attempts:
                raise


def test_it_comes_back_after_two_refusals(wavetank):
    wavetank.scenario(SCENARIO)          # what it expects is verified when the test ends
    client = Steamship(**wavetank.steamship, workspace="demo")
    package = client.use("hello-world", "harbor")
    assert greeting(package, "Ada") == "Hello, Ada!"
    wavetank.verify({"operation": "@OPERATION@"}, exactly=3)
