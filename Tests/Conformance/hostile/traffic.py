"""What a hostile or broken peer could send: a play is a list of steps on one connection.

Everything comes from the `random.Random` given, so that a seed replays it. Steps:

    ("send", bytes)   ("drip", bytes)   ("read", seconds)   ("half",)   ("reset",)   ("wait", seconds)
"""
import gzip
import io
import json
import struct
import tarfile

TENANTS = [f"hostile-{n}" for n in range(6)]

WORDS = [
    b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b"%", b"%00", b"%2f", b"%zz", b"..", b"//", b"?", b"#", b"{", b"}",
    b"[", b"]", b'"', b"\\", b"\\u0000", b"\\ud800", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", "é".encode(), b"-1", b"0", b"1e999",
    b"18446744073709551616", b"9223372036854775807", b"NaN", b"null", b"true", b"0x10", b"chunked", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Host: a\r\n", b"HTTP/1.0", b"HTTP/9.9", b"A" * 300,
    b" folded\r\n line", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"\x1f\x8b\x08", b"PK\x03\x04", b"--", b"&a", b"*a", b"!!",
]

VALUES = [
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 10**30, 2**63, -(2**63), "", "x", "\u0000", "😀" * 50, "a" * 5000, "../../etc",
    "<script>", "{{now}}", "${x}", "%00", [], [[]], {}, {"": None}, [None] * 100, {"a": {"a": {"a": 1}}},
    "2026-13-45T99:99:99Z", "1s", "-5s", "999999999h", "*", "[a-", "(((((", "a{99999}", "default", "demo", "hello-world", "sth-0",
]

KEYS = [
    "handle", "id", "name", "packageId", "packageHandle", "packageVersionHandle", "workspaceId", "fetchIfExists", "config", "configTemplate",
    "taskId", "state", "statusMessage", "output", "pageSize", "pageToken", "type", "mimeType", "tags", "blocks", "text", "kind", "value",
    "tagFilterQuery", "blockFilterQuery", "pluginInstance", "options", "instanceHandle", "payload", "appConfig", "args", "inputTopic",
    "limits", "instanceId", "timeout", "canCallKeepalive", "eventName", "message", "content-type", "vessel_overrides", "environment_variable_overrides",
    "fleet_overrides", "by", "to", "toNext", "mode", "now", "factor", "wavetank", "seed", "rules", "match", "probability", "delay", "fault",
    "sequence", "given", "behaviors", "variables", "expect", "emit", "limit", "times", "per", "where", "exactly", "atLeast",
]


def tar_gz(entries):
    """Entries: (name, content, type, linkname, size in the header or None)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content, kind, link in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(content), kind, link
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), 1)


PACKAGE = tar_gz([("package.json", b'{"name":"x","version":"1.0.0","main":"i.js"}', tarfile.REGTYPE, ""),
                  ("i.js", b"module.exports = 1", tarfile.REGTYPE, "")])
EVIL_ARCHIVES = [
    PACKAGE,
    PACKAGE[:-9], PACKAGE[:40], PACKAGE + PACKAGE, PACKAGE + b"\x00" * 999, PACKAGE[:-4] + b"\xff\xff\xff\xff",
    tar_gz([("../../package.json", b'{"name":"x","main":"i.js"}', tarfile.REGTYPE, "")]),
    tar_gz([("package.json", b"", tarfile.SYMTYPE, "/etc/passwd"), ("i.js", b"", tarfile.LNKTYPE, "../x")]),
    tar_gz([("package.json", b"{" * 5000, tarfile.REGTYPE, "")]),
    tar_gz([("package.json", b'{"name":1,"main":[]}', tarfile.REGTYPE, "")]),
    tar_gz([("a" * 90 + "/" + "b" * 90, b"x", tarfile.REGTYPE, "")] * 200),
    gzip.compress(b"\x00" * 512 * 3), gzip.compress(b"ustar" * 999), gzip.compress(bytes(20_000_000), 9), b"", b"\x1f\x8b", b"\x1f\x8b\x08\xff" + b"a" * 200,
    gzip.compress(gzip.compress(b"x" * 9999)),
]

# What the built-in world holds, by the names of path parameters.
KNOWN = {
    "org": ["11111111-1111-4111-8111-111111111111"], "project": ["22222222-2222-4222-8222-222222222222"],
    "fleet": ["33333333-3333-4333-8333-333333333333"], "webhook": ["44444444-4444-4444-8444-444444444444"], "token": ["demo-webhook-token"],
    "space": ["demo"], "hub": ["sth-0", "sth-1"], "id": ["sth-0", "echo", "echo.tar.gz"], "file": ["echo.tar.gz"], "name": ["echo.tar.gz", "a"],
    "workspace": ["default", "demo", "sandbox"], "instance": ["hello-world"], "path": ["greet", "slow", "fail"], "bucket": ["default"],
}

YAML_BOMBS = [
    "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
    "[" * 20_000, "{" * 20_000, "- " * 20_000, "a: " * 5_000, "x: &x *x\n", "a: |\n" + "  b\n" * 5_000, "? " * 3_000,
    "".join(" " * i + f"k{i}:\n" for i in range(1_500)), "!!python/object/apply:os.system ['true']", "%YAML 9.9\n---\n", "a:\tb", "\ufeffa: 1",
    "name: x\nvessels:\n" + "".join(f"  v{i}: {{source: {{}}}}\n" for i in range(2_000)), "---\n" * 5_000, "<<: *x\n<<: *y\n", "'" * 9_999, '"\\x',
]


class Traffic:
    """Makes plays for one peer out of a seeded generator and the server's own list of operations."""

    def __init__(self, random, operations):
        self.random, self.operations = random, operations
        self.kinds = [
            (10, self.raw), (25, self.mutated), (30, self.grammatical), (12, self.chunks), (8, self.pipeline), (6, self.slow),
            (5, self.vanishing), (5, self.stream), (5, self.archive), (5, self.multipart), (4, self.yaml), (4, self.control),
            (3, self.flood), (2, self.heads),
        ]

    def play(self):
        weights = [weight for weight, _ in self.kinds]
        make = self.random.choices([kind for _, kind in self.kinds], weights)[0]
        return make.__name__, make()

    # ---------------------------------------------------------------- pieces
    def token(self):
        return self.random.choice(WORDS)

    def noise(self, most):
        return self.random.randbytes(self.random.randrange(1, most))

    def value(self, depth=0):
        if depth < 4 and self.random.random() < 0.3:
            if self.random.random() < 0.5:
                return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
            return self.object(depth + 1)
        return self.random.choice(VALUES)

    def object(self, depth=0):
        return {self.random.choice(KEYS): self.value(depth) for _ in range(self.random.randrange(6))}

    def json_text(self):
        kind = self.random.randrange(12)
        if kind < 7:
            return json.dumps(self.object()).encode()
        return [
            lambda: b"[" * self.random.choice([100, 2_000, 100_000]),
            lambda: b'{"a":' * self.random.choice([100, 20_000]) + b"1",
            lambda: b'{"handle":' + b"9" * self.random.choice([30, 20_000]) + b"}",
            lambda: self.mutate(json.dumps(self.object()).encode()),
            lambda: self.noise(3_000),
        ][kind - 7]()

    def filling(self, name):
        """A parameter's value: mostly of something that exists, so that the rules behind it are reached."""
        if name in KNOWN and self.random.random() < 0.7:
            return self.random.choice(KNOWN[name])
        return self.random.choice(["..", "%2e%2e", "%00", "a" * 200, "1", "-1", "%ff", "é", "", *sum(KNOWN.values(), [])])

    def target(self):
        operation = self.random.choice(self.operations)
        path = operation["path"]
        while "{" in path and "}" in path[path.index("{"):]:
            start = path.index("{")
            end = path.index("}", start)
            filling = self.filling(path[start + 1:end].rstrip("…."))
            path = path[:start] + filling + path[end + 1:]
        if self.random.random() < 0.2:
            path += "?" + "&".join(
                f"{self.random.choice(KEYS)}={self.random.choice(['', '1', '-1', 'x%00', '%zz', 'a' * 500])}"
                for _ in range(self.random.randrange(4)))
        method = operation["method"]
        if self.random.random() < 0.15:
            method = self.random.choice(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "BREW", "X" * 80])
        return method, f"/_t/{self.random.choice(TENANTS)}{path}"

    def head(self, method, target, extra=()):
        fields = ["Host: localhost"]
        if self.random.random() < 0.9:
            key = self.random.choice(["bench", "", "a b", "wt-hostile-1", "x" * 300, "\u00e9"])
            fields.append(f"Authorization: Bearer {key}")
            fields.append(f"X-Shipyard-API-Key: {key}")
        if self.random.random() < 0.2:
            fields.append(self.random.choice([
                "X-Task-Background: true", "X-Task-Background: maybe", "X-Task-Dependency: a,b,,", "X-Task-Run-After: never", "X-Workspace-Id: x",
                "X-Workspace-Handle: " + "h" * 300, "Accept: application/json", "Accept: text/html", "Range: bytes=0-", "X-End-Stream: maybe",
                "Content-Encoding: gzip", "Expect: 100-continue", "Expect: 200-ok", "Upgrade: websocket", "Connection: upgrade", "Cookie: a=b",
                "X-HTTP-Method-Override: DELETE", "If-None-Match: *", "Accept-Encoding: gzip;q=0"]))
        fields += extra
        return f"{method} {target} HTTP/1.1\r\n{''.join(f + chr(13) + chr(10) for f in fields)}\r\n".encode("utf-8", "surrogateescape")

    def content_type(self):
        return "Content-Type: " + self.random.choice([
            "application/json", "application/json", "application/json", "application/json; charset=utf-16", "text/plain",
            "application/x-ndjson", "application/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data",
            "multipart/form-data; boundary=", "text/yaml", "application/gzip", "", ";;;", "a/b; c=\"d"])

    def message(self):
        """A request whose framing is right; all else may not be."""
        method, target = self.target()
        if method in ("GET", "HEAD", "DELETE") and self.random.random() < 0.7:
            return self.head(method, target)
        body = self.json_text()
        return self.head(method, target, [self.content_type(), f"Content-Length: {len(body)}"]) + body

    def mutate(self, message):
        data = bytearray(message)
        for _ in range(self.random.choice([1, 1, 2, 3, 8])):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(6)
            if kind == 0 and at < len(data):
                data[at] ^= 1 << self.random.randrange(8)
            elif kind == 1:
                data[at:at] = self.token()
            elif kind == 2:
                del data[at:at + self.random.randrange(1, 20)]
            elif kind == 3:
                data[at:at] = data[at:at + self.random.randrange(1, 60)]
            elif kind == 4 and at < len(data):
                data[at] = self.random.randrange(256)
            else:
                del data[at:]
        return bytes(data)

    # ---------------------------------------------------------------- plays
    def raw(self):
        return [("send", self.noise(4_000)), ("read", 0.05), ("send", self.token()), ("read", 0.1)]

    def mutated(self):
        return [("send", self.mutate(self.message())), ("read", 0.15)]

    def grammatical(self):
        steps = []
        for _ in range(self.random.choice([1, 1, 3])):
            steps += [("send", self.message()), ("read", 0.15)]
        return steps

    def chunks(self):
        method, target = self.target()
        body = self.json_text()[:40_000]
        framed = b""
        while body:
            size = self.random.choice([1, 3, 100, 5_000])
            part, body = body[:size], body[size:]
            extension = self.random.choice([b"", b"", b"", b";a=b", b';a="b"', b";" * 50, b";" + b"x" * 20_000, b" "])
            framed += b"%x%s\r\n%s\r\n" % (len(part), extension, part)
            if len(framed) > 60_000:
                break
        framed += self.random.choice([
            b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"0\r\n" + b"T: x\r\n" * 500 + b"\r\n", b"0\n\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\n",
            b"7fffffffffffffff\r\nx", b"0x5\r\nhello\r\n", b"5\r\nhell", b"5\r\nhelloXX0\r\n\r\n", b"", b"g\r\n", b"00000000000000000000\r\n\r\n",
            b"0\r\nContent-Length: 9\r\n\r\n", b"0\r\nbad trailer\r\n\r\n"])
        if self.random.random() < 0.4:
            framed = self.mutate(framed)
        extra = [self.content_type(), self.random.choice([
            "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: identity", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked\r\nContent-Length: 4",
            "Transfer-Encoding : chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked"])]
        return [("send", self.head("POST" if method == "GET" else method, target, extra) + framed), ("read", 0.2)]

    def pipeline(self):
        batch = b"".join(
            self.message() if self.random.random() < 0.9 else self.mutate(self.message()) for _ in range(self.random.randrange(2, 40)))
        return [("send", batch), ("read", 0.4)]

    def slow(self):
        message = self.message()[:400]
        cut = self.random.randrange(len(message) + 1)
        return [("drip", message[:cut]), ("wait", self.random.random() * 0.2), ("send", message[cut:]), ("read", 0.2)]

    def vanishing(self):
        message = self.message()
        cut = self.random.randrange(len(message) + 1)
        end = self.random.choice([("half",), ("reset",), ("wait", 0)])
        return [("send", message[:cut]), end, ("read", 0.1 if end[0] == "half" else 0)]

    def stream(self):
        """Opens something that lasts, both ways, and leaves."""
        tenant = self.random.choice(TENANTS)
        topic = f"/_t/{tenant}/api/v1/topic/{self.random.choice(['a', 'b', 'x.y', 'names'])}"
        reader = self.head("GET", self.random.choice([topic, f"/_wavetank/journal/stream?tenant={tenant}", f"/_t/{tenant}/api/v1/audit",
                                                      f"/_t/{tenant}/api/v1/space/demo/api/v1/log"]))
        writer = self.head("POST", topic, [self.random.choice(["Content-Type: text/plain", "Content-Type: application/x-ndjson"]),
                                           "Transfer-Encoding: chunked"])
        chunk = self.noise(5_000)
        feed = b"%x\r\n%s\r\n" % (len(chunk), chunk)
        first = reader if self.random.random() < 0.6 else writer + feed * self.random.randrange(1, 20)
        return [("send", first), ("read", 0.2), ("send", feed), self.random.choice([("half",), ("reset",), ("wait", 0.05)]), ("read", 0.1)]

    def archive(self):
        tenant = self.random.choice(TENANTS)
        body = self.random.choice(EVIL_ARCHIVES)
        if self.random.random() < 0.3 and body:
            body = self.mutate(body)
        path = self.random.choice(["/api/v1/space/demo/api/v1/s3/a.tar.gz", "/api/v1/sequence", "/api/v1/space/demo/s3", "/api/v1/sequence/x"])
        method = self.random.choice(["PUT", "POST"])
        if self.random.random() < 0.2:
            path, method = f"/_wavetank/snapshot?tenant={tenant}", "PUT"
            head = self.head(method, path, ["Content-Type: application/gzip", f"Content-Length: {len(body)}"])
        else:
            head = self.head(method, f"/_t/{tenant}{path}", ["Content-Type: application/octet-stream", f"Content-Length: {len(body)}"])
        if self.random.random() < 0.2:
            return [("send", head + body[:len(body) // 2]), self.random.choice([("reset",), ("half",)]), ("read", 0.1)]
        return [("send", head + body), ("read", 0.5)]

    def multipart(self):
        boundary = self.random.choice(["b", "-" * 60, "x" * 70, "a b", "é", '"'])
        parts = b""
        for _ in range(self.random.choice([0, 1, 5, 300])):
            name = self.random.choice([
                "file", "handle", "tags[0][kind]", "tags[999999999][a]", "a" + "[b]" * 2_000, "[", "a[", "a]b", "", "type", "tags[-1]", "tags[]"])
            parts += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n"
                      f"{self.random.choice(['', 'Content-Type: x/y' + chr(13) + chr(10), 'X: ' + 'y' * 3000 + chr(13) + chr(10)])}\r\n").encode()
            parts += self.random.choice([b"", b"file", b"true", self.noise(500), b"\r\n--" + boundary.encode()]) + b"\r\n"
        parts += self.random.choice([f"--{boundary}--\r\n".encode(), b"", b"--", f"--{boundary}".encode()])
        if self.random.random() < 0.4:
            parts = self.mutate(parts)
        path = self.random.choice(["file/create", "block/create", "package/version/create", "plugin/version/create"])
        head = self.head("POST", f"/_t/{self.random.choice(TENANTS)}/api/v1/{path}",
                         [f"Content-Type: multipart/form-data; boundary={boundary}", f"Content-Length: {len(parts)}"])
        return [("send", head + parts), ("read", 0.3)]

    def yaml(self):
        text = self.random.choice(YAML_BOMBS).encode("utf-8")
        if self.random.random() < 0.3:
            text = self.mutate(text)
        tenant = self.random.choice(TENANTS)
        organization, project = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
        target = self.random.choice([
            f"/_t/{tenant}/orgs/{organization}/projects/{project}/fleets", f"/_wavetank/scenario?tenant={tenant}",
            f"/_t/{tenant}/orgs/{organization}/projects/{project}/fleets/33333333-3333-4333-8333-333333333333"])
        head = self.head("PUT", target, ["Content-Type: application/yaml", f"Content-Length: {len(text)}"])
        return [("send", head + text), ("read", 0.5)]

    def control(self):
        tenant = self.random.choice(TENANTS)
        method, path = self.random.choice([
            ("PUT", "scenario"), ("POST", "scenario/rules"), ("PUT", "clock"), ("POST", "clock/advance"), ("POST", "verify"), ("POST", "emit"),
            ("GET", "journal"), ("GET", "journal/1"), ("GET", "journal/99999999999999999999"), ("GET", "journal.har"), ("GET", "state"),
            ("GET", "metrics"), ("GET", "snapshot"), ("DELETE", "journal"), ("DELETE", "scenario/rules/x"), ("GET", "operations"),
            ("GET", "openapi/x.json"), ("GET", "scenario.schema.json"), ("POST", "reset")])
        body = json.dumps({"wavetank": 1, **self.object()}).encode() if self.random.random() < 0.6 else self.json_text()
        query = self.random.choice(["", f"&since={self.random.choice(['-1', 'x', '1e9'])}", "&limit=-1", "&%zz"])
        head = self.head(method, f"/_wavetank/{path}?tenant={tenant}{query}",
                         ["Content-Type: application/json", f"Content-Length: {len(body)}"])
        return [("send", head + body), ("read", 0.3)]

    def flood(self):
        """More than any limit allows: a line, a field, fields, content announced or sent."""
        return [("send", self.random.choice([
            lambda: b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            lambda: b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
            lambda: b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n",
            lambda: b"\r\n" * 20_000,
            lambda: self.head("POST", "/api/v1/workspace/create", ["Content-Length: 999999999999999999999"]),
            lambda: self.head("POST", "/api/v1/workspace/create", ["Content-Length: 1099511627776"]) + bytes(100_000),
            lambda: self.head("POST", "/api/v1/workspace/create", ["Content-Type: application/json", "Content-Length: 17000000"]) + b"1" * 17_000_000,
        ])()), ("read", 0.3)]

    def heads(self):
        """Versions, targets and hosts that few have seen."""
        return [("send", self.random.choice([
            b"GET http://localhost/_wavetank/health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + struct.pack(">I", 0) * 9, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
            b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: " + b"a." * 300 + b"tenant.localhost\r\n\r\n",
            b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close, keep-alive\r\n\r\n", b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n"])), ("read", 0.2)]
