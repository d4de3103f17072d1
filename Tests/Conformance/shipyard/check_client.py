"""Every method of shipyard-api 0.3.0, as its users call it."""
import csv
import io
import json
import os
import tempfile

import requests
import yaml
from shipyard_api import ShipyardClient
from shipyard_templates import ExitCodeException

from harness import BASE, FLEET, ORG, PROJECT, Tenant, check, equal, finish

tenant = Tenant("shipyard-client")
tenant.reset()
folder = tempfile.TemporaryDirectory()


def client(key=tenant.key, project=PROJECT, org=ORG, base=BASE):
    made = ShipyardClient(org_id=org, api_key=key, project_id=project)
    made.base_url = f"{base}/orgs/{org}"
    return made


def exit_code(function, *arguments):
    try:
        result = function(*arguments)
    except ExitCodeException as error:
        return error.exit_code
    raise AssertionError(f"no exception, but {result!r}")


@check("trigger_fleet without overrides gives the ids and the log link")
def _():
    answer = client().trigger_fleet(FLEET)
    equal(sorted(answer), ["data", "log", "request"])
    equal(answer["data"]["fleet_id"], FLEET)
    run = answer["data"]["fleet_run_id"]
    assert answer["log"].endswith(f"/fleets/{FLEET}/logs/{run}"), answer["log"]
    page = requests.get(answer["log"])
    equal(page.status_code, 200)
    assert run in page.text


@check("get_run_status follows a run from Scheduled to Success")
def _():
    run = client().trigger_fleet(FLEET)["data"]["fleet_run_id"]
    seen = [client().get_run_status(FLEET, run)]
    for _ in range(6):
        tenant.advance("500ms")
        seen.append(client().get_run_status(FLEET, run))
    equal(list(dict.fromkeys(seen)), ["Scheduled", "Running", "Success"])


@check("a polling loop ends at once when the clock skips")
def _():
    other = Tenant("shipyard-skip")
    other.reset("skip")
    run = client(other.key).trigger_fleet(FLEET)["data"]["fleet_run_id"]
    for count in range(10):
        if client(other.key).get_run_status(FLEET, run) == "Success":
            break
    assert count < 5, count


@check("trigger_fleet with overrides as JSON text: they arrive in the vessel's environment")
def _():
    overrides = {"vessel_overrides": [{"name": "Extract", "environment_variable_overrides": {
        "REGION": "eu", "SINCE": "", "LIMIT": None, "CITY": "Zürich"}}]}
    run = client().trigger_fleet(FLEET, json.dumps(overrides))["data"]["fleet_run_id"]
    state = tenant.control("GET", "/state/shipyard")
    described = next(item for item in state["runs"] if item["id"] == run)
    seen = next(v["environment"] for v in described["voyages"] if v["vessel"] == "Extract")
    equal({k: seen.get(k) for k in ("REGION", "SINCE", "LIMIT", "CITY")},
          {"REGION": "eu", "SINCE": "", "LIMIT": "100", "CITY": "Zürich"})


@check("trigger_fleet with '{}' and with {} (the Action's default) runs without overrides")
def _():
    for overrides in ("{}", {}):
        assert client().trigger_fleet(FLEET, overrides)["data"]["fleet_run_id"]


@check("trigger_fleet with a dict: its values are lost, 107, and the server says what to do (Q1)")
def _():
    overrides = {"vessel_overrides": [{"name": "Extract", "environment_variable_overrides": {}}]}
    equal(exit_code(client().trigger_fleet, FLEET, overrides), 107)
    entries = tenant.control("GET", "/journal")
    assert "json.dumps" in json.dumps(entries), "the journal tells"


@check("get_run_status of an unknown run is 111, of an unknown fleet 249")
def _():
    equal(exit_code(client().get_run_status, FLEET, "99999999-9999-4999-8999-999999999999"), 111)
    equal(exit_code(client().get_run_status, ORG, "x"), 249)


@check("an unknown fleet and a client without project are 107")
def _():
    equal(exit_code(client().trigger_fleet, ORG), 107)
    equal(exit_code(client(project=None).trigger_fleet, FLEET), 107)
    equal(exit_code(client(project=None).get_fleet_runs, FLEET), 101)


@check("get_voyages gives the CSV of all voyages, with and without days")
def _():
    for days in (None, 0, 1, 90):
        text = client().get_voyages(days)
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows and len(rows) % 2 == 0
        equal(set(row["Vessel Name"] for row in rows), {"Extract", "Load"})
    equal(exit_code(client().get_voyages, "x"), 104)


@check("export_voyages writes the text as it came, non-ASCII names undamaged")
def _():
    fleet = {"name": "Café ☃", "vessels": {"Größe": {"source": {
        "type": "CODE", "language": "BASH", "file_to_run": "a.sh",
        "file": {"name": "a.sh", "content": "true"}}}}}
    answer = client().upsert_fleet(fleet)
    stored = yaml.safe_load(answer.content)
    client().trigger_fleet(stored["_id"])
    path = os.path.join(folder.name, "voyages.csv")
    client().export_voyages(path)
    with open(path, "rb") as file:
        data = file.read()
    assert "Café ☃".encode() in data and "Größe".encode() in data
    assert b"\r" not in data


@check("get_fleet_runs parses JSON where the service sends CSV (Q2)")
def _():
    try:
        client().get_fleet_runs(FLEET)
    except requests.exceptions.JSONDecodeError:
        return
    raise AssertionError("no JSONDecodeError")


@check("export_fleet_runs works as JSON where the switch is in the base URL's scenario")
def _():
    other = Tenant("shipyard-json")
    other.control("PUT", "/scenario", {"wavetank": 1, "given": {"shipyard": {
        "settings": {"exportRunsAsJSON": True},
        "orgs": [{"id": ORG, "name": "O", "projects": [{"id": PROJECT, "name": "P", "fleets": [
            {"_id": FLEET, "name": "F", "vessels": {"v": {"source": {
                "type": "CODE", "language": "BASH", "file_to_run": "a"}}}}]}]}]}}})
    run = client(other.key).trigger_fleet(FLEET)["data"]["fleet_run_id"]
    path = os.path.join(folder.name, "runs.json")
    client(other.key).export_fleet_runs(FLEET, path, "json")
    with open(path) as file:
        document = json.load(file)
    equal(document["data"][0]["Fleet Log ID"], run)
    equal(client(other.key).get_run_status(FLEET, run) in ("Scheduled", "Running"), True)


@check("upsert_fleet: anchors, sorted keys, then an update by _id; PyYAML reads what comes back")
def _():
    notifications = {"emails": ["ops@example.com"], "after_error": True}
    source = {"type": "CODE", "language": "PYTHON", "file_to_run": "x.py",
              "file": {"name": "x.py", "content": "import os\n\nprint('a: #b')\n\n"},
              "environment": [{"name": "V", "value": "0123"}, {"name": "W", "value": "yes"}]}
    fleet = {"name": "Upserted", "notifications": notifications,
             "triggers": {"schedules": [{"how_often": "DAILY", "at": 1350}]},
             "vessels": {"a": {"source": source, "notifications": notifications},
                         "b" * 140: {"source": source, "guardrails": {"retry_wait": "5m"}}},
             "connections": {"a": {"b" * 140: "COMPLETED"}}}
    answer = client().upsert_fleet(fleet)
    equal(answer.headers["Content-Type"], "application/yaml; charset=utf-8")
    stored = yaml.safe_load(answer.content)
    equal(stored["vessels"]["a"]["source"], source)
    equal(stored["triggers"]["schedules"], [{"how_often": "DAILY", "at": "22:30"}])
    equal(stored["vessels"]["b" * 140]["guardrails"]["retry_wait"], "5m0s")
    equal(list(stored)[:3], ["name", "_id", "vessels"])
    again = yaml.safe_load(client().upsert_fleet(stored).content)
    equal(again, stored)
    loaded = yaml.safe_load(tenant.send(
        "GET", f"/orgs/{ORG}/projects/{PROJECT}/fleets/{stored['_id']}").text)
    equal(loaded, stored)


@check("upsert_fleet given YAML text instead of a dict (Q7)")
def _():
    text = ("name: tiny\nvessels:\n  only:\n    source:\n      type: CODE\n      language: BASH\n"
            "      file: {name: a.sh, content: 'é: 1'}\n      file_to_run: a.sh\n")
    stored = yaml.safe_load(client().upsert_fleet(text).content)
    equal(stored["vessels"]["only"]["source"]["file"]["content"], "é: 1")


@check("upsert_fleet of what is no fleet is 249")
def _():
    equal(exit_code(client().upsert_fleet, {"name": "no vessels"}), 249)


@check("a scenario's keys: 401 gives 103 or 107, forced statuses their codes")
def _():
    other = Tenant("shipyard-keys")
    other.control("PUT", "/scenario", {
        "wavetank": 1, "auth": {"keys": [{"key": other.key}]},
        "rules": [{"name": "status", "match": {"operation": "shipyard.fleetRun.list"},
                   "sequence": [{"error": 500}, {"error": 429}, {"error": 503}], "end": "pass"}]})
    bad = f"{other.key}.unknown"
    equal(exit_code(client(bad).trigger_fleet, FLEET), 107)
    equal(exit_code(client(bad).get_voyages), 103)
    equal(exit_code(client(bad).get_fleet_runs, FLEET), 103)
    equal(exit_code(client(bad).upsert_fleet, {"name": "x"}), 103)
    for _ in range(3):
        equal(exit_code(client(other.key).get_run_status, FLEET, "x"), 249)
    equal(exit_code(client(other.key).get_run_status, FLEET, "x"), 111)


@check("a base URL that ends in a slash works: doubled slashes collapse")
def _():
    assert client(base=f"{BASE}/").trigger_fleet(FLEET)["data"]["fleet_run_id"]


@check("netrc's Authorization field is ignored")
def _():
    answer = requests.get(f"{BASE}/orgs", auth=("user", "secret"),
                          headers={"x-shipyard-api-KEY": tenant.key})
    equal(answer.status_code, 200)


finish()
