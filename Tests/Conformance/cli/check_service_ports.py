"""`--port SERVICE=N` (DESIGN §13): one service alone is there, and scenarios make it refuse, never accept, and have a
full backlog. What a client must not hear is looked for during half a second; what it must hear is waited for."""

import http.client
import json
import os
import socket
import subprocess
import time

from common import Server, check, finish

QUIET = 0.5
LONG = 30


def own_port(server):
    listeners = json.loads(server.call("GET", "/_wavetank/listeners")[1])["listeners"]
    return listeners[0]["port"], listeners[0]


def ask(port, path="/api/v1/version", timeout=LONG, fields=None):
    """The status, or in a word what became of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=fields or Server.KEYS)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "connected" if connection.sock else "silent"
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


def emit(server, state, tenant="default"):
    return server.call("POST", f"/_wavetank/emit?tenant={tenant}",
                       {"listener": {"service": "scramjet", "state": state}})


def routes():
    server = Server("--port", "scramjet=0")
    port, _ = own_port(server)
    check("the service is there, and its clients' paths", ask(port) == 200)
    check("another service is not", ask(port, "/orgs") == 404 and ask(server.port, "/orgs") != 404)
    check("nor by its vendor's host",
          ask(port, "/orgs", fields={**Server.KEYS, "Host": "api.shipyardapp.com"}) == 404)
    check("the first port has all of them", ask(server.port) == 200)
    check("the control API is at both", ask(port, "/_wavetank/health") == 200)
    check("the server ends in order", server.stop() == 0)


def states():
    server = Server("--port", "scramjet=0", "--threads", "3")
    port, _ = own_port(server)
    expected = {"refuse": ("refused", LONG), "neverAccept": ("connected", QUIET),
                "fullBacklog": ("silent", QUIET), "open": (200, LONG)}
    for state in ("refuse", "open", "neverAccept", "fullBacklog", "refuse", "open", "fullBacklog", "neverAccept", "open"):
        status, content, _ = emit(server, state)
        word, timeout = expected[state]
        found = [ask(port, timeout=timeout) for _ in range(3)]
        check(f"{state}: each client finds it so", status == 200 and found == [word] * 3,
              (status, content, found))
        check(f"{state}: it is told", own_port(server)[1]["state"] == state, own_port(server))
        check(f"{state}: the other port is as it was", ask(server.port) == 200)
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    kept.request("GET", "/api/v1/version", headers=Server.KEYS)
    kept.getresponse().read()
    emit(server, "refuse")
    limit = time.monotonic() + LONG
    piece = None
    kept.sock.settimeout(LONG)
    try:
        piece = kept.sock.recv(1)
    except OSError:
        piece = b""
    check("a connection from before is closed", piece == b"" and time.monotonic() < limit, piece)
    emit(server, "refuse", "blue")
    emit(server, "open")
    check("as long as one tenant wants it", ask(port) == "refused", own_port(server))
    server.call("DELETE", "/_wavetank/tenants/blue")
    check("and no longer", ask(port) == 200, own_port(server))
    for end in (("POST", "/_wavetank/reset", {}), ("PUT", "/_wavetank/scenario", {"wavetank": 1}),
                ("PUT", "/_wavetank/scenario?keep=world", {"wavetank": 1})):
        emit(server, "fullBacklog")
        status, _, _ = server.call(*end)
        check(f"{end[1]} ends it", status == 200 and ask(port) == 200, status)
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        emit(server, "refuse")
        try:
            taker.bind(("127.0.0.1", port))
            taken = True
        except OSError:
            taken = False
    check("nobody else gets the port meanwhile", not taken)
    check("the server ends in order while it is refused", server.stop() == 0)


def at_a_time():
    server = Server("--port", "scramjet=0")
    port, _ = own_port(server)
    server.call("PUT", "/_wavetank/scenario", {
        "wavetank": 1, "clock": {"mode": "manual"},
        "at": {"after": "10s", "emit": {"listener": {"service": "scramjet", "state": "refuse"}}, "until": "15s"}})
    found = []
    for step in ("9s", "1s", "4s", "1s"):
        server.call("POST", "/_wavetank/clock/advance", {"by": step})
        found.append(ask(port))
    check("from 10 s to 15 s of the tenant's time", found == [200, "refused", "refused", 200], found)
    server.stop()


def without():
    server = Server()
    status, content, _ = emit(server, "refuse")
    check("a service without a port of its own is refused", status == 422 and b"--port scramjet=N" in content,
          (status, content))
    check("and none is listed", json.loads(server.call("GET", "/_wavetank/listeners")[1]) == {"listeners": []})
    status, content, _ = server.call("PUT", "/_wavetank/scenario", {
        "wavetank": 1, "at": {"after": "1s", "emit": {"listener": {"service": "scramjt", "state": "refuse"}}}})
    check("a service that there is not is refused when it is read", status == 422 and b"scramjet" in content, content)
    server.stop()


def flags():
    wavetank = os.environ["WAVETANK_BINARY"]

    def run(*arguments):
        return subprocess.run([wavetank, *arguments], capture_output=True, text=True, timeout=120)

    for wrong, word in ((["--port", "scramjt=1"], "scramjet"), (["--port", "scramjet=x"], "SERVICE=N"),
                        (["--port", "scramjet=70000"], "SERVICE=N"),
                        (["--port", "scramjet=0", "--port", "scramjet=0"], "more than once"),
                        (["--port", "7071", "--port", "shipyard=7071"], "7071"), (["--port", "x"], "SERVICE=N")):
        done = run("serve", *wrong)
        check(f"{' '.join(wrong)} is a usage error", done.returncode == 64 and word in done.stderr, done)
    text = run("env", "--url", "http://127.0.0.1:7070", "--port", "scramjet=7071").stdout
    check("env leads to the port of its own", "SCRAMJET_HUB_URL='http://127.0.0.1:7071/api/v1'" in text
          and "SHIPYARD_API_BASE='http://127.0.0.1:7070'" in text, text)
    done = run("run", "--quiet", "--port", "scramjet=0", "--", "sh", "-c",
               'curl -s --noproxy "*" "$SCRAMJET_HUB_URL/version"; test "${SCRAMJET_HUB_URL%/api/v1}" != "$WAVETANK_URL"')
    check("run gives the program the port", done.returncode == 0 and '"apiVersion"' in done.stdout, done)
    server = Server("--port", "scramjet=0", "--port", "shipyard=0")
    ready = json.loads(open(os.path.join(server.folder.name, "ready.json")).read())
    check("the ready file has them", sorted(ready["ports"]) == ["scramjet", "shipyard"]
          and ready["ports"]["scramjet"] == own_port(server)[0], ready)
    done = run("ctl", "listeners", "--url", server.url)
    check("ctl lists them", done.returncode == 0 and '"shipyard"' in done.stdout, done)
    server.stop()


for part in (routes, states, at_a_time, without, flags):
    part()
finish()
