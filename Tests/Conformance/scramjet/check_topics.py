"""Topics as contract §1.10 has them: readers, writers, turns, keeping, back-pressure, ends."""

import socket
import struct
import threading
import time

from common import check, finish
from support import Base, control, eventually, same, section

TENANT = "topics"
SPACE = Base("/api/v1/space/demo/api/v1", TENANT, token="token")
HUB = Base("/api/v1/space/demo/api/v1/sth/sth-0/api/v1", TENANT, token="token")
OTHER = Base("/api/v1/space/demo/api/v1/sth/sth-1/api/v1", TENANT, token="token")
ALONE = Base("/api/v1", TENANT)
LINES = "application/x-ndjson"


def topic(name):
    state = control("GET", "/state/scramjet", tenant=TENANT).json
    for item in state["spaces"][0]["topics"]:
        if item["name"] == name:
            return item
    return None


def readers(name, count):
    """Waits until so many read the topic."""
    return eventually(lambda: topic(name) and topic(name)["stream"]["readers"] == count)


def publish(name, data, base=HUB, **fields):
    fields.setdefault("content_type", LINES)
    return base.post(f"/topic/{name}", data, **fields)


def writing(name, *fields):
    """A POST whose content is still to come."""
    lines = [f"POST {HUB.path}/topic/{name} HTTP/1.1", "Host: x", f"Content-Type: {LINES}",
             "Authorization: Bearer token", "Transfer-Encoding: chunked", *fields, "", ""]
    return HUB.raw("\r\n".join(lines))


with section("names and types"):
    for name in ("a.b", "a%20b", "a%C3%A9"):
        reply = publish(name, b"x")
        check(f"a bad name ({name}) is refused", reply.status == 400
              and reply.json == {"error": "Topic id incorrect format"}, reply)
        same(f"and on GET ({name})", HUB.get(f"/topic/{name}").status, 400)
    same("a name with all that may be in one", publish("aZ0_+-%5C", b"x").status, 202)
    reply = publish("T1", b"x", content_type="text/html")
    check("an unknown content type is refused", reply.status == 400
          and reply.json == {"error": "Unsupported content-type"}, reply)
    for kind in ("text/x-ndjson", "application/x-ndjson", "text/plain", "application/octet-stream"):
        name = kind.replace("/", "-")
        same(f"{kind} is good", publish(name, b"x\n", content_type=kind).status, 202)
        same(f"a reader of {kind} says so",
             HUB.open(f"/topic/{name}", content_type=kind).status, 200)
    reply = publish("text-plain", b"x", content_type=LINES)
    check("another type than the topic's is refused", reply.status == 415 and reply.json == {
        "error": "Acceptable Content-Type for text-plain is text/plain"}, reply)
    same("and for a reader", HUB.get("/topic/text-plain", content_type=LINES).status, 415)
    same("a reader without a type joins whatever is there",
         HUB.open("/topic/text-plain").status, 200)
    reply = publish("T2", b"x", x_end_stream="true")
    check("x-end-stream: true gives 200", reply.status == 200 and reply.json == {}, reply)
    same("in any letters", publish("T2", b"x", x_end_stream="True").status, 200)
    same("false gives 202", publish("T2", b"x", x_end_stream="false").status, 202)

with section("create and delete"):
    reply = HUB.post("/topics", {"id": "made", "content-type": "text/plain"})
    check("create", reply.status == 200 and reply.json["state"] == "flowing"
          and reply.json["contentType"] == "text/plain" and reply.json["id"] == "made", reply)
    for body, error in (({}, "Missing body param: id"), ({"id": "x"}, "Missing body param: content-type"),
                        ({"id": "x", "content-type": "text/html"}, "Unsupported content-type"),
                        ({"id": "x.y", "content-type": "text/plain"}, "Topic id incorrect format"),
                        ({"id": "made", "content-type": "text/plain"},
                         "Topic with given id already exist")):
        reply = HUB.post("/topics", body)
        check(f"create: {error}", reply.status == 400 and reply.json == {"error": error}, reply)
    reader = HUB.open("/topic/made")
    reply = HUB.delete("/topics/made")
    check("delete", reply.status == 200 and reply.json == {"message": "Topic made removed"}, reply)
    same("a deleted topic's readers come to their end", reader.rest(), b"")
    reply = HUB.delete("/topics/made")
    check("delete of none", reply.status == 404 and reply.json == {"error": "Topic made not found"},
          reply)

with section("readers"):
    several = [HUB.open("/topic/fan"), OTHER.open("/topic/fan"), SPACE.open("/topic/fan"),
               ALONE.open("/topic/fan")]
    readers("fan", 4)
    same("headers come before any data", several[0].type, "application/octet-stream")
    publish("fan", b'{"a":1}\n')
    same("every reader gets every chunk, on every hub and at the space",
         [reader.line() for reader in several], [b'{"a":1}\n'] * 4)
    late = HUB.open("/topic/fan")
    readers("fan", 5)
    publish("fan", b'{"a":2}\n')
    same("a later reader gets only what comes after it", late.line(), b'{"a":2}\n')
    same("the others go on", [reader.line() for reader in several], [b'{"a":2}\n'] * 4)
    for reader in [*several, late]:
        reader.close()
    check("readers that go leave nothing behind", readers("fan", 0), topic("fan"))

with section("keeping"):
    publish("keep", b"one")
    publish("keep", b"two\n")
    reader = HUB.open("/topic/keep")
    same("what comes before a reader is kept for the first one; lines are ended",
         reader.read(8), b"one\ntwo\n")
    reader.close()
    readers("keep", 0)
    publish("keep", b"three\n")
    reader = HUB.open("/topic/keep")
    same("after the last reader data is kept again, nothing is given twice", reader.read(6), b"three\n")
    reader.close()
    publish("plain", b"a", content_type="text/plain")
    publish("plain", b"b", content_type="text/plain")
    reader = HUB.open("/topic/plain")
    same("only x-ndjson gets newlines", reader.read(2), b"ab")
    reader.close()
    chunk = b"x" * 59999 + b"\n"
    same("60 kB pass without a reader", publish("big", chunk).status, 202)
    same("and again", publish("big", chunk).status, 202)

with section("back-pressure"):
    done = []
    big = b"".join(b"%07d\n" % number for number in range(25000))
    thread = threading.Thread(target=lambda: done.append(publish("block", big, timeout=30)))
    thread.start()
    time.sleep(0.4)
    same("200 kB block while nobody reads", done, [])
    reader = HUB.open("/topic/block")
    same("and come whole once somebody does", reader.read(len(big)), big)
    thread.join(10)
    check("then the writer gets its answer", done and done[0].status == 202, done)
    reader.close()

with section("a reader that does not read"):
    stalled = socket.create_connection((HUB.raw("").socket.getpeername()))
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.sendall(f"GET {HUB.path}/topic/slow HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    readers("slow", 1)
    quick = HUB.open("/topic/slow", timeout=20)
    readers("slow", 2)
    total = 24 << 20
    counted = []

    def read_all():
        count = 0
        while count < total:
            part = quick.reply.read1(1 << 16)
            if not part:
                break
            count += len(part)
            counted.append(count)

    read = threading.Thread(target=read_all)
    read.start()
    write = threading.Thread(target=lambda: publish("slow", b"y" * (total - 1) + b"\n", timeout=30))
    write.start()
    eventually(lambda: counted)
    time.sleep(0.5)
    check("the slowest reader holds its topic", counted and counted[-1] < total, counted[-1:])
    before = time.monotonic()
    same("but nobody else", Base("/api/v1", "topics-other").get("/version").status, 200)
    check("at once", time.monotonic() - before < 20, time.monotonic() - before)
    held = topic("slow")["stream"]["bytes"]
    check("and memory stays within the marks", held <= 1 << 20, held)
    # RST instead of FIN.
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stalled.close()
    read.join(20)
    write.join(20)
    same("when it goes the others go on", counted[-1], total)
    quick.close()

with section("writers take turns"):
    reader = HUB.open("/topic/turns")
    readers("turns", 1)
    first = writing("turns")
    first.send("4\r\none\n\r\n")
    same("the first writes at once", reader.line(), b"one\n")
    second = writing("turns", "Expect: 100-continue")
    check("the second gets no 100 before its turn", second.quiet(0.3), second.buffer)
    third = threading.Thread(target=lambda: publish("turns", b"three\n"))
    third.start()
    first.send("8\r\none more\r\n0\r\n\r\n")
    check("the first is answered when its content ends", "202 Accepted" in first.head())
    same("its last line is ended", reader.line(), b"one more\n")
    check("then the second gets its 100", second.head().startswith("HTTP/1.1 100 Continue"))
    second.send("4\r\ntwo\n\r\n")
    same("and writes", reader.line(), b"two\n")
    second.close()
    same("a writer that vanishes gives its turn to the next", reader.line(), b"three\n")
    third.join(20)
    check("no writer is left", eventually(lambda: topic("turns")["writers"] == 0), topic("turns"))
    reader.close()

with section("instances and topics"):
    _, producer = HUB.started("js-topic-producer")
    _, consumer = OTHER.started("js-topic-consumer")
    info = HUB.get(f"/instance/{producer}").json
    same("an instance tells what it provides", (info["provides"], info["requires"]),
         ("topic-test", ""))
    out = OTHER.open(f"/instance/{consumer}/output")
    HUB.post(f"/instance/{producer}/input", b"a\nb\n", content_type="text/plain")
    check("a producer is a writer until its output ends",
          eventually(lambda: topic("topic-test")["writers"] == 0), topic("topic-test"))
    reply = OTHER.post(f"/instance/{consumer}/input", b"x", content_type="text/plain")
    check("such an instance takes no input", reply.status == 405
          and reply.json == {"error": "Input provided in other way"}, reply)
    same("after its output has ended others may write",
         publish("topic-test", b"direct\n", content_type="text/plain").status, 202)
    wanted = b"consumer got: producer got: a\nb\n\nconsumer got: direct\n\n"
    same("an instance on another hub reads what both wrote, by chunk", out.read(len(wanted)), wanted)
    out.close()
    _, named = HUB.started("echo", {"outputTopic": "out", "inputTopic": "in"})
    reader = HUB.open("/topic/out")
    publish("in", b'{"n":1}\n')
    same("topics named at the start are wired", reader.line(), b'{"n":1}\n')
    reader.close()
    listed = SPACE.get("/topics").json
    entry = next(item for item in listed if item["name"] == "in")
    same("the space tells who reads", [actor["role"] for actor in entry["actors"]], ["consumer"])
    HUB.post(f"/instance/{named}/_kill", {})

with section("an instance is a writer until its output ends"):
    _, silent = HUB.started("silent", topic="held", behaviour="silent")
    waiting = writing("held", "Expect: 100-continue")
    check("a request waits behind it", waiting.quiet(0.3), waiting.buffer)
    control("PUT", "/clock", {"mode": "manual"}, TENANT)
    HUB.post(f"/instance/{silent}/_kill", {})
    control("POST", "/clock/advance", {"by": "1s"}, TENANT)
    check("and is let in when it ends", waiting.head().startswith("HTTP/1.1 100"))
    waiting.close()

finish()
