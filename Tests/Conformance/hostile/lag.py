"""A second client that measures what it waits: small requests at planned instants, each on a connection of its own.

    python lag.py PORT          reads lines from stdin: `begin` forgets what was measured, `end` prints it as JSON

It runs in a process of its own, so that nothing which the sender of large requests does delays it. Latency counts from
the planned instant: a loop that is held for half a second delays every request of that half second, not one.
"""
import json
import os
import select
import socket
import subprocess
import sys
import time

EVERY = 0.004
REQUESTS = [
    b"GET /_wavetank/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /_t/observer/orgs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Shipyard-API-Key: k\r\n\r\n",
    b"GET /_t/observer/api/v1/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /_t/observer/api/v1/workspace/get HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
]


class Lane:
    """One connection with at most one request under way; what is planned meanwhile waits behind it."""

    def __init__(self, port, request):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.planned, self.input = request, [], b""

    def plan(self, instant):
        self.planned.append(instant)
        if len(self.planned) == 1:
            self.socket.sendall(self.request)

    def arrived(self, now):
        """Latencies of everything that the answer which has come settles."""
        piece = self.socket.recv(65536)
        if not piece:
            raise SystemExit("the server closed the observer's connection")
        self.input += piece
        head, gap, rest = self.input.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if not gap or len(rest) < length:
            return []
        self.input = rest[length:]
        settled, self.planned = self.planned, []
        return [now - instant for instant in settled]


def observe(port):
    lanes = [Lane(port, request) for request in REQUESTS]
    by_socket = {lane.socket: lane for lane in lanes}
    latencies, next_at, turn = [], time.monotonic(), 0
    while True:
        ready, _, _ = select.select([*by_socket, sys.stdin], [], [], max(0, next_at - time.monotonic()))
        now = time.monotonic()
        for one in ready:
            if one is sys.stdin:
                # Not by `readline`, whose buffer would hide a second word from `select`.
                words = os.read(sys.stdin.fileno(), 4096).decode().split()
                if not words:
                    return
                for word in words:
                    if word == "end":
                        waits = latencies + [now - at for lane in lanes for at in lane.planned]
                        print(json.dumps(sorted(waits)), flush=True)
                    latencies = []
            else:
                latencies += by_socket[one].arrived(now)
        while next_at <= now:
            lanes[turn % len(lanes)].plan(next_at)
            turn, next_at = turn + 1, next_at + EVERY


class Observer:
    """The same from the outside."""

    def __init__(self, port):
        self.process = subprocess.Popen([sys.executable, __file__, str(port)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def begin(self):
        self.process.stdin.write("begin\n")
        self.process.stdin.flush()

    def end(self):
        """Milliseconds: the 99th percentile and the longest."""
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline() or "[]")
        if not found:
            return 0.0, 0.0
        return found[int(len(found) * 0.99)] * 1e3, found[-1] * 1e3

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


if __name__ == "__main__":
    observe(int(sys.argv[1]))
