"""Sequences that misbehave, and what is done to them: a clear end for the instance, the server and the
other instances untouched, no process left behind, and memory within bounds."""

import gzip
import io
import json
import os
import signal
import socket
import tarfile
import threading
import time

from common import Server, check, finish
from sequences import Running, module, node_is_here, script, serve

server = serve("--code-workers", "100")
from support import Base, advance, control, eventually, manifest, same, section  # noqa: E402, speaks to that server

HUB = Base("/api/v1", "hostile", token="token")
OTHER = Base("/api/v1", "neighbour", token="token")
HAS_NODE = node_is_here()
GROWTH_MAX = 64 << 20


def children(parent):
    """The processes below one, by number."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
                if int(fields[1]) == parent and fields[0] != "Z":
                    found += [int(entry), *children(int(entry))]
            except OSError:
                pass
    return found


def state_of(pid):
    """The letter that the kernel shows; Z: it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def lives(pid):
    return state_of(pid) != "Z"


def others_are_well(what):
    began = time.monotonic()
    status = HUB.get("/version").status
    text = OTHER.get("/version").status
    check(f"{what}: the server answers others at once", (status, text) == (200, 200) and time.monotonic() - began < 10,
          (status, text, time.monotonic() - began))


def run(archive, **order):
    return Running(HUB, archive, **order)


def floods():
    """Output that nobody reads, and ten gigabytes that somebody does."""
    for name, archive in both("process.stdout.write(x)", "sys.stdout.write(x)"):
        before = server.resident
        instance = run(archive)
        time.sleep(2)
        check(f"{name}: a flood that nobody reads holds the code, not our memory",
              server.resident - before < GROWTH_MAX, server.resident - before)
        others_are_well(name)
        instance.kill()
        check(f"{name}: the flood is killed", instance.end(), instance.info)
    dripping = run(module("import os\ndef run(context, input):\n    while True:\n        os.write(1, b'x')"))
    before = server.resident
    time.sleep(4)
    check("output in single bytes that nobody reads weighs little", server.resident - before < GROWTH_MAX, server.resident - before)
    dripping.kill()
    dripping.end()
    source = "module.exports = async function* () { const x = 'x'.repeat(1 << 20); for (;;) yield x }" if HAS_NODE else None
    archive = script(source) if source else module("def run(context, input):\n    while True:\n        yield 'x' * (1 << 20)")
    instance = run(archive)
    before = server.resident
    count = 0
    with instance.open("output") as output:
        end = time.monotonic() + 8
        while time.monotonic() < end and count < 10 << 30:
            part = output.reply.read1(1 << 20)
            if not part:
                break
            count += len(part)
    check("much output passes", count > 64 << 20, count)
    check("and leaves our memory as it is", server.resident - before < GROWTH_MAX, server.resident - before)
    print(f"{count / 8 / 1e6:.0f} MB/s of output, read as it came", flush=True)
    # The reader is gone, the code goes on writing.
    time.sleep(1)
    check("without its reader it stands still", server.resident - before < GROWTH_MAX, server.resident - before)
    instance.kill()
    check("it is killed while data flows", instance.end(), instance.info)
    if HAS_NODE:
        patient = run(script("module.exports = async function* () { for (let n = 0; n < 64; n++) yield 'x'.repeat(1 << 18) }"))
        check("and whoever waits for a reader often is not warned of it", len(patient.text()) > 64 << 18 and patient.end()
              and patient.text("stderr") == "", patient.text("stderr"))


def both(javascript, python):
    """A sequence that does something for ever, in both languages."""
    if HAS_NODE:
        yield "JavaScript", script("module.exports = () => { const x = 'x'.repeat(65536); return new Promise(() => {"
                                   f" const go = () => {{ {javascript}; setImmediate(go) }}; go() }}) }}")
    yield "Python", module("import sys, os\ndef run(context, input):\n    x = 'x' * 65536\n    while True:\n        " + python)


def reads_nothing():
    for name, archive in both("", "__import__('time').sleep(1)"):
        instance = run(archive)
        before = server.resident
        sent = 0
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=2)
        connection.sendall(f"POST {HUB.path}{instance.path}/input HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                           "Content-Length: 1000000000\r\n\r\n".encode())
        try:
            while sent < 100 << 20:
                sent += connection.send(b"x" * 65536)
        except TimeoutError:
            pass
        check(f"{name}: what it does not read holds its writer", sent < 50 << 20, sent)
        check(f"{name}: and does not lie in our memory", server.resident - before < GROWTH_MAX, server.resident - before)
        instance.kill()
        check(f"{name}: killed, it lets its writer go", instance.end(), instance.info)
        connection.close()


def loops():
    for name, archive in both("for (;;);", "pass"):
        instance = run(archive)
        others_are_well(f"{name}: an endless loop")
        same(f"{name}: an endless loop runs", instance.info["status"], "running")
        pid = instance.health["processId"]
        instance.kill()
        check(f"{name}: an endless loop is killed", instance.end(), instance.info)
        check(f"{name}: and its process is gone", eventually(lambda: not lives(pid)), pid)
    stubborn = run(module("import signal, time\ndef run(context, input):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                          "    while True:\n        time.sleep(1)"))
    stubborn.stop(200)
    same("one that ignores SIGTERM and its stop is ended", stubborn.end(), ("errored", 213, "Runner failed"))


def bombs():
    before = len(children(server.process.pid))
    instance = run(module("import os\ndef run(context, input):\n    while True:\n        try:\n            os.fork()\n"
                          "        except OSError:\n            pass"))
    time.sleep(1)
    others_are_well("a fork bomb")
    count = len(children(server.process.pid)) - before
    check("a fork bomb has an end", count < 600, count)
    for archive in [script("module.exports = () => 'well'")] * HAS_NODE + [module("def run(context, input):\n    return 'well'")]:
        same("another instance starts beside it", Running(OTHER, archive).text(), "well")
    instance.kill()
    check("a fork bomb is killed", instance.end(), instance.info)
    check("with all that it has started", eventually(lambda: len(children(server.process.pid)) <= before, 10),
          len(children(server.process.pid)))
    eater = run(module("def run(context, input):\n    x = []\n    while True:\n        x.append(bytearray(1 << 20))"))
    same("one that eats memory ends itself alone", eater.end(30), ("errored", 213, "Runner failed"))
    check("and its trace says so", "MemoryError" in eater.text("stderr"), eater.text("stderr"))
    if HAS_NODE:
        eater = run(script("module.exports = () => { const x = []; for (;;) x.push(new Array(1e5).fill(1)) }"))
        same("JavaScript that eats memory ends itself alone", eater.end(60), ("errored", 213, "Runner failed"))
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in (("package.json", json.dumps(manifest("bomb")).encode()), ("index.js", b"0"), ("zeros", bytes(200 << 20))):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    same("a zip bomb is refused when it comes", HUB.upload(gzip.compress(raw.getvalue(), 9), timeout=60).status, 422)


def descriptors():
    closing = run(module("import os\nasync def run(context, input):\n    os.close(1)\n    yield 'still here'"))
    same("one that closes its stdout goes on", closing.text(), "still here")
    same("and its stdout has an end", closing.text("stdout"), "")
    for name, code in [("garbage", "os.write(3, b'garbage\\n[]\\n[1,2]\\n[\"nothing\",{}]\\n\\xff\\n')"),
                       ("sayings of its own", "os.write(3, b'[\"event\",{\"eventName\":\"x\",\"message\":1}]\\n[\"log\",{}]\\n')")]:
        writer = run(module(f"import os\nasync def run(context, input):\n    {code}\n    yield 'still here'"))
        same(f"one that writes {name} to the protocol's channel goes on", writer.text(), "still here")
    endless = run(module("import os\ndef run(context, input):\n    while True:\n        os.write(3, b'x' * 65536)"))
    same("one that writes there without end is ended", endless.end(), ("errored", 213, "Runner failed"))
    deaf = run(module("import os, time\ndef run(context, input):\n    os.close(3)\n    os.closerange(6, 64)\n    time.sleep(60)"))
    same("one that closes the channel is ended", deaf.end(), ("errored", 213, "Runner failed"))
    talker = run(module("def run(context, input):\n    while True:\n        context.emit('x', 'y' * 100000)\n        context.logger.info('z' * 10000)"))
    before = server.resident
    time.sleep(2)
    check("events and log lines without end do not fill our memory", server.resident - before < 2 * GROWTH_MAX,
          server.resident - before)
    others_are_well("events without end")
    talker.kill()
    talker.end()


def isolation():
    prober = run(module(f"""
import os, socket, json
def reach(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
        return True
    except OSError:
        return False
def run(context, input):
    secret = {{k: v for k, v in os.environ.items() if k not in ("PATH", "LANG", "HOME", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "LC_CTYPE")}}
    return json.dumps([os.getuid(), reach("127.0.0.1", {server.port}), reach("127.0.0.1", {listener.getsockname()[1]}), secret,
                       os.access(os.getcwd(), os.W_OK), sorted(os.listdir(os.environ["HOME"]))])
"""))
    uid, own, foreign, secret, writable, home = json.loads(prober.text())
    check("code is nobody of the machine's", os.geteuid() != 0 or uid != 0, uid)
    check("it reaches the server, and nothing beside", own and not foreign, (own, foreign))
    same("its environment holds nothing of ours", secret, {})
    check("its package is not its to change", os.geteuid() != 0 or not writable)
    same("its home is empty", home, [])


def time_passes():
    tenant = "hostile-skip"
    hub = Base("/api/v1", tenant, token="token")
    set_clock(tenant, "skip")
    standing = Running(hub, module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    worker = Running(hub, module("import time\ndef run(context, input):\n    end = time.monotonic() + 3\n"
                                 "    while time.monotonic() < end:\n        pass\n    return 'worked'"))
    began = time.monotonic()
    reply = standing.stop(60000)
    took = time.monotonic() - began
    check("skip: a stop's minute is jumped over, but not while code is at work", 0.5 < took < 50, took)
    same("skip: a stop's end", (reply.status, standing.end(3)[0]), (202, "errored"))
    same("skip: the work was done", worker.text(), "worked")
    tenant = "hostile-manual"
    hub = Base("/api/v1", tenant, token="token")
    set_clock(tenant, "manual")
    held = Running(hub, module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    held.kill()
    time.sleep(0.3)
    state = held.info["status"]
    advance(tenant, "1s")
    check("manual: a kill waits for its time", state == "killing", state)
    check("manual: and is over then", held.end(3), held.info)


def set_clock(tenant, mode):
    return control("PUT", "/clock", {"mode": mode}, tenant)


def snapshots():
    tenant = "hostile-shot"
    hub = Base("/api/v1", tenant, token="token")
    instance = Running(hub, module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    done = Running(hub, module("def run(context, input):\n    return 'x'"))
    done.end()
    pid = instance.health["processId"]
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/_wavetank/snapshot", headers={"x-wavetank-tenant": tenant})
    shot = connection.getresponse().read()
    connection.request("PUT", "/_wavetank/snapshot", shot, {"x-wavetank-tenant": tenant, "content-type": "application/gzip"})
    reply = connection.getresponse()
    check("a snapshot with a running instance is restored", reply.status < 300, (reply.status, reply.read()))
    same("the instance has ended then", instance.end(), ("errored", 213, "Runner failed"))
    check("and says why", "snapshot" in instance.text("stderr"), instance.text("stderr"))
    check("its process is gone", eventually(lambda: not lives(pid)), pid)
    again = hub.post(f"/sequence/{instance.sequence}/start", {}).json["id"]
    check("its sequence can be started again",
          eventually(lambda: hub.get(f"/instance/{again}").json["status"] == "running"), hub.get(f"/instance/{again}").text)
    pid = hub.get(f"/instance/{again}/health").json["processId"]
    control("POST", "/reset", {}, tenant)
    check("a reset ends its processes", eventually(lambda: not lives(pid)), pid)
    gone = Running(hub, module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    pid = gone.health["processId"]
    control("DELETE", "/tenants/" + tenant)
    check("a tenant that is removed takes its processes with it", eventually(lambda: not lives(pid)), pid)


def events():
    ticker = run(module("import asyncio\nasync def run(context, input):\n    n = 0\n    while True:\n        n += 1\n"
                        "        yield f'{n}\\n'\n        await asyncio.sleep(0.01)"))
    pid = ticker.health["processId"]
    with ticker.open("output") as output:
        output.line()
        reply = control("POST", "/emit", {"holdInstance": ticker.id, "by": "1s"}, "hostile")
        state = eventually(lambda: state_of(pid) == "T")
        check("holdInstance: its process stands still", reply.status < 300 and state, (reply, state_of(pid)))
        check("holdInstance: and goes on", eventually(lambda: state_of(pid) != "T") and output.line(), state_of(pid))
    reply = control("POST", "/emit", {"failInstance": ticker.id, "code": 137}, "hostile")
    same("failInstance: as one that the kernel ends for want of memory", ticker.ended, ("errored", 137, "Instance killed"))
    check("failInstance: its process is gone", eventually(lambda: not lives(pid)), pid)
    troubles()
    worker = run(module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    os.kill(worker.health["processId"], signal.SIGKILL)
    same("a process that somebody kills is an instance that has failed", worker.end(), ("errored", 213, "Runner failed"))


ECHO = {"Python": "async def run(context, input):\n    print('begun', flush=True)\n    async for line in input:\n        yield line",
        "JavaScript": "module.exports = function (input) { console.log('begun'); return input }"}


def troubles():
    """crashWorker, slowWorker, outOfMemory: the same words as for packages, in a hub's own way."""
    for language, make in (("Python", module), ("JavaScript", script))[:1 + HAS_NODE]:
        archive = make(ECHO[language])
        for event, ended in (("crashWorker", ("errored", 213, "Runner failed")),
                             ("outOfMemory", ("errored", 137, "Instance killed"))):
            victim = run(archive)
            pid = victim.health["processId"]
            stdout = victim.open("stdout")
            stdout.line()
            same(f"{language}: {event} is known", control("POST", "/emit", {event: victim.id}, "hostile").status, 200)
            same(f"{language}: {event} ends the instance", victim.end(), ended)
            check(f"{language}: {event} ends its process", eventually(lambda: not lives(pid)), pid)
            same(f"{language}: {event}: its streams have an end", stdout.rest(), b"")
            again = HUB.post(f"/sequence/{victim.sequence}/start", {}).json["id"]
            same(f"{language}: {event}: the sequence can be started again", HUB.get(f"/instance/{again}").json["status"], "running")
            HUB.post(f"/instance/{again}/_kill", {})
        slow = run(archive)
        slow.open("stdout").line()
        with slow.open("output") as output:
            control("POST", "/emit", {"slowWorker": slow.id, "by": "800ms"}, "hostile")
            began = time.monotonic()
            slow.send("a\n")
            text, first = output.read(2), time.monotonic() - began
        check(f"{language}: slowWorker holds what comes next", text == b"a\n" and 0.7 < first < 30, (text, first))
        slow.kill()
    refused = control("POST", "/emit", {"crashWorker": "nobody"}, "hostile")
    check("an event for an instance that is not there says so", refused.status == 422 and 'no instance' in refused.text, refused)
    standing = Running(HUB, script("0", emulator={"behaviour": "forever"}))
    refused = control("POST", "/emit", {"slowWorker": standing.id}, "hostile")
    check("a stand-in has no process to slow down", refused.status == 422 and "has no process" in refused.text, refused)
    control("POST", "/emit", {"crashWorker": standing.id}, "hostile")
    same("crashWorker ends a stand-in as its code", standing.ended, ("errored", 213, "Runner failed"))
    tenant = "hostile-slow"
    hub = Base("/api/v1", tenant, token="token")
    set_clock(tenant, "manual")
    held = Running(hub, module(ECHO["Python"]))
    control("POST", "/emit", {"slowWorker": held.id, "by": "1h"}, tenant)
    held.send("a\n")
    with held.open("output") as output:
        output.connection.sock.settimeout(0.5)
        try:
            early = output.reply.read1(1)
        except TimeoutError:
            early = b""
        same("manual: slowWorker waits on the tenant's clock", early, b"")
        output.connection.sock.settimeout(10)
    advance(tenant, "1h")
    same("manual: and goes on when that is moved", held.text(), "a\n")


def many():
    archive = module("import asyncio\nasync def run(context, input):\n    async for line in input:\n        yield line")
    sequence = HUB.upload(archive).json["id"]
    began = time.monotonic()
    ids = []

    def start():
        ids.append(HUB.post(f"/sequence/{sequence}/start", {}, timeout=60).json["id"])

    threads = [threading.Thread(target=start) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = [HUB.get(f"/instance/{one}").json["status"] for one in ids]
    check("forty instances run at once", states == ["running"] * 40, states)
    print(f"forty instances were started in {time.monotonic() - began:.1f} s", flush=True)
    for one in ids:
        HUB.post(f"/instance/{one}/input", "x", content_type="text/plain")
    outputs = {HUB.get(f"/instance/{one}/output", timeout=20).text for one in ids}
    same("each with streams of its own", outputs, {"x"})


def ends():
    """Nothing is left behind, however the server ends."""
    for name, number in (("SIGTERM", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
        own = Server("--run-code")
        code = "import os\nasync def run(context, input):\n    if os.fork() == 0:\n        import time\n        time.sleep(600)\n    import asyncio\n    await asyncio.Future()"
        archive = module(code)
        status, body, _ = own.call("POST", "/api/v1/sequence", archive, {"content-type": "application/octet-stream"})
        sequence = json.loads(body)["id"]
        status, body, _ = own.call("POST", f"/api/v1/sequence/{sequence}/start", {})
        pids = eventually(lambda: (found := children(own.process.pid)) and len(found) > 1 and found, 10)
        check(f"{name}: a sequence and its own child run", pids and len(pids) > 1, (pids, body))
        own.process.send_signal(number)
        own.process.wait(20)
        check(f"{name}: no process is left behind", eventually(lambda: not any(lives(pid) for pid in pids), 10),
              [pid for pid in pids if lives(pid)])


def own_signals():
    """A sequence that ends itself by a signal ends, though it is the first process of its namespace."""
    cases = [(f"{name}, {number.name}", module(
        f"import asyncio, os, signal\nasync def run(context, input):\n    {how}\n    await asyncio.sleep(600)"))
        for number in (signal.SIGTERM, signal.SIGKILL)
        for name, how in (("Python os.kill", f"os.kill(os.getpid(), {int(number)})"),
                          ("Python raise_signal", f"signal.raise_signal({int(number)})"))]
    handled = "import os, signal\nasync def run(context, input):\n    signal.signal(15, lambda *_: None)\n    " \
              "os.kill(os.getpid(), 15)\n    os.kill(os.getpid(), 0)\n    os.kill(os.getpid(), signal.SIGWINCH)\n    return 'lives'"
    living = [("Python", module(handled))]
    if HAS_NODE:
        cases += [(f"Node {number}", script(f"module.exports = async () => {{ process.kill(process.pid, {number}); await new Promise(() => "
                                            "setInterval(() => {}, 1000)); };")) for number in ("'SIGTERM'", "'SIGKILL'", "9")]
        living.append(("Node", script("module.exports = async () => { process.on('SIGTERM', () => {}); process.kill(process.pid, 'SIGTERM'); "
                                      "process.kill(process.pid, 0); process.kill(process.pid, 'SIGWINCH'); return 'lives'; };")))
    for name, archive in cases:
        instance = run(archive)
        same(f"{name}: it is over, without a word", (instance.end() or [None])[:2], ("errored", 213))
    for name, archive in living:
        same(f"{name}: a signal that is handled, or ends nothing, ends nothing", run(archive).text(), "lives")


def no_interpreter():
    own = Server("--run-code", "--node", "/nowhere/node", "--python", "no-such-python")
    for name, archive in (("Node", script("module.exports = 1")), ("Python", module("x = 1"))):
        status, body, _ = own.call("POST", "/api/v1/sequence", archive, {"content-type": "application/octet-stream"})
        sequence = json.loads(body)["id"]
        status, body, _ = own.call("POST", f"/api/v1/sequence/{sequence}/start", {})
        instance = json.loads(body)["id"]
        same(f"without {name} a start is answered", status, 200)
        info = json.loads(own.call("GET", f"/api/v1/instance/{instance}")[1])
        same(f"without {name} the instance has failed", (info["status"], info["terminated"]["exitcode"]), ("errored", 213))
        text = own.call("GET", f"/api/v1/instance/{instance}/stderr")[1].decode()
        check(f"without {name} its stderr says what is missing", "cannot be started" in text, text)
    own.stop()
    few = Server("--run-code", "--code-workers", "2")
    sequence = json.loads(few.call("POST", "/api/v1/sequence", module("import asyncio\nasync def run(c, i):\n    await asyncio.Future()"),
                                   {"content-type": "application/octet-stream"})[1])["id"]
    ids = [json.loads(few.call("POST", f"/api/v1/sequence/{sequence}/start", {})[1])["id"] for _ in range(3)]
    info = json.loads(few.call("GET", f"/api/v1/instance/{ids[2]}")[1])
    same("beyond --code-workers an instance fails", info["status"], "errored")
    text = few.call("GET", f"/api/v1/instance/{ids[2]}/stderr")[1].decode()
    check("and says so", "--code-workers" in text, text)
    few.stop()


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(8)
for part in (floods, reads_nothing, loops, bombs, descriptors, isolation, time_passes, snapshots, events, many, ends, own_signals, no_interpreter):
    with section(part.__name__):
        part()
check("after all that the server lives", server.lives)
same("and ends well", server.stop(), 0)
finish()
