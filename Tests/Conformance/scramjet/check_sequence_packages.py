"""Packages that are broken or mean harm, with a server that runs their code: each is refused, or its instance
ends, with words where the developer looks, and the server and others are untouched."""

import gzip
import io
import json
import os
import tarfile

from common import Server, check, finish
from sequences import Running, module, node_is_here, script, serve

server = serve("--code-workers", "20")
from support import Base, eventually, manifest, package, same, section  # noqa: E402, speaks to that server

HUB = Base("/api/v1", "packages", token="token")
OTHER = Base("/api/v1", "neighbour", token="token")
HAS_NODE = node_is_here()
LISTS = ("import json, os\ndef run(context, input):\n    found = []\n    for folder, folders, files in os.walk('.'):\n"
         "        found += [os.path.join(folder, name) for name in folders + files]\n    return json.dumps(sorted(found))")
PYTHON = {**manifest("hostile-py"), "main": "main.py", "engines": {"python3": ">=3.8"}}


QUIET = "def run(context, input):\n    return 'well'"


def tar(*entries, described=PYTHON, code=LISTS):
    """A package with further members: (name, type, link target or content)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as bundle:
        def add(name, kind, content):
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.linkname = content if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            data = content if kind == tarfile.REGTYPE else b""
            entry.size = len(data)
            bundle.addfile(entry, io.BytesIO(data))

        add("package.json", tarfile.REGTYPE, json.dumps(described).encode())
        add(described["main"], tarfile.REGTYPE, code.encode())
        for entry in entries:
            add(*entry)
    return gzip.compress(raw.getvalue(), 6)


def well(what):
    instance = Running(OTHER, module("def run(context, input):\n    return 'well'"))
    same(f"{what}: others' sequences run", instance.text(), "well")


def failed(what, archive, *words):
    """It is started, has failed, and says why."""
    instance = Running(HUB, archive)
    ended = instance.end(60)
    same(f"{what}: the instance has failed", ended and ended[0], "errored")
    text = instance.text("stderr")
    check(f"{what}: and says why", any(word in text for word in words), text)
    return instance


def outside():
    """Links and paths that lead out of the package."""
    for name, kind, content in (
            ("../escaped", tarfile.REGTYPE, b"x"), ("/tmp/wavetank-escaped", tarfile.REGTYPE, b"x"),
            ("deep/../../escaped", tarfile.REGTYPE, b"x"), ("pipe", tarfile.FIFOTYPE, ""), ("device", tarfile.CHRTYPE, "")):
        reply = HUB.upload(tar((name, kind, content)))
        check(f"a package with {name} is refused when it comes", reply.status == 422 and "Invalid pkg" in reply.text, reply)
    instance = Running(HUB, tar(("link", tarfile.SYMTYPE, "/etc/passwd"), ("up", tarfile.SYMTYPE, "../.."),
                                ("hard", tarfile.LNKTYPE, "/etc/passwd"), ("near", tarfile.SYMTYPE, "main.py")))
    same("of links those that stay inside are left", json.loads(instance.text()), ["./main.py", "./near", "./package.json"])
    check("nothing is written elsewhere", not os.path.exists("/tmp/wavetank-escaped"))


def large():
    """Many members, a deep tree, a long name, much content in little."""
    many = tar(*((f"files/{number}", tarfile.REGTYPE, b"") for number in range(50_001)))
    reply = HUB.upload(many, timeout=120)
    if reply.status == 200:
        failed("fifty thousand files", many, "too many files")
    else:
        same("fifty thousand files are refused", reply.status, 422)
    well("many files")
    deep = Running(HUB, tar(("a/" * 900 + "end", tarfile.REGTYPE, b"x"), code=QUIET))
    check("a tree of nine hundred folders is unpacked", eventually(lambda: deep.ended, 30), deep.info)
    failed("a path longer than the system takes", tar(("a/" * 2040 + "end", tarfile.REGTYPE, b"x")), "cannot be written")
    failed("a name longer than the system takes", tar(("n" * 300, tarfile.REGTYPE, b"x")), "cannot be written")
    bomb = tar(("zeros", tarfile.REGTYPE, bytes(300 << 20)))
    same("much in little is refused when it comes", HUB.upload(bomb, timeout=120).status, 422)
    nested = tar(("inner.tar.gz", tarfile.REGTYPE, bomb))
    same("an archive inside stays one", json.loads(Running(HUB, nested).text()),
         ["./inner.tar.gz", "./main.py", "./package.json"])
    well("large packages")


def mains():
    """What `main` may say."""
    def packed(base, main, *files):
        described = {**base, "main": main}
        return package(None, {"package.json": json.dumps(described).encode(), **{name: b"x = 1" for name in files}})

    for main in ("../outside.py", "/etc/passwd", "..", ".", "missing.py"):
        failed(f"Python: main {main}", packed(PYTHON, main, "main.py"), "does not exist")
    for main in ("../outside.js", "/etc/passwd", "..", "missing.js"):
        sequence = HUB.upload(packed(manifest("outside"), main, "index.js")).json["id"]
        reply = HUB.post(f"/sequence/{sequence}/start", {})
        check(f"JavaScript: main {main} is refused at the start", reply.status == 400 and "main" in reply.json["error"], reply)
    for label, described in (("no main", {"name": "x", "version": "1"}), ("a main that is no text", {**manifest("x"), "main": 5})):
        same(f"{label} is refused when it comes", HUB.upload(package(described, {"index.js": b"0"})).status, 422)
    several = HUB.upload(package({**manifest("x"), "engines": {"node": "*", "python3": "*"}})).json["id"]
    reply = HUB.post(f"/sequence/{several}/start", {})
    same("two engines are refused at the start", (reply.status, reply.json),
         (400, {"error": "Multiple engines provided in configuration"}))


def misdeeds():
    """In JavaScript what `check_sequences_hostile` does in Python."""
    for code in ("process.exit(0)", "process.reallyExit(7)", "process.abort()"):
        same(f"JavaScript: {code}", Running(HUB, script(f"module.exports = () => {{ {code} }}")).end(), ("errored", 213, "Runner failed"))
    for name, code in (
        ("closes its stdout", "require('fs').closeSync(1)"),
        ("writes garbage to the protocol's channel", "require('fs').writeSync(3, 'garbage\\n[]\\n[1,2]\\n\\n')"),
        ("hears no signal", "for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {})"),
    ):
        instance = Running(HUB, script(f"module.exports = async function* () {{ {code}; yield 1; await new Promise(() => {{}}) }}"))
        with instance.open("output") as output:
            same(f"JavaScript: one that {name} goes on", output.line(), b"1\n")
        instance.kill()
        same(f"JavaScript: one that {name} is killed", instance.end(), ("completed", 137, "Instance killed"))
    endless = Running(HUB, script("module.exports = () => { for (;;) try { require('fs').writeSync(3, 'x'.repeat(65536)) } catch {} }"))
    same("JavaScript: one that writes there without end is ended", endless.end(), ("errored", 213, "Runner failed"))
    deaf = Running(HUB, script("module.exports = () => { require('fs').closeSync(3); return new Promise(() => setInterval(() => {}, 1000)) }"))
    same("JavaScript: one that closes the channel is ended", deaf.end(), ("errored", 213, "Runner failed"))
    native = Running(HUB, package({**manifest("native"), "main": "index.js"},
                                  {"index.js": b"module.exports = () => require('./broken.node')", "broken.node": b"\x7fELF broken"}))
    same("JavaScript: an extension that is none", native.end(), ("errored", 23, "Sequence failed during execution"))


def interpreters():
    """What is wrong with the machine is told as well."""
    own = Server("--run-code", "--node", "/bin/false", "--python", "/bin/true")
    for name, archive in (("node", script("module.exports = 1")), ("python", module("x = 1"))):
        status, body, _ = own.call("POST", "/api/v1/sequence", archive, {"content-type": "application/octet-stream"})
        status, body, _ = own.call("POST", f"/api/v1/sequence/{json.loads(body)['id']}/start", {})
        instance = json.loads(body)["id"]
        info = json.loads(own.call("GET", f"/api/v1/instance/{instance}")[1])
        same(f"a program that is no {name} is an instance that has failed",
             (status, info["status"], info["terminated"]["exitcode"]), (200, "errored", 213))
        text = own.call("GET", f"/api/v1/instance/{instance}/stderr")[1].decode()
        check(f"and says so on its stderr ({name})", "has ended before it began: exit code" in text, text)
    own.stop()


for part in (outside, large, mains, *([misdeeds] if HAS_NODE else []), interpreters):
    with section(part.__name__):
        part()
well("after all that")
check("after all that the server lives", server.lives)
same("and ends well", server.stop(), 0)
finish()
