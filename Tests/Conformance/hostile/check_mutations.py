"""Scenarios and snapshots, mutated: the server answers soon, never ends, never takes over half of one, and what it
refuses leaves the running world as it was. `SEED=…` repeats a run, `ROUNDS=…` makes it longer."""

import glob
import json
import os
import random
import tempfile

from mutations import Mutator
from common import expect, finish, seed
from world import World, pack, unpack

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = seed()
ROUNDS = int(os.environ.get("ROUNDS", 150))
ANSWER_SECONDS = 5.0
MEMORY_MEGABYTES = 600


class Watched(World):
    def is_well(self, what):
        status, content = self.control("GET", "/health", timeout=ANSWER_SECONDS)
        return (expect("the server lives", self.lives, (what, self.text()))
                and expect("and answers soon", status == 200, (what, status, content))
                and expect("its memory is bounded", self.resident >> 20 < MEMORY_MEGABYTES, (what, self.resident)))


def use(server, chance):
    """A little of everything; rules may delay, cut or refuse, so only the server's life counts."""
    requests = [
        ("GET", "/orgs", None), ("GET", "/api/v1/sequences", None), ("GET", "/api/v1/instances", None),
        ("POST", "/api/v1/workspace/create", json.dumps({"handle": f"w{chance.randrange(10 ** 9)}"})),
        ("POST", "/api/v1/task/list", "{}"), ("GET", "/nowhere", None),
        ("POST", "/api/v1/topics", json.dumps({"id": "news", "contentType": "text/plain"})),
        ("GET", "/api/v1/space/demo/api/v1/sth/sth-0/api/v1/version", None),
    ]
    for method, path, content in chance.sample(requests, 4):
        server.call(method, path, content, timeout=0.25)
    moved = server.control("POST", "/clock/advance", json.dumps({"by": "2h"}), timeout=20)
    expect("time can be moved", moved[0] == 200, moved)
    for path in ("/scenario/rules", "/state", "/journal?limit=5"):
        seen = server.control("GET", path)
        expect(f"{path} can be seen", seen[0] == 200, seen)


def scenarios():
    for name in sorted(glob.glob(os.path.join(HERE, "../../../Scenarios/*.json"))):
        if not name.endswith("scenario.schema.json"):
            with open(name) as file:
                yield json.load(file)
    # What the shipped ones do not have.
    yield {
        "wavetank": 1, "seed": 3, "clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"},
        "variables": {"a": "x", "n": 0},
        "given": {"scramjet": {
            "hubs": ["sth-0", {"id": "sth-1", "load": {"avgLoad": 1}}], "topics": ["news"],
            "sequences": [{"id": "s", "package": {"name": "tick", "version": "1.0.0"}}],
            "instances": [{"sequence": "s", "args": [1, "a"]}], "settings": {"retention": "1m", "storeLimit": "1MB"}}},
        "behaviors": {"scramjet": [{"when": {"sequence": "tick"}, "program": [
            {"on": "start", "do": [{"repeat": 3, "do": [{"write": "{n}\n"}, {"sleep": "1s"}]}]},
            {"on": "every", "every": "10m", "count": 5, "do": {"emit": "tick", "message": {"a": 1}}},
            {"on": "event", "event": "tick", "do": [{"log": "l"}, {"each": ["a", "b"], "to": "topic:news"}]}]}]},
        "rules": [
            {"name": "grow", "set": {"a": ["{{vars.a}}", "{{request.text}}"], "n": {"add": 1}}, "continue": True},
            {"name": "near", "match": {"path": "/orgs", "header": {"x": {"any": ["a", {"regex": "^b+$"}]}},
                                       "body": {"pointer": {"/a": 1}, "json": {"a": [1]}}}, "error": 500},
            {"name": "steps", "match": {"service": "shipyard"}, "sequence": [
                {"delay": "1ms"}, {"error": 503, "times": 2}, {"fault": "reset"}], "end": "loop",
             "emit": [{"advance": "1s"}, {"setVariables": {"b": "{{count}}"}}, {"trigger": "late"}]},
            {"name": "late", "enabled": False, "between": ["1s", "1h"], "per": "credential", "every": 2, "skip": 1,
             "probability": 0.5, "limit": {"requests": 3, "window": "1m", "kind": "fixed"}, "emit": {"crashHub": "sth-1"}},
            {"name": "slow", "match": {"method": "POST"}, "where": {"n": {"gt": 2}}, "after": True, "respond": {
                "status": 201, "header": {"X-A": "{{id}}"}, "json": {"a": "{{request.json./handle}}"}},
             "delay": {"lognormal": {"median": "1ms", "sigma": 1}, "max": "9ms", "at": "each"}}],
        "expect": {"rules": {"grow": {"atLeast": 1}}, "unmatched": 0, "order": [{"method": "GET"}]}}


def mutated_scenarios():
    chance, mutator = random.Random(SEED), Mutator(SEED)
    bases = list(scenarios())
    server = Watched()
    taken = refused = 0
    for number in range(ROUNDS):
        document = chance.choice(bases)
        for _ in range(chance.choice([1, 1, 2, 4])):
            document = mutator.mutate(document) if isinstance(document, (dict, list)) else document
        content = json.dumps(document).encode()
        if chance.random() < 0.1:
            cut = chance.randrange(len(content))
            content = content[:cut] + bytes([chance.randrange(256)]) + content[cut + chance.randrange(3):]
        kind = chance.choice(["application/json", "application/json", "application/yaml"])
        before = server.control("GET", "/scenario"), server.control("GET", "/clock")[1]
        status, answer = server.control("PUT", "/scenario", content, fields={"content-type": kind})
        what = (number, status, content[:600])
        if not expect("a scenario is taken or refused", status in (200, 400, 413, 422), (what, answer)):
            if not server.lives:
                break
        if status == 200:
            taken += 1
            use(server, chance)
            if number % 10 == 0:
                kept = server.control("GET", "/snapshot")
                back = server.control("PUT", "/snapshot", kept[1])
                expect("its snapshot can be put back", kept[0] == 200 and back[0] == 204, (what, back))
        elif status:
            refused += 1
            problems = json.loads(answer)
            expect("a refusal says why", problems.get("problems") or problems.get("detail"), (what, answer))
            after = server.control("GET", "/scenario")
            expect("a refusal leaves the scenario in force", before[0] == after, what)
        if not server.is_well(what):
            break
    server.end()
    print(f"ok {ROUNDS} mutated scenarios: {taken} taken, {refused} refused")


def world(server):
    """Everything that a refusal must leave as it is."""
    return [server.control("GET", path)[1] for path in ("/state", "/scenario", "/scenario/rules", "/clock")]


def mutated_snapshots():
    chance, mutator = random.Random(SEED + 1), Mutator(SEED + 1)
    server = Watched()
    base = list(scenarios())[-1]
    base["rules"] = base["rules"][:1]
    bash = {"source": {"type": "CODE", "language": "BASH"}, "guardrails": {"retry_count": 2, "retry_wait": "5m"}}
    base["given"]["shipyard"] = {"orgs": [{"name": "Labs", "projects": [{
        "name": "ETL", "timezone": "Europe/Berlin", "fleets": [{
            "name": "Nightly", "vessels": {"A": bash, "B": bash, "C": bash}, "connections": {"A": {"B": "SUCCESS"}},
            "triggers": {"schedules": [{"how_often": "HOURLY", "at": ":05"}, {
                "how_often": "MONTHLY", "at": "2:00", "when": 31}]},
            "webhook": {"id": "44444444-4444-4444-8444-444444444444", "token": "demo-webhook-token"}}]}]}]}
    base["behaviors"]["shipyard"] = [{"when": {"vessel": "B"}, "attempts": [{"exit": 1, "for": "3m"}]}]
    base["behaviors"]["steamship"] = [{"timeline": [{"state": "waiting", "for": "3h"}, {"state": "running", "polls": 3},
                                                    {"state": "succeeded"}]}]
    if not expect("the base is good", server.control("PUT", "/scenario", json.dumps(base))[0] == 200):
        return
    for _ in range(3):
        use(server, chance)
    server.call("POST", "/44444444-4444-4444-8444-444444444444/demo-webhook-token")
    instance = json.dumps({"packageHandle": "hello-world", "handle": "hello"})
    server.call("POST", "/api/v1/package/instance/create", instance)
    server.call("POST", "/apps/default/hello/greet", '{"name": "x"}', fields={"x-task-background": "true"})
    server.call("POST", "/api/v1/topic/news", '{"a": 1}\n', timeout=0.3, fields={"content-type": "application/x-ndjson"})
    good = server.control("GET", "/snapshot")[1]
    parts = unpack(good)
    taken = refused = 0
    for number in range(ROUNDS):
        changed, names = list(parts), []
        for _ in range(chance.choice([1, 1, 2])):
            index = chance.randrange(len(changed))
            name, content = changed[index]
            names.append(name)
            try:
                document = json.loads(content)
                for _ in range(chance.choice([1, 1, 3])):
                    if isinstance(document, (dict, list)):
                        document = mutator.mutate(document)
                content = json.dumps(document).encode()
            except ValueError:
                content = content[:chance.randrange(len(content) + 1)]
            if chance.random() < 0.1:
                name = chance.choice(["../x", "/etc/x", name + "x", "services/none/state.json", "blobs/1", name.upper()])
            changed[index] = (name, content)
        if chance.random() < 0.1:
            del changed[chance.randrange(len(changed))]
        archive = pack(changed)
        if chance.random() < 0.1:
            cut = chance.randrange(len(archive))
            archive = archive[:cut] + os.urandom(chance.choice([0, 1, 30])) + archive[cut + chance.randrange(40):]
        before = world(server)
        status, answer = server.control("PUT", "/snapshot", archive, fields={"content-type": "application/gzip"})
        what = (number, status, names)
        expect("a snapshot is taken or refused", status in (204, 400, 413, 422), (what, answer))
        if status == 204:
            taken += 1
            use(server, chance)
            again = server.control("GET", "/snapshot")
            expect("the world of a taken snapshot can be taken again", again[0] == 200, (what, again))
            reset = server.control("POST", "/reset")
            expect("and be reset, or says why not", reset[0] in (200, 500), (what, reset))
        elif status:
            refused += 1
            expect("a refusal says why", json.loads(answer).get("detail"), (what, answer))
            expect("a refusal leaves the world as it was", world(server) == before, what)
        if not server.is_well(what):
            with open(os.path.join(tempfile.gettempdir(), f"wavetank-snapshot-{SEED}.tar.gz"), "wb") as file:
                file.write(archive)
            break
        back = server.control("PUT", "/snapshot", good)
        if not expect("the good one can always be put back", back[0] == 204, (what, back)):
            break
    server.end()
    print(f"ok {ROUNDS} mutated snapshots: {taken} taken, {refused} refused")


mutated_scenarios()
mutated_snapshots()
finish()
