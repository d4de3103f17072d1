"""`serve --data DIR --durable` (DESIGN §12): what was answered is on the disk. Killed at any moment by many clients,
the server comes back with all that it had answered. `SEED=…` repeats a run."""

import http.client
import json
import os
import random
import resource
import subprocess
import tempfile
import threading
import time

from common import Server, check, finish, seed

SEED = seed()
ROUNDS = int(os.environ.get("ROUNDS", 6))
CLIENTS = 4
TENANTS = ("default", "blue")


def handles(server, tenant):
    state = json.loads(server.call("GET", f"/_wavetank/state/steamship?tenant={tenant}")[1])
    return {space["handle"] for user in state["users"] for space in user["workspaces"]}


def make(server, tenant, handle, timeout=30):
    return server.call("POST", f"/_t/{tenant}/api/v1/workspace/create", {"handle": handle}, timeout=timeout)


def killed():
    """kill -9 while clients write: nothing that was answered is missing, right after an answer too."""
    chance = random.Random(SEED)
    answered, lost = {tenant: set() for tenant in TENANTS}, []
    with tempfile.TemporaryDirectory() as data:
        for turn in range(ROUNDS):
            server = Server("--data", data, "--durable")
            for tenant in TENANTS:
                lost += [(turn, tenant, name) for name in answered[tenant] - handles(server, tenant)]
            lock = threading.Lock()

            def write(client):
                for number in range(1000):
                    tenant, name = TENANTS[client % 2], f"r{turn}-c{client}-n{number}"
                    status, _, _ = make(server, tenant, name)
                    if status != 200:
                        return
                    with lock:
                        answered[tenant].add(name)

            writers = [threading.Thread(target=write, args=(client,)) for client in range(CLIENTS)]
            for writer in writers:
                writer.start()
            if turn % 2:
                time.sleep(chance.uniform(0.05, 1.0))
            else:
                # At once behind an answer.
                count = sum(map(len, answered.values())) + chance.randrange(1, 8)
                limit = time.monotonic() + 20
                while sum(map(len, answered.values())) < count and time.monotonic() < limit:
                    time.sleep(0.0005)
            server.process.kill()
            server.process.wait()
            for writer in writers:
                writer.join()
            server.end()
        server = Server("--data", data, "--durable")
        for tenant in TENANTS:
            lost += [("end", tenant, name) for name in answered[tenant] - handles(server, tenant)]
        total = sum(map(len, answered.values()))
        check(f"kill -9, {ROUNDS} times: nothing that was answered is lost", not lost and total > ROUNDS,
              (total, lost[:5]))
        check("and the server ends in order", server.stop() == 0)


def controlled():
    """What the control API changes is a change, too: clock, scenario, a snapshot put back, a tenant dropped."""
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable")
        server.call("PUT", "/_wavetank/clock", {"mode": "manual", "now": "2031-01-01T00:00:00Z"})
        server.call("PUT", "/_wavetank/scenario?tenant=green", {"wavetank": 1, "name": "kept"})
        make(server, "gone", "x")
        server.call("DELETE", "/_wavetank/tenants/gone")
        server.process.kill()
        server.process.wait()
        server.end()
        server = Server("--data", data)
        clock = json.loads(server.call("GET", "/_wavetank/clock")[1])
        name = json.loads(server.call("GET", "/_wavetank/scenario?tenant=green")[1]).get("name")
        tenants = [one["name"] for one in json.loads(server.call("GET", "/_wavetank/tenants")[1])["tenants"]]
        check("the control API's changes are kept", clock["now"].startswith("2031-01-01") and name == "kept"
              and "gone" not in tenants, (clock, name, tenants))
        server.stop()


def looked():
    """A look that makes something is a change, too: a key's user has the same id after a crash, whoever asks first."""
    with tempfile.TemporaryDirectory() as data:
        def users(server, keys):
            found = {}
            for key in keys:
                content = server.call("GET", "/api/v1/account/current", fields={"authorization": f"Bearer {key}"})[1]
                found[key] = json.loads(content)["data"]["user"]["id"]
            return found

        server = Server("--data", data, "--durable")
        make(server, "default", "x")
        before = users(server, ["one", "two", "three"])
        server.process.kill()
        server.process.wait()
        server.end()
        server = Server("--data", data, "--durable")
        after = users(server, ["three", "two", "one"])
        check("a user whom a look made is the same after kill -9", before == after, (before, after))
        quiet = written(server)
        paths = ("/api/v1/version", "/api/v1/account/current", "/api/v1/spaces", "/api/v1/space/demo/api/v1/topics", "/fleets")
        for path in paths:
            server.call("GET", path, fields={"authorization": "Bearer one"})
        check("a look that makes nothing writes nothing", written(server) == quiet, written(server) - quiet)
        topics = "/api/v1/space/demo/api/v1/topic"
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", topics + "/read-first", headers={"authorization": "Bearer one"})
        status = connection.getresponse().status
        server.process.kill()
        server.process.wait()
        connection.close()
        server.end()
        server = Server("--data", data, "--durable")
        names = server.call("GET", topics + "s", fields={"authorization": "Bearer one"})[1]
        check("a topic that its first reader made is there after kill -9", status == 200 and b"read-first" in names, (status, names))
        server.stop()


def full():
    """Where nothing can be saved, whoever changes something is told; who looks is not."""
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable",
                        confine=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)))
        status, content, _ = make(server, "default", "x")
        check("a change that cannot be saved is 500 and says why", status == 500 and b"cannot be saved" in content,
              (status, content))
        check("in the form of the API that was asked", json.loads(content)["status"]["state"] == "failed", content)
        entry = json.loads(server.call("GET", "/_wavetank/journal?detail=whole")[1])["entries"][0]
        check("the journal has the answer that went out",
              entry["status"] == 500 and entry["response"]["content"] == content.decode(), entry)
        status, _, _ = server.call("GET", "/api/v1/version")
        check("a look waits for nothing", status == 200, status)
        server.stop()


def written(server):
    """How many bytes the server has written to files so far; what goes to sockets is no part of it."""
    with open(f"/proc/{server.process.pid}/io") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def together():
    """Many who change at once wait for one save: not one after the other."""
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable")
        before = written(server)
        for number in range(10):
            make(server, "default", f"alone{number}")
        one = (written(server) - before) / 10
        connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(40)]
        for connection in connections:
            connection.connect()
        before = written(server)
        for number, connection in enumerate(connections):
            connection.request("POST", "/api/v1/workspace/create", json.dumps({"handle": f"many{number}"}),
                               {"Authorization": "Bearer k", "Content-Type": "application/json"})
        statuses = []
        for connection in connections:
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            connection.close()
        many = written(server) - before
        check(f"forty at once are written less often than forty alone ({many} bytes, one {one:.0f})",
              statuses == [200] * 40 and 0 < many < 30 * one, (many, one, statuses))
        # Pipelined: the second answer waits behind the first, and both come.
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.connect()
        request = b"POST /api/v1/workspace/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n" \
                  b"Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
        connection.sock.sendall(b"".join(request + b'{"handle":"p%d"}' % number for number in (1, 2)))
        seen = b""
        limit = time.monotonic() + 20
        while seen.count(b" 200 ") < 2 and time.monotonic() < limit:
            piece = connection.sock.recv(65536)
            if not piece:
                break
            seen += piece
        connection.close()
        check("pipelined changes are answered in order", seen.count(b" 200 ") == 2 and seen.find(b'"p1"') < seen.find(b'"p2"'),
              seen[:600])
        server.stop()


def alone():
    done = subprocess.run([os.environ["WAVETANK_BINARY"], "serve", "--port", "0", "--durable"], capture_output=True, text=True,
                          timeout=20)
    check("--durable without --data is refused", done.returncode == 64 and "--data" in done.stderr, done)


for part in (killed, controlled, looked, full, together, alone):
    part()
finish()
