"""Scenarios that would fill memory or hold a thread for ever: each is bounded, with a word about it, and others are served."""

import json
import time

from common import Server, check, finish

MEMORY_MEGABYTES = 500


class Watched(Server):
    def scenario(self, **members):
        return self.call("PUT", "/_wavetank/scenario", {"wavetank": 1, **members})

    def is_well(self, name):
        """Alive, small, and quick to others."""
        began = time.time()
        status = self.call("GET", "/_t/other/orgs", timeout=10)[0]
        took = time.time() - began
        memory = self.resident >> 20 if self.lives else 0
        check(f"{name}: others are served", status == 200 and took < 5, (status, took, self.process.poll()))
        check(f"{name}: memory stays small", 0 < memory < MEMORY_MEGABYTES, memory)


TICKER = {
    "given": {"scramjet": {"sequences": [{"id": "s", "package": {"name": "tick", "version": "1.0.0"}}],
                           "instances": [{"sequence": "s"}]}},
    "behaviors": {"scramjet": [{"program": [{"on": "every", "every": 1, "do": {"write": "x"}}]}]}}
STILL = {"clock": {"mode": "manual", "start": "2026-01-01T00:00:00Z"}}


def growing_variables(server):
    for name, value in [("text", "{{vars.a}}{{vars.a}}"), ("list", ["{{vars.a}}", "{{vars.a}}"]), ("depth", ["{{vars.a}}"])]:
        server.scenario(variables={"a": "0123456789"}, rules=[{"set": {"a": value}, "pass": True}])
        remarks = [server.call("GET", "/orgs")[2].get("X-Wavetank-Remark") for _ in range(60)]
        check(f"a variable that doubles ({name}) stops, with a remark", "stays as it is" in (remarks[-1] or ""), remarks[-1])
        check(f"and can be looked at ({name})", server.call("GET", "/_wavetank/scenario/rules")[0] == 200)


def templates(server):
    server.scenario(rules=[{"match": {"service": "steamship"}, "respond": {"text": "{{request.text}}" * 1000}}])
    status, content, fields = server.call("POST", "/api/v1/workspace/create", json.dumps({"handle": "x" * 8_000_000}))
    check("a template that repeats the content is cut, with a remark",
          status == 200 and len(content) <= 16 << 20 and "cut" in fields.get("X-Wavetank-Remark", ""), (status, len(content)))


def expressions(server):
    server.scenario(rules=[{"match": {"header": {"x-a": {"regex": "^(a+)+$"}}}, "error": 500}])
    status = server.call("GET", "/orgs", fields={"x-a": "a" * 5000 + "b"}, timeout=5)[0]
    check("an expression that backtracks elsewhere is searched in linear time", status == 200, status)


def triggers(server):
    server.scenario(variables={"n": "a"}, rules=[{"name": "a", "emit": {"trigger": "{{vars.n}}"}, "pass": True}])
    status, _, fields = server.call("GET", "/orgs", timeout=5)
    check("a rule that triggers itself by a template ends", status == 200 and "deep" in fields.get("X-Wavetank-Remark", ""), status)
    rules = [{"name": f"r{n}", "match": {"method": "TRACE" if n else "GET"}, "emit": [{"trigger": f"r{n + 1}"}] * 2}
             for n in range(40)] + [{"name": "r40", "match": {"method": "TRACE"}, "pass": True}]
    server.scenario(rules=rules)
    status, _, fields = server.call("GET", "/orgs", timeout=5)
    check("triggers that double end", status == 200 and "1000 events" in fields.get("X-Wavetank-Remark", ""), status)


def time_by_rules(server):
    server.scenario(**STILL, **TICKER, rules=[{"match": {"service": "shipyard"}, "emit": {"advance": "876000h"}}])
    status, _, fields = server.call("GET", "/orgs", timeout=10)
    check("a rule that moves time over too much stops, with a remark",
          status == 200 and "too much falls due" in fields.get("X-Wavetank-Remark", ""), (status, fields))


def time_by_hand(server):
    server.scenario(**STILL, **TICKER)
    for name, method, path, content in [
        ("advance", "POST", "/_wavetank/clock/advance", {"by": "876000h"}),
        ("set", "PUT", "/_wavetank/clock", {"now": "2126-01-01T00:00:00Z"}),
    ]:
        status, answer, _ = server.call(method, path, content, timeout=120)
        check(f"a clock that meets too much on its way says where it stands ({name})",
              status == 409 and "now" in json.loads(answer), (status, answer))


def time_that_races(server):
    server.scenario(clock={"mode": "scaled", "factor": 1e6}, **TICKER)
    time.sleep(0.5)
    status = server.call("GET", "/api/v1/instances", timeout=15)[0]
    check("a world that cannot keep up with its clock still answers", status == 200, status)
    check("and can be stopped", server.call("PUT", "/_wavetank/clock", {"mode": "manual"}, timeout=30)[0] == 200)


def delays(server):
    server.scenario(rules=[{"name": f"r{n}", "delay": "876000h", "continue": True} for n in range(6)])
    check("delays that add up to for ever end nothing", server.call("GET", "/orgs", timeout=0.5)[0] == 0)
    server.call("PUT", "/_wavetank/scenario?name=demo")


def pieces(server):
    server.scenario(rules=[{"match": {"path": "/orgs"}, "respond": {"text": "x" * 7_000_000}, "continue": True},
                           {"match": {"path": "/orgs"}, "fault": {"dribble": {"bytes": 1, "pause": "1s"}}}])
    for _ in range(4):
        server.call("GET", "/orgs", timeout=0.5)
    server.call("PUT", "/_wavetank/scenario?name=demo")


def large_documents(server):
    rules = [{"name": f"r{n}", "emit": {"trigger": f"unknown-{n}"}} for n in range(4000)]
    status, answer, _ = server.call("PUT", "/_wavetank/scenario", {"wavetank": 1, "rules": rules}, timeout=30)
    check("thousands of mistakes are told soon", status == 422 and len(json.loads(answer)["problems"]) > 0, status)
    status = server.call("PUT", "/_wavetank/scenario", b" " * (50 << 20), timeout=30)[0]
    check("a scenario of 50 MB is refused", status in (413, 422), status)
    chain = [{"name": f"r{n}", "emit": {"trigger": f"r{n + 1}"}} for n in range(3000)] + [{"name": "r3000", "pass": True}]
    status = server.call("PUT", "/_wavetank/scenario", {"wavetank": 1, "rules": chain}, timeout=30)[0]
    check("a long chain of triggers is checked soon", status == 200, status)
    server.call("PUT", "/_wavetank/scenario?name=demo")


for bomb in (growing_variables, templates, expressions, triggers, time_by_rules, time_by_hand, time_that_races, delays,
             pieces, large_documents):
    server = Watched()
    try:
        bomb(server)
        server.is_well(bomb.__name__)
    finally:
        server.end()
finish()
