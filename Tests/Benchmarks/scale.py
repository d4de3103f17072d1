"""A release binary under test, spoken to over a plain socket: what the scale benchmarks share."""
import pathlib
import re
import socket
import statistics
import sys
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Conformance"))
import common  # noqa: E402

BINARY = str(ROOT / ".build" / "release" / "wavetank")


class Server(common.Server):
    """One event loop; the journal is on. The clock stands, so that nothing proceeds by itself."""

    def __init__(self, binary, *flags):
        super().__init__("--threads", "1", "--clock", "manual", *flags, binary=binary)
        self.connection = Connection(self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(wait=30)

    def cpu(self):
        return machine.cpu_seconds([self.process.pid])

    def memory(self):
        """Resident MB now."""
        return self._status("VmRSS")

    def peak(self):
        """The highest resident MB since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self):
        machine.forget_peak(self.process.pid)

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1]) / 1024


class Connection:
    """A persistent connection that reads answers with a length or in chunks."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = bytearray()

    def close(self):
        self.socket.close()

    def _more(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.rest += data

    def _take(self, count):
        while len(self.rest) < count:
            self._more()
        taken = bytes(self.rest[:count])
        del self.rest[:count]
        return taken

    def _line(self):
        while (end := self.rest.find(b"\r\n")) < 0:
            self._more()
        return self._take(end + 2)[:-2]

    def receive(self):
        """Status code and content of the next answer."""
        while (end := self.rest.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self._take(end + 4).decode()
        status = int(head.split(" ", 2)[1])
        if status == 204:
            return status, b""
        length = re.search(r"(?i)^content-length:\s*(\d+)", head, re.M)
        if length:
            return status, self._take(int(length[1]))
        content = bytearray()
        while size := int(self._line().split(b";")[0], 16):
            content += self._take(size)
            self._line()
        self._line()
        return status, bytes(content)

    def exchange(self, request, expected=200):
        self.socket.sendall(request)
        status, content = self.receive()
        if status != expected:
            sys.exit(f"status {status} instead of {expected} for {request[:120]!r}: {content[:300]!r}")
        return content

    def milliseconds(self, request, rounds=31, expected=200):
        """The median wall time of one exchange."""
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            self.exchange(request, expected)
            times.append((time.perf_counter() - started) * 1e3)
        return statistics.median(times)


class Report:
    """A Markdown table whose last column is the floor; remembers whether all held."""

    def __init__(self, *columns):
        self.is_good = True
        self.row(*columns)
        print("|" + "-|" * len(columns))

    def row(self, *cells, holds=True):
        self.is_good &= holds
        if not holds:
            cells = (*cells[:-1], f"{cells[-1]} **missed**")
        print("| " + " | ".join(cells) + " |", flush=True)

    def exit(self):
        sys.exit(0 if self.is_good else 1)
