"""Numbers at their extremes, everywhere that one can come in: inside the parameters of requests, in every place of a
busy tenant's snapshot, and time that goes both ways in between. Whatever comes, the process lives and answers.

`SEED=…` repeats a run, `NUMBERS_SECONDS=…` sets its length (default 60); `NUMBERS_SECONDS=all` goes through every
number of the snapshot with every extreme."""

import copy
import json
import os
import random
import tempfile
import time

from common import expect, failures, finish, seed
from mutations import Mutator, at, places
from world import BUSY, World, busy, operations, pack, package, unpack

SEED = seed()
SECONDS = os.environ.get("NUMBERS_SECONDS", "60")
SECONDS = 1e9 if SECONDS == "all" else float(SECONDS)
NUMBERS = [2 ** 63 - 1, -2 ** 63, -1, 0, 1, 2, 2 ** 31, 2 ** 31 - 1, 2 ** 53, 2 ** 53 + 1, -2 ** 53, 2 ** 62, 2 ** 63, 10 ** 30,
           1e308, -1e308, 1.5, 255, 256, 65536, 1000, 86400]
OTHERS = [None, True, "", "x", "$0", "$0+9223372036854775807", "9223372036854775807", "-1", [], {}, [0] * 3]
ERAS = ["1684-10-21T00:00:00Z", "1700-02-28T23:59:59Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z", "2026-03-29T01:30:00Z", "2100-02-28T12:00:00Z", "2255-01-01T00:00:00Z",
        "2255-03-14T15:59:58Z", "2255-03-14T15:59:59.999999Z"]
MODES = ["manual", "manual", "manual", "skip", "real"]


class Run:
    """A server that is replaced when it dies, and what was sent to it last."""

    def __init__(self, chance):
        self.chance, self.sent = chance, []
        self.renew()

    def renew(self):
        self.server = World()
        self.known, self.ids = busy(self.server)
        self.calls = operations(self.server, self.known, self.ids, self.chance)

    def note(self, *what):
        self.sent = (self.sent + [what])[-40:]

    def lives(self, what):
        """Whether the process is there and answers; else it is told and a new one begins."""
        status = self.server.control("GET", "/health", timeout=10)[0] if self.server.lives else 0
        if status == 200:
            return True
        log = self.server.text()
        fatal = [line for line in log.splitlines() if "Fatal" in line or "rror" in line][:1]
        state = "answers nobody" if self.server.lives else f"is gone ({self.server.process.poll()})"
        expect(f"the server {state}", False, (what, fatal, [f"{one[0]} {one[1]}" for one in self.sent[-8:]]))
        self.server.end()
        self.renew()
        return False

    def look(self):
        for path in ("/state", "/clock", "/journal?limit=3", "/scenario/rules"):
            self.server.control("GET", path, timeout=10)

    def move_time(self):
        """Back at once, forward over what is due."""
        chance = self.chance
        kind = chance.randrange(3)
        if kind == 0:
            self.note("PUT", era := chance.choice(ERAS[:5]))
            self.server.control("PUT", "/clock", {"mode": chance.choice(MODES), "now": era}, timeout=20)
        else:
            self.note("POST", by := chance.choice(["1ns", "20ms", "1m", "2h", "25h", "100h"]))
            self.server.control("POST", "/clock/advance", {"by": by}, timeout=20)

    def drive(self, count):
        """So many operations, in an order of chance."""
        for call in self.chance.sample(self.calls, min(count, len(self.calls))):
            self.note(call.name, call.path)
            call.send(self.server, timeout=0.1)
            if not self.server.lives:
                return


# ---------------------------------------------------------------------- nested parameters
PROGRAMS = [
    {"behaviour": "generate", "count": 3, "start": 1, "every": 0, "template": "{n} {a+1}\n"},
    {"behaviour": "generate", "count": "$0", "start": "$1", "every": "$0+1", "items": ["a", "b"]},
    {"behaviour": "inert", "lines": 3, "every": 1}, {"behaviour": "crash", "afterChunks": 2, "code": 23},
    {"behaviour": "crash", "after": 100, "code": 1, "with": {"behaviour": "forever", "every": 50}},
    {"behaviour": "slow", "delay": 10, "with": {"behaviour": "lines", "template": "{n1}"}},
    {"behaviour": "flood", "kilobytes": 3}, {"behaviour": "fail-start", "code": 22}, {"behaviour": "forever", "every": 100},
    {"behaviour": "stop-handler", "texts": ["a", "b"], "duration": 10, "keepAlive": 5}, {"behaviour": "echo", "exitTimeout": 10},
    {"behaviour": "responder", "delay": 10, "message": "{a+1}"}, {"behaviour": "stdio", "after": 10},
    {"program": [{"on": "start", "do": [{"repeat": 3, "do": [{"write": "{n}\n"}, {"sleep": 1}, {"repeat": 2, "do": "echo"}]}]},
                 {"on": "every", "every": 50, "count": 3, "do": {"write": "{digit}"}}, {"on": "input", "do": {"fail": 2}},
                 {"on": "stop", "do": {"exit": 3}}]},
]


def numbers_first(document, chance):
    """A place of the document, mostly one that holds a number."""
    found = places(document)[1:] or [()]
    numeric = [place for place in found if isinstance(at(document, place), (int, float)) and not isinstance(at(document, place), bool)]
    return chance.choice(numeric if numeric and chance.random() < 0.7 else found)


def spoilt(document, chance, mutator):
    """A copy with extreme numbers in some places; now and then something else altogether."""
    if not isinstance(document, (dict, list)):
        return chance.choice(NUMBERS)
    if chance.random() < 0.15:
        return mutator.mutate(document)
    document = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        place = numbers_first(document, chance)
        if place:
            at(document, place[:-1])[place[-1]] = copy.deepcopy(chance.choice(NUMBERS * 3 + OTHERS))
    return document


def nested(run, mutator):
    """One request with extremes somewhere inside."""
    chance, server = run.chance, run.server
    kind = chance.randrange(10)
    arguments = [chance.choice(NUMBERS + OTHERS) for _ in range(3)]
    if kind <= 3:
        spec = spoilt(chance.choice(PROGRAMS), chance, mutator)
        if kind == 3:
            run.note("package", json.dumps(spec)[:300])
            server.call("PUT", "/api/v1/sequence/made", package(spec), fields={"content-type": "application/octet-stream"})
            body, name = {"args": arguments}, "made"
        else:
            body, name = {"appConfig": {"emulator": spec}, "args": arguments, "limits": spoilt({"memory": 1}, chance, mutator)}, "s"
        run.note("start", json.dumps(body)[:600])
        started = server.data("POST", f"/api/v1/sequence/{name}/start", body)
        if isinstance(started, dict) and started.get("id"):
            path = f"/api/v1/instance/{started['id']}"
            for way in ("input", "stdin"):
                server.call("POST", f"{path}/{way}", '{"a": 9223372036854775807}\nx\n', timeout=0.1, whole=False,
                            fields={"content-type": "text/plain"})
            for out in ("output", "stdout", "log"):
                server.call("GET", f"{path}/{out}", timeout=0.1, whole=False)
            server.call("POST", f"{path}/_monitoring_rate", [4003, {"monitoringRate": chance.choice(NUMBERS)}])
            server.call("POST", f"{path}/_stop", spoilt({"timeout": 1, "canCallKeepalive": True}, chance, mutator), timeout=0.1)
            server.call("POST", f"{path}/_kill", {"removeImmediately": True}, timeout=0.1)
    elif kind == 4:
        changed = spoilt(BUSY, chance, mutator)
        run.note("scenario", json.dumps(changed)[:1000])
        server.control("PUT", "/scenario", changed, timeout=20)
    elif kind == 5:
        rule = spoilt({"name": "r", "match": {"operation": "steamship.task.list"}, "skip": 1, "times": 2, "every": 1, "probability": 0.5,
                       "between": ["1s", "3h"], "limit": {"requests": 1, "window": "1h"}, "set": {"n": {"add": 1}}}, chance, mutator)
        run.note("rule", json.dumps(rule))
        server.control("POST", "/scenario/rules", rule, timeout=20)
        for _ in range(3):
            server.call("POST", "/api/v1/task/list", {}, timeout=0.3)
    elif kind == 6:
        content = spoilt({"match": {"service": "steamship"}, "exactly": 1, "atLeast": 1}, chance, mutator)
        run.note("verify", json.dumps(content))
        server.control("POST", "/verify", content)
        server.control("POST", "/emit", spoilt({"failInstance": "i", "code": 3}, chance, mutator))
        query = f"limit={chance.choice(NUMBERS)}&since={chance.choice(NUMBERS)}&status={chance.choice(NUMBERS)}"
        server.control("GET", f"/journal?{query}".replace("+", ""))
        server.control("GET", f"/journal/{chance.choice(NUMBERS)}".replace("+", ""))
        server.call("GET", f"/api/v1/space/demo/api/v1/s3?offset={chance.choice(NUMBERS)}&limit={chance.choice(NUMBERS)}".replace("+", ""))
    else:
        call = chance.choice([call for call in run.calls if call.content is not None])
        content = call.content
        if call.kind == "application/json":
            content = json.dumps(spoilt(content, chance, mutator))
        elif isinstance(content, str):
            content = mutator_text(content, chance)
        run.note(call.name, str(content)[:600])
        call.send(server, content)


def mutator_text(text, chance):
    """Digits of a text become a number of the extremes."""
    runs = [index for index, character in enumerate(text) if character.isdigit()]
    if not runs:
        return text
    index = chance.choice(runs)
    return text[:index] + str(chance.choice(NUMBERS)) + text[index + 1:]


def nested_parameters(seconds):
    before = failures()
    chance, mutator = random.Random(SEED), Mutator(SEED)
    run, count, end = Run(chance), 0, time.monotonic() + seconds
    while time.monotonic() < end and failures() - before < 5:
        count += 1
        nested(run, mutator)
        if count % 3 == 0:
            run.move_time()
        if count % 10 == 0:
            run.look()
        if not run.lives("a request with extremes inside"):
            continue
        if count % 60 == 0:
            run.server.control("PUT", "/scenario", BUSY, timeout=20)
    run.server.end()
    print(f"ok {count} requests with extremes inside, time going both ways")
    return count


# ---------------------------------------------------------------------- snapshots
def leaves_of(parts):
    """(part, place, value) of everything in the JSON parts; of a run of bytes only the first two."""
    for index, (name, content) in enumerate(parts):
        if name.endswith(".json"):
            document = json.loads(content)
            for place in places(document)[1:]:
                holder = at(document, place[:-1])
                if isinstance(holder, list) and len(holder) > 6 and place[-1] > 1 and isinstance(holder[place[-1]], int):
                    continue
                yield index, place, at(document, place)


def changed_parts(parts, index, change):
    document = json.loads(parts[index][1])
    change(document)
    return parts[:index] + [(parts[index][0], json.dumps(document).encode())] + parts[index + 1:]


def snapshot_numbers(seconds):
    before = failures()
    chance = random.Random(SEED + 1)
    run = Run(chance)
    good = run.server.control("GET", "/snapshot")[1]
    parts = unpack(good)
    plan = []
    for index, place, value in leaves_of(parts):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            plan += [(index, place, number) for number in NUMBERS]
        plan += [(index, place, other) for other in [*chance.sample(OTHERS, 2), "drop"]]
    chance.shuffle(plan)
    taken = refused = 0
    end = time.monotonic() + seconds
    for index, place, value in plan:
        if time.monotonic() > end or failures() - before >= 5:
            break

        def change(document):
            holder = at(document, place[:-1])
            if value == "drop":
                del holder[place[-1]]
            else:
                holder[place[-1]] = value

        archive = pack(changed_parts(parts, index, change))
        what = (parts[index][0], "/".join(map(str, place)), value)
        run.sent = []
        status, answer = run.server.control("PUT", "/snapshot", archive, timeout=20, fields={"content-type": "application/gzip"})
        if status == 204:
            taken += 1
            run.look()
            run.drive(len(run.calls) if chance.random() < 0.04 else 6)
            run.move_time()
            run.drive(3)
            run.look()
            # What is not refused must stay good, or it would be set aside at the next start.
            again = run.server.control("GET", "/snapshot", timeout=20)
            back = run.server.control("PUT", "/snapshot", again[1], timeout=20, fields={"content-type": "application/gzip"})
            if (again[0], back[0]) != (200, 204) and run.server.lives:
                expect("a world that was taken and driven can be taken and put back", False, (what, again[0], back))
        elif status in (400, 413, 422):
            refused += 1
            detail = json.loads(answer).get("detail", "")
            if parts[index][0] not in detail and parts[index][0] != "wavetank.json":
                expect("a refusal names the part and the reason", False, (what, answer))
        elif run.server.lives:
            expect("a snapshot is taken or refused", False, (what, status, answer))
        run.lives(what)
    run.server.end()
    print(f"ok {taken + refused} of {len(plan)} changes of a busy snapshot: {taken} taken and driven, {refused} refused")
    return taken, refused


# ---------------------------------------------------------------------- files of --data
SPOILT = [
    ("wavetank.json", ("clock", "nanoseconds"), -2 ** 63), ("services/steamship/state.json", ("workspaces", "lastSerial"), 2 ** 63 - 1),
    ("services/steamship/state.json", ("tasks", "records", "1", "stage"), -2), ("services/scramjet/state.json", ("lastSerial",), 2 ** 63 - 1),
    ("services/scramjet/state.json", ("spaceOrder",), [7]), ("services/shipyard/state.json", ("settings", "retentionDays"), 2 ** 52),
    ("services/shipyard/state.json", ("lastVersionKey",), -1), ("rules.json", ("start", "nanoseconds"), 2 ** 63 - 1),
]


def data_files():
    """A file that does not fit is set aside with its bytes, and the server begins without it."""
    server = World()
    busy(server)
    parts = unpack(server.control("GET", "/snapshot")[1])
    server.end()
    aside = 0
    for name, place, value in SPOILT:

        def change(document):
            at(document, place[:-1])[place[-1]] = value

        archive = pack(changed_parts(parts, [part[0] for part in parts].index(name), change))
        with tempfile.TemporaryDirectory(prefix="wavetank-") as folder:
            path = os.path.join(folder, "default.tar.gz")
            with open(path, "wb") as file:
                file.write(archive)
            server = World("--data", folder)
            answers = [server.call(method, path, timeout=10)[0] for method, path in (
                ("GET", "/_wavetank/clock"), ("GET", "/orgs"), ("GET", "/_wavetank/state"), ("GET", "/api/v1/instances"))]
            kept = [one for one in os.listdir(folder) if one != "default.tar.gz" and os.path.isfile(os.path.join(folder, one))
                    and open(os.path.join(folder, one), "rb").read() == archive]
            if answers != [200] * 4 or not kept:
                expect("a file that does not fit is set aside", False, (name, place, value, answers, os.listdir(folder), server.text()))
            aside += bool(kept)
            server.end()
    print(f"ok {aside} files that do not fit are set aside, and the server begins")
    return aside


# ---------------------------------------------------------------------- time
def eras(seconds):
    """A tenant in which nothing repeats itself can be anywhere at once."""
    chance = random.Random(SEED + 2)
    server, count, end = World(), 0, time.monotonic() + seconds
    server.control("PUT", "/scenario", {"wavetank": 1, "clock": {"mode": "manual"}, "rules": [
        {"match": {"service": "steamship"}, "continue": True, "limit": {"requests": 2, "window": "720000h"}},
        {"match": {"service": "shipyard"}, "limit": {"requests": 2, "window": "876000h", "kind": "fixed"}},
        {"match": {"service": "scramjet"}, "between": ["2255-01-01T00:00:00Z", "2255-03-14T15:59:59Z"], "error": 503}]})
    moves = [(None, {"now": era}) for era in ERAS] + [(None, {"now": era, "mode": "scaled", "factor": 1e6}) for era in ERAS[-2:]]
    moves += [(None, {"mode": mode}) for mode in ("real", "manual", "skip")]
    moves += [("/advance", {"by": by}) for by in ("1ns", "876000h", "876000h", "1h")] + [("/advance", {"toNext": True})]
    while time.monotonic() < end and server.lives:
        path, content = chance.choice(moves)
        moved = server.control("POST" if path else "PUT", "/clock" + (path or ""), content, timeout=20)
        if moved[0] not in (200, 409) and server.lives:
            expect("time can be moved", False, (content, moved))
            break
        for method, target in chance.sample([
                ("GET", "/api/v1/account/current"), ("GET", "/orgs"), ("GET", "/api/v1/instances"), ("POST", "/api/v1/workspace/create"),
                ("POST", "/api/v1/sequence/echo.tar.gz/start"), ("GET", "/_wavetank/snapshot"), ("GET", "/_wavetank/state")], 3):
            server.call(method, target, {} if method == "POST" else None, timeout=2)
        count += 1
    if not server.lives:
        expect("the server lives through all eras", False, server.text()[-800:])
    server.end()
    print(f"ok {count} moves through all eras, both ways")
    return count


def main():
    print(f"NUMBERS_SECONDS={SECONDS:g}", flush=True)
    counts = [nested_parameters(min(SECONDS * 0.4, 1800)), *snapshot_numbers(SECONDS * 0.5), eras(min(SECONDS * 0.1, 300))]
    data_files()
    if min(counts) < 3:
        expect("every part ran", False, counts)
    finish()


if __name__ == "__main__":
    main()
