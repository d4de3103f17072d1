"""Runs a Scramjet sequence in Python and gives it its context.

Descriptors 0, 1 and 2 are the instance's own. 3 is control: a JSON array `[kind, {…}]` a line, both ways;
its end is ours. 4 brings the input, 5 takes the output.

To us: start, input, event, stop, kill, leave, rate, work. From us: hello, pang, health, log, event,
alive, stopped, completed, idle, leaving. Exit codes: 21 no file, 22 it cannot be loaded, 1 whatever fails later, as the vendor's does.
"""

import asyncio
import faulthandler
import importlib.util
import inspect
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
import types
import urllib.error
import urllib.request

NO_FILE, NOT_LOADED, FAILED = 21, 22, 1
NEWLINE_TYPES = ("application/x-ndjson", "text/x-ndjson")
BYTES_AT_ONCE = 8192
# So little work in so long is none.
IDLE_SECONDS, IDLE_WORK_SECONDS = 0.025, 0.005

RUNNER = "runner"
logger = logging.getLogger(RUNNER)

# The vendor's framework, where it is installed: sequences get their input as its stream.
try:
    from scramjet.streams import Stream
except ImportError:
    Stream = None


class Control:
    """Orders from the server, and what is said to it."""

    def __init__(self):
        self.writing = os.fdopen(os.dup(3), "wb", buffering=0)
        self.turn = threading.Lock()

    def say(self, kind, content=None):
        line = json.dumps([kind, content or {}], default=str).encode() + b"\n"
        # The sequence's threads log, too.
        with self.turn:
            while line:
                line = line[self.writing.write(line):]

    async def orders(self):
        async for line in lines_of(await reader_of(3)):
            yield json.loads(line)


async def reader_of(descriptor):
    reader = asyncio.StreamReader(limit=1 << 20)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def lines_of(reader):
    """Lines with their newline, however long they are."""
    rest = []
    while chunk := await reader.read(1 << 16):
        *lines, last = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            rest = []
        rest.append(last)
        for line in lines:
            yield line + b"\n"
    if line := b"".join(rest):
        yield line


class LogHandler(logging.Handler):
    def __init__(self, control):
        super().__init__()
        self.control = control

    def emit(self, record):
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info))
        level = {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(record.levelname, record.levelname)
        source = "Runner" if record.name == RUNNER else "Sequence"
        self.control.say("log", {"level": level, "msg": message, "data": [], "from": source})


class Client:
    """The server's own API: what a sequence asks of its hub (`context.hub`) or its space."""

    def __init__(self, base, token, instance):
        self.base = base.rstrip("/")
        self.token = token
        self.instance = instance

    async def ask(self, method, where, value=None, content=None, content_type="application/json"):
        return await asyncio.to_thread(self.ask_now, method, where, value, content, content_type)

    def ask_now(self, method, where, value, content, content_type):
        headers = {"X-Request-Id": self.instance or ""}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if content is None and method == "POST":
            content = json.dumps(value if value is not None else {}).encode()
        if content is not None or method == "DELETE":
            headers["Content-Type"] = content_type
        request = urllib.request.Request(f"{self.base}/{where}", data=content, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{error.code} {error.reason}: {error.read().decode(errors='replace')}") from None
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text

    async def get_version(self): return await self.ask("GET", "version")
    async def get_load_check(self): return await self.ask("GET", "load-check")
    async def get_config(self): return await self.ask("GET", "config")
    async def get_status(self): return await self.ask("GET", "status")
    async def list_entities(self): return await self.ask("GET", "entities")
    async def list_sequences(self): return await self.ask("GET", "sequences")
    async def list_instances(self): return await self.ask("GET", "instances")
    async def list_topics(self): return await self.ask("GET", "topics")
    async def get_sequence_info(self, id): return await self.ask("GET", f"sequence/{id}")
    async def get_instance_info(self, id): return await self.ask("GET", f"instance/{id}")
    async def get_health(self, id): return await self.ask("GET", f"instance/{id}/health")
    async def delete_sequence(self, id): return await self.ask("DELETE", f"sequence/{id}")
    async def start(self, id, **order): return await self.ask("POST", f"sequence/{id}/start", order)
    async def stop(self, id, timeout=7000, can_keep_alive=False):
        return await self.ask("POST", f"instance/{id}/_stop", {"timeout": timeout, "canCallKeepalive": can_keep_alive})
    async def kill(self, id): return await self.ask("POST", f"instance/{id}/_kill")
    async def send_event(self, id, name, message=None):
        return await self.ask("POST", f"instance/{id}/_event", [5001, {"eventName": name, "message": message}])
    async def send_input(self, id, data, content_type="text/plain"):
        return await self.ask("POST", f"instance/{id}/input", content=encoded(data), content_type=content_type)
    async def send_named_data(self, topic, data, content_type="application/x-ndjson"):
        return await self.ask("POST", f"topic/{topic}", content=encoded(data), content_type=content_type)
    async def send_sequence(self, archive):
        return await self.ask("POST", "sequence", content=archive, content_type="application/octet-stream")
    async def create_topic(self, id, content_type):
        return await self.ask("POST", "topics", {"id": id, "content-type": content_type})
    async def delete_topic(self, id): return await self.ask("DELETE", f"topics/{id}")


def encoded(data):
    return data if isinstance(data, (bytes, bytearray)) else str(data).encode()


class Context:
    def __init__(self, start, control):
        self.config = start.get("appConfig") or {}
        self.instance_id = start.get("instanceId")
        self.logger = logging.getLogger("sequence")
        self.hub = Client(start["hub"], start.get("token"), self.instance_id)
        self.space = Client(start["space"], start.get("token"), self.instance_id)
        self.control = control
        self.handlers = {}
        self.stop_handler = None
        self.is_kept_alive = False
        self.health_check = None

    def on(self, name, handler):
        self.handlers.setdefault(name, []).append(handler)

    def emit(self, name, message=""):
        self.control.say("event", {"eventName": name, "message": message})

    def set_stop_handler(self, handler):
        self.stop_handler = handler

    def set_health_check(self, check):
        self.health_check = check

    async def keep_alive(self, timeout=0):
        self.is_kept_alive = True
        self.control.say("alive", {"keepAlive": timeout * 1000})

    async def healthy(self):
        if self.health_check is None:
            return {"healthy": True}
        report = await settled(self.health_check())
        return report if isinstance(report, dict) else {"healthy": bool(report)}

    async def heard(self, name, message):
        for handler in self.handlers.get(name, []):
            try:
                await settled(handler(message))
            except Exception:
                self.logger.exception("The handler of the event %s failed", name)


def called(handler, given):
    """A handler takes as many of what it is given as it wants."""
    try:
        inspect.signature(handler).bind(*given)
    except TypeError:
        return handler()
    return handler(*given)


async def settled(value):
    return await value if inspect.isawaitable(value) else value


class Input:
    """What the sequence reads: nothing until somebody says of what type it is."""

    def __init__(self):
        self.type = None
        self.typed = asyncio.Event()

    def set_type(self, content_type):
        if self.type is None:
            self.type = (content_type or "").split(";")[0].strip().lower()
            self.typed.set()

    async def items(self):
        await self.typed.wait()
        reader = await reader_of(4)
        if self.type in NEWLINE_TYPES:
            async for line in lines_of(reader):
                if not line.strip():
                    continue
                try:
                    yield json.loads(line)
                except ValueError as error:
                    logger.error("A line of the input is no JSON: %s", error)
        elif self.type == "text/plain":
            async for line in lines_of(reader):
                yield line.decode()
        elif self.type == "application/octet-stream":
            while chunk := await reader.read(BYTES_AT_ONCE):
                yield chunk
        else:
            raise TypeError(f"Content-Type does not match any supported value. The actual value is {self.type}")

    def stream(self):
        return Stream.read_from(self.items()) if Stream else self.items()


class StandardInput:
    """sys.stdin, which a sequence can also read with `async for`."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __iter__(self):
        return iter(self.file)

    async def __aiter__(self):
        async for line in lines_of(await reader_of(os.dup(0))):
            yield line.decode()


class Output(asyncio.BaseProtocol):
    def __init__(self):
        self.transport = None
        self.has_room = asyncio.Event()
        self.has_room.set()
        self.closed = asyncio.Event()

    def pause_writing(self):
        self.has_room.clear()

    def resume_writing(self):
        self.has_room.set()

    def connection_lost(self, _):
        self.has_room.set()
        self.closed.set()

    async def open(self):
        self.transport, _ = await asyncio.get_running_loop().connect_write_pipe(
            lambda: self, os.fdopen(5, "wb", buffering=0))

    async def write(self, item, content_type):
        if content_type in NEWLINE_TYPES:
            data = (json.dumps(item) + "\n").encode()
        elif isinstance(item, str):
            data = item.encode()
        elif content_type == "application/octet-stream":
            data = bytes(item)
        else:
            raise TypeError(f"The output is {content_type}, so an item must be a str; this is a {type(item).__name__}.")
        self.transport.write(data)
        await self.has_room.wait()

    async def take(self, result, content_type):
        """Writes a result until it ends."""
        if hasattr(result, "__aiter__"):
            async for item in result:
                await self.write(item, content_type)
        elif isinstance(result, types.GeneratorType) or (
                hasattr(result, "__iter__") and not isinstance(result, (str, bytes, dict))):
            for item in result:
                await self.write(item, content_type)
        elif result is not None:
            await self.write(result, content_type)

    async def end(self):
        self.transport.close()
        await self.closed.wait()


class Runner:
    def __init__(self):
        self.control = Control()
        self.context = None
        self.input = Input()
        self.output = Output()
        self.rate = 1.0
        self.ended = asyncio.get_running_loop().create_future()
        # Whether the sequence has had its first turn, in which it says what it listens to.
        self.begun = asyncio.Event()

    def leave(self, code):
        if not self.ended.done():
            self.control.say("leaving", {"code": code})
            self.ended.set_result(code)

    async def main(self):
        self.control.say("hello", {"pid": int(os.readlink("/proc/self"))})
        tasks = [asyncio.create_task(self.obey())]
        code = await self.ended
        for task in tasks:
            task.cancel()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass  # The sequence has closed it.
        os._exit(code)

    async def obey(self):
        tasks = set()
        async for kind, content in self.control.orders():
            order = getattr(self, "do_" + kind, None)
            if order is not None:
                task = asyncio.create_task(self.done(order(content)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        os._exit(FAILED)  # Nobody is there any more.

    async def done(self, work):
        try:
            await work
        except Exception:
            traceback.print_exc()
            self.leave(FAILED)

    async def do_start(self, start):
        os.chdir(start["folder"])
        sys.stdin = StandardInput(sys.stdin)
        logging.basicConfig(level=logging.DEBUG, handlers=[LogHandler(self.control)])
        logging.getLogger("asyncio").setLevel(logging.WARNING)
        self.context = Context(start, self.control)
        self.rate = start.get("rate", 1000) / 1000
        await self.output.open()
        health = asyncio.create_task(self.report())
        sequence = self.load(start)
        if sequence is None:
            return
        wanted = getattr(sequence, "requires", None)
        wanted = wanted if isinstance(wanted, dict) else {}
        self.control.say("pang", {"requires": wanted.get("requires") or "", **(
            {"contentType": wanted.get("contentType")} if wanted.get("requires") else {})})
        args = start.get("args")
        asyncio.get_running_loop().call_soon(self.begun.set)
        try:
            result = sequence.run(self.context, self.input.stream(), *(args if isinstance(args, list) else []))
            result = await settled(result)
            provides = getattr(sequence, "provides", None)
            provides = provides if isinstance(provides, dict) else {}
            topic = getattr(result, "provides", None) or provides.get("provides") or ""
            content_type = getattr(result, "content_type", None) or provides.get("contentType") or "text/plain"
            self.control.say("pang", {"provides": topic, "contentType": content_type if topic else ""})
            await self.output.take(result, content_type)
            await self.output.end()
        except Exception:
            traceback.print_exc()
            self.leave(FAILED)
            return
        health.cancel()
        self.control.say("completed", {"timeout": 0})
        self.leave(0)

    def load(self, start):
        folder = os.path.realpath(start["folder"])
        named = os.path.realpath(os.path.join(folder, start["main"]))
        is_inside = named.startswith(folder + os.sep)
        path = next((name for name in (named, named + ".py") if is_inside and os.path.isfile(name)), None)
        if path is None:
            logger.error("Sequence file does not exist: %s", start["main"])
            print(f"Sequence file does not exist: {start['main']}", file=sys.stderr)
            self.leave(NO_FILE)
            return None
        try:
            sys.path.insert(0, os.path.dirname(path))
            packages = os.path.join(start["folder"], "__pypackages__")
            if os.path.isdir(packages):
                sys.path.insert(0, packages)
            specification = importlib.util.spec_from_file_location("sequence", path)
            module = importlib.util.module_from_spec(specification)
            sys.modules["sequence"] = module
            specification.loader.exec_module(module)
            if not callable(getattr(module, "run", None)):
                raise AttributeError("The sequence has no function run(context, input).")
            return module
        except BaseException:
            traceback.print_exc()
            self.leave(NOT_LOADED)
            return None

    async def report(self):
        while True:
            try:
                self.control.say("health", await self.context.healthy())
            except Exception:
                logger.exception("The health check failed")
                self.control.say("health", {"healthy": False})
            await asyncio.sleep(self.rate)

    async def do_input(self, content):
        self.input.set_type(content.get("contentType"))

    async def do_event(self, content):
        await self.begun.wait()
        await self.context.heard(content.get("eventName"), content.get("message"))

    async def do_stop(self, order):
        problem = {}
        may_keep_alive = order.get("canCallKeepalive", False)
        await self.begun.wait()
        try:
            if self.context.stop_handler is not None:
                self.context.is_kept_alive = False
                await settled(called(self.context.stop_handler, (order.get("timeout", 0) / 1000, may_keep_alive)))
        except Exception:
            problem = {"error": traceback.format_exc()}
        self.control.say("stopped", problem)
        # One without a handler waits for the kill at the end of the time that the stop grants.
        if self.context.stop_handler is not None and not (may_keep_alive and self.context.is_kept_alive):
            self.leave(FAILED)

    async def do_kill(self, _):
        self.leave(FAILED)

    async def do_leave(self, _):
        self.leave(0)

    async def do_work(self, order):
        """Tells when there is nothing more to do at once: it waits for input, a timer or an answer."""
        while True:
            before = time.process_time()
            await asyncio.sleep(IDLE_SECONDS)
            if time.process_time() - before <= IDLE_WORK_SECONDS:
                self.control.say("idle", {"number": order.get("number")})
                return

    async def do_rate(self, content):
        self.rate = max(0.001, content.get("milliseconds", 1000) / 1000)


# Signals that end nothing where nobody handles them: they tell, stop or go on.
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
            signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


def mind_own_signals():
    """The kernel spares the first process of a namespace, which this is, signals that it sends itself and does
    not handle: it ends by them all the same, as it would elsewhere."""
    kill, raise_signal = os.kill, signal.raise_signal

    def end(number):
        if number > 0 and number not in HARMLESS and signal.getsignal(number) is signal.SIG_DFL:
            os._exit(128 + number)

    def kill_also_oneself(pid, number):
        kill(pid, number)
        if pid in (0, os.getpid()) and os.getpid() == 1:
            end(number)

    def raise_signal_that_ends(number):
        raise_signal(number)
        if os.getpid() == 1:
            end(number)

    os.kill, signal.raise_signal = kill_also_oneself, raise_signal_that_ends


async def main():
    await Runner().main()


if os.getpid() == 1:
    mind_own_signals()


# What ends the process without a word, such as a native extension, leaves where it was on standard error.
faulthandler.enable()
asyncio.run(main())
