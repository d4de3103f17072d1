"""The worst legal requests of every operation: made from the server's own lists of operations and its OpenAPI documents, from
seeded shapes of JSON, and by hand against a tenant that holds much."""
import gzip
import http.client
import json
import urllib.request
from dataclasses import dataclass, field, replace

from traffic import KNOWN, PACKAGE, YAML_BOMBS, tar_gz

MEGABYTE = 1 << 20
BIG = "/_t/big"
ORG, PROJECT, FLEET = KNOWN["org"][0], KNOWN["project"][0], KNOWN["fleet"][0]
FLEETS = f"/orgs/{ORG}/projects/{PROJECT}/fleets"


@dataclass
class Request:
    method: str
    path: str
    body: bytes | None = None
    type: str = "application/json"
    more: dict = field(default_factory=dict)

    @property
    def fields(self):
        return {"authorization": "Bearer k", "x-shipyard-api-key": "k", "content-type": self.type, **self.more}


@dataclass
class Case:
    name: str
    requests: list
    # Sent all the while on another connection.
    beside: list = field(default_factory=list)
    seeded: bool = False
    expects: object = staticmethod(lambda status: 200 <= status < 500 or status in (501, 502, 503, 507))


def post(path, content, tenant=BIG, **more):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Request("POST", f"{tenant}{path}", body, **more)


def steamship(path, content, tenant=BIG, **more):
    return post(f"/api/v1/{path}", content, tenant, **more)


def get(path, tenant=BIG):
    return Request("GET", tenant + path)


def repeat(piece, size, opening=b"[", between=b",", closing=b"]"):
    count = max(1, (size - 2) // (len(piece) + len(between)))
    return opening + between.join([piece] * count) + closing


def form(names_and_values, boundary="wavetank"):
    parts = (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in names_and_values)
    return "".join(parts).encode() + f"--{boundary}--\r\n".encode()


FORM = "multipart/form-data; boundary=wavetank"

SHAPES = {
    "small objects": lambda size: repeat(b'{"":0}', size),
    "empty objects": lambda size: repeat(b"{}", size),
    "numbers": lambda size: repeat(b"0", size),
    "long decimals": lambda size: repeat(b"1." + b"3" * 300, size),
    "empty texts": lambda size: repeat(b'""', size),
    "escapes": lambda size: repeat(b"\\u0041", size, b'"', b"", b'"'),
    "surrogates": lambda size: repeat(b"\\ud83d\\ude00", size, b'"', b"", b'"'),
    "one text": lambda size: b'"' + b"a" * (size - 2) + b'"',
    "deep lists": lambda size: repeat(b"[" * 200 + b"]" * 200, size),
    "deep objects": lambda size: repeat(b'{"a":' * 200 + b"0" + b"}" * 200, size),
    "a wide object": lambda size: b"{" + b",".join(b'"k%d":0' % n for n in range(size // 13)) + b"}",
    "one name again and again": lambda size: repeat(b'"k":0', size, b"{", b",", b"}"),
    "white space": lambda size: b" " * (size - 1) + b"0",
}


class Cases:
    def __init__(self, rng, sender, server):
        self.rng, self.sender, self.server = rng, sender, server

    def all(self):
        yield from self.by_hand()
        yield from self.unknown_paths()
        self.fill()
        yield from self.much_held()
        yield from self.control()
        # Seeded: as many as time allows, others with the next seed.
        found = [*self.operations(), *self.lists()]
        self.rng.shuffle(found)
        yield from (replace(case, seeded=True) for case in found)

    def send(self, request):
        status, size = self.sender.send(request)
        if not 200 <= status < 300:
            raise SystemExit(f"preparation failed: {request.method} {request.path}: {status} {size}")

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=30) as answer:
            return json.load(answer)

    # ---------------------------------------------------------------- every operation

    def unknown_paths(self):
        long = 16_000
        paths = ["/nope/x", "/" * long, "/" + "a" * long, "/a" * (long // 2), "/%41" * (long // 4), "/api/v1" * (long // 7),
                 "/cpm/api/v1" * (long // 11), "/instancs/sequencs/topcs/entitis/healt/versin/confg", "/nope?" + "a=b&" * (long // 4)]
        for path in paths:
            yield Case(f"path of no operation {path[:24]} ({len(path)} bytes)", [Request("GET", path)] * 50)
        yield Case("unknown method, long host", [Request("BREW", "/nope", more={"host": "a." * 30_000})] * 50)

    def path(self, template):
        for name, values in KNOWN.items():
            template = template.replace("{%s}" % name, values[0]).replace("{%s…}" % name, values[0])
        return "/".join("x" if part.startswith("{") else part for part in template.split("/"))

    def operations(self):
        """A document of a seeded shape for each operation, as the content itself or as a member of the object."""
        for operation in self.ask("/_wavetank/operations")["operations"]:
            method, path = operation["method"], self.path(operation["path"])
            if method in ("GET", "DELETE", "OPTIONS"):
                continue
            shape = self.rng.choice(sorted(SHAPES))
            size = self.rng.choice([MEGABYTE // 2, MEGABYTE // 2, 2 * MEGABYTE, 2 * MEGABYTE, 9 * MEGABYTE])
            content = SHAPES[shape](size)
            whole = self.rng.choice([content, b'{"id":' + content + b"}"])
            yield Case(f"{operation['name']} with {shape} ({size / MEGABYTE:g} MiB)", [Request(method, "/_t/shapes" + path, whole)],
                       expects=lambda status: 200 <= status <= 507)

    def lists(self):
        """Each list-valued member of each request, as long as it can be."""
        for service in ("steamship", "scramjet", "shipyard"):
            document = self.ask(f"/_wavetank/openapi/{service}.json")
            schemas = document["components"]["schemas"]
            for path, item in document["paths"].items():
                for method, operation in item.items():
                    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
                    if not media:
                        continue
                    example = media.get("example") if isinstance(media.get("example"), dict) else {}
                    for name, schema in self.list_members(media["schema"], schemas):
                        element = self.element(schema, schemas)
                        count = min(200_000, 9 * MEGABYTE // (len(json.dumps(element)) + 2))
                        body = json.dumps({**example, name: [element] * count}).encode()
                        yield Case(f"{operation['operationId']}: {count:,} elements of \"{name}\"",
                                   [Request(method.upper(), "/_t/lists" + self.path(path), body)])

    def list_members(self, schema, schemas):
        schema = self.resolved(schema, schemas)
        for name, member in schema.get("properties", {}).items():
            if self.resolved(member, schemas).get("type") == "array":
                yield name, self.resolved(member, schemas)

    def resolved(self, schema, schemas):
        for _ in range(8):
            if "$ref" in schema:
                schema = schemas[schema["$ref"].split("/")[-1]]
            elif "anyOf" in schema:
                schema = next((s for s in schema["anyOf"] if s.get("type") != "null"), {})
            else:
                break
        return schema

    def element(self, schema, schemas):
        element = self.resolved(schema.get("items", {}), schemas)
        return {"object": {}, "string": "x", "array": [], "boolean": True}.get(element.get("type"), 0)

    # ---------------------------------------------------------------- by hand

    def by_hand(self):
        weights = SHAPES["small objects"](14 * MEGABYTE + 700_000)
        yield Case("workspace/create with 2 million small objects", [steamship("workspace/create", b'{"x":' + weights + b"}")])
        yield Case("blueprint of 9 MB", [post(f"/orgs/{ORG}/blueprints", b'{"name":"x","pallet_type":2,"notes":'
                                              + SHAPES["a wide object"](9 * MEGABYTE) + b"}")])
        yield Case("text of 9 MB in a blueprint", [post(f"/orgs/{ORG}/blueprints", json.dumps(
            {"name": "x", "pallet_type": 2, "notes": "é\n\"" * 2_000_000}).encode())])
        for name, yaml in [("a map of 9 MB", b"x: 1\n" * (9 * MEGABYTE // 5)), ("a list of 9 MB", b"- x\n" * (9 * MEGABYTE // 4)),
                           ("a text of 9 MB", b"name: |\n" + b"  a\n" * (9 * MEGABYTE // 4))]:
            yield Case(f"fleet as code: {name}", [Request("PUT", BIG + FLEETS, yaml, "application/yaml")])
        yield Case("fleets as code: bombs", [Request("PUT", BIG + FLEETS, bomb.encode(), "application/yaml") for bomb in YAML_BOMBS])
        query = " or ".join(['kind "k"'] * 4_000)
        yield Case("tag/query with 4,000 terms", [steamship("tag/query", {"tagFilterQuery": query})])
        yield Case("a form of 100,000 fields", [steamship("file/create", form((f"tags[{n}][name]", "x") for n in range(100_000)), type=FORM)])
        yield Case("a form with one field of many brackets", [steamship("file/create", form([("a" + "[b]" * 20_000, "x")] * 20), type=FORM)])
        text = form([("type", "file")]).replace(b"--wavetank--\r\n", b'--wavetank\r\nContent-Disposition: form-data; name="file"; filename='
                                                b'"a.txt"\r\nContent-Type: text/plain\r\n\r\n' + "é\n".encode() * 5_000_000 + b"\r\n--wavetank--\r\n")
        yield Case("an upload of 15 MB of text", [steamship("file/create", text, type=FORM)])
        yield Case("a query string of 4,000 pairs", [Request("GET", f"{BIG}{FLEETS}/{FLEET}/runs?" + "days=1&" * 2_000)])
        bomb = gzip.compress(bytes(60 * MEGABYTE), 9)
        many = tar_gz([(f"d/{n}", b"", b"0", "") for n in range(20_000)] + [("package.json", b'{"main":"d/1"}', b"0", "")])
        manifest = tar_gz([("package.json", b'{"name":"x","version":"1.0.0","main":"i.js","x":' + SHAPES["small objects"](MEGABYTE - 100) + b"}",
                            b"0", ""), ("i.js", b"", b"0", "")])
        for name, archive in [("a bomb of 60 MB", bomb), ("20,000 entries", many), ("a manifest of 1 MB", manifest)]:
            yield Case(f"sequence: {name}", [Request("POST", f"{BIG}/api/v1/sequence", archive, "application/octet-stream")])

    # ---------------------------------------------------------------- against much

    def fill(self):
        blocks = [{"text": f"text {n}", "tags": [{"kind": "k", "name": f"n{n}"}]} for n in range(500)]
        for _ in range(40):
            self.send(steamship("file/create", {"blocks": blocks}))
        self.send(steamship("file/create", {"handle": "whole", "blocks": blocks}))
        for _ in range(20):
            self.send(steamship("task/noop", {}, more={"x-task-background": "true"}))
        for n in range(300):
            self.send(Request("POST", f"{BIG}/api/v1/sequence", PACKAGE, "application/octet-stream"))
        for n in range(600):
            self.send(Request("POST", f"{BIG}{FLEETS}/{FLEET}/fleetruns", b"{}"))
            self.send(post("/api/v1/topics", {"id": f"t{n}", "content-type": "text/plain"}))
        for _ in range(3_000):
            self.sender.send(get("/nope"))

    def much_held(self):
        light = [steamship("workspace/get", {}), steamship("task/list", {"pageSize": 1})]
        for path, content in [
            ("tag/query", {"tagFilterQuery": "all"}), ("block/query", {"tagFilterQuery": "all"}), ("file/query", {"tagFilterQuery": "all"}),
            ("tag/query", {"tagFilterQuery": " or ".join(f'name "n{n}"' for n in range(256))}),
            ("tag/query", {"tagFilterQuery": " or ".join(['value("a") exists'] * 256)}),
            ("block/query", {"tagFilterQuery": "samefile { blocktag } and overlaps { filetag }"}),
            ("file/get", {"handle": "whole"}), ("file/list", {"pageSize": 1_000_000}), ("task/list", {"pageSize": 1_000_000}),
        ]:
            yield Case(f"{path} {json.dumps(content)[:60]} among 20,000 blocks", [steamship(path, content)])
            yield Case(f"the same with others in the same tenant: {path}", [steamship(path, content)] * 3, beside=light)
        for path in ["/api/v1/sequences", "/api/v1/topics", "/api/v1/entities", "/api/v1/space/demo/api/v1/topics",
                     "/api/v1/space/demo/api/v1/all_sequences", f"{FLEETS}/{FLEET}/runs", f"{FLEETS}/{FLEET}/runs?format=json",
                     f"/orgs/{ORG}/voyages", f"/orgs/{ORG}/fleets"]:
            yield Case(f"GET {path}", [get(path)] * 5)
        yield Case("workspace/delete with 20,000 blocks", [steamship("workspace/create", {"handle": "default", "fetchIfExists": True}), *self.deletion()])

    def deletion(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        request = steamship("workspace/get", {})
        connection.request(request.method, request.path, request.body, request.fields)
        found = json.load(connection.getresponse())["data"]["workspace"]["id"]
        connection.close()
        return [steamship("workspace/delete", {"id": found})]

    def control(self):
        for path in ["/openapi/steamship.json", "/openapi/scramjet.json", "/openapi/shipyard.json", "/openapi/wavetank.json", "/operations",
                     "/journal?limit=100000", "/journal.har", "/state", "/snapshot", "/scenario.schema.json", "/scenarios", "/metrics",
                     "/tenants", "/nope", "/" + "a" * 15_000]:
            yield Case(f"GET /_wavetank{path[:40]}", [get("/_wavetank" + path)] * 3)
        yield Case("verify over a full journal", [post("/_wavetank/verify", {"match": {"path": {"regex": "^(a|b|n)+.*[xyz]$"}}, "exactly": 3})])
        rules = [{"name": f"rule {n}", "match": {"operation": "steamship.*.list", "body": {"text": {"regex": "(a|b)*c"}}}, "times": 3,
                  "error": 503} for n in range(4_000)]
        wrong = [{"name": f"rule {n}", "emit": {"trigger": f"rul {n}"}} for n in range(3_000)]
        yield Case("a scenario of 3,000 misspelt rules", [Request("PUT", f"{BIG}/_wavetank/scenario", json.dumps({"wavetank": 1, "rules": wrong}).encode())])
        yield Case("a scenario of 4,000 rules, a reset, a look at it",
                   [Request("PUT", f"{BIG}/_wavetank/scenario", json.dumps({"wavetank": 1, "rules": rules}).encode()),
                    post("/_wavetank/reset", b""), get("/_wavetank/scenario"), get("/_wavetank/scenario/rules")])
        texts = [{"name": "deep", "match": {"body": {"text": {"regex": "(x+x+)+y"}}}, "error": 500}]
        self.send(Request("PUT", f"{BIG}/_wavetank/scenario", json.dumps({"wavetank": 1, "rules": texts}).encode()))
        yield Case("a rule that searches 15 MB", [steamship("task/list", b'{"a":"' + b"x" * (15 * MEGABYTE) + b'"}')])
        ticks = {"wavetank": 1, "clock": {"mode": "manual"}, "behaviors": {"scramjet": [{"program": [{"on": "every", "every": 1, "do": {"write": "x"}}]}]},
                 "given": {"scramjet": {"sequences": [{"id": "s", "package": {"name": "t", "version": "1.0.0"}}], "instances": [{"sequence": "s"}]}}}
        self.send(Request("PUT", f"{BIG}/_wavetank/scenario", json.dumps(ticks).encode()))
        yield Case("a clock that meets 60,000 ticks", [post("/_wavetank/clock/advance", {"by": "1m"})])
        self.send(Request("PUT", f"{BIG}/_wavetank/scenario?name=demo"))
