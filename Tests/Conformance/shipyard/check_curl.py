"""The curl forms that the documentation prints, and all twelve operations by hand."""
import json
import subprocess
import tempfile

import yaml

from harness import (BASE, FLEET, FLEET_PATH, ORG, PROJECT, PROJECT_PATH, RUNS_PATH, WEBHOOK,
                     Tenant, check, equal, finish)

tenant = Tenant("shipyard-curl")
tenant.reset()
KEY = ["-H", f"X-Shipyard-API-Key: {tenant.key}"]
FLEET_YAML = ("name: By curl\nvessels:\n  one:\n    source:\n      type: CODE\n"
              "      language: BASH\n      file: {name: a.sh, content: echo}\n"
              "      file_to_run: a.sh\n")


def curl(*arguments, data=None):
    """Status and body. curl is the vendor's documented client."""
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "--max-time", "60", *arguments],
                          input=data, capture_output=True, timeout=90)
    body, _, status = done.stdout.decode().rpartition("\n")
    assert done.returncode == 0, done.stderr
    return int(status), body


@check("trigger: -X POST without a body or a length field")
def _():
    status, body = curl("-X", "POST", *KEY, BASE + RUNS_PATH)
    equal(status, 201)
    equal(list(json.loads(body)), ["request", "data", "log"])


@check("trigger: -d JSON (form type), --data ata as the page misprints it, a JSON type")
def _():
    overrides = json.dumps({"vessel_overrides": [{"name": "Extract",
                            "environment_variable_overrides": {"REGION": "eu"}}]})
    equal(curl("-d", overrides, *KEY, BASE + RUNS_PATH)[0], 201)
    equal(curl("-d", "ata", *KEY, BASE + RUNS_PATH)[0], 201)
    equal(curl("-d", overrides, "-H", "Content-Type: application/json", *KEY,
               BASE + RUNS_PATH)[0], 201)


@check("a body above a kilobyte, for which curl expects 100 Continue")
def _():
    overrides = {"vessel_overrides": [{"name": "Load", "environment_variable_overrides": {
        "TARGET": "x" * 2_000_000}}]}
    equal(curl("--data-binary", "@-", "-H", "Expect: 100-continue", *KEY, BASE + RUNS_PATH,
               data=json.dumps(overrides).encode())[0], 201)


@check("organizations: the tutorial reads data")
def _():
    status, body = curl(*KEY, BASE + "/orgs")
    equal(status, 200)
    equal(json.loads(body)["data"][0]["id"], ORG)


@check("fleets of an organization")
def _():
    status, body = curl(*KEY, f"{BASE}/orgs/{ORG}/fleets")
    equal(status, 200)
    equal(json.loads(body)["data_kind"], "fleets")


@check("both exports and the voyages, with days")
def _():
    for path in (RUNS_PATH, f"{FLEET_PATH}/runs", f"/orgs/{ORG}/voyages"):
        for query in ("", "?days=1"):
            status, body = curl(*KEY, BASE + path + query)
            equal(status, 200)
            assert body.startswith("Fleet ID,Fleet Name,Fleet Version,Fleet Log ID,"), body[:80]


@check("fleets as code: PUT as application/yaml, as a form; then GET")
def _():
    url = f"{BASE}{PROJECT_PATH}/fleets"
    for kind in (["-H", "Content-Type: application/yaml"], []):
        status, body = curl("-X", "PUT", *kind, *KEY, "--data-binary", "@-", url,
                            data=FLEET_YAML.encode())
        equal(status, 200)
        stored = yaml.safe_load(body)
        equal(curl(*KEY, f"{url}/{stored['_id']}"), (200, body))


@check("an external file, a blueprint that uses it, and its update")
def _():
    with tempfile.NamedTemporaryFile(suffix=".py") as script:
        script.write(b'print("hi")\n')
        script.flush()
        status, body = curl("-F", f"file=@{script.name}", *KEY,
                            f"{BASE}/orgs/{ORG}/temporary_external_files")
    equal(status, 201)
    upload = json.loads(body)["data"]
    document = {"name": "Greeter", "synopsis": "", "description": "", "state": 3,
                "pallet_type": 2, "pallet_config": {
                    "version": "3.7",
                    "command": {"program": "python3", "file_to_run": "script.py"},
                    "external_file": {"temp": {"file_name": "script.py",
                                               "id": upload["RequestID"],
                                               "url": upload["ExternalFile"]}}},
                "spec_list": [{"display_name": "Who", "name": "WHO", "type": 1}]}
    status, body = curl("-d", json.dumps(document), *KEY, f"{BASE}/orgs/{ORG}/blueprints")
    equal(status, 201)
    made = json.loads(body)["data"]
    change = {"spec_list": [{"id": made["spec_list"][0]["id"], "required": True}]}
    status, body = curl("-d", json.dumps(change), *KEY,
                        f"{BASE}/orgs/{ORG}/blueprints/{made['id']}")
    equal(status, 200)
    equal(json.loads(body)["data"]["spec_list"][0]["required"], True)


@check("a webhook with a body and without, no key; its parameters are kept")
def _():
    field = ["-H", f"X-Wavetank-Tenant: {tenant.name}"]
    status, body = curl("-X", "POST", *field, BASE + WEBHOOK)
    equal(status, 201)
    status, body = curl("-d", '{"order": 7}', "-H", "Content-Type: application/json", *field,
                        BASE + WEBHOOK)
    equal(status, 201)
    equal(list(json.loads(body)), ["request", "data"])
    run = json.loads(body)["data"]["fleet_run_id"]
    described = next(item for item in tenant.control("GET", "/state/shipyard")["runs"]
                     if item["id"] == run)
    equal(described["webhookParameters"]["body"], {"order": 7})
    equal(described["webhookParameters"]["headers"]["Content-Type"], ["application/json"])
    equal(described["trigger"], "Webhook")


@check("the same by path prefix, as a sender that can set no fields has it")
def _():
    equal(curl("-X", "POST", f"{BASE}/_t/{tenant.name}{WEBHOOK}")[0], 201)


@check("a replaced webhook answers 400, the new one 201")
def _():
    tenant.control("POST", "/emit", {"replaceWebhook": {
        "fleet": "Nightly", "id": "55555555-5555-4555-8555-555555555555", "token": "new"}})
    prefix = f"{BASE}/_t/{tenant.name}"
    equal(curl("-X", "POST", prefix + WEBHOOK)[0], 400)
    equal(curl("-X", "POST", f"{prefix}/55555555-5555-4555-8555-555555555555/new")[0], 201)


@check("failures have one form: 400, 401, 404, 405, 413")
def _():
    tenant.send("POST", RUNS_PATH, "{").is_failure(400)
    tenant.send("POST", RUNS_PATH.replace(FLEET, "None")).is_failure(400)
    tenant.send("POST", RUNS_PATH, key=None).is_failure(401)
    tenant.send("GET", f"/orgs/{ORG}/nothing").is_failure(404)
    reply = tenant.send("DELETE", f"/orgs/{ORG}/fleets")
    reply.is_failure(405)
    assert "GET" in reply.headers["Allow"]
    status, body = curl("--data-binary", "@-", *KEY, BASE + RUNS_PATH, data=b" " * 10_000_001)
    equal(status, 413)
    equal(json.loads(body)["data"], None)


@check("runs started by hand and stopped by hand")
def _():
    tenant.control("POST", "/emit", {"runFleet": "Nightly"})
    row = tenant.rows(RUNS_PATH)[0]
    equal((row["Trigger"], row["Status"]), ("On Demand", "Scheduled"))
    tenant.advance("1s")
    tenant.control("POST", "/emit", {"terminateRun": row["Fleet Log ID"]})
    equal(tenant.rows(RUNS_PATH)[0]["Status"], "Terminated")


@check("schedules: the day's runs are there beforehand, in the project's time zone")
def _():
    other = Tenant("shipyard-schedule")
    other.control("PUT", "/scenario", {
        "wavetank": 1, "clock": {"mode": "manual", "start": "2026-03-28T00:30:00Z"},
        "given": {"shipyard": {"orgs": [{"id": ORG, "name": "O", "projects": [
            {"id": PROJECT, "name": "P", "timezone": "Europe/Berlin", "fleets": [
                {"_id": FLEET, "name": "F", "vessels": {"v": {"source": {
                    "type": "CODE", "language": "BASH", "file_to_run": "a"}}},
                 "triggers": {"schedules": [{"how_often": "DAILY", "at": "6:00"}]}}]}]}]}}})
    other.advance("49h")
    rows = other.rows(RUNS_PATH)
    equal([row["Start Time"] for row in rows],
          ["", "2026-03-29T04:00:00Z", "2026-03-28T05:00:00Z"])
    equal(rows[0]["Status"], "Scheduled")


@check("bombs and ten megabytes of YAML are answered 400 in seconds")
def _():
    bomb = "a0: &a0 [" + ",".join("x" * 9) + "]\n" + "".join(
        f"a{n}: &a{n} [" + ",".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 12))
    for name, text in {
            "aliases": bomb, "flow depth": "[" * 9_000_000, "dashes": "- " * 4_900_000,
            "quotes": "'" * 9_900_000, "question marks": "? " * 4_900_000,
            "keys": "".join(f"k{n}:\n" for n in range(900_000)), "spaces": " " * 9_900_000 + "a",
            "python tag": "!!python/object/apply:os.system ['x']"}.items():
        reply = tenant.send("PUT", f"{PROJECT_PATH}/fleets", text)
        equal(reply.status, 400, name)
    equal(tenant.send("GET", FLEET_PATH).status, 200)


finish()
