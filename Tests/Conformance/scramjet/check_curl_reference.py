"""Every curl line of the vendor's API reference, as it is printed there (`curl -v --location GET URL`
has `GET` as a first URL, which does not resolve; the second one is what counts)."""

import json
import os
import pathlib
import select
import subprocess
import tempfile
import threading
import time

from common import check, finish
from support import Base, control, eventually, manifest, package, same, section, under_way

TENANT = "curl"
SPACE = Base("/api/v1/space/demo/api/v1", TENANT, token="token")
HUB = Base("/api/v1/space/demo/api/v1/sth/sth-0/api/v1", TENANT, token="token")
A = ["-H", "authorization: Bearer token"]
J = ["-H", "content-type: application/json"]
ANY = ["-H", "accept: */*"]
NC = ["-H", "cache-control: no-cache"]
OS = ["-H", "Content-Type: application/octet-stream"]
CH = ["-H", "Transfer-Encoding: chunked"]
TEXT = ["-H", "Content-Type: text/plain"]
L = ["-v", "--location"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-curl-"))


class Line:
    """What one curl line gave."""

    def __init__(self, arguments, seconds=5, give=None):
        done = subprocess.run(
            ["curl", "-sS", "--max-time", str(seconds), *arguments], input=give,
            stdin=subprocess.DEVNULL if give is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.code = done.returncode
        self.body = done.stdout
        self.trace = done.stderr.decode("utf-8", "replace")
        statuses = [line.split()[2] for line in self.trace.splitlines()
                    if line.startswith("< HTTP/1.1 ") and not line.startswith("< HTTP/1.1 100")]
        self.status = int(statuses[-1]) if statuses else None

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"exit {self.code} status {self.status} {self.body[:200]!r} {self.trace[-300:]}"


def get(url, *fields, seconds=5):
    """The reference's form of a GET."""
    return Line([*L, "GET", url, *sum(fields, [])], seconds)


def stream(url, *fields, seconds=2):
    """A GET of a stream: curl leaves when its time is over, with what came until then."""
    return Line([*L, "GET", url, *sum(fields, [])], seconds)


def file(name, data):
    path = FOLDER / name
    path.write_bytes(data)
    return str(path)


archive = package(manifest("@scramjet/hello"))
F = file("hello.tar.gz", archive)

with section("store"):
    line = Line([*L, "--request", "GET", f"{SPACE.url}/s3", *A, *J])
    check("store: list", line.status == 200 and line.json[0]["_filename"] == "echo.tar.gz", line)
    line = Line([*L, "--request", "PUT", "--upload-file", F, f"{SPACE.url}/s3",
                 *ANY, *A, *NC, *OS, *CH])
    check("store: put", line.status == 202 and line.json["name"] == "@scramjet/hello"
          and list(line.json)[:2] == ["etag", "versionId"], line)
    stored = line.json["id"]
    line = Line(["-v", "--location", "-T", F, f"{SPACE.url}/s3/", *A, *OS])
    check("store: put with the file's name", line.status == 202, line)
    check("store: 100 (Continue) comes when curl waits for it", "100 Continue" in line.trace
          and "Done waiting for 100" not in line.trace, line)
    out = FOLDER / "download"
    line = Line(["--location", "--request", "GET", f"{SPACE.url}/s3/hello.tar.gz", *A,
                 "--output", str(out)])
    same("store: get gives the bytes as they came", out.read_bytes(), archive)
    line = Line(["-v", "--request", "DELETE", f"{SPACE.url}/s3/hello.tar.gz", *A, *J])
    check("store: delete", line.status == 202 and line.json == {"id": "hello.tar.gz"}, line)
    line = Line(["-v", "--request", "GET", f"{SPACE.url}/s3/hello.tar.gz", *A])
    same("store: get of a deleted one", line.status, 404)

with section("space"):
    line = get(f"{SPACE.url}/version", ANY, A, J)
    check("space: version", line.status == 200 and line.json["service"] == "@scramjet/manager", line)
    same("space: exit code of the reference's form is that of the last transfer", line.code, 0)
    line = get(f"{SPACE.url}/load", ANY, A, J)
    check("space: load", line.status == 200 and "fsSize" in line.json, line)
    line = get(f"{SPACE.url}/list", ANY, A, J)
    check("space: list", [hub["id"] for hub in line.json] == ["sth-0", "sth-1"]
          and line.json[0]["healthy"] is True and line.json[0]["selfHosted"] is False, line)
    line = get(f"{SPACE.url}/sequences", ANY, A, NC, J)
    check("space: sequences", line.status == 200 and line.json == [], line)
    line = get(f"{SPACE.url}/instances", ANY, A, NC, J)
    check("space: instances", line.status == 200 and line.json == [], line)
    line = stream(f"{SPACE.url}/log", ANY, A, NC, J)
    check("space: log", line.status == 200 and line.body.startswith(b'sth-0: {"msg":'), line)
    line = get(f"{SPACE.url}/sth/sth-0/info", ANY, A, NC, J)
    check("space: hub info", line.status == 200 and line.json["id"] == "sth-0", line)

with section("hub"):
    line = get(f"{HUB.url}/version", ANY, A, J)
    check("hub: version", line.status == 200 and line.json["service"] == "@scramjet/host", line)
    line = get(f"{HUB.url}/config", ANY, A, J)
    check("hub: config", line.status == 200 and line.json["host"]["id"] == "sth-0", line)
    line = get(f"{HUB.url}/load-check", ANY, A, J)
    check("hub: load-check", line.status == 200 and line.json["memFree"] > 0, line)
    line = stream(f"{HUB.url}/log", ANY, A, J)
    check("hub: log", line.status == 200 and b'"level"' in line.body, line)
    line = Line(["--location", "--request", "GET", f"{HUB.url}/topics", *ANY, *A, *NC, *J, "-v"])
    check("hub: topics", line.status == 200 and line.json == [], line)

with section("topics"):
    line = Line([*L, "--data", "a line", f"{HUB.url}/topic/T", *ANY, *A, *NC, *J])
    check("topic: publish as printed, in JSON's content type", line.status == 202 and line.json == {},
          line)
    check("topic: with a remark that the hub of today refuses it",
          "X-Wavetank-Remark: hub 1.0.1 answers 400" in line.trace, line)
    line = stream(f"{HUB.url}/topic/T", ANY, A)
    check("topic: what nobody has read yet, with its newline", line.body == b"a line\n", line)
    check("topic: a reader that goes is no reader any more", eventually(
        lambda: all(topic["stream"]["readers"] == 0 for topic in control(
            "GET", "/state/scramjet", tenant=TENANT).json["spaces"][0]["topics"])))
    line = Line([*L, "--data", "b", f"{HUB.url}/topic/T", *ANY, *A, *NC,
                 "-H", "Content-Type: application/x-ndjson", "-H", "x-end-stream: true"])
    same("topic: with the end header", line.status, 200)
    line = stream(f"{SPACE.url}/topic/T", ANY, A)
    check("topic: the space reads the same topic", line.body == b"b\n", line)
    line = Line(["--location", "--request", "GET", f"{HUB.url}/topics", *ANY, *A, *NC, *J, "-v"])
    same("topic: list", line.json, [{"contentType": "application/x-ndjson", "localProvider": "",
                                     "topic": "T", "topicName": "T"}])

with section("sequences"):
    line = get(f"{HUB.url}/sequences", ANY, A, J)
    check("sequence: list", line.status == 200 and line.json == [], line)
    line = Line([*L, "--request", "POST", "--upload-file", F, f"{HUB.url}/sequence",
                 *ANY, *A, *NC, *OS, *CH])
    check("sequence: upload", line.status == 200 and list(line.json) == ["id"], line)
    sequence = line.json["id"]
    line = get(f"{HUB.url}/sequence/{sequence}", ANY, A, J)
    check("sequence: get", line.status == 200 and list(line.json) == [
        "id", "config", "location", "instances"] and line.json["config"]["packageSize"]
          == len(archive), line)
    line = get(f"{HUB.url}/sequence/{sequence}/instances", ANY, A, J)
    check("sequence: instances", line.status == 200 and line.json == [], line)
    line = Line([*L, "--request", "POST", f"{HUB.url}/sequence/{sequence}/start", *ANY, *A, *NC, *J])
    check("sequence: start without content", line.status == 200 and line.json["message"]
          == f"Sequence {line.json['id']} starting", line)
    instance = line.json["id"]
    line = Line([*L, "--request", "POST", f"{HUB.url}/sequence/{stored}/start", *ANY, *A, *NC, *J])
    check("sequence: start of a stored one", line.status == 200, line)
    second = line.json["id"]
    line = Line([*L, "--request", "DELETE", f"{HUB.url}/sequence/{sequence}", *ANY, *A, *J])
    check("sequence: delete while in use", line.status == 409
          and line.json == {"error": "Can't remove- Sequence in use"}, line)

with section("instances"):
    url = f"{HUB.url}/instance/{instance}"
    line = get(f"{HUB.url}/instances", ANY, A, J)
    check("instance: list", [item["id"] for item in line.json] == [instance, second], line)
    line = get(url, ANY, A, J)
    check("instance: get", line.status == 200 and line.json["status"] == "running", line)
    line = get(f"{url}/health", ANY, A, J)
    check("instance: health", line.status == 200 and line.json["healthy"] is True, line)

    line = Line(["-v", "--data", "curl", "POST", f"{url}/input", *ANY, *A, *NC, *TEXT,
                 "-H", "x-end-stream: false"])
    check("instance: input by --data", line.status == 202 and line.body == b"", line)
    text = file("input.txt", b"file")
    line = Line(["-v", "--request", "POST", "--upload-file", text, f"{url}/input", *ANY, *A, *NC,
                 *TEXT, "-H", "x-end-stream: false"])
    check("instance: input by --upload-file", line.status == 202 and "Done waiting for 100" not in line.trace, line)

    typist = subprocess.Popen(
        ["curl", "-sS", "-v", "-X", "POST", "--include", f"{url}/input", *TEXT, *CH, *A,
         "--no-buffer", "-T", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    # curl waits for its stdin before it looks at the connection: what is typed next shows the status.
    for word in (b"keys", b"more"):
        typist.stdin.write(word)
        typist.stdin.flush()
        time.sleep(1)
    seen, end = b"", time.monotonic() + 30
    while b"200 OK" not in seen and time.monotonic() < end:
        # Its stdout is buffered when it is no terminal; the trace is not.
        if select.select([typist.stderr], [], [], 0.2)[0]:
            seen += os.read(typist.stderr.fileno(), 4096)
    check("instance: keyboard input gets its status before its end", b"HTTP/1.1 200 OK" in seen, seen)
    reader = Line([*L, "GET", f"{url}/output", *ANY, *A, *NC, *J], 3)
    check("instance: output while the input goes on",
          reader.body == b"Hello curl!Hello file!Hello keys!Hello more!", reader)
    typist.stdin.close()
    same("instance: keyboard input ends with its end", typist.wait(30), 0)
    typist.stdout.close()
    typist.stderr.close()
    line = get(f"{url}/output", ANY, A, NC, J)
    check("instance: output ends with the input and gives nothing twice",
          line.code == 0 and line.status == 200 and line.body == b"", line)

    line = stream(f"{url}/stdout", ANY, A, CH, OS)
    check("instance: stdout, a chunked GET that never sends its content",
          line.status == 200 and line.body == b"Hello curl!Hello file!Hello keys!Hello more!", line)
    line = stream(f"{url}/stderr", ANY, A, NC, CH, OS)
    check("instance: stderr", line.status == 200 and line.body == b"", line)
    line = Line(["-v", "--request", "POST", "--upload-file", text, f"{url}/stdin", *ANY, *A, *NC,
                 *CH, *OS])
    check("instance: stdin", line.status == 200 and line.body == b"", line)
    line = stream(f"{url}/log", ANY, A)
    check("instance: log", line.status == 200 and b'"msg":"Sequence started"' in line.body, line)

    line = Line(["--location", "--request", "POST", f"{url}/_event", *A, *J, "-v",
                 "--data-raw", '[5001,{"eventName":"E","message":"M"}]'])
    check("instance: _event", line.status == 200 and line.json == {"accepted": "OK"}, line)

with section("events"):
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as upload:
        upload.write(package(manifest("js-events")))
        upload.flush()
        line = Line([*L, "--request", "POST", "--upload-file", upload.name, f"{HUB.url}/sequence",
                     *ANY, *A, *NC, *OS, *CH])
    line = Line([*L, "--request", "POST", f"{HUB.url}/sequence/{line.json['id']}/start",
                 *ANY, *A, *NC, *J])
    responder = line.json["id"]
    url = f"{HUB.url}/instance/{responder}"
    found = []
    waiting = threading.Thread(target=lambda: found.append(Line(
        ["--location", "--request", "GET", f"{url}/event/test-response", *ANY, *A, *NC, *OS, "-v"])))
    waiting.start()
    eventually(lambda: under_way(TENANT, "/event/test-response"))
    Line(["--location", "--request", "POST", f"{url}/_event", *A, *J, "-v",
          "--data-raw", '[5001,{"eventName":"test-event","message":"M"}]'])
    waiting.join()
    check("instance: event waits for the first one", found[0].status == 200
          and found[0].json == "reply to M", found[0])
    line = Line(["--location", "--request", "GET", f"{url}/event/test-response",
                 *ANY, *A, *NC, *OS, "-v"])
    same("instance: event gives the last one at once", line.json, "reply to M")
    line = Line(["--location", "--request", "GET", f"{url}/once", *ANY, *A, "-v"])
    same("instance: once, as the reference shows it, without a name", line.json,
         {"eventName": "test-response", "message": "reply to M"})

with section("ends"):
    control("PUT", "/clock", {"mode": "skip"}, TENANT)
    line = Line([*L, "--request", "POST", f"{HUB.url}/instance/{responder}/_stop", *ANY, *A, *J])
    check("instance: _stop without content", line.status == 202, line)
    line = Line([*L, "--request", "POST", f"{HUB.url}/instance/{second}/_kill", *ANY, *A, *J])
    check("instance: _kill", line.status in (202, 404), line)

with section("browser"):
    line = Line(["-v", "-X", "OPTIONS", f"{HUB.url}/instance/{instance}/output"])
    check("OPTIONS", line.status == 200 and "Access-Control-Allow-Methods: DELETE, POST" in line.trace
          and "Content-Length: 0" in line.trace, line)
    line = Line(["-I", "-v", f"{HUB.url}/version", *A])
    check("HEAD", line.status == 200 and line.code == 0, line)
    line = Line(["-v", f"{HUB.url}/VERSION/?limit=1&%zz=%", *A])
    check("letters' case, a trailing slash and an odd query do not matter", line.status == 200, line)
    line = Line(["-v", f"{HUB.url}/nowhere", *A])
    check("an unknown path", line.status == 404 and line.body == b""
          and "Access-Control-Allow-Origin: *" in line.trace, line)

finish()
