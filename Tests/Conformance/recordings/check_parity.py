"""`wavetank parity`: recordings played against the emulator, and what is otherwise there."""

import copy
import json
import re
import xml.etree.ElementTree as xml

from archive import entry, folder, parity, places, recorded, wavetank, write
from common import Server, check, finish


def file_calls(call):
    made = json.loads(call("POST", "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": "hello"}]})[1])
    file = made["data"]["file"]["id"]
    call("POST", "/api/v1/file/get", {"id": file})
    call("POST", "/api/v1/file/get", {"id": "00000000-0000-4000-8000-000000000000"})
    call("POST", "/api/v1/file/delete", {"id": file})
    call("POST", "/api/v1/file/get", {"id": file})


entries, _ = recorded(file_calls, "--seed", "77")
har = write("same.har", *copy.deepcopy(entries))
status, report = parity(har)
check("an emulator's own recording is the same, though ids and times are others", status == 0
      and report["exchanges"] == 5 and report["same"] == 5 and report["differences"] == [], report)


def changed(change):
    """The recording with one of its answers changed."""
    copied = copy.deepcopy(entries)
    content = copied[1]["response"]["content"]
    answer = json.loads(content["text"])
    change(copied[1], answer)
    content["text"] = json.dumps(answer)
    content["size"] = len(content["text"])
    return write("changed.har", *copied)


def file(answer):
    return answer["data"]["file"]


for name, change, wanted in [
    ("a member that is not here", lambda _, answer: file(answer).update(extra=1), ("missing", "/data/file/extra")),
    ("a member too many", lambda _, answer: file(answer).pop("handle"), ("surplus", "/data/file/handle")),
    ("another type", lambda _, answer: file(answer).update(blocks={}), ("type", "/data/file/blocks")),
    ("null in place of a value", lambda _, answer: file(answer).update(handle=None), ("type", "/data/file/handle")),
    ("another value", lambda _, answer: file(answer)["blocks"][0].update(text="bye"), ("value", "/data/file/blocks/0/text")),
    ("an element that is not here", lambda _, answer: file(answer)["blocks"].append({"text": "x"}), ("missing", "/data/file/blocks/1")),
    ("another status", lambda item, _: item["response"].update(status=201), ("status", "status")),
    ("a field that clients read", lambda item, _: item["response"]["headers"].append({"name": "Retry-After", "value": "3"}),
     ("header", "header/retry-after")),
    ("a member with a slash in its name", lambda _, answer: answer.update({"a/b~c": 1}), ("missing", "/a~1b~0c")),
]:
    status, report = parity(changed(change))
    found = [(kind, place) for _, kind, place in places(report)]
    check(f"a difference is told with its place: {name}", status == 1 and found == [wanted]
          and places(report)[0][0] == 2 and report["differences"][0]["method"] == "POST"
          and report["differences"][0]["path"] == "/api/v1/file/get", report)
status, report = parity(changed(lambda _, answer: file(answer).update(id="99999999-9999-4999-8999-999999999999")))
check("an id that was another thing's before is a difference", status == 1
      and (2, "value", "/data/file/id") in places(report), report)

extra = changed(lambda _, answer: (file(answer).update(extra=1, more=2)))
accept = folder / "accept.json"


def accepted(*items, recording=extra):
    accept.write_text(json.dumps({"accepted": list(items)}))
    return parity("--accept", accept, recording)


status, report = accepted({"reason": "they say so", "path": "/api/v1/file/*", "place": "/data/file/extra"})
check("an accepted difference is told with its reason, others fail", status == 1 and report["new"] == 1
      and [item.get("reason") for item in report["differences"]] == ["they say so", None], report)
status, report = accepted({"reason": "all of them", "method": "post", "kind": "missing"}, {"reason": "gone", "place": "/nowhere"})
check("where all are accepted it holds, and what is not found any more is told", status == 0 and report["new"] == 0
      and [item["reason"] for item in report["unusedAcceptances"]] == ["gone"], report)
for text, words in [
    ("{", "accept.json is no JSON"), ("[]", 'has no list "accepted"'),
    ('{"accepted": [{"place": "/a"}]}', '/accepted/0 needs a "reason"'),
    ('{"accepted": [{"reason": "r"}]}', "/accepted/0 accepts everything"),
    ('{"accepted": [{"reason": "r", "plaec": "/a"}]}', '/accepted/0/plaec is not known; did you mean "place"?'),
    ('{"accepted": [{"reason": "r", "kind": "odd"}]}', "/accepted/0/kind must be one of"),
    ('{"accepted": [{"reason": "r", "exchange": "1"}]}', "/accepted/0/exchange must be"),
    ('{"accepted": [3]}', "/accepted/0 is a number"),
]:
    accept.write_text(text)
    status, output, errors = wavetank("parity", "--accept", accept, extra)
    check(f"what is wrong with the accepted is said with its place: {words}", status == 1 and words in errors
          and errors.count("\n") == 1, (status, errors))
status, _, errors = wavetank("parity", "--accept", folder / "none.json", extra)
check("and that there is no such file", status == 1 and "cannot read" in errors, errors)

out = {name: folder / f"report.{name}" for name in ("json", "xml", "html")}
status, text, _ = wavetank("parity", "--json", out["json"], "--junit", out["xml"], "--html", out["html"], extra)
suite = xml.parse(out["xml"]).getroot()
check("the report in four forms", status == 1 and json.loads(out["json"].read_text())["new"] == 2
      and (suite.get("tests"), suite.get("failures")) == ("5", "1") and "/data/file/extra" in out["html"].read_text()
      and "exchange 2  POST /api/v1/file/get" in text and "missing  /data/file/extra: recorded 1, here absent" in text, text)

# Work that goes on: how often it was looked at is a matter of time.
def polling(call):
    made = json.loads(call("POST", "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": "hello"}]})[1])
    call("POST", "/api/v1/plugin/instance/create", {"pluginHandle": "gpt-4", "handle": "g"})
    started = json.loads(call("POST", "/api/v1/plugin/instance/generate", {
        "pluginInstance": "g", "inputFileId": made["data"]["file"]["id"], "appendOutputToFile": True})[1])
    task = started["status"]["taskId"]
    for _ in range(20):
        state = json.loads(call("POST", "/api/v1/task/status", {"taskId": task})[1])["status"]["state"]
        if state in ("succeeded", "failed"):
            return state
        call("POST", "/_wavetank/clock/advance", {"by": "5s"})


entries, state = recorded(polling, "--clock", "manual", "--scenario", "slow-tasks")
looks = sum(item["request"]["url"].endswith("/task/status") for item in entries)
har = write("task.har", *copy.deepcopy(entries))
status, report = parity("--scenario", "slow-tasks", har)
check("a task is looked at until it is final, however often the recording's client did", state == "succeeded" and looks >= 2
      and status == 0 and report["supersededLooks"] == looks - 1 and report["exchanges"] == len(entries) - looks + 1,
      (looks, state, report))
status, report = parity("--clock", "x100", "--scenario", "slow-tasks", har)
check("on a clock that runs, too", status == 0, report)
status, report = parity("--clock", "manual", "--scenario", "slow-tasks", "--patience", "300ms", har)
check("where it never ends that is a difference", status == 1
      and any(kind == "value" and place == "/status/state" for _, kind, place in places(report)), report)

server = Server("--scenario", "slow-tasks")
status, report = parity("--url", server.url, har)
tenants = json.loads(server.call("GET", "/_wavetank/tenants")[1])["tenants"]
check("a running server is asked in a fresh tenant, which is gone afterwards", status == 0
      and [tenant["name"] for tenant in tenants] == ["default"], (report, tenants))
status, _, errors = wavetank("parity", "--url", "http://127.0.0.1:9", har)
check("a server that is not there is said", status == 1 and "no server answers" in errors, errors)
check("what belongs to a private server is refused with --url",
      wavetank("parity", "--url", server.url, "--scenario", "x.json", har)[0] == 64)

# Addresses in answers are the recorded service's.
FLEET = "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222/fleets/33333333-3333-4333-8333-333333333333/fleetruns"
entries, _ = recorded(lambda call: call("POST", FLEET, {}))
har = write("addresses.har", *copy.deepcopy(entries))
status, report = parity(har)
check("addresses in answers are compared as those of the recorded service", status == 0 and report["exchanges"] == 1, report)
text = json.dumps({"log": {"version": "1.2", "entries": entries}})
secure = folder / "secure.har"
secure.write_text(re.sub(r"http://(localhost|127\.0\.0\.1):\d+", "https://api.app.shipyardapp.com", text))
status, report = parity(secure)
check("over TLS and under the vendor's name, too", status == 0 and report["exchanges"] == 1, report)

# Streams: a reader is there before the writer.
hub = "http://127.0.0.1:8000/api/v1/topic/news"
har = write("topic.har",
            entry("GET", hub, '{"n": 1}\n{"n": 2}\n', at=0, took=3, type_="application/x-ndjson"),
            entry("POST", hub, {}, '{"n": 1}\n{"n": 2}\n', at=1, took=0.1, status=202, sends="application/x-ndjson"))
status, report = parity(har, timeout=180)
check("what was under way at one time is so again: a reader is there before the writer", report["exchanges"] == 2
      and [place for _, _, place in places(report) if not place.startswith("header")] == [], report)

for text, words in [("", "is no JSON"), ("{}", 'it has no object "log"'), ('{"log": {}}', '"/log/entries" is no list'),
                    ('{"log": {"entries": [\n{]}}', "line 2"), ('{"log": {"entries": []}}', "nothing to compare")]:
    bad = folder / "bad.har"
    bad.write_text(text)
    status, _, errors = wavetank("parity", "--quiet", bad)
    check(f"a file that is none is said in one sentence: {words}", status == 1 and words in errors, errors)
check("as is one that is not there", "cannot read" in wavetank("parity", folder / "none.har")[2])
check("without a file it is a usage error", wavetank("parity")[0] == 64)
# What a terminal would obey.
hostile = [entry("GET", "https://evil.example/\x1b]0;owned\x07"),
           entry("GET", "nosuch", "\x1b[2Jgone\x9b31m", status=200, type_="text/plain", fields={"Location": "/\x1b[31m\u202ered"})]
for command in (["parity"], ["import", "--out", str(folder / "made.json")]):
    _, output, errors = wavetank(*command, write("hostile.har", *hostile))
    said = output + errors
    check(f"{command[0]} writes out what a terminal would obey", "\\u{1b}" in said
          and not any(ord(letter) < 32 and letter not in "\n\t" or 127 <= ord(letter) < 160 or letter == "\u202e" for letter in said), said)
finish()
