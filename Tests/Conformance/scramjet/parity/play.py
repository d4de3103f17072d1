#!/usr/bin/env python3
"""Plays flows of HTTP requests against a Scramjet hub and records or compares the answers.

    play.py record  BASE --flows DIR --out DIR [--jobs N] [--only REGEX]
    play.py merge   RUN1 RUN2 OUT              what two recordings have in common
    play.py compare BASE [--flows DIR] [--recordings DIR] [--jobs N] [--only REGEX]
                         [--headers] [--timing] [--exact] [--code | --no-code] [--json FILE]

BASE is a hub's base, such as http://127.0.0.1:8000/api/v1.  Standard library only.
README.md beside this file says what a flow and a recording look like.
"""
import argparse, base64, concurrent.futures, gzip, hashlib, io, json, os, re, secrets, socket
import struct, sys, tarfile, threading, time, urllib.parse, uuid

LIMIT = 8192            # a longer body is cut, with its length and SHA-256
HERE = os.path.dirname(os.path.abspath(__file__))

# ------------------------------------------------------------------ packages

CODE = False            # --code: leave out the stand-in that a package.json names

def package(files, fill):
    """A .tar.gz of `files` (name -> text, JSON value, {"base64"} or {"link"}); always the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            content = files[name]
            entry = tarfile.TarInfo(name)
            if isinstance(content, dict) and "link" in content:
                entry.type, entry.linkname = tarfile.SYMTYPE, content["link"]
                tar.addfile(entry)
                continue
            if isinstance(content, dict) and "base64" in content:
                data = base64.b64decode(content["base64"])
            elif isinstance(content, str):
                data = fill(content).encode()
            else:
                if CODE and isinstance(content, dict):
                    content = {k: v for k, v in content.items() if k != "emulator"}
                data = fill(json.dumps(content)).encode()
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)

# ------------------------------------------------------------------ one exchange

class Exchange(threading.Thread):
    """A request on a connection of its own; reads the reply in the background."""

    def __init__(self, address, data, method, notice=lambda what: None):
        super().__init__(daemon=True)
        self.method, self.notice = method, notice
        self.changed = threading.Condition()
        self.interim, self.status, self.reason, self.headers = [], None, None, []
        self.body, self.taken, self.state, self.more = bytearray(), 0, "open", []
        self.began = time.time()
        self.headAt = self.endAt = None
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.start()
        self.sender = None
        if len(data) > 60000:       # may be held back by the reader at the other end
            self.sender = threading.Thread(target=self.send, args=(data,), daemon=True)
            self.sender.start()
        else:
            self.send(data)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def chunk(self, data):
        if data:
            self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def run(self):
        self.buffer = bytearray()
        try:
            self.reply()
            while True:             # what follows on the connection: pipelined replies
                if not self.fill():
                    break
        except (OSError, EOFError, ValueError):
            pass
        with self.changed:
            if self.state == "open":
                self.state = "cut" if self.status else "closed"
                self.endAt = time.time()
                self.notice("cut")
            self.changed.notify_all()

    def fill(self):
        data = self.socket.recv(65536)
        self.buffer += data
        if self.state != "open":
            with self.changed:
                self.more.append(bytes(data))
        return bool(data)

    def line(self):
        while b"\n" not in self.buffer:
            if not self.fill():
                raise EOFError
        line, _, rest = bytes(self.buffer).partition(b"\n")
        self.buffer = bytearray(rest)
        return line.rstrip(b"\r").decode("latin-1")

    def receive(self, count):
        while count:
            if not self.buffer and not self.fill():
                raise EOFError
            piece = bytes(self.buffer[:count])
            del self.buffer[:count]
            count -= len(piece)
            self.add(piece)

    def add(self, data):
        with self.changed:
            self.body += data
            self.changed.notify_all()

    def reply(self):
        while True:
            first = self.line()
            parts = first.split(" ", 2)
            headers = []
            while True:
                line = self.line()
                if not line:
                    break
                key, _, value = line.partition(":")
                headers.append((key.strip().lower(), value.strip()))
            status = int(parts[1])
            if status >= 200:
                break
            self.interim.append(status)
        with self.changed:
            self.status, self.reason = status, parts[2] if len(parts) > 2 else ""
            self.headers, self.headAt = headers, time.time()
            self.changed.notify_all()
        self.notice("head")
        get = dict(headers).get
        if self.method == "HEAD" or status in (204, 304):
            pass
        elif "chunked" in get("transfer-encoding", ""):
            while True:
                size = int(self.line().split(";")[0], 16)
                if size == 0:
                    while self.line():
                        pass
                    break
                self.receive(size)
                self.line()
        elif get("content-length") is not None:
            self.receive(int(get("content-length")))
        else:
            while True:
                if self.buffer:
                    self.add(bytes(self.buffer))
                    self.buffer.clear()
                if not self.fill():
                    break
        with self.changed:
            self.state, self.endAt = "ended", time.time()
            if self.buffer:
                self.more.append(bytes(self.buffer))
            self.changed.notify_all()
        self.notice("end")

    def wait(self, condition, seconds):
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def head(self, seconds):
        return self.wait(lambda: self.status is not None or self.state != "open", seconds)

    def end(self, seconds):
        return self.wait(lambda: self.state != "open", seconds)

    def take(self, count, seconds):
        """What has come since the last call, once there are `count` bytes, the end, or time is up."""
        self.wait(lambda: self.state != "open"
                  or (count is not None and len(self.body) - self.taken >= count), seconds)
        with self.changed:
            data = bytes(self.body[self.taken:])
            self.taken = len(self.body)
            return data

    def close(self, how):
        try:
            if how == "reset":
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.socket.shutdown(socket.SHUT_RD)
                self.socket.close()
            elif how == "half":
                self.socket.shutdown(socket.SHUT_WR)
            else:
                self.socket.shutdown(socket.SHUT_RDWR)
                self.socket.close()
        except OSError:
            pass

# ------------------------------------------------------------------ normal form

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
PATH = re.compile(r"'(?:/[^'/\s]+){2,}'")
NUMBERS = {"processId": "{{pid}}", "pid": "{{pid}}", "ts": "{{time}}", "receivedAt": "{{time}}",
           "created": "{{time}}", "packageSize": "{{size}}", "avgLoad": "{{number}}",
           "currentLoad": "{{number}}", "memFree": "{{number}}", "memUsed": "{{number}}",
           "rx": "{{bytes}}", "tx": "{{bytes}}"}

class Normal:
    def __init__(self, variables, host):
        self.variables, self.host, self.seen = variables, host, {}

    def text(self, text):
        for name, value in sorted(self.variables.items(), key=lambda v: -len(str(v[1]))):
            if isinstance(value, str) and len(value) > 5:
                text = text.replace(value, "{{%s}}" % name)
        text = TIME.sub("{{time}}", text).replace(self.host, "{{host}}")
        text = PATH.sub("'{{path}}'", text)
        return UUID.sub(self.number, text)

    def number(self, match):
        return "{{uuid:%d}}" % self.seen.setdefault(match.group(), len(self.seen) + 1)

    def value(self, value, key=None):
        if isinstance(value, dict):
            if key == "origin" and "id" in value:
                value = dict(value, id="{{hostname}}")
            return {self.text(k): self.value(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return NUMBERS.get(key, value)
        if key in ("sequenceDir", "path") and "/" in value:
            return "{{path}}"
        return self.text(value)

def shape(value):
    """The kinds of the values, for what no two hubs have alike."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v) for v in value[:1]]
    return {bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value), "null")

def own(value, variables):
    """Lists of a shared hub: only what belongs to this flow."""
    ids = [v for v in variables.values() if isinstance(v, str) and len(v) > 5]
    if isinstance(value, list):
        return [v for v in value if any(i in json.dumps(v) for i in ids)]
    if isinstance(value, dict):
        return {k: own(v, variables) if isinstance(v, list) else v for k, v in value.items()}
    return value

# ------------------------------------------------------------------ a flow

class Player:
    def __init__(self, base, flow):
        self.flow = flow
        url = urllib.parse.urlsplit(base)
        self.address, self.root = (url.hostname, url.port or 80), url.path.rstrip("/")
        self.host = "%s:%d" % self.address
        self.variables = {}
        for name, kind in flow.get("variables", {}).items():
            self.variables[name] = str(uuid.uuid4()) if kind == "uuid" else "%s-%s" % (kind, secrets.token_hex(4))
        self.normal = Normal(self.variables, self.host)
        self.exchanges, self.records, self.arrivals = {}, [], []
        self.lock = threading.Lock()

    def fill(self, text):
        return re.sub(r"\{\{([a-zA-Z]\w*)\}\}", lambda m: str(self.variables.get(m.group(1), m.group(0))), text)

    def filled(self, value):
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self.filled(v) for v in value]
        if isinstance(value, dict):
            return {self.fill(k): self.filled(v) for k, v in value.items()}
        return value

    def payload(self, step):
        if "package" in step:
            name = step["package"]
            return package(self.flow["packages"][name], self.fill)
        if "json" in step:
            return json.dumps(self.filled(step["json"])).encode()
        if "base64" in step:
            return base64.b64decode(step["base64"])
        if "repeat" in step:
            return self.fill(step["repeat"]["text"]).encode() * step["repeat"]["times"]
        if "body" in step:
            return self.fill(step["body"]).encode()
        return None

    def bytes(self, step):
        path = self.fill(step["path"])
        headers = {"Host": self.host}
        if "json" in step:
            headers["Content-Type"] = "application/json"
        if "package" in step:
            headers["Content-Type"] = "application/octet-stream"
        for key, value in step.get("headers", {}).items():
            headers = {k: v for k, v in headers.items() if k.lower() != key.lower()}
            if value is not None:
                headers[key] = self.fill(value)
        body = self.payload(step)
        names = {k.lower() for k in headers}
        if step.get("stream"):
            headers["Transfer-Encoding"] = "chunked"
        elif step.get("chunked"):
            headers["Transfer-Encoding"] = "chunked"
        elif body is not None and "content-length" not in names:
            headers["Content-Length"] = str(len(body))
        target = path if step.get("absolute") else self.root + path
        head = "%s %s HTTP/1.1\r\n" % (step["method"], target)
        head += "".join("%s: %s\r\n" % h for h in headers.items()) + "\r\n"
        data = head.encode("latin-1")
        if body:
            if step.get("stream") or step.get("chunked"):
                for at in range(0, len(body), 65536):
                    piece = body[at:at + 65536]
                    data += b"%x\r\n%s\r\n" % (len(piece), piece)
                if step.get("chunked") and not step.get("stream"):
                    data += b"0\r\n\r\n"
            else:
                data += body
        elif step.get("chunked") and not step.get("stream"):
            data += b"0\r\n\r\n"
        return data

    def notice(self, name):
        def note(what):
            with self.lock:
                self.arrivals.append("%s.%s" % (name, what))
        return note

    def exchange(self, step, quiet=False):
        data = self.fill(step["raw"]).encode() if "raw" in step else self.bytes(step)
        return Exchange(self.address, data, step.get("method", "GET"),
                        (lambda what: None) if quiet else self.notice(step["id"]))

    # ---- what is kept

    def head(self, exchange):
        if exchange.status is None:
            return {"status": None}
        record = {"status": exchange.status, "reason": self.normal.text(exchange.reason)}
        if exchange.interim:
            record["interim"] = exchange.interim
        headers, framing = {}, "none"
        for key, value in exchange.headers:
            if key == "transfer-encoding":
                framing = "chunked"
            elif key == "content-length":
                framing = "length 0" if value == "0" else "length"
            elif key in ("content-type", "allow", "connection", "keep-alive", "location") \
                    or key.startswith(("x-", "access-control-")):
                headers[key] = self.normal.text(value)
        record["headers"], record["framing"] = dict(sorted(headers.items())), framing
        return record

    def body(self, data, step, kind=None):
        if not data:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            if len(data) > LIMIT:
                return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            return {"base64": base64.b64encode(data).decode()}
        mode = step.get("record")
        if mode == "length":
            return {"length": len(data)}
        if mode in ("lines", "own lines", "messages"):
            lines = [l for l in text.split("\n") if l.strip()]
            if mode == "own lines":
                ids = [v for v in self.variables.values() if isinstance(v, str) and len(v) > 5]
                lines = [l for l in lines if any(i in l for i in ids)]
            out = []
            for line in lines:
                try:
                    out.append(json.loads(line))
                except ValueError:
                    out.append(line)
            if "where" in step:
                out = [o for o in out if isinstance(o, dict)
                       and all(o.get(k) == v for k, v in self.filled(step["where"]).items())]
            if "drop" in step:
                out = [o for o in out if not (isinstance(o, dict)
                       and any(o.get(k) in v for k, v in step["drop"].items()))]
            if "keys" in step:
                out = [{k: v for k, v in o.items() if k in step["keys"]} if isinstance(o, dict) else o for o in out]
            return {"lines": self.normal.value(out)}
        if kind is None or "json" in kind:
            try:
                value = json.loads(text)
                if not isinstance(value, (dict, list)) and not (kind and "json" in kind):
                    raise ValueError
                if mode == "shape":
                    return {"shape": shape(value)}
                if mode == "own":
                    value = own(value, self.variables)
                return {"json": self.normal.value(value)}
            except ValueError:
                pass
        if len(data) > LIMIT:
            return {"text": self.normal.text(text[:256]), "length": len(data),
                    "sha256": hashlib.sha256(data).hexdigest()}
        return {"text": self.normal.text(text)}

    def capture(self, step, data):
        for name, pointer in step.get("capture", {}).items():
            try:
                value = json.loads(data)
                for part in pointer.strip("/").split("/") if pointer.strip("/") else []:
                    value = value[int(part)] if isinstance(value, list) else value[part]
                self.variables[name] = value
            except (ValueError, KeyError, IndexError, TypeError):
                self.variables.setdefault(name, "missing-" + name)

    def keep(self, step, exchange, data, record):
        self.capture(step, data)
        content = dict(exchange.headers).get("content-type", "")
        body = self.body(data, step, content if step.get("method") != "HEAD" else "")
        if body is not None:
            record["body"] = body
        record["state"] = exchange.state
        if exchange.more and "raw" in step:
            record["more"] = re.findall(r"HTTP/1\.[01] \d{3}[^\r\n]*", b"".join(exchange.more).decode("latin-1"))
        return record

    # ---- steps

    def play(self):
        began = time.time()
        for step in self.flow["steps"]:
            try:
                record = self.step(step)
            except OSError as error:
                record = {"failed": type(error).__name__}
            if record is not None:
                self.records.append({"id": step["id"], **record})
        left = [(n, e) for n, e in self.exchanges.items() if not getattr(e, "done", False)]
        if left:
            time.sleep(0.3)
        for name, exchange in left:
            step = exchange.step
            data = exchange.take(None, 0)
            record = {} if exchange.toldHead else self.head(exchange)
            record = self.keep(dict(step, capture={}), exchange, data, record)
            self.records.append({"id": name + ".left", **record})
        arrivals = list(self.arrivals)
        for exchange in self.exchanges.values():
            exchange.close("reset")
        self.tidy()
        result = {"flow": self.flow["name"], "steps": self.records}
        if self.exchanges:
            result["arrivals"] = arrivals
        self.seconds = time.time() - began
        return result

    def tidy(self):
        """Leaves no instance running (not recorded)."""
        ids = [v for k, v in self.variables.items() if k.startswith("iid") and isinstance(v, str)]
        for i in ids:
            for path, body in (("_kill", {"removeImmediately": True}),):
                try:
                    e = self.exchange({"id": "tidy", "method": "POST", "path": "/instance/%s/%s" % (i, path), "json": body}, True)
                    e.end(3)
                    if e.status == 400 and b"not running" in e.body and self.flow.get("stopToo"):
                        e.close("reset")
                        e = self.exchange({"id": "tidy", "method": "POST", "path": "/instance/%s/_stop" % i,
                                           "json": {"timeout": 0}}, True)
                        e.end(3)
                    e.close("reset")
                except OSError:
                    pass

    def step(self, step):
        if "pause" in step:
            time.sleep(step["pause"])
            return None
        if "until" in step:
            return self.until(step)
        if "read" in step:
            exchange = self.exchanges[step["read"]]
            record = {}
            if not exchange.toldHead and exchange.head(step.get("within", 3)):
                record, exchange.toldHead = self.head(exchange), True
            data = exchange.take(step.get("bytes"), step.get("within", 3))
            if step.get("bytes") and exchange.state == "open" and not step.get("exact"):
                time.sleep(0.05)
                data += exchange.take(None, 0)
            began = time.time()
            if exchange.state == "open" and len(exchange.body) == exchange.taken and step.get("toEnd"):
                exchange.end(max(0, step["toEnd"] - (time.time() - began)))
            if exchange.state != "open":
                exchange.done = True
            merged = dict(exchange.step, **{k: v for k, v in step.items() if k in ("record", "where", "drop", "keys", "capture")})
            return self.keep(merged, exchange, data, record)
        if "write" in step:
            self.exchanges[step["write"]].chunk(self.payload(step) or b"")
            return None
        if "finish" in step:
            exchange = self.exchanges[step["finish"]]
            exchange.send(b"0\r\n\r\n")
            exchange.end(step.get("timeout", 4))
            record = {} if exchange.toldHead else self.head(exchange)
            exchange.toldHead, exchange.done = True, exchange.state != "open"
            return self.keep(exchange.step, exchange, exchange.take(None, 0), record)
        if "close" in step:
            exchange = self.exchanges[step["close"]]
            exchange.close(step.get("how", "fin"))
            exchange.done = step.get("how") != "half"
            time.sleep(0.2)
            return None
        exchange = self.exchange(step)
        if step.get("open"):
            exchange.step, exchange.toldHead, exchange.done = step, False, False
            self.exchanges[step["id"]] = exchange
            if step.get("head", True):
                exchange.head(step.get("timeout", 4))
                if exchange.status is not None:
                    exchange.toldHead = True
                    return self.head(exchange)
                return {"status": None}
            time.sleep(step.get("settle", 0.15))
            return None
        exchange.end(step.get("timeout", 4))
        if "raw" in step:
            exchange.wait(lambda: False, 0.3)
        data = exchange.take(None, 0)
        record = self.keep(step, exchange, data, self.head(exchange))
        took = (exchange.endAt or time.time()) - exchange.began
        if took > 0.9 and exchange.state == "ended":
            record["took"] = round(took, 1)
        exchange.close("reset")
        return record

    def until(self, step):
        wish, began = step["until"], time.time()
        within = wish.get("within", 25)
        while True:
            exchange = self.exchange({"id": step["id"], "method": "GET", "path": wish["path"]}, True)
            exchange.end(3)
            exchange.close("reset")
            met = True
            if "status" in wish:
                met = exchange.status == wish["status"]
            if met and "pointer" in wish:
                try:
                    value = json.loads(bytes(exchange.body))
                    for part in wish["pointer"].strip("/").split("/"):
                        value = value[int(part)] if isinstance(value, list) else value[part]
                    met = value == wish["equals"] if "equals" in wish else value in wish["in"] if "in" in wish else True
                except (ValueError, KeyError, IndexError, TypeError):
                    met = False
            if met or time.time() - began > within:
                break
            time.sleep(wish.get("every", 0.1))
        record = {"met": met, "status": exchange.status}
        took = time.time() - began
        if took > 0.9:
            record["took"] = round(took, 1)
        return record

# ------------------------------------------------------------------ many flows

def load(folder, only=""):
    flows = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json") and re.search(only or ".", name):
            with open(os.path.join(folder, name)) as file:
                flows.append(json.load(file))
    return flows

def playAll(base, flows, jobs, done):
    def one(flow):
        try:
            player = Player(base, flow)
            result = player.play()
        except Exception as error:                      # a flow must not stop the others
            result = {"flow": flow["name"], "steps": [], "failed": "%s: %s" % (type(error).__name__, error)}
        done(flow, result)
    for flow in [f for f in flows if f.get("fresh")] + [f for f in flows if f.get("alone") and not f.get("fresh")]:
        one(flow)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, [f for f in flows if not f.get("fresh") and not f.get("alone")]))

def write(path, value):
    with open(path, "w") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")

UNSTABLE = {"unstable": True}

def common(a, b):
    """The parts of two recordings that are the same; the rest is marked."""
    if type(a) != type(b) or UNSTABLE in (a, b):
        return UNSTABLE
    if isinstance(a, dict):
        keys = list(a) + [k for k in b if k not in a]
        return {k: common(a[k], b[k]) if k in a and k in b else UNSTABLE for k in keys}
    if isinstance(a, list):
        return [common(x, y) for x, y in zip(a, b)] if len(a) == len(b) else UNSTABLE
    return a if a == b else UNSTABLE

def mergeStep(a, b):
    out = {}
    for key in list(a) + [k for k in b if k not in a]:
        if key == "took":
            if "took" in a and "took" in b and abs(a["took"] - b["took"]) <= 0.5 + 0.1 * a["took"]:
                out["took"] = round((a["took"] + b["took"]) / 2, 1)
            continue
        out[key] = common(a[key], b[key]) if key in a and key in b else UNSTABLE
    return out

def merge(a, b):
    one, two = {s["id"]: s for s in a["steps"]}, {s["id"]: s for s in b["steps"]}
    steps = [mergeStep(s, two[s["id"]]) if s["id"] in two else {"id": s["id"], "unstable": True} for s in a["steps"]]
    steps += [{"id": i, "unstable": True} for i in two if i not in one]
    out = {"flow": a["flow"], "steps": steps}
    if "arrivals" in a:
        out["arrivals"] = common(a["arrivals"], b.get("arrivals"))
    return out

# ------------------------------------------------------------------ comparing

def differences(real, got, at=""):
    if real == UNSTABLE or (isinstance(real, dict) and real.get("unstable") is True):
        return []
    if isinstance(real, dict) and isinstance(got, dict):
        out = []
        for key in real:
            if key not in got:
                if real[key] != UNSTABLE:
                    out.append((at + "/" + key, "absent", real[key]))
            else:
                out += differences(real[key], got[key], at + "/" + key)
        out += [(at + "/" + k, got[k], "absent") for k in got if k not in real]
        firm = [k for k in real if real[k] != UNSTABLE and k in got]
        order = [k for k in got if k in firm]
        if firm != order:
            out.append((at, "order of keys " + ",".join(order), "order of keys " + ",".join(firm)))
        return out
    if isinstance(real, list) and isinstance(got, list) and len(real) == len(got):
        return [d for i, (r, g) in enumerate(zip(real, got)) for d in differences(r, g, "%s/%d" % (at, i))]
    return [] if real == got and type(real) == type(got) else [(at, got, real)]

def allowed(allowances, flow, record, answer, step, where, got, real):
    """Whether the contract lets the emulator differ here."""
    for a in allowances:
        texts = {"flow": flow, "step": step, "where": where, "status": str(record.get("status")),
                 "gotStatus": str(answer.get("status")), "body": json.dumps(record.get("body"))}
        if all(re.fullmatch(a[k], t) for k, t in texts.items() if k in a) \
                and ("got" not in a or a["got"] == got) and ("real" not in a or a["real"] == real):
            return True
    return False

def compareFlow(flow, real, got, headers, timing, allowances):
    """[(step, where, got, real)]; the step's `ignore` lists places (prefixes) that do not count."""
    steps = {s["id"]: s for s in flow["steps"]}
    mine = {s["id"]: s for s in got["steps"]}
    out = []
    def note(record, answer, step, where, g, r):
        spared = allowed(allowances, flow["name"], record, answer, step, where, g, r)
        out.append(None if spared else (step, where, g, r))
    for record in real["steps"]:
        name = record["id"]
        if name not in mine:
            if not record.get("unstable"):
                note(record, {}, name, "", "no such record", "recorded")
            continue
        answer = mine[name]
        if not headers:
            def lean(r):
                r = {k: v for k, v in r.items() if k != "framing"}
                if isinstance(r.get("headers"), dict):
                    r["headers"] = {k: v for k, v in r["headers"].items() if k in ("content-type", "allow")}
                return r
            record, answer = lean(record), lean(answer)
        a, b = record.get("took", 0), answer.get("took", 0)
        if timing and abs(a - b) > 1.0 + 0.15 * max(a, b):
            out.append((name, "/took", b, a))
        record, answer = ({k: v for k, v in r.items() if k != "took"} for r in (record, answer))
        ignore = steps.get(name.removesuffix(".left"), {}).get("ignore", [])
        for where, g, r in differences(record, answer):
            if any(where == i or where.startswith(i + "/") for i in ignore):
                continue
            note(record, answer, name, where, g, r)
    for name in mine:
        if name not in {s["id"] for s in real["steps"]}:
            note({}, mine[name], name, "", "recorded", "no such record")
    if "arrivals" in real and flow.get("arrivals", True) and not out:
        for where, g, r in differences(real["arrivals"], got.get("arrivals")):
            note({}, {}, "arrivals", where, g, r)
    return [d for d in out if d], out.count(None)

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    r = commands.add_parser("record")
    r.add_argument("base"); r.add_argument("--flows", default=HERE + "/flows"); r.add_argument("--out", required=True)
    m = commands.add_parser("merge")
    m.add_argument("one"); m.add_argument("two"); m.add_argument("out")
    c = commands.add_parser("compare")
    c.add_argument("base"); c.add_argument("--flows", default=HERE + "/flows")
    c.add_argument("--recordings", default=HERE + "/recordings"); c.add_argument("--json")
    c.add_argument("--headers", action="store_true", help="every kept header and the framing count too")
    c.add_argument("--timing", action="store_true", help="how long an answer took counts too")
    c.add_argument("--code", action="store_true",
                   help="the hub under test runs code: no stand-ins, and flows that need code count")
    c.add_argument("--exact", action="store_true", help="without allowances.json")
    c.add_argument("--no-code", action="store_true", help="leave out flows that need the sequence's own code")
    for p in (r, c):
        p.add_argument("--jobs", type=int, default=3); p.add_argument("--only", default="")
    A = parser.parse_args()
    global CODE
    CODE = getattr(A, "code", False)
    if A.command == "merge":
        os.makedirs(A.out, exist_ok=True)
        for name in sorted(os.listdir(A.one)):
            if os.path.exists(os.path.join(A.two, name)):
                with open(os.path.join(A.one, name)) as one, open(os.path.join(A.two, name)) as two:
                    write(os.path.join(A.out, name), merge(json.load(one), json.load(two)))
        return 0
    flows = load(A.flows, A.only)
    if A.command == "record":
        os.makedirs(A.out, exist_ok=True)
        def done(flow, result):
            write(os.path.join(A.out, flow["name"] + ".json"), result)
            print(flow["name"], len(result["steps"]), result.get("failed", ""), flush=True)
        playAll(A.base, flows, A.jobs, done)
        return 0
    if A.no_code:
        flows = [f for f in flows if not f.get("needsCode")]
    allowances = []
    if not A.exact and os.path.exists(HERE + "/allowances.json"):
        with open(HERE + "/allowances.json") as file:
            allowances = json.load(file)
    tally, report = {"equal": 0, "different": 0, "needsCode": 0}, {}
    def done(flow, result):
        with open(os.path.join(A.recordings, flow["name"] + ".json")) as file:
            real = json.load(file)
        found, spared = compareFlow(flow, real, result, A.headers, A.timing, allowances)
        if result.get("failed"):
            found.append(("", "", result["failed"], ""))
        kind = "equal" if not found else "needsCode" if flow.get("needsCode") and not A.code else "different"
        tally[kind] += 1
        report[flow["name"]] = [{"step": s, "at": w, "got": g, "real": r} for s, w, g, r in found]
        print("%-9s %s%s" % (kind, flow["name"], " (%d allowed)" % spared if spared else ""))
        for s, w, g, r in found:
            print("    %s%s: got %s | real %s" % (s, w, json.dumps(g)[:160], json.dumps(r)[:160]))
        sys.stdout.flush()
    playAll(A.base, flows, A.jobs, done)
    print("%(equal)d equal, %(different)d different, %(needsCode)d need code" % tally)
    if A.json:
        write(A.json, {"tally": tally, "flows": report})
    return 1 if tally["different"] else 0

if __name__ == "__main__":
    sys.exit(main())
