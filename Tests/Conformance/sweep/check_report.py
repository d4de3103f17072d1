"""`wavetank report`: the card of a client, from a server, from a file and from a run."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]
folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-report-"))
server = Server()
T = "/_t/card"


def wavetank(*arguments):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def card(*arguments):
    status, output, errors = wavetank("report", "--format", "json", *arguments)
    return status, json.loads(output) if output.startswith("{") else errors


LIVE = ("--url", server.url, "--tenant", "card")
server.call("POST", T + "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": "hello"}], "handle": "notes"})
server.call("POST", T + "/api/v1/file/get", {"handle": "notes"})
server.call("GET", T + "/orgs/11111111-1111-4111-8111-111111111111/voyages?days=3")
status, good = card(*LIVE)
used = {use["operation"]: use for use in good["operations"]}
check("operations, members, query and statuses that were used are told", status == 0
      and set(used) == {"steamship.file.create", "steamship.file.get", "shipyard.voyage.list"}
      and used["steamship.file.create"]["members"] == ["blocks", "handle", "type"]
      and used["shipyard.voyage.list"]["query"] == ["days"]
      and used["steamship.file.get"]["statuses"] == {"200": 1}, good)
check("and what was not", "publicData" in used["steamship.file.create"]["unusedMembers"]
      and 401 in used["steamship.file.get"]["unseenStatuses"]
      and "steamship.workspace.create" in good["unused"] and "shipyard.fleetRun.create" in good["unused"]
      and not any(name.startswith("scramjet.") for name in good["unused"]), good["unused"][:5])
check("a client that does all right has no remark", good["remarks"] == [], good["remarks"])
check("--strict-report lets it pass", card(*LIVE, "--strict-report")[0] == 0)

server.call("POST", T + "/api/v1/file/get", {"handle": "notes"})
server.call("POST", T + "/api/v1/file/get", {"handle": "notes"})
server.call("GET", T + "/api/v1/nowhere/at/all")
rule = {"name": "r", "match": {"operation": "steamship.file.list"}, "times": 1,
        "error": {"status": 429, "header": {"Retry-After": "5"}}}
server.call("POST", "/_wavetank/scenario/rules?tenant=card", rule)
server.call("POST", T + "/api/v1/file/list", {})
server.call("POST", T + "/api/v1/file/list", {})
status, bad = card(*LIVE, "--strict-report")
kinds = {remark["kind"] for remark in bad["remarks"]}
check("what it did wrong is told, and --strict-report fails", status == 1
      and {"askedAgain", "unknownPath", "ignoredRetryAfter"} <= kinds and bad["retries"] == 1, bad["remarks"])

# Refused is not accepted.
server.call("PUT", "/_wavetank/scenario?tenant=refused", {"wavetank": 1, "auth": {"keys": [{"key": "old", "status": 401}]}})
for path, content in (("/api/v1/file/list", {}), ("/api/v1/workspace/create", {"handle": 5})):
    server.call("POST", "/_t/refused" + path, content, {"Authorization": "Bearer old"})
server.call("GET", "/_t/refused/orgs", None, {"X-Shipyard-API-Key": "old"})
status, refused = card("--url", server.url, "--tenant", "refused", "--strict-report")
check("a request that is refused was not accepted leniently", status == 0 and refused["remarks"] == []
      and refused["exchanges"] == 3, refused)

# From a file, in each form.
journal = folder / "journal.json"
wavetank("ctl", "journal", "--whole", *LIVE, "--output", str(journal))
status, again = card("--journal", str(journal))
check("a journal in a file gives the same card", again == bad, again)
for form in ("text", "html", "junit"):
    file = folder / f"card.{form}"
    status, _, errors = wavetank("report", "--journal", str(journal), "--format", form, "--output", str(file))
    check(f"as {form}", status == 0 and "steamship.file.create" in file.read_text(), errors)
check("JUnit XML can be read", int(xml.etree.ElementTree.parse(folder / "card.junit").getroot().get("failures")) >= 2)
page = (folder / "card.html").read_text()
check("the page needs nothing else", "<script" not in page and "http" not in page.replace("http-equiv", ""))
thin = folder / "thin.json"
wavetank("ctl", "journal", *LIVE, "--output", str(thin))
check("a journal without contents is refused, and says how to make one",
      (lambda result: result[0] == 64 and "--whole" in result[2])(wavetank("report", "--journal", str(thin))))
check("a file and a server are one too many", wavetank("report", "--journal", str(journal), *LIVE)[0] == 64)

# Of a run.
program = (sys.executable, "-c", "import os, urllib.request; urllib.request.urlopen(urllib.request.Request("
           "os.environ['WAVETANK_URL'] + '/orgs', headers={'X-Shipyard-API-Key': 'k'})).read()")
for name in ("run.json", "run.html", "run.xml", "run.txt"):
    status, _, errors = wavetank("run", "--quiet", "--ca-dir", str(folder / "ca"), "--report", str(folder / name),
                                 "--", *program)
    text = (folder / name).read_text() if (folder / name).exists() else ""
    check(f"run --report {name}", status == 0 and "shipyard.organization.list" in text, errors)

# How much a journal keeps.
small = Server("--journal-entries", "2")
for _ in range(5):
    small.call("GET", "/orgs")
kept = json.loads(small.call("GET", "/_wavetank/journal")[1])
check("--journal-entries: the last ones are kept", (kept["kept"], kept["dropped"], kept["total"]) == (2, 3, 5), kept)
small.end()
small = Server("--journal-bytes", "64KiB")
for _ in range(100):
    small.call("GET", "/orgs")
kept = json.loads(small.call("GET", "/_wavetank/journal")[1])
check("--journal-bytes: no more than that is kept", kept["bytes"] <= 64 * 1024 and kept["dropped"] > 0, {
    key: kept[key] for key in ("kept", "bytes", "dropped")})
small.end()
for wrong in (("--journal-entries", "0"), ("--journal-bytes", "1KiB"), ("--journal-bytes", "many")):
    check(f"{' '.join(wrong)} is refused", wavetank("serve", "--port", "0", *wrong)[0] == 64)

shutil.rmtree(folder, ignore_errors=True)
finish()
