"""The three scripts of shipyard-api, the GitHub Actions' calls, redirected by shim and by proxy."""
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile

from harness import BASE, FLEET, ORG, PROJECT, Tenant, check, equal, finish

HERE = pathlib.Path(__file__).resolve().parent
tenant = Tenant("shipyard-scripts")
tenant.reset()
folder = tempfile.TemporaryDirectory()


def run(arguments, **variables):
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    environment.update(WAVETANK_URL=BASE, PYTHONPATH=str(HERE / "redirect"))
    environment.update(variables)
    return subprocess.run([sys.executable, *arguments], env=environment, cwd=folder.name,
                          text=True, capture_output=True, timeout=120)


@check("authtest: exit 0 with a key, 1 without one")
def _():
    module = ["-m", "shipyard_api.cli.authtest"]
    done = run(module, SHIPYARD_API_TOKEN=tenant.key)
    equal(done.returncode, 0, done.stderr)
    equal(run(module).returncode, 1)


@check("trigger_fleet writes response and ids, exit 0")
def _():
    done = run(["-m", "shipyard_api.cli.trigger_fleet", "--organization-id", ORG, "--api-key",
                tenant.key, "--project-id", PROJECT, "--fleet-id", FLEET])
    equal(done.returncode, 0, done.stderr)
    written = pathlib.Path(folder.name).rglob("*")
    pickles = {path.name: path for path in written if path.is_file()}
    response = next(path for name, path in pickles.items() if name.endswith(".json"))
    document = json.loads(response.read_text())
    stored = next(path for name, path in pickles.items() if name.startswith("fleet_run_id"))
    equal(pickle.loads(stored.read_bytes()), document["data"]["fleet_run_id"])


@check("trigger_fleet of an unknown fleet: exit 107")
def _():
    done = run(["-m", "shipyard_api.cli.trigger_fleet", "--organization-id", ORG, "--api-key",
                tenant.key, "--project-id", PROJECT, "--fleet-id", ORG])
    equal(done.returncode, 107, done.stderr)


@check("get_logs writes the voyages; --days 0 and --days 7")
def _():
    for days in ([], ["--days", "0"], ["--days", "7"]):
        done = run(["-m", "shipyard_api.cli.get_logs", "--organization-id", ORG, "--api-key",
                    tenant.key, "--file-name", "logs.csv", *days])
        equal(done.returncode, 0, done.stderr)
        text = (pathlib.Path(folder.name) / "logs.csv").read_text()
        equal(text.count("\n"), 3, "lines")


@check("HTTP_PROXY with an http:// base URL (absolute-form target)")
def _():
    code = f"""
from shipyard_api import ShipyardClient
client = ShipyardClient("{ORG}", "{tenant.key}", "{PROJECT}")
client.base_url = client.base_url.replace("https://", "http://")
run = client.trigger_fleet("{FLEET}")["data"]["fleet_run_id"]
print(client.get_run_status("{FLEET}", run))
"""
    done = run(["-c", code], PYTHONPATH="", http_proxy=BASE, HTTP_PROXY=BASE, NO_PROXY="",
               no_proxy="")
    equal(done.returncode, 0, done.stderr)
    equal(done.stdout.strip(), "Scheduled", done.stderr)


@check("the trigger Action's loop: JSON text, then polling until a final status")
def _():
    other = Tenant("shipyard-action")
    other.reset("skip")
    code = f"""
from shipyard_api import ShipyardClient
client = ShipyardClient("{ORG}", "{other.key}", "{PROJECT}")
run = client.trigger_fleet("{FLEET}", fleet_overrides="{{}}")["data"]["fleet_run_id"]
while True:
    status = client.get_run_status("{FLEET}", run)
    if status in ("Success", "Errored", "Terminated"):
        break
print(status)
"""
    done = run(["-c", code])
    equal(done.stdout.strip(), "Success", done.stderr)


@check("the export scripts of 2022: both tables with the key alone, status 200")
def _():
    code = f"""
import requests
for path in ("orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/runs", "orgs/{ORG}/voyages"):
    answer = requests.get("https://api.app.shipyardapp.com/" + path,
                          headers={{"X-Shipyard-API-Key": "{tenant.key}"}})
    print(answer.status_code, answer.text.split(",")[0])
"""
    equal(run(["-c", code]).stdout.split("\n")[:2], ["200 Fleet ID", "200 Fleet ID"])


finish()
