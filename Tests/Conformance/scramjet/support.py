"""What the checks of this folder share: a line for each check, packages made in memory, HTTP without
a library's opinions, and the emulator's own control API."""

import http.client
import io
import json
import os
import socket
import tarfile
import time
import urllib.parse

from common import check

URL = os.environ["WAVETANK_URL"].rstrip("/")
HOST, PORT = urllib.parse.urlsplit(URL).hostname, urllib.parse.urlsplit(URL).port


def same(name, found, expected):
    return check(name, found == expected, f"expected {expected!r}, found {found!r}")


class section:
    """A group of checks: what it raises is one failure and does not end the script."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and isinstance(error, Exception):
            check(self.name, False, f"line {trace.tb_lineno}: {kind.__name__}: {error}")
            return True
        return False


# Packages

def package(manifest=None, files=None, prefix="./"):
    """A tar.gz with a package.json made of `manifest` and, unless it is given, its main file."""
    content = {}
    if manifest is not None:
        content["package.json"] = json.dumps(manifest).encode()
        if isinstance(manifest.get("main"), str):
            content[manifest["main"]] = b"module.exports = input => input;\n"
    content.update(files or {})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def manifest(name, **more):
    return {"name": name, "version": "1.0.0", "main": "index.js", "engines": {"node": ">=16"}, **more}


# HTTP

class Reply:
    def __init__(self, status, reason, fields, body):
        self.status, self.reason, self.fields, self.body = status, reason, fields, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def __repr__(self):
        return f"{self.status} {self.reason} {self.fields} {self.body[:200]!r}"


class Base:
    """A base URL (bare hub, hub in a space, space) of one tenant."""

    def __init__(self, path, tenant, token=None):
        self.path = f"/_t/{tenant}{path}"
        self.url = URL + self.path
        self.token = token

    def call(self, method, path, body=None, timeout=10, **fields):
        """One exchange on a connection of its own. Field names are given with `_` for `-`."""
        connection = http.client.HTTPConnection(HOST, PORT, timeout=timeout)
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if self.token:
            headers.setdefault("authorization", f"Bearer {self.token}")
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("content-type", "application/json")
        try:
            connection.request(method, self.path + path, body=body, headers=headers)
            reply = connection.getresponse()
            return Reply(reply.status, reply.reason, dict(
                (name.lower(), value) for name, value in reply.getheaders()), reply.read())
        finally:
            connection.close()

    def get(self, path, **fields):
        return self.call("GET", path, **fields)

    def post(self, path, body=None, **fields):
        return self.call("POST", path, body, **fields)

    def delete(self, path, **fields):
        fields.setdefault("content_type", "application/json")
        return self.call("DELETE", path, **fields)

    def upload(self, data, path="/sequence", method="POST", **fields):
        fields.setdefault("content_type", "application/octet-stream")
        return self.call(method, path, data, **fields)

    def started(self, name, body=None, manifest_more=None, **behaviour):
        """Uploads a package of that name and starts it; gives the ids of sequence and instance."""
        described = manifest(name, **(manifest_more or {}))
        if behaviour:
            described["emulator"] = behaviour
        sequence = self.upload(package(described)).json["id"]
        reply = self.post(f"/sequence/{sequence}/start", body if body is not None else {})
        return sequence, reply.json["id"]

    def open(self, path, timeout=10, **fields):
        """A GET whose content is read while it comes."""
        return Stream(self, path, timeout, fields)

    def raw(self, text, timeout=10):
        """A connection on which these bytes were sent as they stand."""
        connection = socket.create_connection((HOST, PORT), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        return Raw(connection)


class Stream:
    def __init__(self, base, path, timeout, fields):
        self.connection = http.client.HTTPConnection(HOST, PORT, timeout=timeout)
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if base.token:
            headers.setdefault("authorization", f"Bearer {base.token}")
        self.connection.request("GET", base.path + path, headers=headers)
        self.reply = self.connection.getresponse()
        self.status = self.reply.status
        self.type = self.reply.getheader("content-type")

    def line(self):
        return self.reply.readline()

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.reply.read1(count - len(data))
            if not part:
                break
            data += part
        return data

    def rest(self):
        return self.reply.read()

    def close(self):
        # The reply holds the socket too; without this the peer sees nothing.
        if self.connection.sock is not None:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.reply.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.close()
        except OSError:
            pass


class Raw:
    """A socket with a buffer, for answers that come in an order of their own."""

    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def until(self, mark):
        while mark not in self.buffer:
            part = self.socket.recv(65536)
            if not part:
                break
            self.buffer += part
        cut = self.buffer.find(mark)
        cut = len(self.buffer) if cut < 0 else cut + len(mark)
        head, self.buffer = self.buffer[:cut], self.buffer[cut:]
        return head

    def head(self):
        return self.until(b"\r\n\r\n").decode("latin-1")

    def quiet(self, seconds=0.3):
        """True when nothing comes for that long."""
        if self.buffer:
            return False
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self.buffer = self.socket.recv(65536)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(before)

    def rest(self):
        while True:
            part = self.socket.recv(65536)
            if not part:
                break
            self.buffer += part
        return self.buffer

    def close(self):
        self.socket.close()


# The emulator's own API

def control(method, path, body=None, tenant=None):
    connection = http.client.HTTPConnection(HOST, PORT, timeout=10)
    headers = {"content-type": "application/json"}
    if tenant:
        headers["x-wavetank-tenant"] = tenant
    try:
        connection.request(method, "/_wavetank" + path,
                           body=None if body is None else json.dumps(body), headers=headers)
        reply = connection.getresponse()
        return Reply(reply.status, reply.reason, {}, reply.read())
    finally:
        connection.close()


def advance(tenant, by):
    return control("POST", "/clock/advance", {"by": by}, tenant)


def under_way(tenant, part):
    """Whether a request with this in its target has come and goes on."""
    entries = control("GET", "/journal?limit=50", tenant=tenant).json["entries"]
    return any(part in entry["target"] and entry["ending"] == "in flight" for entry in entries)


def eventually(what, seconds=30):
    """Waits for something that another connection's bytes bring about."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.01)
    return what()
