"""A path of no operation costs about what a known one does, whatever it is: CPU time of the server, each against `/_wavetank/health`.
The figure itself is T12 of the benchmarks; what grows faster than the path is long is a hundred times that, and is what fails here."""

import os
import random
import socket

from common import Server, check, finish, seed

SEED = seed(1)
# T12 reaches 5 on a quiet machine. Measured as the least of some rounds: what others do can only add.
RATIO, ROUNDS, COUNT = 25.0, 4, 300
LONG = 16_000
HINTS = {
    "/api/v1/task/statu": "steamship.task.status", "/orgs/x/fleet": "shipyard.fleet.list", "/api/v1/instancess": "scramjet.instance.list",
    "/API/V1/Sequencse": "scramjet.sequence.list", "/task/status": "steamship.task.status",
}


class Peer:
    def __init__(self, server):
        self.pid = server.process.pid
        self.socket = socket.create_connection(("127.0.0.1", server.port))

    def ask(self, method, target, host="localhost"):
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, _, content = answer.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(content) < length:
            content += self.socket.recv(65536)
        return head.decode("latin-1")

    def cpu(self):
        used = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            try:
                used += int(open(f"/proc/{self.pid}/task/{thread}/schedstat").read().split()[0])
            except FileNotFoundError:  # It ended meanwhile.
                continue
        return used

    def cost(self, *request):
        """Nanoseconds of CPU for each."""
        for _ in range(30):
            self.ask(*request)
        costs = []
        for _ in range(ROUNDS):
            before = self.cpu()
            for _ in range(COUNT):
                self.ask(*request)
            costs.append((self.cpu() - before) / COUNT)
        return min(costs)


def targets(rng):
    yield "GET", "/nope/x"
    yield "BREW", "/orgs"
    yield "GET", "/nope", "api.steamship.com"
    yield "POST", "/nope/x", "alice.localhost"
    yield "GET", "/nope?" + "a=b&" * (LONG // 4)
    for prefix in ["", "/_t/blue", "/api/v1", "/api/v1/space/demo/api/v1", "/apps", "/orgs", "/_wavetank"]:
        yield "GET", prefix + "/a" * ((LONG - len(prefix)) // 2)
    for piece in ["a", "/", "%41", "%2F", "/.", "/%20"]:
        yield "GET", "/" + piece * (LONG // len(piece))
    for piece in ["/api/v1", "/cpm/api/v1", "/sth/a", "/.localhost", "/11111111-1111-4111-8111-111111111111"]:
        yield "GET", piece * (LONG // len(piece))
    yield "GET", "/instancs/sequencs/topcs/entitis/healt/versin/confg/stats/loadchec/avdit/sequenc/instanc"
    words = "api v1 sequence instance topic topics space sth health version orgs fleets projects task status file block query create list".split()
    for _ in range(12):
        path = ""
        while len(path) < rng.choice([60, 400, LONG]):
            word = list(rng.choice(words))
            word[rng.randrange(len(word))] = rng.choice("aeiou-_%9Z")
            path += "/" + "".join(word)
        yield rng.choice(["GET", "POST", "PUT", "OPTIONS", "X"]), path[:LONG].rstrip("%")


server = Server("--threads", "1")
try:
    peer = Peer(server)
    for path, operation in HINTS.items():
        method = "POST" if operation.startswith("steamship") else "GET"
        hint = next((line for line in peer.ask(method, path).split("\r\n") if line.lower().startswith("x-wavetank-hint")), "")
        check(f"{path} has a hint at {operation}", f" {operation} " in hint, hint)
    health = peer.cost("GET", "/_wavetank/health")
    for request in targets(random.Random(SEED)):
        ratio = 0
        for _ in range(3):
            ratio = peer.cost(*request) / health
            if ratio <= RATIO:
                break
            health = max(health, peer.cost("GET", "/_wavetank/health"))
        name = f"{request[0]} {request[1][:40]} ({len(request[1])} bytes{', host ' + request[2] if len(request) > 2 else ''})"
        check(f"{name} costs at most {RATIO:g} × health", ratio <= RATIO, f"{ratio:.1f}")
        if os.environ.get("VERBOSE"):
            print(f"# {ratio:.2f} {name}")
    check("the server is still there", server.lives, server.text())
finally:
    server.end()
finish()
