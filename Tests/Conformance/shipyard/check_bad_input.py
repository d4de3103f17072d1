"""Bad input at every operation: the contract's status and form, and nothing changed (contract §2.8)."""
import http.client
import json
import socket
import threading
import time
import urllib.parse

from harness import (BASE, FLEET_PATH, ORG, PROJECT_PATH, RUNS_PATH, WEBHOOK, Tenant, check,
                     equal, finish)

tenant = Tenant("shipyard-bad-input")
tenant.reset()
FLEETS = f"{PROJECT_PATH}/fleets"
BLUEPRINTS = f"/orgs/{ORG}/blueprints"
FILES = f"/orgs/{ORG}/temporary_external_files"
OTHER = "99999999-9999-4999-8999-999999999999"
VESSEL = "{source: {type: CODE, language: BASH, file_to_run: a.sh, file: {name: a.sh, content: echo}}}"


def fleet(rest="", vessels=f"  v: {VESSEL}\n"):
    return f"name: n\nvessels:\n{vessels}{rest}"


def form(*parts, boundary="B", end=True):
    text = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
                   f"{value}\r\n" for name, value in parts)
    return text + (f"--{boundary}--\r\n" if end else "")


def world():
    """Everything that a request could have changed."""
    return [tenant.send("GET", f"/orgs/{ORG}/fleets").json["data"],
            tenant.send("GET", FLEET_PATH).text, tenant.send("GET", RUNS_PATH).text,
            tenant.send("GET", f"/orgs/{ORG}/voyages").text,
            tenant.control("GET", "/state/shipyard")]


TRIGGERS = [
    "{", "[]", "3", '"text"', "null", "\xff", "{'a': 1}", '{"vessel_overrides": {}}',
    '{"vessel_overrides": "x"}', '{"vessel_overrides": [3]}',
    '{"vessel_overrides": [{}]}', '{"vessel_overrides": [{"name": 3}]}',
    '{"vessel_overrides": [{"name": null}]}',
    '{"vessel_overrides": [{"name": "Load", "environment_variable_overrides": []}]}',
    '{"vessel_overrides": [{"name": "Load", "environment_variable_overrides": {"A": []}}]}',
    '{"vessel_overrides": [{"name": "Load", "environment_variable_overrides": {"A": {}}}]}',
    "vessel_overrides=name&vessel_overrides=environment_variable_overrides", "[" * 100_000,
]
DOCUMENTS = [
    "", "null", "3", "- a", "name: n", "vessels: {}", "name: n\nvessels: {}", "name: ''\nvessels: {v: 1}",
    f"name: [x]\nvessels:\n  v: {VESSEL}\n", fleet(vessels="  v: null\n"), fleet(vessels="  v: {}\n"),
    fleet(vessels="  v: {source: {type: MAGIC}}\n"), fleet(vessels="  v: {source: {type: CODE, language: PERL}}\n"),
    fleet(vessels="  v: {source: {type: CODE, language: BASH, unknown: 1}}\n"),
    fleet(vessels=f"  v: {VESSEL}\n  v: {VESSEL}\n"), fleet("unknown: 1\n"), fleet("_id: x\n"), fleet("_id: []\n"),
    fleet("connections: {v: {w: SUCCESS}}\n"), fleet("connections: {w: {v: SUCCESS}}\n"),
    fleet("connections: {v: {v: SUCCESS}}\n"), fleet("connections: []\n"), fleet("connections: {v: SUCCESS}\n"),
    fleet("connections: {a: {b: MAYBE}}\n", f"  a: {VESSEL}\n  b: {VESSEL}\n"),
    fleet("connections: {a: {b: SUCCESS}, b: {a: ERRORED}}\n", f"  a: {VESSEL}\n  b: {VESSEL}\n"),
    fleet("connections:\n" + "".join(f"  v{n}: {{v{(n + 1) % 900}: COMPLETED}}\n" for n in range(900)),
          "".join(f"  v{n}: {VESSEL}\n" for n in range(900))),
    fleet("triggers: {schedules: [{how_often: SOMETIMES, at: '1:00'}]}\n"),
    fleet("triggers: {schedules: [{how_often: DAILY, at: '25:00'}]}\n"),
    fleet("triggers: {schedules: [{how_often: DAILY, at: '1:03'}]}\n"),
    fleet("triggers: {schedules: [{how_often: DAILY, at: '999999999999999999999:00'}]}\n"),
    fleet("triggers: {schedules: [{how_often: WEEKLY, at: '1:00'}]}\n"),
    fleet("triggers: {schedules: [{how_often: MONTHLY, at: '1:00', when: 32}]}\n"),
    fleet("triggers: {schedules: 3}\n"), fleet("notifications: {emails: x}\n"),
    fleet("notifications: {after_error: perhaps}\n"),
    *(fleet(vessels=f"  v:\n    source: {{type: CODE, language: BASH, file_to_run: a}}\n    guardrails: {guardrails}\n")
      for guardrails in ("{retry_count: 25}", "{retry_count: -1}", "{retry_count: x}", "{retry_wait: 61m}",
                         "{retry_wait: 3m}", "{retry_wait: 99999999999999999999h}", "{runtime_cutoff: 0s}",
                         "{runtime_cutoff: 5h}", "{exclude_exit_code_ranges: ['5-3']}",
                         "{runtime_cutoff: 7m}", "{exclude_exit_code_ranges: [-1]}", "{exclude_exit_code_ranges: [65536]}",
                         "{exclude_exit_code_ranges: [a-b]}", "{exclude_exit_code_ranges: {}}", "[]")),
    "a: &a [*a]\n", "a: *b\n", "a: !!python/object:x.y {}\n", "\tname: n\n", "name: n\n---\nname: m\n", "{a: b",
    "'unclosed", "a: b: c\n", "? [x]\n: y\n", "%YAML 2.0\n---\na: b\n", "a: \"\\q\"\n", "\x00", "name: n\x07\n",
    "".join(f"{' ' * n}a:\n" for n in range(200)),
    fleet("triggers: {schedules: [" + "{how_often: HOURLY, at: ':05'}, " * 200 + "]}\n"),
]
GOOD_INPUT = {"name": "n", "type": 1}
BLUEPRINT = {"name": "b", "pallet_type": 2}
BAD_BLUEPRINTS = [
    {"name": 3}, {"name": ""}, {"name": None}, {"pallet_type": 4}, {"pallet_type": "2"}, {"state": 0}, {"state": "3"},
    {"synopsis": []}, {"description": 3}, {"runtime_timeout": 299}, {"runtime_timeout": 3601}, {"runtime_timeout": 1.5},
    {"retry_strategy": []}, {"retry_strategy": {"number_of_retries": 25}}, {"retry_strategy": {"ttr": 301}},
    {"exclude_exit_code_ranges": [[3]]}, {"exclude_exit_code_ranges": [[5, 3]]}, {"exclude_exit_code_ranges": 3},
    {"pallet_config": 3}, {"pallet_config": {"command": {"program": "bash"}}},
    {"pallet_config": {"external_file": {"temp": {"id": OTHER, "url": "x", "file_name": "f"}}}},
    {"spec_list": {}}, {"spec_list": [3]}, {"spec_list": [{}]}, {"spec_list": [{"name": "n"}]},
    {"spec_list": [{"name": "n", "type": 9}]}, {"spec_list": [{"name": "", "type": 1}]},
    {"spec_list": [{"name": "n", "type": 6}]}, {"spec_list": [{"name": "n", "type": 6, "type_spec": [{}]}]},
    {"spec_list": [{"name": "n", "type": 6, "type_spec": [{"name": "a", "value": 1}], "default": "b"}]},
    {"spec_list": [{"id": OTHER, "name": "n", "type": 1}]}, {"spec_list": [GOOD_INPUT, {"name": 3, "type": 1}]},
    {"spec_list": [GOOD_INPUT] * 1_001},
]


@check("triggers: malformed content is 400 and starts nothing")
def _():
    before = world()
    for body in TRIGGERS:
        tenant.send("POST", RUNS_PATH, body.encode("latin-1")).is_failure(400)
    equal(world(), before)


@check("fleets as code: what contract 2.4 and 3.10 refuse is 400 and changes nothing, for a new fleet and a known one")
def _():
    before = world()
    for text in DOCUMENTS:
        for path in (FLEETS, FLEET_PATH):
            reply = tenant.send("PUT", path, text.encode("latin-1"))
            assert reply.status == 400, f"{reply.status} for {text[:120]!r}"
            reply.is_failure(400)
            assert reply.headers["X-Wavetank-Remark"], text[:80]
    equal(world(), before)
    first = tenant.send("PUT", FLEETS, fleet()).text
    tenant.reset()
    # Not even an id was used up.
    equal(tenant.send("PUT", FLEETS, fleet()).text, first)
    tenant.reset()


@check("blueprints: values outside their ranges are 400 at creation and at update")
def _():
    good = {**BLUEPRINT, "name": "good", "spec_list": [GOOD_INPUT]}
    made = tenant.send("POST", BLUEPRINTS, json.dumps(good)).json["data"]
    before = world()
    for change in BAD_BLUEPRINTS:
        for path in (BLUEPRINTS, f"{BLUEPRINTS}/{made['id']}"):
            reply = tenant.send("POST", path, json.dumps({**BLUEPRINT, **change}))
            assert reply.status == 400, f"{reply.status} for {str(change)[:120]} at {path}"
            reply.is_failure(400)
    for body in ("", "[]", "x", "{", '{"name": "only"}', '{"pallet_type": 2}'):
        tenant.send("POST", BLUEPRINTS, body).is_failure(400)
    tenant.send("POST", f"{BLUEPRINTS}/{made['id']}", json.dumps({"pallet_type": 3})).is_failure(400)
    tenant.send("POST", f"{BLUEPRINTS}/{OTHER}", "{}").is_failure(400)
    equal(world(), before)
    after = tenant.send("POST", f"{BLUEPRINTS}/{made['id']}", "{}").json["data"]
    equal([{**made, "updated_at": ""}], [{**after, "updated_at": ""}])


@check("external files: broken forms are 400")
def _():
    before = world()
    typed = {"Content-Type": "multipart/form-data; boundary=B"}
    for body, fields in [
            ("", typed), ("x", typed), (form(), typed), (form(("other", "x")), typed),
            (form(("file", "x"), ("file", "y")), typed), (form(("file", "x"), end=False), typed),
            (form(("file", "x"), boundary="C"), typed), (form(("file", "x")), {}),
            (form(("file", "x")), {"Content-Type": "multipart/form-data"}),
            (form(*[("file", "x")] * 5_000), typed), ("--B\r\n\r\n\r\n--B--\r\n", typed),
            (form(("file", "x")), {"Content-Type": 'multipart/form-data; boundary="' + "b" * 100 + '"'})]:
        tenant.send("POST", FILES, body, fields).is_failure(400)
    equal(world(), before)


@check("exports: days and format are checked")
def _():
    for path in (RUNS_PATH, f"{FLEET_PATH}/runs", f"/orgs/{ORG}/voyages"):
        for days in ("-1", "x", "1.5", "", "%31%20", "0x1", "²"):
            tenant.send("GET", f"{path}?days={urllib.parse.quote(days, safe='%')}").is_failure(400)
        for days in ("0", "1", "00", "99999999999999999999999"):
            equal(tenant.send("GET", f"{path}?days={days}").status, 200, days)
    tenant.send("GET", f"{FLEET_PATH}/runs?format=xml").is_failure(400)


@check("webhooks: malformed and unknown URLs are 400, other verbs 405")
def _():
    before = world()
    token = WEBHOOK.rsplit("/", 1)[1]
    for path in (f"/{OTHER}/{token}", f"{WEBHOOK}x", WEBHOOK.rsplit("/", 1)[0], f"{WEBHOOK}/more"):
        tenant.send("POST", f"/_t/{tenant.name}{path}", "{}", key=None).is_failure(400)
    tenant.send("PUT", f"/_t/{tenant.name}{WEBHOOK}", "{}", key=None).is_failure(405)
    equal(world(), before)


@check("objects with a hundred thousand members cost no more than their bytes")
def _():
    many = ",".join(f'"k{n}":{n}' for n in range(100_000))
    started = time.monotonic()
    for path, body in [
            (BLUEPRINTS, f'{{"name":"m","pallet_type":2,{many}}}'),
            (BLUEPRINTS, f'{{"name":"m","pallet_type":2,"spec_list":[{{"name":"n","type":1,{many}}}]}}'),
            (RUNS_PATH, f"{{{many}}}"),
            (RUNS_PATH, f'{{"vessel_overrides":[{{"name":"Load","environment_variable_overrides":{{{many}}}}}]}}'),
            (WEBHOOK, f"{{{many}}}")]:
        equal(tenant.send("POST", path, body).status, 201, path)
    # One look through all members for each of them would be ten seconds and more for each request.
    assert time.monotonic() - started < 15, f"{time.monotonic() - started:.1f} s"
    tenant.reset()


@check("while ten megabytes of YAML are read, other connections are answered")
def _():
    address = urllib.parse.urlsplit(BASE)
    line = "          echo the quick brown fox # jumps over the lazy dog\n"
    text = ("name: large\nvessels:\n  v:\n    source:\n      type: CODE\n      language: BASH\n      file_to_run: a.sh\n"
            "      file:\n        name: a.sh\n        content: |\n" + line * (9_900_000 // len(line)))
    # Enough connections that every event loop has some.
    others = [http.client.HTTPConnection(address.hostname, address.port, timeout=60) for _ in range(12)]
    for other in others:
        other.connect()
    status = []
    upload = threading.Thread(target=lambda: status.append(tenant.send("PUT", FLEETS, text).status))
    answered = 0
    upload.start()
    while upload.is_alive():
        for other in others:
            other.request("GET", "/_wavetank/health")
            equal(other.getresponse().read() != b"", True)
        if upload.is_alive():
            answered += 1
    upload.join()
    equal(status, [200])
    for other in others:
        other.close()
    # Rounds over all connections that ended before the document was stored; one loop that stood
    # still would have let none of them end.
    assert answered >= 5, f"only {answered} rounds"
    stored = next(f for f in tenant.send("GET", f"/orgs/{ORG}/fleets").json["data"] if f["name"] == "large")
    code = tenant.send("GET", f"{FLEETS}/{stored['id']}").text
    equal(code.count(line.strip()), text.count(line.strip()))
    tenant.reset()


@check("CONNECT: a stranger's host is refused with the way in, the vendor's own is answered here")
def _():
    address = urllib.parse.urlsplit(BASE)
    for head in ("CONNECT example.com:443 HTTP/1.0\r\n\r\n",
                 "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"):
        with socket.create_connection((address.hostname, address.port), timeout=20) as peer:
            peer.sendall(head.encode())
            answer = b""
            while data := peer.recv(65536):
                answer += data
        assert answer.startswith(b"HTTP/1.1 403 example.com is no host of an emulated API"), answer[:100]
        assert b"--intercept example.com=SERVICE" in answer, answer
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    connection.set_tunnel("api.app.shipyardapp.com", 443)
    connection.request("GET", "/orgs")
    equal(connection.getresponse().status, 401)


finish()
