"""Commands that talk to a server, against listeners that say nothing, too little, too much or
something else: bounded, exit 1, and a sentence that helps."""

import os
import socket
import subprocess
import threading
import time

from common import check, finish

BINARY = os.environ["WAVETANK_BINARY"]


class Listener:
    """Accepts everybody, reads what comes, and sends `pieces`, the last of them for ever if asked to."""

    def __init__(self, *pieces, repeats=False, closes=False):
        self.pieces, self.repeats, self.closes = pieces, repeats, closes
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            try:
                if not peer.recv(65536):
                    return
                for piece in self.pieces:
                    peer.sendall(piece)
                while self.repeats:
                    peer.sendall(self.pieces[-1])
                    time.sleep(0.05)
                while not self.closes and peer.recv(65536):
                    pass
            except OSError:
                pass

    def close(self):
        self.socket.close()


HEAD = b"HTTP/1.1 200 OK\r\n"
LISTENERS = [
    ("says nothing", Listener()),
    ("begins a head", Listener(HEAD)),
    ("sends interim responses for ever", Listener(b"HTTP/1.1 100 Continue\r\n\r\n", repeats=True)),
    ("sends a head for ever", Listener(HEAD, b"X: y\r\n", repeats=True)),
    ("does not end its content", Listener(HEAD + b"Content-Length: 9\r\n\r\nhalf")),
    ("sends content for ever", Listener(HEAD + b"\r\n", b"x", repeats=True)),
    ("speaks SSH", Listener(b"SSH-2.0-OpenSSH_9.6\r\n")),
    ("switches protocols", Listener(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello")),
    ("closes at once", Listener(closes=True)),
]
COMMANDS = [
    (["wait", "--timeout", "1s"], 25),
    (["healthcheck", "--timeout", "1s"], 25),
    (["healthcheck"], 40),
    (["ctl", "reset"], 40),
    (["ctl", "journal", "--follow"], 40),
    (["ctl", "snapshot", "get"], 40),
]


def run(name, listener, command, limit):
    start = time.monotonic()
    try:
        done = subprocess.run([BINARY, *command, "--url", listener.url], capture_output=True, text=True,
                              timeout=limit, stdin=subprocess.DEVNULL)
        holds = done.returncode == 1 and done.stderr.strip() and listener.url in done.stderr
        why = (done.returncode, done.stdout[:200], done.stderr)
    except subprocess.TimeoutExpired:
        holds, why = False, f"no end within {limit} s"
    return f"{' '.join(command)}: a listener that {name}", holds, (why, round(time.monotonic() - start, 1))


def main():
    results, threads = [], []
    for name, listener in LISTENERS:
        for command, limit in COMMANDS:
            thread = threading.Thread(
                target=lambda *arguments: results.append(run(*arguments)), args=(name, listener, command, limit))
            threads.append(thread)
    # Eight at a time: most of them only wait.
    for start in range(0, len(threads), 8):
        for thread in threads[start:start + 8]:
            thread.start()
        for thread in threads[start:start + 8]:
            thread.join()
    for result in sorted(results):
        check(*result)
    late = Listener()
    port = late.socket.getsockname()[1]
    late.close()
    waiting = subprocess.Popen([BINARY, "wait", "--timeout", "20s", "--url", f"http://127.0.0.1:{port}"])
    time.sleep(0.3)
    server = subprocess.Popen([BINARY, "serve", "--port", str(port), "--quiet"], stdout=subprocess.DEVNULL)
    try:
        check("wait: a server that comes late is waited for", waiting.wait(20) == 0, waiting.returncode)
    finally:
        server.terminate()
        server.wait(10)
    finish()


main()
