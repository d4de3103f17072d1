"""`--durable` adds what has changed to a log beside a tenant's file: a world that is put together from both is the world, to
the byte. Every operation of the four documents is asked; after each, the data directory as it lies there is opened by a second
server, as after a crash. Then: a log that is cut, damaged, or of another file."""

import io
import json
import os
import pathlib
import random
import shutil
import socket
import sys
import tarfile
import tempfile

from common import Server, check, expect, finish, seed

TESTS = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TESTS / "Benchmarks"))

import worlds  # noqa: E402

ENDLESS = 0.5
# Answered while they come: what a stream does after its head is saved at intervals.
STREAMED = ("scramjet.instance.stdin", "scramjet.instance.input", "scramjet.instance.inout")
# Worlds that go on by themselves while two of them are looked at.
LIVING = ("wavetank.demo.begin", "wavetank.clock.put")
CHANGING = ("post", "put", "patch", "delete")


def parts(snapshot):
    """What it holds by name. How many exchanges there were is not on the disk before the next change."""
    with tarfile.open(fileobj=io.BytesIO(snapshot)) as archive:
        found = {entry.name: archive.extractfile(entry).read() for entry in archive}
    manifest = json.loads(found["wavetank.json"])
    del manifest["journal"]
    return {**found, "wavetank.json": json.dumps(manifest).encode()}


def world(server, tenant="default"):
    return parts(server.call("GET", f"/_wavetank/snapshot?tenant={tenant}")[1])


def differences(one, other):
    """Each part that differs, from a little before where it does."""
    found = []
    for name in sorted({*one, *other}):
        left, right = one.get(name, b""), other.get(name, b"")
        if left != right:
            start = max(0, len(os.path.commonprefix([left, right])) - 40)
            found.append((name, left[start:start + 120], right[start:start + 120]))
    return found


class Crash:
    """Another server on what lies in the directory at this moment."""

    def __init__(self, data, change=lambda copy: None):
        self.place = tempfile.TemporaryDirectory()
        self.data = pathlib.Path(self.place.name) / "data"
        shutil.copytree(data, self.data)
        change(self.data)
        self.server = Server("--data", self.data, "--durable", "--clock", "manual")

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        self.server.process.kill()
        self.server.end()
        self.place.cleanup()


def is_answered(port, raw):
    """Whether all of the answer came: what has no end is left after a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=ENDLESS) as connection:
        connection.sendall(raw.replace(b"\r\nAccept:", b"\r\nConnection: close\r\nAccept:", 1))
        try:
            while connection.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        return True


def listed(server, service):
    text = json.loads(server.call("GET", f"/_wavetank/openapi/{service}.json")[1])
    found = [(method, path, operation) for path, item in text["paths"].items() for method, operation in item.items()]
    return sorted(found, key=lambda one: worlds.turn(one[2]["operationId"]))


def every_operation(service):
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable", "--clock", "manual")
        asked, logged = 0, 0
        ids = worlds.WORLDS[service](server.url, 3)
        for method, path, operation in listed(server, service):
            if method not in CHANGING or operation["operationId"] in STREAMED + LIVING:
                continue
            answered = [is_answered(server.port, raw) for raw in worlds.requests(method, path, operation, ids, 2)]
            if not all(answered):
                continue
            asked += 1
            logged += (pathlib.Path(data) / "default.changes").exists()
            with Crash(data) as crashed:
                found = differences(world(server), world(crashed))
                expect(f"{operation['operationId']}: what a crash leaves is the world", not found, found)
                expect("and nothing is told of it", "kept as" not in crashed.text(), crashed.text())
        check(f"{service}: {asked} operations that change something: what a crash leaves is the world, to the byte",
              asked > 6, asked)
        check("most of it from a log", logged > asked * 3 // 4, (logged, asked))
        before = world(server)
        check("the server ends in order", server.stop() == 0)
        check("with one file for each world", not list(pathlib.Path(data).glob("*.changes")), os.listdir(data))
        server = Server("--data", data, "--clock", "manual")
        check("which is the world, too", not differences(before, world(server)))
        server.stop()


def large_lists():
    """A workspace whose lists of files and tags are long enough to be told by their changes: what comes and goes in them."""
    chance = random.Random(seed())
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable", "--clock", "manual")
        files, tags = [], []

        def call(path, content):
            status, text, _ = server.call("POST", "/api/v1/" + path, content)
            assert status == 200, text
            return json.loads(text)["data"]

        def change():
            kind = chance.random()
            if kind < 0.3 or len(files) < 3:
                files.append(call("file/create", {"type": "blocks", "blocks": [{"text": "a block"}]})["file"]["id"])
            elif kind < 0.8 or not tags:
                # Equal for who normalises, and not the same.
                name = chance.choice(["x", "é", "e\u0301"]) + str(chance.randrange(9))
                file = chance.choice(files[:3])
                tags.append((call("tag/create", {"fileId": file, "kind": name[:-1], "name": name})["tag"]["id"], file))
            elif kind < 0.92 or len(files) < 5:
                tag, file = tags.pop(chance.randrange(len(tags)))
                call("tag/delete", {"id": tag, "fileId": file})
            else:
                call("file/delete", {"id": files.pop(chance.randrange(3, len(files)))})

        for _ in range(200):
            change()
        for turn in range(6):
            for _ in range(chance.randrange(1, 40)):
                change()
            with Crash(data) as crashed:
                found = differences(world(server), world(crashed))
                expect(f"turn {turn}: what a crash leaves is the world", not found, found)
        check("long lists are told by their changes, to the byte", True)
        server.stop()


def large_tables():
    """Tables of several thousand, which lie in pages: what comes and goes in them, all of it at once, too. After each turn the
    server is killed, and another one goes on from what it left."""
    chance = random.Random(seed())
    with tempfile.TemporaryDirectory() as data:
        def start():
            return Server("--data", data, "--durable", "--clock", "manual")

        def call(path, content):
            status, text, _ = server.call("POST", "/api/v1/" + path, content, timeout=60)
            assert status == 200, text
            return json.loads(text)["data"]

        def blocks(count):
            return [{"text": f"block {number}", "tags": [{"kind": "k", "name": f"name {chance.random()}"}]} for number in range(count)]

        def change():
            kind = chance.random()
            if kind < 0.1:
                files.append(call("file/create", {"type": "blocks", "blocks": blocks(chance.randrange(3_000))})["file"]["id"])
            elif kind < 0.5 or len(files) < 2:
                file = chance.choice(files)
                made.append((call("block/create", {"fileId": file, "text": "one", "tags": blocks(1)[0]["tags"]})["block"]["id"], file))
            elif kind < 0.65:
                call("tag/create", {"fileId": chance.choice(files), "kind": "k", "name": f"name {chance.random()}"})
            elif kind < 0.8:
                call("workspace/create", {"handle": f"w{chance.random()}"})
            elif kind < 0.92 and made:
                block, file = made.pop(chance.randrange(len(made)))
                if file in files:
                    call("block/delete", {"id": block})
            else:
                call("file/delete", {"id": files.pop(chance.randrange(len(files)))})

        def turned(turn):
            """What the world is put back to, or forgets, all at once."""
            if turn == 5:
                server.call("POST", "/_wavetank/reset")
                files[:], made[:] = [], []
                files.append(call("file/create", {"type": "blocks", "blocks": blocks(10)})["file"]["id"])
            elif turn == 3:
                kept = server.call("GET", "/_wavetank/snapshot")[1]
                before = list(files), list(made)
                for _ in range(5):
                    change()
                status, text, _ = server.call("PUT", "/_wavetank/snapshot", content=kept)
                assert status < 300, text
                files[:], made[:] = before

        server, files, made = start(), [], []
        files.append(call("file/create", {"type": "blocks", "blocks": blocks(4_000)})["file"]["id"])
        for turn in range(8):
            turned(turn)
            for _ in range(chance.randrange(1, 30)):
                change()
            before = world(server)
            server.process.kill()
            server.process.wait()
            server.end()
            server = start()
            found = differences(before, world(server))
            expect(f"turn {turn}: what kill -9 leaves is the world", not found, found)
        check("tables of thousands are told by their changes, to the byte", True)
        server.stop()


def make(server, handle, tenant="default"):
    status, content, _ = server.call("POST", f"/_t/{tenant}/api/v1/workspace/create", {"handle": handle})
    assert status == 200, content


def handles(server, tenant="default"):
    state = json.loads(server.call("GET", f"/_wavetank/state/steamship?tenant={tenant}")[1])
    return {space["handle"] for user in state["users"] for space in user["workspaces"]}


def cut_and_damaged():
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable")
        for number in range(4):
            make(server, f"w{number}")
        log = pathlib.Path(data) / "default.changes"
        sizes = [log.stat().st_size]
        make(server, "last")
        whole = log.read_bytes()
        for length in (0, 5, 23, sizes[0] + 1, sizes[0] + 11, sizes[0] + 20, len(whole) - 1):
            with Crash(data, lambda copy: os.truncate(copy / "default.changes", length)) as crashed:
                kept = handles(crashed)
                expect(f"cut to {length} of {len(whole)} bytes: nothing but what is cut is missing",
                       "last" not in kept and ({"w1", "w2", "w3"} <= kept) == (length >= sizes[0]), kept)
                expect("and it is told of nothing that nobody was told is there", "kept as" not in crashed.text(), crashed.text())
                make(crashed, "more")
                expect("and goes on", "more" in handles(crashed))

        def flip(place):
            def change(copy):
                path = copy / "default.changes"
                content = bytearray(path.read_bytes())
                content[place] ^= 0x40
                path.write_bytes(content)
            return change

        for place in (sizes[0] + 60, sizes[0] + 10, sizes[0] + 2, 60, 30, 25, 9, 3):
            with Crash(data, flip(place)) as crashed:
                kept = handles(crashed)
                expect(f"a bit flipped at {place}: what stands before it is in force",
                       ("w3" in kept) == (place >= sizes[0]) and "last" not in kept, kept)
                told = crashed.text()
                # Of those before the damage nothing is said that is not so.
                expect("the log is kept and told of", "default.changes.damaged-1" in told
                       and ("behind a damage are not in force" in told) == (place != 9), (place, told))
                make(crashed, "more")
        check("a log that is cut or damaged", True)

        # Somebody puts another world's file there while no server runs.
        other = pathlib.Path(data) / "other"
        other.mkdir()
        second = Server("--data", other)
        make(second, "theirs")
        second.stop()
        with Crash(data, lambda copy: shutil.copy(other / "default.tar.gz", copy)) as crashed:
            check("a file that was put there counts, the log of another one is kept",
                  "theirs" in handles(crashed) and "w3" not in handles(crashed)
                  and "default.changes.damaged-1" in crashed.text(), crashed.text())
        with Crash(data, lambda copy: os.remove(copy / "default.tar.gz")) as crashed:
            check("a log without its file is kept, and the tenant is new",
                  "w3" not in handles(crashed) and "default.changes.damaged-1" in crashed.text(), crashed.text())
            make(crashed, "more")

        # Or takes the log away while it is written to.
        log.unlink()
        make(server, "beyond")
        with Crash(data) as crashed:
            check("a log that somebody took away: the world is written whole", {"w3", "last", "beyond"} <= handles(crashed))
        make(server, "again")
        server.process.kill()
        server.process.wait()
        server.end()
        # Without --durable it is read as well, and written whole.
        server = Server("--data", data)
        check("a server without --durable reads it", "again" in handles(server))
        make(server, "then")
        server.stop()
        check("and leaves one file", not log.exists() and sorted(os.listdir(data)) == [".lock", "default.tar.gz", "other"],
              os.listdir(data))
        server = Server("--data", data)
        check("with all of it", {"again", "then"} <= handles(server))
        server.stop()


def removed():
    with tempfile.TemporaryDirectory() as data:
        server = Server("--data", data, "--durable")
        for _ in range(2):
            make(server, "a", "blue")
            make(server, "b", "blue")
            server.call("DELETE", "/_wavetank/tenants/blue")
        check("a tenant that is removed takes its log along", not list(pathlib.Path(data).glob("blue*")), os.listdir(data))
        make(server, "c", "blue")
        make(server, "d", "blue")
        with Crash(data) as crashed:
            kept = handles(crashed, "blue")
            check("and one of its name is another one", "a" not in kept and {"c", "d"} <= kept, kept)
        server.stop()


for service in worlds.WORLDS:
    every_operation(service)
large_lists()
large_tables()
cut_and_damaged()
removed()
finish()
