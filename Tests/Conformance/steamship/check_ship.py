"""The SDK's own command line, `ship`, unchanged: it logs in, deploys a package and a plugin, makes instances, reads
their logs and deletes them, on a server that runs code."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from common import Server

server = Server("--run-code", "--python", sys.executable, "--no-pip")
os.environ["WAVETANK_URL"] = server.url

import code_samples as samples  # noqa: E402
from steamship import Steamship  # noqa: E402
from support import check, run  # noqa: E402

HOME = tempfile.TemporaryDirectory(prefix="wavetank-ship-")
# Where a user's program finds what points it here; a browser that opens whatever it is given.
VARIABLES = {"PATH": os.environ["PATH"], "HOME": HOME.name, "BROWSER": "true", "STEAMSHIP_API_BASE": f"{server.url}/api/v1/",
             "STEAMSHIP_APP_BASE": f"{server.url}/apps/", "STEAMSHIP_WEB_BASE": f"{server.url}/"}

PACKAGE = '''
from typing import Type
from pydantic import Field
from steamship.invocable import Config, PackageService, post

class Harbor(PackageService):
    class HarborConfig(Config):
        greeting: str = Field(description="How to greet")
        berths: int = Field(3, description="How many berths")

    config: HarborConfig

    @classmethod
    def config_cls(cls) -> Type[Config]:
        return cls.HarborConfig

    @post("greet")
    def greet(self, name: str) -> str:
        return f"{self.config.greeting}, {name}, to one of {self.config.berths} berths"
'''


def ship(folder, *arguments, answers="", status=0):
    """What it says; `answers` are typed to its questions."""
    done = subprocess.run([sys.executable, "-c", "from steamship.cli.cli import cli; cli()", *arguments], cwd=folder, env=VARIABLES,
                          input=answers, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{arguments} ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-800:]}"
    return done.stdout


def project(name, code, **manifest):
    folder = pathlib.Path(HOME.name, name)
    folder.mkdir()
    (folder / "api.py").write_text(code)
    (folder / "requirements.txt").touch()
    (folder / "steamship.json").write_text(json.dumps({
        "handle": name, "version": "1.0.0", "description": "-", "author": "somebody", "entrypoint": "Unused", "public": False,
        "build_config": {"ignore": []}, "configTemplate": {}, "steamshipRegistry": {"tags": []}, **manifest}))
    return folder


def client(workspace):
    key = json.loads(pathlib.Path(HOME.name, ".steamship.json").read_text())["apiKey"]
    return Steamship(api_key=key, api_base=VARIABLES["STEAMSHIP_API_BASE"], app_base=VARIABLES["STEAMSHIP_APP_BASE"],
                     workspace=workspace)


@check
def ship_logs_in_by_the_browser(_):
    assert "You're logged in with user handle: dev" in ship(HOME.name, "login")
    assert "Ready to ship!" in ship(HOME.name, "info")


@check
def ship_deploys_a_package_that_is_used(_):
    folder = project("harbor", PACKAGE, type="package")
    assert "Deployment was successful" in ship(folder, "deploy")
    # The version is there: it asks for another, and proposes one.
    assert "has already been deployed" in ship(folder, "deploy", answers="y\n\n")
    assert json.loads((folder / "steamship.json").read_text())["version"] == "1.0.1-rc.1"
    said = ship(folder, "use", "-w", "docks", "-i", "pier", "-c", '{"greeting": "Welcome"}')
    assert "Success!" in said and f"API URL: {server.url}/apps/docks/pier/" in said, said
    instance = client("docks").use("harbor", "pier", config={"greeting": "Welcome"})
    assert instance.invoke("greet", name="Ada") == "Welcome, Ada, to one of 3 berths"
    assert instance.package_version_handle == "1.0.1-rc.1", instance


@check
def ship_reads_logs(_):
    told = json.loads(ship(HOME.name, "logs", "-w", "docks", "-i", "pier", "--path", "/greet").splitlines()[-1])
    assert told["size"] == len(told["entries"]) > 0, told
    assert all(entry["invocableInstanceHandle"] == "pier" for entry in told["entries"]), told
    none = json.loads(ship(HOME.name, "logs", "-w", "docks", "-p", "other").splitlines()[-1])
    assert none["entries"] == [], none


@check
def ship_deploys_a_plugin_that_is_used(_):
    folder = project("keywords", samples.TAGGER, type="plugin", plugin={
        "type": "tagger", "isTrainable": False, "transport": "jsonOverHttp", "isAsync": False, "isPublic": False})
    assert "Deployment was successful" in ship(folder, "deploy")
    task = client("docks").use_plugin("keywords", "keywords-1").tag("The harbor is full")
    task.wait(max_timeout_s=60, retry_delay_s=0.1)
    assert task.output.file.blocks[0].tags, task.output


@check
def ship_deletes_what_was_made(_):
    assert "Done." in ship(HOME.name, "delete", "-w", "docks", "-i", "pier", "--yes")
    assert "Failed to delete instance 'pier'" in ship(HOME.name, "delete", "-w", "docks", "-i", "pier", "--yes", status=1)
    assert "Done." in ship(HOME.name, "delete", "-w", "docks", "--yes")


run("ship")
