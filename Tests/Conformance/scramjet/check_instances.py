"""Instances (contract §3.2 to §3.5, §5.2) on a clock that stands until it is moved."""

import threading
import time

from common import check, finish
from support import Base, advance, control, eventually, manifest, package, same, section, under_way

TENANT = "instances"
HUB = Base("/api/v1", TENANT)
control("PUT", "/clock", {"mode": "manual"}, TENANT)


def info(instance):
    return HUB.get(f"/instance/{instance}").json


def later(call):
    """Runs a call that takes its time; gives its thread and the list of its results."""
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    return thread, results


def give(instance, data, lane="input", **fields):
    fields.setdefault("content_type", "text/plain" if lane == "input" else "application/octet-stream")
    return HUB.post(f"/instance/{instance}/{lane}", data, **fields)


def out(instance, stream="output"):
    """All that is left of a stream that has ended."""
    return HUB.get(f"/instance/{instance}/{stream}").body


with section("start"):
    sequence, instance = HUB.started("echo", {"appConfig": {"a": 1}, "args": ["x", 2, {"y": 3}]})
    found = info(instance)
    same("an instance's keys, in order", list(found), [
        "id", "appConfig", "args", "provides", "requires", "sequence", "created", "started",
        "status"])
    same("its payload", (found["appConfig"], found["args"]), ({"a": 1}, ["x", 2, {"y": 3}]))
    own = "11111111-2222-4333-8444-555555555555"
    same("an id of one's own", HUB.post(f"/sequence/{sequence}/start",
                                        {"instanceId": own, "limits": {"memory": 1}}).json["id"], own)
    reply = HUB.post(f"/sequence/{sequence}/start", {"instanceId": own})
    check("twice", reply.status == 409
          and reply.json == {"error": "Instance with a given ID already exists"}, reply)
    for bad in ("short", 5, "x" * 37):
        reply = HUB.post(f"/sequence/{sequence}/start", {"instanceId": bad})
        check(f"instanceId {bad!r}", reply.status == 422
              and reply.json == {"error": "Invalid Instance id"}, reply)
    same("null is no content", HUB.post(f"/sequence/{sequence}/start", "null",
                                        content_type="application/json").status, 200)
    reply = HUB.post(f"/sequence/{sequence}/start", "{broken", content_type="application/json")
    check("broken JSON", (reply.status, reply.reason) == (400, "Could not parse content")
          and "error" in reply.json, reply)
    same("another content type", HUB.post(f"/sequence/{sequence}/start", "a=1",
                                          content_type="application/x-www-form-urlencoded").status, 400)
    without = HUB.upload(package({"name": "x", "main": "gone.js"}, {"gone.js": b""})).json["id"]
    bare = HUB.upload(package(None, {"package.json": b'{"main":"none.js"}'})).json["id"]
    reply = HUB.post(f"/sequence/{bare}/start", {})
    check("a main file that is not in the package", reply.status == 400 and reply.json["error"].startswith(
        "Sequence entrypoint path none.js is invalid."), reply)
    reply = HUB.post(f"/sequence/{sequence}/start", {"appConfig": {"emulator": {"behaviour": "ecko"}}})
    check("an unknown behaviour says which are known", reply.status == 400
          and 'did you mean \\"echo\\"' in reply.text, reply)

with section("input and output"):
    _, instance = HUB.started("echo")
    reply = HUB.post(f"/instance/{instance}/input", b"x")
    check("the first input needs a content type", reply.status == 406
          and reply.json == {"error": "Content-Type must be defined"}, reply)
    reply = give(instance, b"one,", x_end_stream="false")
    check("input that goes on", reply.status == 202 and reply.body == b"", reply)
    same("later ones need none", HUB.post(f"/instance/{instance}/input", b"two,",
                                          x_end_stream="false").status, 202)
    same("Python's True says nothing", give(instance, b"three", x_end_stream="True").status, 200)
    same("output is what was given, and ends", out(instance), b"one,two,three")
    same("a second reader of an ended stream gets its end at once", out(instance), b"")
    same("input after the end is taken and dropped", give(instance, b"x").status, 200)
    same("the function's end keeps it running", info(instance)["status"], "running")
    advance(TENANT, "10s")
    found = info(instance)
    same("until the exit timeout", (found["status"], found["terminated"]),
         ("completed", {"exitcode": -1, "reason": "Instance completed"}))
    check("it says when it ended", "ended" in found, found)
    same("input of an ended instance", give(instance, b"x").status, 200)
    reply = HUB.post(f"/instance/{instance}/_kill", {})
    check("kill of an ended one", reply.status == 400 and reply.json == {"error": "Instance not running"},
          reply)
    same("stop leaves an ended status", HUB.post(f"/instance/{instance}/_stop", {}).json["status"],
         "completed")
    advance(TENANT, "194s")
    same("it stays for 15 s and 180 s", info(instance)["status"], "completed")
    advance(TENANT, "2s")
    reply = HUB.get(f"/instance/{instance}/output")
    check("then all its paths are 404", reply.status == 404 and reply.fields.get("content-type") is None
          and reply.json == {"error": f"Instance {instance} not found"}, reply)
    same("for every method", HUB.call("PUT", f"/instance/{instance}/bogus").status, 404)

with section("shared streams"):
    _, instance = HUB.started("echo")
    give(instance, b"early ", x_end_stream="false")
    first = HUB.open(f"/instance/{instance}/output")
    same("what came before a reader", first.read(6), b"early ")
    second = HUB.open(f"/instance/{instance}/output")
    give(instance, b"both", x_end_stream="false")
    same("two readers get the same", (first.read(4), second.read(4)), (b"both", b"both"))
    first.close()
    second.close()
    eventually(lambda: not any(f'"readers":{count}' in control(
        "GET", "/state/scramjet", tenant=TENANT).text for count in (1, 2)))
    give(instance, b"kept", x_end_stream="false")
    third = HUB.open(f"/instance/{instance}/output")
    same("after them data is kept again, nothing twice", third.read(4), b"kept")
    third.close()
    reply = HUB.post(f"/instance/{instance}/_kill", {"removeImmediately": "yes"})
    check("a wrong type for kill", reply.status == 400
          and reply.json == {"error": "Invalid removeImmediately format"}, reply)
    reply = HUB.post(f"/instance/{instance}/_kill", {"removeImmediately": True})
    same("kill", (reply.status, reply.json["status"]), (202, "killing"))
    advance(TENANT, "1s")
    same("its end", info(instance)["terminated"], {"exitcode": 137, "reason": "Instance killed"})
    same("health goes on until it is gone", HUB.get(f"/instance/{instance}/health").status, 200)
    advance(TENANT, "15s")
    same("removed after 15 s at once", HUB.get(f"/instance/{instance}/health").status, 404)

with section("back-pressure"):
    _, instance = HUB.started("echo")
    thread, done = later(lambda: give(instance, b"z" * 1_000_000, timeout=30))
    time.sleep(0.4)
    same("a large input waits for a reader of its output", done, [])
    reader = HUB.open(f"/instance/{instance}/output", timeout=20)
    same("and then comes whole", reader.read(1_000_000) == b"z" * 1_000_000, True)
    thread.join(10)
    check("the writer is answered", done and done[0].status == 200, done)
    _, silent = HUB.started("x", behaviour="silent")
    thread, done = later(lambda: give(silent, b"z" * 2_000_000, timeout=30))
    time.sleep(0.3)
    same("an instance that does not read holds its writer", done, [])
    HUB.post(f"/instance/{silent}/_kill", {})
    advance(TENANT, "1s")
    thread.join(10)
    check("until it ends", done and done[0].status == 200, done)

with section("stop"):
    _, instance = HUB.started("js-forever")
    for body, error in (({"timeout": "x"}, "Invalid timeout format"),
                        ({"canCallKeepalive": 1}, "Invalid canCallKeepalive format")):
        reply = HUB.post(f"/instance/{instance}/_stop", body)
        check(error, reply.status == 400 and reply.json == {"error": error}, reply)
    thread, done = later(lambda: HUB.post(f"/instance/{instance}/_stop", {"timeout": 2000}))
    check("the status is stopping", eventually(lambda: info(instance)["status"] == "stopping"))
    reply = HUB.post(f"/instance/{instance}/_kill", {})
    same("such a one cannot be killed", reply.status, 400)
    advance(TENANT, "1s")
    time.sleep(0.1)
    same("no answer before the time", done, [])
    advance(TENANT, "1s")
    thread.join(20)
    same("then the answer", done and (done[0].status, done[0].json["status"]), (202, "stopping"))
    advance(TENANT, "1s")
    same("and the end", info(instance)["terminated"], {"exitcode": 138, "reason": "Instance stopped"})

    _, instance = HUB.started("js-stop-handler")
    thread, done = later(lambda: HUB.post(f"/instance/{instance}/_stop", {"timeout": 7000}))
    eventually(lambda: info(instance)["status"] == "stopping")
    advance(TENANT, "7s")
    thread.join(20)
    same("a process whose handlers are through waits for the time all the same",
         done and done[0].json["status"], "stopping")
    advance(TENANT, "1s")
    same("and is over after it", info(instance)["status"], "completed")
    same("its stop handlers ran", out(instance, "stdout"), b"Cleaning up... Cleanup done.\n")

    _, instance = HUB.started("can-keep-alive", {"args": ["SEND_KEEPALIVE"]})
    thread, done = later(lambda: HUB.post(
        f"/instance/{instance}/_stop", {"timeout": 100, "canCallKeepalive": True}))
    eventually(lambda: info(instance)["status"] == "stopping")
    advance(TENANT, "60s")
    thread.join(20)
    same("keep-alive cancels the kill", info(instance)["status"], "stopping")
    thread, done = later(lambda: HUB.post(f"/instance/{instance}/_stop", {"timeout": 100}))
    # From when it has come on.
    for _ in range(100):
        advance(TENANT, "2s")
        thread.join(0.3)
        if done:
            break
    same("but not where it is not allowed", info(instance)["status"], "completed")
    _, python = HUB.started("python-forever", manifest_more={"engines": {"python3": "3.9"}})
    HUB.post(f"/instance/{python}/_kill", {})
    advance(TENANT, "1s")
    same("a killed Python runner", (info(python)["status"], info(python)["terminated"]),
         ("errored", {"exitcode": 213, "reason": "Runner failed"}))

with section("events"):
    _, asker = HUB.started("js-events")
    for body in ({}, [5001], [5001, {}], [5001, {"eventName": 1}], "null"):
        reply = HUB.post(f"/instance/{asker}/_event", body, content_type="application/json")
        check(f"_event {body}", reply.status == 400
              and reply.json == {"error": "Invalid format, eventName missing."}, reply)
    once, got = later(lambda: HUB.get(f"/instance/{asker}/once/test-response"))
    live = HUB.open(f"/instance/{asker}/events/test-response")
    eventually(lambda: under_way(TENANT, "/once/test-response") and under_way(TENANT, "/events/test-response"))
    HUB.post(f"/instance/{asker}/_event", [5001, {"eventName": "test-event", "message": "a"}])
    once.join(20)
    same("once waits for the next", got and got[0].json, "reply to a")
    same("events streams it", live.line(), b'"reply to a"\n')
    same("event keeps the last", HUB.get(f"/instance/{asker}/event/test-response").json, "reply to a")
    live.close()
    _, one = HUB.started("x", behaviour="responder", on="ping", emit="pong", message="from one")
    _, two = HUB.started("x", program=[{"on": "event", "event": "pong", "do": [
        {"write": "heard {}\n", "to": "stdout"}]}])
    HUB.post(f"/instance/{one}/_event", [5001, {"eventName": "ping"}])
    heard = HUB.open(f"/instance/{two}/stdout")
    same("what one emits every other instance of the hub hears", heard.line(), b"heard from one\n")
    heard.close()
    _, left = HUB.started("x", program=[{"on": "event", "event": "*", "do": {"emit": "again"}}])
    _, right = HUB.started("x", program=[{"on": "event", "event": "*", "do": {"emit": "again"}}])
    HUB.post(f"/instance/{left}/_event", [5001, {"eventName": "go"}])
    same("events that go in a circle end", HUB.get("/version").status, 200)
    _, json_event = HUB.started("event-sequence", {"args": ["in", "out"]})
    HUB.post(f"/instance/{json_event}/_event", [5001, {"eventName": "in", "message": {"test": 4}}])
    same("an answer made of the message", HUB.get(f"/instance/{json_event}/event/out").json,
         '{"test":5}')
    reply = HUB.post(f"/instance/{asker}/_monitoring_rate", [4003, {"monitoringRate": 2}])
    same("_monitoring_rate", (reply.status, reply.json), (202, {"accepted": True}))
    reply = HUB.post(f"/instance/{asker}/_monitoring_rate", [4003, {"monitoringRate": -1}])
    same("a negative one", (reply.status, reply.json), (500, {"error": "Bad message of type 4003"}))

with section("known packages"):
    def ends(name, given=None, body=None, lane="input", stream="output", wait="90s"):
        """All that a known package writes to a stream until it ends."""
        _, started = HUB.started(name, body)
        reader = HUB.open(f"/instance/{started}/{stream}", timeout=10)
        if given is not None:
            give(started, given, lane)
        for _ in range(int(wait[:-1])):
            advance(TENANT, "1s")
        return reader.rest(), started

    same("hello", ends("@scramjet/hello", b"Ada", wait="12s")[0], b"Hello Ada!")
    same("js-stdinout", ends("js-stdinout", b"text", lane="stdin", stream="stdout", wait="12s")[0],
         b"Got on stdin: text")
    same("simple-stdio", ends("simple-stdio", b"a\nb\n", lane="stdin", stream="stdout", wait="20s")[0],
         b">>> a>>> b")
    same("js-debug-args", ends("js-debug-args", body={"args": ["a", "b"]}, wait="12s")[0],
         b'{"first_arg":"a","second_arg":"b"}')
    same("args-to-output", ends("args-to-output", body={"args": ["a", 2, {"abc": "c"}, ["d"]]},
                                wait="12s")[0], b"a\n2\nc\nd\n")
    same("args-config-test", ends("args-config-test", body={"args": ["a", 2, [1]], "appConfig": {"k": 1}},
                                  wait="12s")[0],
         b'config: {"k":1}\nstring, "a"\nnumber, 2\nobject, [1]\n')
    same("checksum-sequence", ends("checksum-sequence", b"hello", wait="12s")[0],
         b"5d41402abc4b2a76b9719d911017c592")
    lines = ends("endless-names-output", body={"args": [2]}, wait="12s")[0]
    same("endless-names-output", lines, b'{"name":"Alice"}\n{"name":"Ada"}\n{"name":"Aga"}\n')
    same("python-chunk-lengths", ends("python-chunk-lengths", b"abc\nabcdefg\nabcde", wait="12s")[0],
         b"4,8,5,")
    same("reference-inert-function", ends("reference-inert-function", stream="stdout", wait="20s")[0],
         b"{ x: 1 }\n{ x: 2 }\n{ x: 3 }\n{ x: 4 }\n")
    data, failed = ends("python-exception-test", stream="stderr", wait="2s")
    check("python-exception-test", b"TestException: This exception should appear on stderr" in data
          and info(failed)["terminated"]["exitcode"] == 23, data)
    data, failed = ends("js-exception", stream="stderr", wait="2s")
    same("js-exception", (data, info(failed)["status"]), (b"", "errored"))
    _, sick = HUB.started("js-unhealthy")
    same("js-unhealthy", HUB.get(f"/instance/{sick}/health").json["healthy"], False)
    bad = HUB.upload(package(manifest("js-bad-sequence"))).json["id"]
    same("js-bad-sequence", HUB.post(f"/sequence/{bad}/start", {}).status, 400)
    _, world = HUB.started("hello-world")
    reader = HUB.open(f"/instance/{world}/output")
    same("hello-world", reader.read(12), b"Hello World!")
    reader.close()
    _, output = HUB.started("test-output")
    reader = HUB.open(f"/instance/{output}/output")
    same("test-output", reader.line(), b"Test 0\n")
    advance(TENANT, "1s")
    same("and each second", reader.line(), b"Test 1\n")
    reader.close()

with section("behaviours"):
    same("fail-start 22", (lambda made: (advance(TENANT, "1s"), info(made))[1]["terminated"])(
        HUB.started("x", behaviour="fail-start")[1]),
        {"exitcode": 22, "reason": "Sequence failed on start"})
    _, instance = HUB.started("x", behaviour="slow", delay=1000, **{"with": "echo"})
    reader = HUB.open(f"/instance/{instance}/output", timeout=3)
    give(instance, b"a", x_end_stream="false")
    give(instance, b"b")
    advance(TENANT, "1s")
    same("slow: one piece a second", reader.read(1), b"a")
    advance(TENANT, "1s")
    same("slow: the next", reader.rest(), b"b")
    _, instance = HUB.started("x", behaviour="crash", afterChunks=2, code=42, stderr="oh",
                              **{"with": "echo"})
    give(instance, b"a", x_end_stream="false")
    give(instance, b"b", x_end_stream="false")
    advance(TENANT, "1s")
    same("crash after two pieces", (info(instance)["terminated"]["exitcode"],
                                    out(instance, "stderr"), out(instance)), (42, b"oh", b"ab"))
    _, instance = HUB.started("x", program=[
        {"on": "start", "do": [{"repeat": 3, "do": [{"write": "{n};"}, {"sleep": "1s"}]}, "finish"]},
        {"on": "line", "do": {"write": "{user.name}={length}\n", "to": "stdout"}},
        {"on": "stop", "do": {"write": "bye", "to": "stderr"}}])
    give(instance, b'{"user":{"name":"Ada"}}\n')
    reader = HUB.open(f"/instance/{instance}/stdout")
    same("a program of one's own: templates", reader.line(), b"Ada=23\n")
    advance(TENANT, "3s")
    same("a program of one's own: loops and pauses", out(instance), b"0;1;2;")
    _, instance = HUB.started("flood-stdout-sequence", {"args": [3000]})
    reader = HUB.open(f"/instance/{instance}/stdout", timeout=20)
    for _ in range(40):
        advance(TENANT, "1s")
    count = len(reader.read(3000 * 1024))
    same("flood-stdout-sequence", count, 3000 * 1024)
    reader.close()

finish()
