"""`wavetank import`: scenarios of recordings, whole or only what in them is otherwise than here."""

import copy
import json
import pathlib

from archive import entry, folder, parity, places, recorded, wavetank, write
from common import Server, check, finish

ID = "aaaaaaaa-0000-4000-8000-000000000001"
REAL = [
    entry("POST", "file/create", {"data": {"file": {"id": ID, "handle": "real", "odd": "{{count}} and {{{{", "none": None}},
                                  "status": {"state": "succeeded"}}, {"type": "blocks", "blocks": [{"text": "hello"}]},
          fields={"X-Real": "yes", "Date": "Sun, 01 Mar 2026 12:00:00 GMT", "Content-Encoding": "gzip", "Connection": "close"}),
    entry("POST", "file/get", {"status": {"state": "running"}}, {"id": ID}),
    entry("POST", "file/get", {"status": {"state": "running"}}, {"id": ID}),
    entry("POST", "file/get", {"data": {"file": {"id": ID}}, "status": {"state": "succeeded"}}, {"id": ID}),
    entry("GET", "https://api.app.shipyardapp.com/orgs/o/projects/p?b=2&apikey=***%231234", "a,b\n1,2\n", type_="text/csv"),
    entry("GET", "https://api.app.shipyardapp.com/orgs/o/projects/p?b=3", {"b": 3}, status=418),
    entry("GET", "https://steamship.run/me/w/{x}*y", {"starred": True}),
    entry("DELETE", "file/gone", status=204, type_=None),
    entry("GET", "https://api.app.shipyardapp.com/orgs/o/untyped", {"error": "no type"}, status=404, type_=None, fields={"X-Real": "yes"}),
    entry("GET", "https://api.app.shipyardapp.com/orgs/o/bytes", None, type_="application/octet-stream"),
]
REAL[-1]["response"]["content"].update(size=3, text="AP/+", encoding="base64")
har = write("real.har", *copy.deepcopy(REAL))
out = folder / "real.json"
status, _, errors = wavetank("import", har, "--out", out)
scenario = json.loads(out.read_text()) if status == 0 else {}
check("a scenario of respond rules, in order", status == 0 and len(scenario["rules"]) == 10
      and all("respond" in rule for rule in scenario["rules"]) and errors == "", (status, errors))
check("that is good", wavetank("check", out) == (0, f"{out}: good\n", ""), wavetank("check", out))
first = scenario["rules"][0]
check("without what belongs to the framing", set(first["respond"]["header"]) == {"Content-Type", "X-Real"}, first)
check("an answer that is not the last to its question is given once", [rule.get("times") for rule in scenario["rules"][1:4]]
      == [1, 1, None], scenario["rules"][1:4])
server = Server("--scenario", str(out))
answer = json.loads(server.call("POST", "/api/v1/file/create", {})[1])
check("braces in texts are no templates", answer == json.loads(REAL[0]["response"]["content"]["text"]), answer)
answers = [json.loads(server.call("POST", "/api/v1/file/get", {})[1])["status"]["state"] for _ in range(4)]
check("in their order, the last one stays", answers == ["running", "running", "succeeded", "succeeded"], answers)
status, content, fields = server.call("GET", "/orgs/o/bytes")
check("bytes and fields come back", content == b"\x00\xff\xfe" and fields["Content-Type"] == "application/octet-stream", (content, fields))
status, content, fields = server.call("GET", "/orgs/o/untyped")
check("what had no type has none", status == 404 and json.loads(content) == {"error": "no type"} and "Content-Type" not in fields, fields)
cut = write("cut.har", entry("GET", "https://api.app.shipyardapp.com/orgs/o/long", "half of", fields={"Content-Length": "300"}),
            entry("GET", "https://api.app.shipyardapp.com/orgs/o/coded", "plain", fields={"Content-Length": "300", "Content-Encoding": "gzip"}))
status, output, errors = wavetank("import", cut)
check("an answer that was cut is told of", status == 0 and errors.count("\n") == 1 and "/orgs/o/long was cut (7 of 300 bytes" in errors, errors)
for command, flag in (("import", "--out"), ("import --differences", "--out"), ("parity", "--json"), ("parity", "--junit"), ("parity", "--html")):
    status, output, errors = wavetank(*command.split(), folder / "none.har", flag, "/nowhere/result")
    check(f"{command} {flag}: that it cannot be written is known first", status == 1 and "/nowhere/result" in errors
          and "none.har" not in errors and output == "", (status, output, errors))
har = pathlib.Path(har)
kept = har.read_bytes()
for command, flag in (("import", "--out"), ("parity", "--json"), ("parity", "--html")):
    status, _, errors = wavetank(command, har, flag, har.parent / "." / har.name)
    check(f"{command} {flag} does not write over the recording", status == 64 and flag in errors and har.read_bytes() == kept, errors)
check("a query tells two questions apart", [server.call("GET", f"/orgs/o/projects/p?b={b}")[0] for b in (2, 3)] == [200, 418])
status, report = parity("--scenario", out, har)
check("served, the recording and the emulator are the same", status == 0 and report["differences"] == [], report)
status, report = parity(har)
check("which they are not without it", status == 1 and report["new"] >= 5, report)

corrected = folder / "corrected.json"
status, _, errors = wavetank("import", "--differences", har, "--out", corrected)
scenario = json.loads(corrected.read_text()) if status == 0 else {}
check("or rules for the differences alone", status == 0 and scenario["rules"], errors)
check("which are good, too", wavetank("check", corrected)[0] == 0, wavetank("check", corrected))
status, report = parity("--scenario", corrected, har)
check("and make the emulator answer as recorded", status == 0 and report["differences"] == [], report)


def calls(call):
    for name in ("one", "two", "three"):
        made = json.loads(call("POST", "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": name}], "handle": name})[1])
        call("POST", "/api/v1/file/get", {"id": made["data"]["file"]["id"]})
    call("GET", "/orgs/11111111-1111-4111-8111-111111111111/voyages")


entries, _ = recorded(calls, "--seed", "5")
for number, change in [(1, lambda file: file.update(extra={"a": [1, None]})), (3, lambda file: file["blocks"].append({"x": 1})),
                       (3, lambda file: file.pop("handle"))]:
    content = entries[number]["response"]["content"]
    answer = json.loads(content["text"])
    change(answer["data"]["file"])
    content["text"] = json.dumps(answer)
entries[5]["response"]["status"] = 203
entries[5]["response"]["headers"].append({"name": "Retry-After", "value": "7"})
har = write("patched.har", *entries)
status, _, errors = wavetank("import", "--differences", har, "--out", corrected)
rules = json.loads(corrected.read_text())["rules"] if status == 0 else []
check("what is the same is left to the emulator: patches of what differs", len(rules) == 3
      and all("patch" in rule for rule in rules)
      and rules[0]["patch"] == {"json": {"data": {"file": {"extra": {"a": [1, None]}}}}}
      and rules[1]["patch"]["json"]["data"]["file"]["handle"] is None
      and rules[2]["patch"] == {"status": 203, "header": {"retry-after": "7"}}, rules)
check("that are good", wavetank("check", corrected)[0] == 0, wavetank("check", corrected))
status, report = parity("--scenario", corrected, har)
check("and parity holds with them", status == 0 and report["differences"] == [], report)

# Files of others, each in its own way.
chrome = entry("GET", "https://api.app.shipyardapp.com/orgs/o/voyages", {"data": []}, _initiator={"type": "script"}, _priority="High",
               _resourceType="fetch", connection="443", pageref="page_1")
chrome["request"]["httpVersion"] = "h2"
chrome["request"]["headers"] += [{"name": ":authority", "value": "api.app.shipyardapp.com"}, {"name": ":method", "value": "GET"}]
chrome["response"].update(_transferSize=300, _error=None, bodySize=-1)
cached = entry("GET", "user/current", {"a": 1}, _fromCache="disk")
blocked = entry("POST", "file/get", None, {"id": "x"}, status=0)
blocked["response"]["_error"] = "net::ERR_FAILED"
preflight = entry("OPTIONS", "file/get", status=200, _initiator={"type": "preflight"})
socket = entry("GET", "wss://api.steamship.com/x", status=101)
page = entry("GET", "https://fonts.example/css", "x", type_="text/css")
data = entry("GET", "file", "x")
data["request"]["url"] = "data:text/plain,x"
upload = entry("POST", "file/create", {"a": 1})
upload["request"]["bodySize"] = 900
upload["request"]["postData"] = {"mimeType": "multipart/form-data; boundary=b", "params": [
    {"name": "file", "fileName": "a.pdf", "contentType": "application/pdf"}]}
status, report = parity(write("chrome.har", chrome, cached, blocked, preflight, socket, page, data, upload, {}, 7, creator="WebInspector"))
reasons = {item["entry"]: item["reason"] for item in report["notUsed"]}
check("a browser's file: what cannot be used is said, with its number", report["exchanges"] == 1 and set(reasons) == set(range(2, 11))
      and "cache" in reasons[2] and "net::ERR_FAILED" in reasons[3] and "preflight" in reasons[4] and "WebSocket" in reasons[5]
      and "fonts.example is no host" in reasons[6] and "http" in reasons[7] and "a.pdf" in reasons[8]
      and "no request" in reasons[9] and "no object" in reasons[10], reasons)
firefox = entry("POST", "file/get", None, {"id": "x"}, status=404)
firefox["response"]["content"] = {"mimeType": "application/json", "size": 1200, "comment": "Response bodies are not included."}
del firefox["request"]["postData"]["params"]
form = entry("POST", "file/get", {"a": 1})
form["request"]["postData"] = {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "id", "value": "a b&c"}]}
form["request"]["headers"].append({"name": "Content-Type", "value": "application/x-www-form-urlencoded"})
har = write("firefox.har", firefox, form, creator="Firefox")
status, report = parity(har)
check("a content that is not in the file is not compared, and that is said", report["exchanges"] == 2
      and [item["exchange"] for item in report["withoutContent"]] == [1]
      and not any(number == 1 and place.startswith("/") for number, _, place in places(report)), report)
status, output, errors = wavetank("import", har)
check("and no rule is made of it, with its number", status == 0 and len(json.loads(output)["rules"]) == 1
      and "entry 1 POST /api/v1/file/get is not used: the answer's content, 1200 bytes, is not there" in errors, errors)
playwright = entry("GET", "https://api.app.shipyardapp.com/orgs/o/x", None, _monotonicTime=12.5, _frameref="f", _securityDetails={})
playwright["response"]["content"] = {"size": 5, "mimeType": "text/plain", "_file": "abc.txt", "_sha1": "abc.txt"}
mitm = entry("GET", "https://api.app.shipyardapp.com/orgs/o/y", "ä", type_="text/plain")
mitm["response"]["content"] = {"size": 2, "compression": 0, "mimeType": "text/plain", "text": "w6Q=", "encoding": "base64"}
mitm["startedDateTime"] = "2026-03-01T13:00:00.123456+01:00"
status, output, errors = wavetank("import", write("others.har", playwright, mitm))
check("contents in other files and in base64", status == 0 and "in another file, abc.txt" in errors
      and json.loads(output)["rules"][0]["respond"]["text"] == "ä", (output, errors))
status, output, errors = wavetank("import", write("none.har", page))
check("where nothing can be used there is no scenario", status == 1 and output == "" and "nothing to make rules of" in errors, errors)
status, output, errors = wavetank("import", "--differences", write("none.har", page))
check("nor can anything be corrected", status == 1 and output == "" and "nothing to make rules of" in errors, errors)
chrome = entry("POST", "file/get", {"status": {"state": "failed", "statusCode": "NotFound"}}, {"id": "x"}, status=404)
chrome["request"]["headers"] = [{"name": "content-type", "value": "application/json"}]
status, report = parity(write("sanitized.har", chrome, creator="WebInspector"))
check("a browser's file without credentials is asked with some", "status" not in [place for _, _, place in places(report)], report)
large = entry("GET", "https://api.app.shipyardapp.com/orgs/o/large", "x" * (3 << 20), type_="text/plain")
many = folder / "many.json"
status, output, errors = wavetank("import", write("many.har", *[large] * 3), "--out", many)
check("what no scenario can hold is not written, and that is said",
      status == 1 and not many.exists() and "nothing is written" in errors and "8 MiB" in errors, (status, errors))
own = entry("GET", "https://hub.example/api/v1/version", {"version": "9"})
har = write("own.har", own)
check("a host of one's own is given to a service", wavetank("import", "--intercept", "hub.example=scramjet", har)[0] == 0
      and wavetank("import", har)[0] == 1)
check("differences are those of one recording", wavetank("import", "--differences", har, har)[0] == 64)
check("what is for --differences is a usage error without", wavetank("import", "--clock", "real", har)[0] == 64)
finish()
