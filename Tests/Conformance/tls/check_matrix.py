"""Programs as they are published, with their built-in https addresses, each by `wavetank run` and by
`wavetank run --isolated`. What a machine lacks is passed over with a word."""
import shutil
import subprocess
import sys

from common import check, finish
from run import HERE, environment_for
from scene import BINARY, CA_DIR, FLEET, ORG, PROJECT, go_client, java_source, program, refuses_namespaces

FLEETS = f"https://api.app.shipyardapp.com/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
SHIPYARD = f"""
from shipyard_api import ShipyardClient
client = ShipyardClient(org_id="{ORG}", api_key="k", project_id="{PROJECT}")
assert client.base_url.startswith("https://api.app.shipyardapp.com"), client.base_url
client.trigger_fleet("{FLEET}")
"""
STEAMSHIP = """
from steamship import Steamship
client = Steamship(api_key="a-key-of-mine", workspace="as-it-is")
assert client.config.api_base == "https://api.steamship.com/api/v1/", client.config.api_base
package = client.use("hello-world", "at-home")
assert ".steamship.run/" in package.invocation_url, package.invocation_url
assert package.invoke("greet", name="Ada") == "Hello, Ada!"
"""
# Its address is always given by its user.
SCRAMJET = """
import asyncio
from client.host_client import HostClient
from client_utils.base_client import BaseClient
BaseClient.setDefaultHeaders({"Authorization": "Bearer token"})
async def main():
    host = HostClient("https://api.scramjet.cloud/api/v1/space/demo/api/v1/sth/sth-0/api/v1")
    assert (await host.get_version())["service"] == "@scramjet/host"
asyncio.run(main())
"""
AIOHTTP = f"""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(trust_env=TRUST) as session:
        async with session.get("{FLEETS}", headers={{"X-Shipyard-API-Key": "k"}}) as answer:
            assert answer.status == 200, answer
asyncio.run(main())
"""
FETCH = f"""
fetch("{FLEETS}", {{headers: {{"X-Shipyard-API-Key": "k"}}}}).then(answer => process.exit(answer.status === 200 ? 0 : 1));
"""
LIST, CREATE = "shipyard.fleetRun.list", "shipyard.fleetRun.create"
RUN, ISOLATED = "run", "run --isolated"
steamship = environment_for(HERE / "steamship")
scramjet = environment_for(HERE / "scramjet")
rows = [
    ("curl", ["curl", "-sSf", "-m", "30", "-H", "X-Shipyard-API-Key: k", FLEETS], LIST, [RUN, ISOLATED]),
    ("shipyard-api", [sys.executable, "-c", SHIPYARD], CREATE, [RUN, ISOLATED]),
    # As if nobody had told it of a base.
    ("steamship", ["env", "-u", "STEAMSHIP_API_BASE", "-u", "STEAMSHIP_APP_BASE", steamship, "-c", STEAMSHIP],
     "steamship.package", [RUN, ISOLATED]),
    ("scramjet-api-client", [scramjet, "-c", SCRAMJET], "scramjet.", [ISOLATED]),
    ("aiohttp with trust_env", [sys.executable, "-c", AIOHTTP.replace("TRUST", "True")], LIST, [RUN, ISOLATED]),
    ("aiohttp", [sys.executable, "-c", AIOHTTP.replace("TRUST", "False")], LIST, [ISOLATED]),
]
if shutil.which("node"):
    major = int(subprocess.run(["node", "-p", "process.versions.node.split('.')[0]"], capture_output=True, text=True).stdout)
    # Before 24 its fetch knows no proxy.
    rows.append((f"Node {major}", ["node", "-e", FETCH], LIST, [RUN, ISOLATED] if major >= 24 else [ISOLATED]))
if shutil.which("go"):
    rows.append(("Go", [go_client(), FLEETS], LIST, [RUN, ISOLATED]))
if shutil.which("javac"):
    rows.append(("Java", ["java", java_source(), FLEETS], LIST, [RUN, ISOLATED]))
for name in ("node", "go", "javac"):
    if not shutil.which(name):
        print(f"-- {name} is not here")
why = refuses_namespaces()
if why:
    print(f"-- no --isolated here: {why}")

for name, command, operation, modes in rows:
    for mode in modes:
        if mode == ISOLATED and why:
            continue
        done = program([BINARY, *mode.split(), "--ca-dir", str(CA_DIR), "--", *map(str, command)], timeout=120)
        check(f"{name} by wavetank {mode}", done.returncode == 0 and operation in done.stderr,
              f"{done.returncode} {done.stdout[-300:]} {done.stderr[-900:]}")
finish()
