"""What a sequence's context has beside what `check_sequences` sees: every level of the log, monitoring and its rate,
definitions, streams of other kinds, the whole client of the hub, and Python's framework where it is installed."""

import importlib.util
import json
import sys
import time

from common import check, finish
from sequences import Running, module, node_is_here, script, serve

# This Python has the vendor's framework, which sequences then get.
server = serve("--python", sys.executable, "--code-workers", "50")
from support import Base, control, eventually, same, section  # noqa: E402, speaks to that server

HUB = Base("/api/v1", "context", token="token")
HAS_NODE = node_is_here()
FAILED = ("errored", 213, "Runner failed")


def run(archive, **order):
    return Running(HUB, archive, **order)


def javascript_log():
    logger = run(script("""module.exports = function () {
        for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) this.logger[level](`at ${level}`, { n: 1 });
        this.logger.info({ an: 'object' }); this.logger.error(new Error('planned')); return 'x' }"""))
    logger.text()
    for level in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
        lines = eventually(lambda: logger.log(level=level, msg=f"at {level.lower()}", **{"from": "Sequence"}))
        check(f"JavaScript: logger.{level.lower()} with its data", lines and lines[0]["data"] == [{"n": 1}], lines)
    check("JavaScript: an object in the log", any("object" in json.dumps(line) for line in logger.log(level="INFO")), logger.log())
    check("JavaScript: an error in the log has its stack", any("planned" in json.dumps(line) for line in logger.log(level="ERROR")))
    logger.kill()


def javascript_context():
    asked = run(script("""module.exports = function () {
        let saved; try { this.save('x') } catch (error) { saved = error.message }
        const chained = this.on('a', () => {}).emit('b', 1).describe({ name: 'named' }).keepAlive(1) === this;
        return JSON.stringify([saved, typeof this.initialState, this.definition.name, chained, typeof this.exitTimeout,
            typeof this.hub.getVersion, typeof this.space.listHosts]) }"""))
    same("JavaScript: save, initialState, definition, exitTimeout and the clients", json.loads(asked.text()),
         ["Method not implemented.", "undefined", "named", True, "number", "function", "function"])
    asked.kill()
    monitored = run(script("""let count = 0; module.exports = function () {
        this.addMonitoringHandler((message) => ({ ...message, count: ++count })); return new Promise(() => {}) }"""))
    eventually(lambda: monitored.health.get("count", 0) >= 1)
    began, first = time.monotonic(), monitored.health["count"]
    eventually(lambda: monitored.health["count"] >= first + 2)
    check("JavaScript: health comes once a second", 1 < time.monotonic() - began < 30, time.monotonic() - began)
    same("JavaScript: its rate can be changed",
         HUB.post(f"{monitored.path}/_monitoring_rate", [4003, {"monitoringRate": 20}]).status, 202)
    first = monitored.health["count"]
    check("JavaScript: and it comes oftener", eventually(lambda: monitored.health["count"] >= first + 10, 20), monitored.health)
    monitored.kill()
    failing = run(script("module.exports = function () { this.addMonitoringHandler(() => { throw new Error('x') });"
                         " this.on('e', () => { throw new Error('planned') }); return new Promise(() => {}) }"))
    check("JavaScript: a monitoring handler that fails is ill health", eventually(lambda: failing.health["healthy"] is False))
    failing.event("e", 1)
    same("JavaScript: a handler of an event that throws is an uncaught exception", failing.end(), ("errored", 101, "Runner failed"))
    last = run(script("module.exports = function () { this.on('last', (m) => this.emit('heard', m)); return new Promise(() => {}) }"))
    for number in (1, 2, 3):
        last.event("last", number)
    same("JavaScript: events come in order", eventually(lambda: (reply := HUB.get(f"{last.path}/event/heard").json) == 3 and reply), 3)
    last.kill()


def javascript_streams():
    for name, code, output in [
        ("a stream of bytes", "() => require('stream').Readable.from([Buffer.from('a'), Buffer.from('b')])", "ab"),
        ("a stream of objects that says so",
         "() => Object.assign(require('stream').Readable.from([{ a: 1 }, 'b']), { contentType: 'application/x-ndjson' })", '{"a":1}\n"b"\n'),
        ("a stream that another one reads", "[() => require('stream').Readable.from(['a', 'b']), async function* (x) { for await (const y of x) yield y }]", '"a"\n"b"\n'),
        ("an array of nothing", "() => []", ""), ("a boolean", "() => true", "true"), ("a text with lines", "() => 'a\\nb'", "a\nb"),
        ("an object", "() => ({ a: 1 })", None),
        ("the default export of a translated module", "Object.defineProperty({}, '__esModule', { value: true })\nmodule.exports.default = () => 'x'", "x"),
    ]:
        instance = run(script(f"module.exports = {code}"))
        text = instance.text()
        if output is not None:
            same(f"JavaScript: the output of {name}", text, output)
        check(f"JavaScript: {name} does not fail", instance.info["status"] in ("running", "completed"), instance.info["status"])
        instance.kill()
    foreign = run(script("module.exports = () => require('stream').Readable.from([{ a: 1 }])"))
    same("JavaScript: objects of a stream that does not say so fail", foreign.end(), ("errored", 23, "Sequence failed during execution"))
    piped = run(script("module.exports = (input) => input.pipe(new (require('stream').PassThrough)({ objectMode: true }))"))
    piped.send("abc")
    same("JavaScript: input.pipe", piped.text(), "abc")
    paused = run(script("""module.exports = (input) => new Promise((done) => { let text = '';
        input.on('data', (x) => { text += x; input.pause(); setTimeout(() => input.resume(), 20) }); input.on('end', () => done(text)) })"""))
    paused.send("abc")
    same("JavaScript: input.on, pause and resume", paused.text(), "abc")
    for instance in (piped, paused):
        instance.kill()


def javascript_hub():
    other = run(script("module.exports = function (input) { this.on('e', (m) => this.emit('r', m)); return input }", "other"))
    worker = run(script("""module.exports = async function () {
        const hub = this.hub, other = hub.getInstanceClient(this.config.other), found = {};
        await other.sendEvent('e', 5);
        found.event = await other.getEvent('r');
        await other.sendInput('to you');
        found.output = await new Response(require('stream').Readable.toWeb(await other.getStream('output'))).text();
        found.info = (await other.getInfo()).id === this.config.other;
        const made = await hub.sendSequence(Buffer.from(this.config.archive, 'base64'));
        const started = await made.start({ args: ['y'] });
        found.started = (await made.listInstances()).includes(started.id);
        found.sequences = (await hub.listSequences()).some((one) => one.id === made.id);
        await started.kill({ removeImmediately: true });
        await hub.createTopic('talk', 'text/plain');
        await hub.sendNamedData('talk', 'words', { end: true }, 'text/plain');
        found.topics = (await hub.getTopics()).length;
        try { await hub.getInstanceInfo('none') } catch (error) { found.error = error.status }
        found.space = (await this.space.getAllSequences()).length > 0;
        return JSON.stringify(found) }"""),
                 appConfig={"other": other.id, "archive": encoded(script("module.exports = () => new Promise(() => {})"))})
    text = worker.text()
    check("JavaScript: the client of the hub does its work", text.startswith("{"), worker.log(level="ERROR"))
    found = json.loads(text or "{}")
    check("JavaScript: the client of the hub: events, streams, sequences, topics, errors",
          found.get("event") == 5 and found.get("output") == "to you" and found.get("info") and found.get("started")
          and found.get("sequences") and found.get("topics", 0) >= 1 and found.get("error") == 404 and found.get("space"), found)
    for instance in (worker, other):
        instance.kill()


def encoded(archive):
    import base64
    return base64.b64encode(archive).decode()


def python_context():
    logger = run(module("async def run(context, input):\n    for level in ('debug', 'info', 'warning', 'error', 'critical'):\n"
                        "        getattr(context.logger, level)('at %s', level)\n    try:\n        1 / 0\n    except ZeroDivisionError:\n"
                        "        context.logger.exception('caught')\n    yield 'x'"))
    logger.text()
    for level, shown in (("debug", "DEBUG"), ("info", "INFO"), ("warning", "WARN"), ("error", "ERROR"), ("critical", "FATAL")):
        check(f"Python: logger.{level}", logger.log(level=shown, msg=f"at {level}"), logger.log())
    check("Python: an exception in the log has its traceback", any("ZeroDivisionError" in json.dumps(line) for line in logger.log()))
    named = run(module("class Result:\n    provides = 'py-named'\n    content_type = 'application/x-ndjson'\n"
                       "    async def __aiter__(self):\n        yield {'n': 1}\nasync def run(context, input):\n    return Result()"))
    with HUB.open("/topic/py-named", timeout=10, content_type="application/x-ndjson") as topic:
        same("Python: a result that names its topic and type", topic.line(), b'{"n": 1}\n')
    named.end()
    wrong = run(module("async def run(context, input):\n    async for x in input:\n        yield x"))
    wrong.send("<a/>", "text/html")
    if wrong.info["status"] == "running":
        # The hub takes no such type: nothing comes, and it goes on waiting.
        wrong.kill()
    same("Python: input of another type is an error or refused", wrong.end(), FAILED)
    handled = run(module("import asyncio\nasync def run(context, input):\n    async def later(m):\n        await asyncio.sleep(0.01)\n"
                         "        context.emit('done', m)\n    def broken(m):\n        raise ValueError('planned')\n    context.on('go', later)\n"
                         "    context.on('go', broken)\n    await asyncio.Future()"))
    handled.event("go", {"a": 1})
    same("Python: a handler of an event may be asynchronous", HUB.get(f"{handled.path}/event/done", timeout=10).json, {"a": 1})
    check("Python: one that fails is told in the log", eventually(lambda: any("planned" in json.dumps(line) for line in handled.log())))
    handled.kill()
    ill = run(module("import asyncio\nasync def run(context, input):\n    async def check():\n        return False\n"
                     "    context.set_health_check(check)\n    await asyncio.Future()"))
    check("Python: a health check may be asynchronous and give a boolean", eventually(lambda: ill.health["healthy"] is False), ill.health)
    ill.kill()


def python_hub():
    other = run(module("async def run(context, input):\n    context.on('e', lambda m: context.emit('r', m))\n    async for x in input:\n        yield x"))
    worker = run(module("""
import asyncio, base64, json
async def run(context, input):
    hub, found = context.hub, {}
    for name in ("get_version", "get_load_check", "get_config", "get_status", "list_entities", "list_sequences", "list_instances", "list_topics"):
        found[name] = (await getattr(hub, name)()) is not None
    made = await hub.send_sequence(base64.b64decode(context.config["archive"]))
    started = await hub.start(made["id"], args=["x"])
    found["started"] = (await hub.get_instance_info(started["id"]))["id"] == started["id"]
    found["sequence"] = (await hub.get_sequence_info(made["id"]))["id"] == made["id"]
    found["healthy"] = (await hub.get_health(context.config["other"]))["healthy"]
    await hub.send_event(context.config["other"], "e", 7)
    await hub.send_input(context.config["other"], "to you\\n")
    await hub.create_topic("py-talk", "text/plain")
    await hub.send_named_data("py-talk", "words", "text/plain")
    await hub.kill(started["id"])
    try:
        await hub.get_instance_info("none")
    except RuntimeError as error:
        found["error"] = str(error)[:3]
    return json.dumps(found)
"""), appConfig={"other": other.id, "archive": encoded(module("import asyncio\nasync def run(c, i, x):\n    await asyncio.Future()"))})
    found = json.loads(worker.text() or "{}")
    check("Python: the client of the hub does its work", found and all(value is True for key, value in found.items() if key != "error")
          and found["error"] == "404", (found, worker.text("stderr") if not found else ""))
    same("Python: what it sent has arrived", other.text(), "to you\n")
    with HUB.open("/topic/py-talk", timeout=10, content_type="text/plain") as topic:
        same("Python: and what it wrote to a topic", topic.read(5), b"words")
    same("Python: and its event", HUB.get(f"{other.path}/event/r", timeout=10).json, 7)


def linked():
    """The journal links a start to what its code calls: by the tree, and by the instance's id."""
    caller = run(module("async def run(context, input):\n    await context.hub.get_version()\n    await context.hub.list_topics()\n    yield 'x'"))
    caller.text()
    entries = control("GET", f"/journal?request={caller.id}", tenant="context").json["entries"]
    same("the journal lists a start and what its code has called", [entry["operation"] for entry in entries],
         ["scramjet.sequence.start", "scramjet.hub.version", "scramjet.topic.list"])
    numbers = [entry["number"] for entry in entries]
    trees = [control("GET", f"/journal/{number}", tenant="context").json["tree"] for number in numbers]
    same("and each of them shows the tree", [(tree["number"], [call["number"] for call in tree["calls"]]) for tree in trees],
         [(numbers[0], numbers[1:])] * 3)
    same("those have the start as their parent", [entry.get("parent") for entry in entries], [None, numbers[0], numbers[0]])


def python_framework():
    if not check("the vendor's framework for Python is installed here", importlib.util.find_spec("scramjet") is not None):
        return
    framed = run(module("from scramjet.streams import Stream\nasync def run(context, input, *args):\n"
                        "    assert isinstance(input, Stream)\n    return input.map(lambda x: x.strip().upper() + ';')"))
    framed.send("a\nb\n")
    same("Python: with the framework the input is its stream, and so may the output be", framed.text(), "A;B;")
    gathered = run(module("from scramjet.streams import Stream\nrequires = {'requires': 'py-framed', 'contentType': 'application/x-ndjson'}\n"
                          "async def run(context, input):\n    first = await input.map(lambda x: x['n'] * 2).read()\n    return str(first)"))
    HUB.post("/topic/py-framed", '{"n":21}\n', content_type="application/x-ndjson")
    same("Python: and that of a topic", gathered.text(), "42")


if HAS_NODE:
    for part in (javascript_log, javascript_context, javascript_streams, javascript_hub):
        with section(part.__name__):
            part()
for part in (python_context, python_hub, linked, python_framework):
    with section(part.__name__):
        part()
same("the server ends well", server.stop(), 0)
finish()
