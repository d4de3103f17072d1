"""What a failure's form has no place for arrives in ASCII: remarks, reason phrases, hints; and what brought a hub down."""

import http.client
import json
import re
import socket

from common import Server, check, finish

ORG = "/orgs/11111111-1111-4111-8111-111111111111"
PROJECT = ORG + "/projects/22222222-2222-4222-8222-222222222222"
SCENARIO = {"wavetank": 1, "given": {"scramjet": {
    "spaces": [{"id": "docks"}], "hubs": [{"id": "down", "space": "docks", "connected": False}]}}}


def ask(server, method, target, body=b"", *fields):
    """Status, reason phrase, fields (each name once), content; all of the head as bytes."""
    head = "".join(f"{field}\r\n" for field in fields)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
        peer.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}Content-Length: {len(body)}\r\n\r\n"
                     .encode() + body)
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    raw, _, content = answer.partition(b"\r\n\r\n")
    lines = raw.decode("latin-1").split("\r\n")
    _, status, reason = lines[0].split(" ", 2)
    found = dict((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines[1:]))
    return int(status), reason, found, content, raw


def control(server, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, "/_wavetank" + path, json.dumps(body) if body is not None else None)
    return json.loads(connection.getresponse().read() or b"null")


def remark(server, name, wanted, status, method, target, *fields, body=b""):
    got, reason, found, content, raw = ask(server, method, target, body, *fields)
    check(f"{name}: {status}, and what is wrong", got == status and re.search(wanted, found.get("x-wavetank-remark", "")),
          (got, reason, found))
    check(f"{name}: in ASCII", all(0x20 <= byte < 0x7F or byte in b"\r\n" for byte in raw), raw)
    return reason, content


KEY = "X-Shipyard-API-Key: k"
server = Server()
reason, content = remark(server, "Shipyard, a fleet that there is not", "fleet", 400, "POST",
                         PROJECT + "/fleets/99999999-9999-4999-8999-999999999999/fleetruns", KEY)
check("Shipyard: the reason phrase says it, the content is its own form",
      reason.startswith("Bad Request: ") and "fleet" in reason and json.loads(content)["data"] is None, (reason, content))
remark(server, "Shipyard, no key", ".", 401, "GET", ORG + "/fleets")
remark(server, "Shipyard, a path that there is not", "no operation", 404, "GET", ORG + "/nothing/x/y", KEY)
remark(server, "Shipyard, another method", "PUT", 405, "DELETE", PROJECT + "/fleets", KEY)
remark(server, "Scramjet, a path that there is not", "no operation", 404, "GET", "/api/v1/sequences/x/y/z")
remark(server, "Scramjet, a path of an instance", ".", 404, "GET", "/api/v1/instances/x/y/z")
remark(server, "Scramjet, a space that there is not", 'no space "h\\\\u{e4}fen"', 404, "GET",
       "/api/v1/space/h%C3%A4fen/api/v1/list", "Authorization: Bearer k")
for path in ("/favicon.ico", "/x", "/" + "a/" * 50, "/%FF"):
    hint = ask(server, "GET", path)[2].get("x-wavetank-hint", "")
    check(f"{path[:20]} has a hint", "operation" in hint or " GET /" in hint, hint)
hub = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1/version"
control(server, "POST", "/emit", {"crashHub": "sth-0"})
remark(server, "Scramjet, a hub that crashed", r'sth-0 is not connected: crashed by emit \{"crashHub":"sth-0"\} at \d{4}-',
       503, "GET", hub, "Authorization: Bearer k")
entry = control(server, "GET", "/journal?limit=1")["entries"][0]
check("the journal says which event it was", "crashed by emit" in entry["remarks"][0], entry)
control(server, "POST", "/emit", {"recoverHub": "sth-0"})
check("a hub that is up again answers", ask(server, "GET", hub, b"", "Authorization: Bearer k")[0] == 200)
control(server, "POST", "/emit", {"disconnectHub": "sth-0"})
remark(server, "Scramjet, a hub that is disconnected", "disconnected by emit", 503, "GET", hub, "Authorization: Bearer k")
ask(server, "GET", "/api/v1/space/h%C3%A4fen/api/v1/list", b"", "Authorization: Bearer k")
entry = control(server, "GET", "/journal?limit=1")["entries"][0]
check("the journal has the characters themselves", any("häfen" in text for text in entry["remarks"]), entry)
server.stop()
server = Server()
check("the scenario is taken", "wavetank" in control(server, "PUT", "/scenario", SCENARIO))
remark(server, "Scramjet, a hub that a scenario has down", "the hub down is not connected: not connected in the scenario", 503, "GET",
       "/api/v1/space/docks/api/v1/sth/down/api/v1/version", "Authorization: Bearer k")
server.stop()
finish()
