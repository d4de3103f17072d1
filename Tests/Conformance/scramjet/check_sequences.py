"""Sequences of our own, in JavaScript and in Python, run by the server: all that their context offers,
seen from outside and through the published Python client."""

import asyncio
import base64
import contextlib
import io
import json
import pathlib
import tempfile

from client.host_client import HostClient
from client_utils.base_client import BaseClient

from common import Server, check, finish
from sequences import Running, module, node_is_here, script, serve

server = serve("--code-workers", "100")
from support import Base, control, eventually, package, manifest, same, section  # noqa: E402, speaks to that server

HUB = Base("/api/v1", "code", token="token")
HAS_NODE = node_is_here()


def run(archive, **order):
    return Running(HUB, archive, **order)


def javascript_results():
    for name, code, output in [
        ("a number", "() => 42", "42"), ("nothing", "() => {}", "undefined"), ("null", "() => null", ""),
        ("a promise of a text", "async () => 'later'", "later"),
        ("a generator", "function* () { yield 'a'; yield { b: 1 }; yield 5 }", '"a"\n{"b":1}\n5\n'),
        ("an async generator", "async function* () { yield 'a'; yield [1] }", '"a"\n[1]\n'),
        ("an array", "() => [1, 'b']", '1\n"b"\n'),
        ("a function that gives a generator", "() => function* () { yield 1 }", "1\n"),
        ("a stream of texts", "() => require('stream').Readable.from(['a', 'b'])", "ab"),
        ("the default export", "Object.assign({}, { default: () => 'default' })", "default"),
        ("args", "(input, a, b) => `${a} ${JSON.stringify(b)}`", 'x {"y":1}'),
        ("a chain: each result is the next one's first argument, args go to each",
         "[(input, a) => a + '1', (x, a) => x + a]", "x1x"),
        ("appConfig and instanceId", "function () { return this.config.a + String(this.instanceId.length) }", "b36"),
    ]:
        instance = run(script(f"module.exports = {code}"), args=["x", {"y": 1}], appConfig={"a": "b"})
        same(f"JavaScript: the output of {name}", instance.text(), output)
        instance.kill()


def javascript_ends():
    for name, code, ended in [
        ("a throw", "() => { throw new Error('planned') }", ("errored", 23, "Sequence failed during execution")),
        ("a rejection", "async () => { throw new Error('planned') }", ("errored", 23, "Sequence failed during execution")),
        ("a stream that fails", "async function* () { throw new Error('planned') }",
         ("errored", 23, "Sequence failed during execution")),
        ("a falsy result in the middle", "[() => '', () => 1]", ("errored", 23, "Sequence failed during execution")),
        ("what nobody catches", "() => new Promise(() => setTimeout(() => { throw new Error('planned') }, 5))",
         ("errored", 101, "Runner failed")),
        ("a chain without functions", "[]", ("errored", 22, "Sequence failed on start")),
        ("a syntax error", "{{", ("errored", 22, "Sequence failed on start")),
        ("a missing dependency", "require('no-such-module')", ("errored", 22, "Sequence failed on start")),
        ("process.exit", "() => process.exit(5)", ("errored", 213, "Runner failed")),
        ("an abort", "() => process.abort()", ("errored", 213, "Runner failed")),
    ]:
        instance = run(script(f"module.exports = {code}"))
        same(f"JavaScript: {name} ends so", instance.end(), ended)
        if ended[1] in (22, 101):
            text = instance.text("stderr")
            check(f"JavaScript: {name} leaves its trace on stderr", "Error" in text, text)
        if ended[1] == 23:
            check(f"JavaScript: {name} is told in the log", instance.log(level="ERROR"), instance.log())
        same(f"JavaScript: the output of {name} has an end", instance.text(), "")
    instance = run(script("module.exports = function () { this.exitTimeout = 100; return 'x' }"))
    same("JavaScript: completed after its own exit timeout", instance.end(), ("completed", -1, "Instance completed"))
    reply = HUB.upload(package({**manifest("no-main"), "main": "other"}, {"other": b""}))
    reply = HUB.post(f"/sequence/{reply.json['id']}/start", {})
    same("JavaScript: a missing main file is refused at the start", reply.status, 400)


def javascript_streams():
    hello = run(script("module.exports = function (input) { this.logger.info('Sequence started');"
                       " return input.map((name) => { console.log(name); return `Hello ${name}!` }) }"))
    hello.send("Ada")
    same("JavaScript: text goes through", hello.text(), "Hello Ada!")
    check("JavaScript: console.log is on stdout", hello.open("stdout").line() == b"Ada\n")
    check("JavaScript: the logger's line is in the log",
          eventually(lambda: hello.log(msg="Sequence started", **{"from": "Sequence"})))
    hello.kill()
    objects = run(script("module.exports = async function* (input) { for await (const x of input) yield { n: x.n + 1 } }"))
    objects.send('{"n":1}\nno json\n{"n":2}\n', "application/x-ndjson")
    same("JavaScript: objects go through, what is no JSON is left out", objects.text(), '{"n":2}\n{"n":3}\n')
    objects.kill()
    octets = run(script("const { createHash } = require('crypto');"
                        "module.exports = async (input) => { const h = createHash('sha256'); for await (const c of input) {"
                        " if (!(c instanceof Uint8Array)) throw new Error('no bytes'); h.update(c) } return h.digest('hex') }"))
    import hashlib
    data = bytes(range(256)) * 4096
    octets.send(data, "application/octet-stream")
    same("JavaScript: a megabyte of bytes arrives whole", octets.text(), hashlib.sha256(data).hexdigest())
    octets.kill()
    stdio = run(script("module.exports = () => new Promise((done) => { process.stdin.on('data', (d) =>"
                       " process.stdout.write(`got ${d}`)); process.stdin.on('end', () => { console.error('end'); done('x') }) })"))
    stdio.send("line\n", "application/octet-stream", "stdin")
    same("JavaScript: stdin to stdout", stdio.open("stdout").line(), b"got line\n")
    same("JavaScript: stderr", stdio.open("stderr").line(), b"end\n")
    stdio.kill()


def javascript_topics():
    producer = run(script("""module.exports = function () {
        const out = new (require('stream').PassThrough)({ objectMode: true });
        out.topic = 'numbers'; out.contentType = 'application/x-ndjson';
        setInterval(() => out.write({ n: 1 }), 20); return out }"""))
    consumer = run(script("""module.exports = [{ requires: 'numbers', contentType: 'application/x-ndjson' },
        async function* (input) { for await (const x of input) yield x.n + 1 }]"""))
    with consumer.open("output") as output:
        same("JavaScript: from topic to topic", output.line(), b"2\n")
    same("JavaScript: what they read and write is shown",
         (producer.info["provides"], consumer.info["requires"]), ("numbers", "numbers"))
    same("JavaScript: input of one that reads a topic is refused", consumer.send("x").status, 405)
    renamed = run(script("module.exports = [{ requires: 'numbers', contentType: 'text/plain' }, (input) => input]"),
                  inputTopic="letters", outputTopic="sent")
    eventually(lambda: renamed.info["provides"] == "sent")
    HUB.post("/topic/letters", "abc", content_type="text/plain")
    with HUB.open("/topic/sent", timeout=10, content_type="application/x-ndjson") as sent:
        same("JavaScript: names given at the start replace its own", sent.read(3), b"abc")
    for instance in (producer, consumer, renamed):
        instance.kill()


def javascript_life():
    talker = run(script("""module.exports = function () {
        this.on('ask', (message) => this.emit('answer', { got: message }));
        this.addMonitoringHandler(() => ({ healthy: true, load: 0.5 }));
        this.addStopHandler(async (timeout, canKeepAlive) => { console.log(`stop ${timeout} ${canKeepAlive}`);
            await new Promise((done) => setTimeout(done, 50)); console.log('stopped') });
        return new Promise(() => {}) }"""))
    talker.event("ask", [1])
    same("JavaScript: an event is answered", HUB.get(f"{talker.path}/event/answer", timeout=10).json, {"got": [1]})
    check("JavaScript: its own monitoring shows in its health", eventually(lambda: talker.health.get("load") == 0.5),
          talker.health)
    check("JavaScript: its process is a process of this machine", talker.health["processId"] > 1)
    reply = talker.stop(300)
    same("JavaScript: a stop is answered at the end of its time", (reply.status, reply.json["status"]), (202, "stopping"))
    same("JavaScript: stopped", talker.end(), ("completed", 138, "Instance stopped"))
    same("JavaScript: stop handlers ran to their end", talker.text("stdout"), "stop 300 false\nstopped\n")
    keeper = run(script("module.exports = function () { this.addStopHandler(() => this.keepAlive(5000)); return new Promise(() => {}) }"))
    keeper.stop(100, True)
    same("JavaScript: keepAlive keeps it alive", keeper.info["status"], "stopping")
    keeper.stop(100)
    same("JavaScript: and not where the stop does not allow it", keeper.end(), ("completed", 138, "Instance stopped"))
    killed = run(script("module.exports = function () { this.addKillHandler(() => console.log('killed')); return new Promise(() => {}) }"))
    same("JavaScript: a kill is answered at once", killed.kill().json["status"], "killing")
    same("JavaScript: killed", killed.end(), ("completed", 137, "Instance killed"))
    same("JavaScript: kill handlers ran", killed.text("stdout"), "killed\n")
    ill = run(script("module.exports = function () { this.addMonitoringHandler(() => ({ healthy: false })); return new Promise(() => {}) }"))
    check("JavaScript: unhealthy", eventually(lambda: ill.health["healthy"] is False), ill.health)
    ill.kill()
    ender = run(script("module.exports = function () { this.exitTimeout = 10; setTimeout(() => this.end(), 10); return new Promise(() => {}) }"))
    same("JavaScript: end()", ender.end(), ("completed", -1, "Instance completed"))
    broken = run(script("module.exports = function () { setTimeout(() => this.destroy(new Error('x')), 10); return new Promise(() => {}) }"))
    same("JavaScript: destroy(error)", broken.end(), ("errored", 23, "Sequence failed during execution"))


def javascript_hub():
    asker = run(script("""module.exports = async function () {
        const names = ['getVersion', 'getLoadCheck', 'getConfig', 'getStatus', 'listEntities', 'listSequences', 'listInstances', 'getTopics'];
        const found = {};
        for (const name of names) found[name] = typeof await this.hub[name]();
        found.me = (await this.hub.getInstanceClient(this.instanceId).getInfo()).id === this.instanceId;
        found.health = (await this.hub.getInstanceClient(this.instanceId).getHealth()).healthy;
        await this.hub.createTopic('made-by-code', 'text/plain');
        await this.hub.sendTopic('made-by-code', 'through the hub', {}, 'text/plain');
        found.hubs = (await this.space.listHosts()).length;
        const sequence = (await this.hub.listInstances())[0].sequence.id;
        const other = await this.hub.getSequenceClient(process.env.NONE || sequence).start({ instanceId: this.config.other });
        await other.kill();
        await this.hub.getInfo?.();
        return JSON.stringify(found) }"""), appConfig={"other": "11111111-1111-4111-8111-111111111111"})
    found = asker.text()
    check("JavaScript: the hub's client reaches its own hub and space", found.startswith("{"), found or asker.log(level="ERROR"))
    if found.startswith("{"):
        found = json.loads(found)
        check("JavaScript: all methods of the hub's client answer",
              all(found[name] == "object" for name in found if name.startswith(("get", "list"))) and found["me"]
              and found["health"] and found["hubs"] == 2, found)
    with HUB.open("/topic/made-by-code", timeout=10, content_type="text/plain") as topic:
        same("JavaScript: it can write a topic through the hub", topic.read(15), b"through the hub")
    asker.kill()


def javascript_packages():
    files = {"dist/start.js": b"const lib = require('lib'); const { v } = require('../data.json'); module.exports = () => lib() + v",
             "node_modules/lib/package.json": b'{"main": "main.js"}', "data.json": b'{"v": 1}',
             "node_modules/lib/main.js": b"module.exports = () => 'lib '"}
    for main in ("dist/start.js", "dist/start"):
        described = {**manifest("packed"), "main": main}
        instance = run(package(described, {"package.json": json.dumps(described).encode(), **files}))
        same(f"JavaScript: main {main} with node_modules and a file of data", instance.text(), "lib 1")
        instance.kill()


def python_results():
    for name, code, output in [
        ("an async generator", "async def run(context, input, *args):\n    yield 'a'\n    yield 'b'", "ab"),
        ("a generator", "def run(context, input, *args):\n    yield 'a'", "a"),
        ("a text", "def run(context, input, *args):\n    return 'text'", "text"),
        ("a coroutine", "async def run(context, input, *args):\n    return 'text'", "text"),
        ("args and config", "def run(context, input, a, b):\n    return f'{a} {b} {context.config}'", "x 2 {'a': 1}"),
        ("ndjson", "provides = {'provides': 'py-made', 'contentType': 'application/x-ndjson'}\n"
                   "def run(context, input, *args):\n    return [{'n': 1}, 'b']", '{"n": 1}\n"b"\n'),
    ]:
        instance = run(module(code), args=["x", 2], appConfig={"a": 1})
        same(f"Python: the output of {name}", instance.text(), output)
        same(f"Python: {name} goes with its function", instance.end(), ("errored", 213, "Runner failed"))


def python_ends():
    for name, code in [
        ("an exception", "def run(context, input):\n    raise ValueError('planned')"),
        ("a syntax error", "def run(:"), ("a missing dependency", "import no_such_module"),
        ("no run", "x = 5"), ("an item that is no text", "def run(context, input):\n    yield 5"),
        ("sys.exit", "import sys\ndef run(context, input):\n    sys.exit(3)"),
        ("os._exit", "import os\ndef run(context, input):\n    os._exit(0)"),
        ("a native crash", "import ctypes\ndef run(context, input):\n    ctypes.string_at(0)"),
    ]:
        instance = run(module(code))
        same(f"Python: {name} ends so", instance.end(), ("errored", 213, "Runner failed"))
        if "exit" not in name:
            text = instance.text("stderr")
            check(f"Python: {name} leaves its traceback on stderr", any(word in text for word in ("Traceback", "Error", "in run")), text)
    missing = run(package({**manifest("no-main"), "main": "other.py", "engines": {"python3": ">=3.8"}}, {"x": b""}))
    same("Python: a missing main file", missing.end(), ("errored", 213, "Runner failed"))
    check("Python: a missing main file is told", "other.py" in missing.text("stderr"))


def python_streams():
    lines = run(module("async def run(context, input):\n    context.logger.info('Sequence started')\n"
                       "    async for line in input:\n        print(line, end='')\n        yield f'[{line.strip()}]'"))
    stdout = lines.open("stdout")
    lines.send("a\nb\n")
    same("Python: text comes by lines", lines.text(), "[a][b]")
    same("Python: print is on stdout", stdout.rest(), b"a\nb\n")
    check("Python: the logger's line is in the log", eventually(lambda: lines.log(msg="Sequence started", level="INFO")))
    octets = run(module("provides = {'contentType': 'application/octet-stream'}\nasync def run(context, input):\n"
                        "    async for piece in input:\n        assert len(piece) <= 8192\n        yield piece[::-1]"))
    octets.send(b"abc", "application/octet-stream")
    same("Python: bytes", octets.text(), "cba")
    objects = run(module("requires = {'requires': 'py-in', 'contentType': 'application/x-ndjson'}\n"
                         "async def run(context, input):\n    async for x in input:\n        yield str(x['n'] + 1)"))
    HUB.post("/topic/py-in", '{"n":1}\n', content_type="application/x-ndjson")
    with objects.open("output") as output:
        same("Python: from a topic", output.read(1), b"2")
    objects.kill()
    stdio = run(module("import sys\nasync def run(context, input):\n    async for line in sys.stdin:\n"
                       "        print('got', line, end='')\n        print('err', file=sys.stderr)"))
    stdout, stderr = stdio.open("stdout"), stdio.open("stderr")
    stdio.send("line\n", "application/octet-stream", "stdin")
    same("Python: stdin to stdout", stdout.line(), b"got line\n")
    same("Python: stderr", stderr.line(), b"err\n")


def python_life():
    talker = run(module("""
import asyncio
async def run(context, input):
    async def stop(timeout, can_keep_alive):
        print(f"stop {timeout} {can_keep_alive}")
        await asyncio.sleep(0.05)
        print("stopped")
    context.set_stop_handler(stop)
    context.set_health_check(lambda: {"healthy": True, "load": 0.5})
    context.on("ask", lambda message: context.emit("answer", {"got": message}))
    await asyncio.Future()
"""))
    talker.event("ask", "x")
    same("Python: an event is answered", HUB.get(f"{talker.path}/event/answer", timeout=10).json, {"got": "x"})
    check("Python: its own health check shows", eventually(lambda: talker.health.get("load") == 0.5), talker.health)
    stdout = talker.open("stdout")
    reply = talker.stop(400)
    same("Python: it goes with its stop handler", (reply.status, reply.json["status"]), (202, "errored"))
    same("Python: the stop handler ran to its end", stdout.rest(), b"stop 0.4 False\nstopped\n")
    keeper = run(module("import asyncio\nasync def run(context, input):\n    async def stop(a, b):\n"
                        "        await context.keep_alive(5)\n    context.set_stop_handler(stop)\n    await asyncio.Future()"))
    keeper.stop(300, True)
    same("Python: keep_alive keeps it alive", keeper.info["status"], "stopping")
    keeper.stop(300)
    same("Python: and not where the stop does not allow it", keeper.end(), ("errored", 213, "Runner failed"))
    killed = run(module("import asyncio\nasync def run(context, input):\n    await asyncio.Future()"))
    killed.kill()
    same("Python: killed", killed.end(), ("errored", 213, "Runner failed"))
    asker = run(module("import json\nasync def run(context, input):\n    version = await context.hub.get_version()\n"
                       "    me = await context.hub.get_instance_info(context.instance_id)\n"
                       "    return json.dumps([version['service'], me['id'] == context.instance_id])"))
    same("Python: the hub's client reaches its own hub", asker.text(), '["@scramjet/host", true]')
    packed = run(package({**manifest("py-packed"), "main": "main.py", "engines": {"python3": ">=3.8"}},
                         {"main.py": b"import lib, other\ndef run(context, input):\n    return lib.name + other.name",
                          "__pypackages__/lib.py": b"name = 'lib '", "other.py": b"name = 'other'"}))
    same("Python: __pypackages__ and modules beside main", packed.text(), "lib other")


def stand_ins():
    plain = run(script("module.exports = () => 'code'", emulator={"behaviour": "value", "value": "stand-in"}))
    same("a package that describes its stand-in has one", plain.text(), "stand-in")
    asked = run(script("module.exports = () => 'code'"), appConfig={"emulator": {"behaviour": "value", "value": "asked"}})
    same("a start can ask for a stand-in", asked.text(), "asked")
    real = run(script("module.exports = () => 'code'"))
    hubs = control("GET", "/state/scramjet", tenant="code").json["spaces"][0]["hubs"]
    runtimes = {entry["id"]: entry["runtime"] for hub in hubs for entry in hub["instances"]}
    same("the view of an instance says its runtime", (runtimes[plain.id], runtimes[real.id]), ("scripted", "process"))


def scenarios():
    """What a scenario says of sequences and their code."""
    with tempfile.TemporaryDirectory(prefix="wavetank-code-") as folder:
        folder = pathlib.Path(folder)
        (folder / "greeter.tar.gz").write_bytes(module("def run(context, input):\n    return 'given code'", "greeter"))
        (folder / "scenario.json").write_text(json.dumps({
            "wavetank": 1, "given": {"scramjet": {
                "sequences": [{"id": "given", "code": "greeter.tar.gz"}],
                "store": [{"package": {"name": "echo"}}, {"file": "stored.tar.gz", "code": "greeter.tar.gz"}]}},
            "behaviors": {"scramjet": [{"when": {"sequence": "played"}, "behaviour": "value", "value": "a stand-in"},
                                       {"when": {"sequence": "described"}, "runtime": "process"},
                                       {"when": {"sequence": "plain"}, "runtime": "scripted"}]}}))
        own = Server("--run-code", "--scenario", str(folder / "scenario.json"))
        off = Server("--scenario", str(folder / "scenario.json"))

        def output(server, sequence):
            status, body, _ = server.call("POST", f"/api/v1/sequence/{sequence}/start", {})
            if status != 200:
                return status, json.loads(body)["error"]
            instance = json.loads(body)["id"]
            server.call("POST", f"/api/v1/instance/{instance}/input", "in", {"content-type": "text/plain"})
            return server.call("GET", f"/api/v1/instance/{instance}/output")[1].decode()

        def upload(server, archive):
            return json.loads(server.call("POST", "/api/v1/sequence", archive, {"content-type": "application/octet-stream"})[1])["id"]

        same("a scenario gives a sequence code", output(own, "given"), "given code")
        same("what the store has of a description stays a stand-in", output(own, "echo"), "in")
        same("and of an archive runs", output(own, "stored"), "given code")
        code = "def run(context, input):\n    return 'code'"
        same("a scenario's stand-in goes before code", output(own, upload(own, module(code, "played"))), "a stand-in")
        described = module(code, "described", emulator={"behaviour": "value", "value": "described"})
        same("a scenario's process goes before a described stand-in", output(own, upload(own, described)), "code")
        same("a scenario's scripted goes before code", output(own, upload(own, module(code, "plain"))), "in")
        same("without --run-code nothing runs", output(off, upload(off, module(code, "other"))), "in")
        status, text = output(off, upload(off, described))
        check("and where the scenario asks for code, the start says so", status == 400 and "--run-code" in text, (status, text))
        same("nor does given code", output(off, "given"), "in")
        own.stop()
        off.stop()


def given_instances():
    """Instances that a scenario lists run their code, too: from the start of the server, of a tenant, of a reset."""
    echo = "async def run(context, input, end):\n    async for line in input:\n        yield line.strip() + end + context.config['x']"
    made = "11111111-1111-4111-8111-111111111112"
    scenario = {"wavetank": 1, "given": {"scramjet": {
        "sequences": [{"id": "given", "codeBase64": base64.b64encode(module(echo, "given")).decode()},
                      {"id": "standing", "package": {"name": "echo"}}],
        "instances": [{"id": made, "sequence": "given", "args": ["!"], "appConfig": {"x": "?"}},
                      {"sequence": "standing"}]}}}
    with tempfile.TemporaryDirectory(prefix="wavetank-code-") as folder:
        path = pathlib.Path(folder) / "scenario.json"
        path.write_text(json.dumps(scenario))
        own = Server("--run-code", "--scenario", str(path))
        off = Server("--scenario", str(path))

        def call(server, method, where, body=None, tenant="default"):
            return server.call(method, f"/_t/{tenant}/api/v1{where}", body, {"content-type": "text/plain"})[1].decode()

        def answer(tenant):
            call(own, "POST", f"/instance/{made}/input", "in\n", tenant)
            return call(own, "GET", f"/instance/{made}/output", None, tenant)

        same("an instance that a scenario lists runs its code", answer("default"), "in!?")
        same("in every tenant", answer("other"), "in!?")
        own.call("POST", "/_wavetank/reset", {}, {"x-wavetank-tenant": "other"})
        same("and after a reset", answer("other"), "in!?")
        state = json.loads(own.call("GET", "/_wavetank/state/scramjet")[1])
        kinds = sorted(entry["runtime"] for hub in state["spaces"][0]["hubs"] for entry in hub["instances"])
        same("the view tells which is which", kinds, ["process", "scripted"])
        call(off, "POST", f"/instance/{made}/input", "in\n")
        same("without --run-code it is a stand-in", call(off, "GET", f"/instance/{made}/output"), "in\n")
        own.stop()
        off.stop()
        scenario["behaviors"] = {"scramjet": [{"when": {"sequence": "given"}, "runtime": "process"}]}
        path.write_text(json.dumps(scenario))
        off = Server("--scenario", str(path))
        info = json.loads(call(off, "GET", f"/instance/{made}"))
        same("a server that runs no code shows one that asks for it as failed", info["terminated"]["exitcode"], 213)
        check("and says why", "--run-code" in call(off, "GET", f"/instance/{made}/stderr"))
        off.stop()


async def published_client():
    BaseClient.setDefaultHeaders({"Authorization": "Bearer token"})
    host = HostClient(HUB.url)
    archive = module("async def run(context, input):\n    async for line in input:\n        yield f'Hello {line}'")
    with contextlib.redirect_stdout(io.StringIO()):
        sequence = await host.send_sequence(archive)
        instance = await sequence.start()
        await instance.send_input("Ada")
        health = await instance.get_health()
        info = await instance.get_info()
    same("published client: starts a sequence of ours", (health["healthy"], info["id"]), (True, instance._id if hasattr(instance, "_id") else instance.id))
    same("published client: its input goes through the code", HUB.get(f"/instance/{info['id']}/output", timeout=10).text, 'Hello "Ada"')


if HAS_NODE:
    for part in (javascript_results, javascript_ends, javascript_streams, javascript_topics, javascript_life,
                 javascript_hub, javascript_packages, stand_ins):
        with section(part.__name__):
            part()
for part in (python_results, python_ends, python_streams, python_life, scenarios, given_instances):
    with section(part.__name__):
        part()
with section("published client"):
    asyncio.run(published_client())
same("the server ends well", server.stop(), 0)
finish()
