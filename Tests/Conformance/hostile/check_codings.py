"""Content in gzip where an operation streams it (DESIGN §7): unpacked while it comes, bounded, or refused; and codings
that are not read: 415 with Accept-Encoding (RFC 9110 §15.5.16)."""

import gzip
import http.client
import io
import json
import tarfile
import zlib

from common import Server, check, finish

server = Server()
HUB = "/api/v1"
FLEET = ("/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
         "/fleets/33333333-3333-4333-8333-333333333333/fleetruns")


def send(method, path, content, coding=None, **fields):
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    if coding:
        named["content-encoding"] = coding
    return server.call(method, path, content, named)


def package():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in (("package.json", json.dumps({"name": "packed", "version": "1.0.0", "main": "index.js",
                                                         "engines": {"node": ">=16"}}).encode()),
                           ("index.js", b"module.exports = input => input;\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def topic():
    text = b"".join(b"line %d\n" % number for number in range(5000))
    status, _, _ = send("POST", f"{HUB}/topic/packed", gzip.compress(text), "gzip", content_type="text/plain")
    reader = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    reader.request("GET", f"{HUB}/topic/packed", headers=server.KEYS)
    answer = reader.getresponse()
    found = answer.read(len(text))
    reader.close()
    check("a topic's post is unpacked", status in (200, 202) and found == text, (status, found[:80]))


def live():
    """A piece that was flushed is there before the content has ended."""
    packer = zlib.compressobj(wbits=31)
    writer = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    writer.putrequest("POST", f"{HUB}/topic/live")
    # The type of a topic that its reader makes: who of the two comes first is open.
    for name, value in {**server.KEYS, "content-type": "application/x-ndjson", "content-encoding": "gzip",
                        "transfer-encoding": "chunked"}.items():
        writer.putheader(name, value)
    writer.endheaders()

    def write(piece):
        writer.sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))

    write(packer.compress(b"first\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    reader = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    reader.request("GET", f"{HUB}/topic/live", headers=server.KEYS)
    answer = reader.getresponse()
    first = answer.read(6)
    write(packer.compress(b"second\n") + packer.flush(zlib.Z_FINISH))
    writer.sock.sendall(b"0\r\n\r\n")
    second = answer.read(7)
    reader.close()
    writer.close()
    check("what was flushed is read at once", (first, second) == (b"first\n", b"second\n"), (first, second))


def uploads():
    data = package()
    status, content, _ = send("POST", f"{HUB}/sequence", gzip.compress(data), "gzip",
                              content_type="application/octet-stream")
    check("an upload is unpacked once", status in (200, 202), (status, content))
    status, content, _ = send("POST", f"{HUB}/sequence", data[:-20], "gzip", content_type="application/octet-stream")
    check("what is no whole gzip is refused", 400 <= status < 500, (status, content))
    packed = gzip.compress(json.dumps({"handle": "packed"}).encode())
    status, content, _ = send("POST", f"{HUB}/workspace/create", packed, "gzip")
    check("a content that is collected is unpacked as before", status == 200, (status, content))


def bomb():
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(600)) + packer.flush()
    before = server.resident
    status, content, _ = send("POST", f"{HUB}/sequence", packed, "gzip", content_type="application/octet-stream")
    check("a bomb is refused", 400 <= status < 600 and status != 500, (status, content[:200]))
    check("and memory does not follow it", server.resident < before + (128 << 20), (before, server.resident))


def refused():
    for method, path in (("POST", f"{HUB}/topic/other"), ("POST", f"{HUB}/sequence"),
                         ("POST", f"{HUB}/workspace/create"), ("POST", FLEET)):
        for coding in ("br", "deflate", "gzip, gzip"):
            status, content, fields = send(method, path, b"{}", coding)
            fields = {name.lower(): value for name, value in fields.items()}
            check(f"{method} {path[:24]} in {coding}: 415 and what is read",
                  status == 415 and "gzip" in fields.get("accept-encoding", ""), (status, content, fields))
        status, content, fields = send(method, path, b"{}", "identity")
        check(f"{method} {path[:24]}: identity is none", "accept-encoding" not in map(str.lower, fields), (status, content))


for part in (topic, live, uploads, bomb, refused):
    part()
check("the server ends in order", server.stop() == 0)
finish()
