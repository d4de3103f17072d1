"""The HTTP Archives that are written of a journal: by the letter of the format, and true."""

import json
import os
import socket
import subprocess
import tempfile

from common import Server, check, finish
from har12 import read

BINARY = os.environ["WAVETANK_BINARY"]
RULES = [
    {"match": {"path": "/api/v1/file/reset"}, "fault": "reset"},
    {"match": {"path": "/api/v1/file/late"}, "after": True, "fault": "reset"},
    {"match": {"path": "/api/v1/file/empty"}, "fault": "empty"},
    {"match": {"path": "/api/v1/file/cut"}, "respond": {"text": "0123456789" * 10}, "continue": True},
    {"match": {"path": "/api/v1/file/half"}, "fault": {"truncate": {"afterBytes": 7}}},
    {"match": {"path": "/api/v1/file/moved"}, "respond": {"status": 302, "header": {
        "Location": "/there?token=swordfish-12345", "Set-Cookie": ["sid=swordfish-67890; Path=/; HttpOnly; Secure", "a=b"]}}},
    {"match": {"path": "/api/v1/file/bytes"}, "respond": {"base64": "AP/+gA=="}},
    {"match": {"path": "/api/v1/file/umlauts"}, "respond": {"text": "ä" * 4000}},
    {"match": {"path": "/api/v1/file/held"}, "delay": "50ms", "respond": {"json": {"a": 1}}},
]
with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as scenario:
    json.dump({"wavetank": 1, "name": "har", "rules": [{"name": rule["match"]["path"], **rule} for rule in RULES]}, scenario)
server = Server("--scenario", scenario.name)
FORM = {"content-type": "application/x-www-form-urlencoded"}
PARTS = ('--x7q\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
         '--x7q\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nab\r\n--x7q--\r\n')

for name in ("reset", "late", "empty", "half", "moved", "bytes", "umlauts", "held"):
    server.call("POST", f"/api/v1/file/{name}", {"n": name})
server.call("POST", "/api/v1/file/get?apikey=swordfish-24680&b=%C3%A4+c&empty=&b=2", "a=1&b=x+y%26&a=2&empty=", FORM)
server.call("POST", "/api/v1/file/create", PARTS, {"content-type": "multipart/form-data; boundary=x7q"})
server.call("POST", "/api/v1/tag/create", b"\x00\xff\xfe", {"content-type": "application/octet-stream"})
server.call("HEAD", "/api/v1/sequences", fields={"cookie": "sid=swordfish-97531; theme=dark"})
server.call("GET", "/api/v1/sequences")
server.call("POST", "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": "x" * 9000}]})
# A client that goes before its answer.
with socket.create_connection(("127.0.0.1", server.port)) as gone:
    gone.sendall(b"POST /api/v1/file/held HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nAuthorization: Bearer k\r\n\r\n{}")

text = server.call("GET", "/_wavetank/journal.har")[1].decode()
entries, problems = read(text)
check("the archive of a journal is HAR 1.2 to the letter", problems == [] and len(entries) >= 14, problems[:6])
check("no credential is in it", "swordfish" not in text, text[max(0, text.find("swordfish") - 200):][:400])


def one(path, method="POST"):
    return next(entry for entry in entries if entry["request"]["url"].split("?")[0].endswith(path)
                and entry["request"]["method"] == method)


for name in ("reset", "late", "empty"):
    answer = one(f"/file/{name}")["response"]
    check(f"what was lost ({name}) is status 0, and says why",
          (answer["status"], answer["statusText"], answer["content"]["size"]) == (0, "", 0) and answer["_error"], answer)
half = one("/file/half")["response"]
check("of a truncated content what went out is there, and no more", half["status"] != 0 and half["content"]["size"] == 7
      and len(half["content"]["text"]) == 7 and half["bodySize"] == 7, half)
moved = one("/file/moved")["response"]
check("a redirection says where to", moved["redirectURL"].startswith("/there?token=***#"), moved["redirectURL"])
check("and which cookies it sets", [(cookie["name"], cookie["httpOnly"], cookie["secure"], cookie.get("path"))
                                    for cookie in moved["cookies"]] == [("sid", True, True, "/"), ("a", False, False, None)],
      moved["cookies"])
binary = one("/file/bytes")["response"]["content"]
check("bytes are base64", (binary["encoding"], binary["text"], binary["size"]) == ("base64", "AP/+gA==", 4), binary)
umlauts = one("/file/umlauts")["response"]
check("a long content is cut between two characters, and says so", umlauts["bodySize"] == 8000
      and umlauts["content"]["size"] == len(umlauts["content"]["text"].encode()) <= 4096
      and "of 8000 bytes" in umlauts["content"]["comment"], umlauts["content"].get("comment"))
form = one("/file/get")["request"]
check("a form has its params, decoded", [(item["name"], item["value"]) for item in form["postData"]["params"]]
      == [("a", "1"), ("b", "x y&"), ("a", "2"), ("empty", "")] and form["postData"]["text"] == "a=1&b=x+y%26&a=2&empty=", form)
check("a query is decoded, its secrets masked", [(item["name"], item["value"]) for item in form["queryString"]][1:]
      == [("b", "ä c"), ("empty", ""), ("b", "2")] and form["queryString"][0]["value"].startswith("***#"), form["queryString"])
parts = one("/file/create")["request"]["postData"]["params"]
check("and so have forms in parts", parts == [
    {"name": "note", "value": "hello"},
    {"name": "file", "value": "ab", "fileName": "a.txt", "contentType": "text/plain"}], parts)
upload = one("/tag/create")["request"]["postData"]
check("bytes that are sent are base64 too", (upload["_encoding"], upload["text"]) == ("base64", "AP/+"), upload)
head = one("/sequences", "HEAD")
check("an answer to HEAD has no content", head["response"]["status"] == 200 and head["response"]["content"]["size"] == 0, head)
check("cookies are named, not told", [cookie["name"] for cookie in head["request"]["cookies"]] == ["sid", "theme"]
      and all(cookie["value"].startswith("***#") for cookie in head["request"]["cookies"]), head["request"]["cookies"])
held = one("/file/held")
check("time is what the timings add up to", held["time"] >= 50, held["timings"])

run = tempfile.mkdtemp(prefix="wavetank-har-")
done = subprocess.run([BINARY, "run", "--ca-dir", f"{run}/ca", "--har", f"{run}/run.har", "--quiet", "--", "sh", "-c",
                       "curl -s -o /dev/null -H 'X-Shipyard-API-Key: swordfish-11111' "
                       "https://api.app.shipyardapp.com/orgs/11111111-1111-4111-8111-111111111111/voyages; "
                       "curl -s -o /dev/null \"$WAVETANK_URL/api/v1/version\""], capture_output=True, text=True, timeout=120)
text = open(f"{run}/run.har").read() if done.returncode == 0 else "{}"
entries, problems = read(text) if done.returncode == 0 else ([], [done.stderr])
check("the archive of a run is HAR 1.2 to the letter, too", problems == [] and "swordfish" not in text, problems[:6])
check("what came over TLS has https in its URL", [entry["request"]["url"].split("/")[0] for entry in entries]
      == ["https:", "http:"], [entry["request"]["url"] for entry in entries])
done = subprocess.run([BINARY, "ctl", "journal", "--har", "--url", server.url], capture_output=True, text=True, timeout=60)
check("and so is ctl's", done.returncode == 0 and read(done.stdout)[1] == [], done.stderr)
os.unlink(scenario.name)
finish()
