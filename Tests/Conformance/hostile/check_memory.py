"""Memory that is limited (DESIGN §11): under `--memory`, `ulimit -v` and in a control group the server refuses what has no
room, in each API's own words, loses nothing, and has room again after a deletion; and its account is true. `ONLY=…` runs
one setting: memory, address-space, group, truth."""

import http.client
import io
import json
import os
import pathlib
import resource
import subprocess
import tarfile
import threading
import time
import uuid

from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]
ONLY = os.environ.get("ONLY")
MEBI = 1 << 20
PROJECT = "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
NIGHTLY = PROJECT + "/fleets/33333333-3333-4333-8333-333333333333"
HUB = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1"


class Confined(Server):
    def __init__(self, *flags, address_space=None, group=None):
        self.kept = None

        def confine():
            if address_space:
                resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
            if group:
                (group / "cgroup.procs").write_text("0")

        super().__init__(*flags, confine=confine)

    def call(self, method, path, content=None, fields=None, timeout=30):
        """On a connection that is kept while the server keeps it."""
        body = json.dumps(content) if isinstance(content, (dict, list)) else content
        for attempt in (1, 2):
            connection = self.kept or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            self.kept = None
            try:
                connection.request(method, path, body, {**self.KEYS, **(fields or {})})
                response = connection.getresponse()
                answer = response.status, response.read(), dict(response.getheaders())
                if not response.will_close:
                    self.kept = connection
                return answer
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                problem = error
        return 0, repr(problem).encode(), {}

    def metric(self, name):
        text = self.call("GET", "/_wavetank/metrics")[1].decode()
        if name + " " not in text:
            raise RuntimeError(f"no {name} in {text[:300]!r}: server {self.process.poll()}, {self.text()[-300:]}")
        return next(int(float(line.split()[1])) for line in text.splitlines() if line.startswith(name + " "))


def form(content, **texts):
    """A multipart form with one file: its fields and its bytes."""
    edge = uuid.uuid4().hex
    parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in texts.items()]
    head = "".join(parts) + f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    return {"content-type": f"multipart/form-data; boundary={edge}"}, head.encode() + content + f"\r\n--{edge}--\r\n".encode()


def package(size):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=0) as archive:
        for name, content in [("package.json", b'{"name":"p","version":"1.0.0","main":"index.js","engines":{}}'),
                              ("index.js", b""), ("load", os.urandom(size))]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def fleet(size):
    return ("name: Big\nvessels:\n  Only:\n    source:\n      type: CODE\n      language: BASH\n      file_to_run: x.sh\n"
            "      file:\n        name: x.sh\n        content: |\n" + "          echo a line of the script that is long enough\n" * (size // 54)
            + "    guardrails:\n      retry_count: 0\n      retry_wait: 0s\n      runtime_cutoff: 1h0m0s\n")


# Each kind of thing that a tenant can fill memory with: what makes the n-th of them. `prefix` is the tenant's.
def upload(server, prefix, n):
    fields, body = form(b"u" * (4 * MEBI), type="file", mimeType="application/octet-stream")
    return server.call("POST", prefix + "/api/v1/file/create", body, fields)


def block(server, prefix, n):
    if n == 0:
        made = server.call("POST", prefix + "/api/v1/file/create", {"handle": "blocks"})
        block.file = json.loads(made[1])["data"]["file"]["id"]
    return server.call("POST", prefix + "/api/v1/block/create", {"fileId": block.file, "text": "b" * 60_000})


def small_blocks(server, prefix, n):
    blocks = [{"text": "small", "tags": [{"kind": "k", "name": "n"}]} for _ in range(1000)]
    return server.call("POST", prefix + "/api/v1/file/create", {"blocks": blocks})


def tags(server, prefix, n):
    return server.call("POST", prefix + "/api/v1/file/create",
                       {"tags": [{"kind": f"k{n}-{i}", "name": f"n{i}", "value": {"a": [i, "some text of a tag"]}} for i in range(1500)]})


def task(server, prefix, n):
    return server.call("POST", prefix + "/api/v1/workspace/create",
                       {"handle": f"w{n}", "description": "d" * 50_000}, {"x-task-background": "true"})


def store(server, prefix, n):
    return server.call("PUT", f"{prefix}/api/v1/space/demo/api/v1/s3/p{n}.tar.gz", PACKAGE, {"content-type": "application/octet-stream"})


def instance(server, prefix, n):
    return server.call("POST", f"{prefix}{HUB}/sequence/echo.tar.gz/start", {"appConfig": {"text": "c" * 100_000}, "args": list(range(2000))})


def topic(server, prefix, n):
    return server.call("POST", f"{prefix}{HUB}/topic/t{n}", b"m" * 100_000, {"content-type": "application/octet-stream"})


def fleets(server, prefix, n):
    return server.call("PUT", prefix + PROJECT + "/fleets", FLEET)


def blueprints(server, prefix, n):
    return server.call("POST", prefix + "/orgs/11111111-1111-4111-8111-111111111111/blueprints",
                       {"name": f"b{n}", "synopsis": "s" * 200_000, "pallet_type": 3, "inputs": []})


def runs(server, prefix, n):
    return server.call("POST", prefix + "/44444444-4444-4444-8444-444444444444/demo-webhook-token",
                       {"payload": "p" * 60_000}, {f"x-{i}": "v" * 200 for i in range(50)})


def rules(server, prefix, n):
    rule = {"name": f"r{n}", "match": {"path": "/never"}, "respond": {"status": 200, "text": "t" * 100_000}}
    return server.call("POST", f"/_wavetank/scenario/rules?tenant={prefix[4:]}", rule)


PACKAGE = package(3 * MEBI)
FLEET = fleet(400_000)
STEAMSHIP = (507, b"StorageFull")
KINDS = {upload: STEAMSHIP, block: STEAMSHIP, small_blocks: STEAMSHIP, tags: STEAMSHIP, task: STEAMSHIP, store: (507, b""),
         instance: (507, b""), topic: (507, b""), fleets: (503, b'"data":null'), blueprints: (503, b'"data":null'),
         runs: (503, b'"data":null'), rules: (507, b"about:blank")}


def fills_up(server, what, kinds):
    # A key's user is made at its first request: that must not be the one that finds no room.
    server.call("POST", "/api/v1/workspace/list", {})
    for kind in kinds:
        status, words = KINDS[kind]
        prefix = f"/_t/{kind.__name__.replace('_', '-')}"
        count, answer = 0, (0, b"")
        while count < 20_000:
            answer = kind(server, prefix, count)
            if answer[0] >= 400 or answer[0] == 0:
                break
            count += 1
        name = f"{what}: {kind.__name__}"
        check(f"{name} fill memory and are then refused in the API's words", count > 0 and answer[0] == status and words in answer[1],
              (count, answer[:2], server.lives, server.text()[-300:]))
        if not server.lives:
            return
        # The last request that found room may have doubled a table.
        check(f"{name}: the limit is kept", server.metric("wavetank_stored_bytes") <= server.metric("wavetank_stored_bytes_max") * 1.15,
              (server.metric("wavetank_stored_bytes"), server.metric("wavetank_stored_bytes_max")))
        others = [server.call("GET", "/_wavetank/health")[0], server.call("GET", "/orgs")[0],
                  server.call("POST", "/api/v1/workspace/list", {})[0], server.call("GET", "/api/v1/version")[0]]
        check(f"{name}: health and looks at other worlds are answered", others == [200, 200, 200, 200], others)
        gone = server.call("DELETE", f"/_wavetank/tenants/{prefix[4:]}")[0]
        again = kind(server, prefix, 0)
        check(f"{name}: there is room again when the tenant is gone", gone == 204 and again[0] < 300, (gone, again[:2]))
        server.call("DELETE", f"/_wavetank/tenants/{prefix[4:]}")


def deletion_makes_room(server, what):
    """Without dropping a world: a file out, a file in."""
    made = []
    while len(made) < 2000:
        answer = upload(server, "/_t/deletion", len(made))
        if answer[0] != 200:
            break
        made.append(json.loads(answer[1])["data"]["file"]["id"])
    refused = answer[0]
    first = server.call("POST", "/_t/deletion/api/v1/file/raw", {"id": made[0]})
    server.call("POST", "/_t/deletion/api/v1/file/delete", {"id": made[-1]})
    answer = upload(server, "/_t/deletion", 0)
    check(f"{what}: after a deletion there is room for as much", refused == 507 and answer[0] == 200, (refused, answer[:2]))
    check(f"{what}: nothing is lost by a refusal", first[0] == 200 and len(first[1]) == 4 * MEBI, (first[0], len(first[1])))
    server.call("POST", "/_wavetank/reset?tenant=deletion")
    check(f"{what}: a reset makes room", upload(server, "/_t/deletion", 0)[0] == 200)
    server.call("DELETE", "/_wavetank/tenants/deletion")


def many_at_once(server, what):
    """Forty clients send 16 MiB each at the same time; then forty JSON documents that grow when they are read."""
    elements = b'{"text":[' + b"0," * (5 * MEBI) + b"0]}"
    fields, body = form(b"c" * (16 * MEBI - 1000), type="file")
    for kind, content, extra, path in [("uploads", body, fields, "/api/v1/file/create"), ("documents", elements, {}, "/api/v1/tag/create")]:
        statuses = []

        def send():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            try:
                connection.request("POST", "/_t/many" + path, content, {**server.KEYS, **extra})
                statuses.append(connection.getresponse().status)
            except (OSError, http.client.HTTPException) as error:
                statuses.append(repr(error))
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(40)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        health = server.call("GET", "/_wavetank/health")[0]
        for thread in threads:
            thread.join()
        # A refusal before all was sent may be seen as a reset.
        known = [s for s in statuses if s in (200, 400, 404, 413, 507) or isinstance(s, str)]
        check(f"{what}: {kind} of forty clients at once", server.lives and len(known) == 40,
              (statuses, server.lives, server.text()[-300:]))
        check(f"{what}: health is answered meanwhile", health == 200, health)
        server.call("DELETE", "/_wavetank/tenants/many")
        # The last of forty may still be ending on its thread, with a hold on what it stored.
        answer, end = upload(server, "/_t/many", 0), time.monotonic() + 30
        while answer[0] == 507 and time.monotonic() < end:
            time.sleep(0.05)
            answer = upload(server, "/_t/many", 0)
        check(f"{what}: all room comes back", answer[0] == 200, (answer[:2], server.metric("wavetank_stored_bytes")))
        server.call("DELETE", "/_wavetank/tenants/many")


def many_tenants(server, what):
    """Tenants with journals, until no other fits; those that are there go on."""
    count, status = 0, 200
    fields = {f"x-{i}": "j" * 1000 for i in range(16)}
    while count < 1900 and status == 200 and server.lives:
        status = server.call("GET", f"/_t/n{count}/orgs", fields=fields)[0]
        count += status == 200
    for n in range(0, count, max(1, count // 50)):
        for _ in range(40):
            server.call("GET", f"/_t/n{n}/orgs", fields=fields)
    check(f"{what}: {count} tenants with journals", server.lives and (status in (503, 507) or count == 1900), (status, server.lives))
    check(f"{what}: the first of many tenants goes on", server.call("GET", "/_t/n0/orgs")[0] == 200)
    used, most = server.metric("wavetank_stored_bytes"), server.metric("wavetank_stored_bytes_max")
    check(f"{what}: their journals keep the limit", used <= most * 1.1, (used, most))
    for n in range(count):
        server.call("DELETE", f"/_wavetank/tenants/n{n}")
    check(f"{what}: dropped tenants leave their room", server.metric("wavetank_stored_bytes") < used / 2 + 4 * MEBI,
          (used, server.metric("wavetank_stored_bytes")))


def all_of(server, what, kinds=(upload, small_blocks, tags, instance, fleets, rules)):
    try:
        fills_up(server, what, kinds)
        if server.lives:
            deletion_makes_room(server, what)
            many_at_once(server, what)
            many_tenants(server, what)
        check(f"{what}: the process lives", server.lives, server.text()[-500:])
    finally:
        server.end()


def limited_by_flag():
    server = Confined("--memory", "48MiB")
    check("--memory: the metric tells the limit", server.metric("wavetank_stored_bytes_max") == 48 * MEBI)
    all_of(server, "--memory 48MiB", KINDS)
    for wrong in ["much", "10", "-5MiB", "1e9"]:
        run = subprocess.run([BINARY, "serve", "--memory", wrong], capture_output=True, text=True, timeout=20)
        check(f"--memory {wrong} is a usage error", run.returncode == 64 and "--memory" in run.stderr, (run.returncode, run.stderr))


def limited_address_space():
    all_of(Confined(address_space=400 * MEBI), "ulimit -v")


def limited_group():
    """A control group of 256 MiB, where this machine lets us make one; version 1 or 2."""
    for base, limit in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]:
        group = pathlib.Path(base) / f"wavetank-{os.getpid()}"
        try:
            if not pathlib.Path(base, "cgroup.procs").exists():
                continue
            (group / "inner").mkdir(parents=True)
            (group / limit).write_text(str(256 * MEBI))
        except OSError:
            continue
        try:
            server = Confined(group=group / "inner")
            most = server.metric("wavetank_stored_bytes_max")
            check("group: the limit of the group around ours is seen", most < 256 * MEBI, most)
            all_of(server, "group of 256 MiB")
        finally:
            (group / "inner").rmdir()
            group.rmdir()
        return
    print("skip: no control group can be made here")


def account_is_true():
    """What the metric says a kind of thing takes is what the process takes, within a factor."""
    for kind in KINDS:
        server = Confined("--memory", "2GiB")
        try:
            prefix = f"/_t/{kind.__name__.replace('_', '-')}"
            kind(server, prefix, 0)
            # What the heap keeps for the next request is there before as after.
            for n in range(1, 6):
                kind(server, prefix, n)
            # A rule is counted as short texts would cost: twelve times its text, of which a long one takes two.
            most = 10 if kind is rules else 2.5
            # What the heap has free at either look is some mebibytes, so what is weighed is many.
            enough = 48 * MEBI * (6 if kind is rules else 1)
            counted, taken, n = server.metric("wavetank_stored_bytes"), server.resident, 6
            while server.metric("wavetank_stored_bytes") - counted < enough and n < 5000:
                for _ in range(5):
                    kind(server, prefix, n)
                    n += 1
            counted, taken = server.metric("wavetank_stored_bytes") - counted, server.resident - taken
            check(f"truth: {kind.__name__}", 0.6 < counted / max(1, taken) < most, f"{n} counted as {counted}, take {taken}: {counted / max(1, taken):.2f}")
            print(f"   {kind.__name__}: {counted / max(1, taken):.2f}")
        finally:
            server.end()


for name, part in [("memory", limited_by_flag), ("address-space", limited_address_space), ("group", limited_group), ("truth", account_is_true)]:
    if ONLY in (None, name):
        part()
finish()
