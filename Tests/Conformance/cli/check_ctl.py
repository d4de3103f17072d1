"""`wavetank ctl`: every word reads what it is given or refuses it with a sentence; answers say what is wrong, once."""

import json
import os
import pathlib
import subprocess
import tempfile

from common import Server, check, finish
from terminal import terminal

BINARY = os.environ["WAVETANK_BINARY"]
server = Server()


def run(*arguments, stdin=None, **variables):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30, input=stdin or "",
                          env={**os.environ, "WAVETANK_URL": server.url, **variables})


def ctl(*arguments, **more):
    return run("ctl", *arguments, **more)


def refused(name, done, *words):
    """One sentence, the words in it, and where to look; nothing on standard output."""
    check(f"refused: {name}", done.returncode == 64 and done.stdout == "" and done.stderr.count("\n") == 2
          and all(word in done.stderr for word in words), (done.returncode, done.stdout, done.stderr))


# Each word of ctl with the flags that it reads, beside --url, --token and --output.
FLAGS = {
    "reset": ["--keep-journal", "--tenant"],
    "clock": ["--mode", "--by", "--to", "--next", "--tenant"],
    "journal": ["--service", "--operation", "--status", "--rule", "--request", "--parent", "--since", "--limit", "--follow", "--har",
                "--clear", "--tenant"],
    "verify": ["--operation", "--exactly", "--at-least", "--at-most", "--tenant"],
    "scenario": ["--tenant"], "state": ["--tenant"], "snapshot": ["--tenant"], "emit": ["--tenant"],
    "tenants": [], "operations": [], "openapi": [], "metrics": [], "schema": [],
}
SWITCHES = ("--keep-journal", "--next", "--follow", "--har", "--clear")


def flags():
    """A flag that a word does not read is refused: every pair of the two."""
    every = sorted({flag for own in FLAGS.values() for flag in own})
    wrong = []
    for word, own in FLAGS.items():
        for flag in every:
            if flag in own:
                continue
            done = ctl(word, flag, *([] if flag in SWITCHES else ["1"]))
            if not (done.returncode == 64 and flag in done.stderr and f"ctl {word}" in done.stderr and not done.stdout):
                wrong.append((word, flag, done.returncode, done.stderr))
    check(f"every word refuses the flags that it does not read: {len(FLAGS)} words, {len(every)} flags", not wrong, wrong[:4])
    for word, own in FLAGS.items():
        told = ctl(word, "--help").stdout
        if not all(flag in told for flag in own):
            wrong.append((word, told))
    check("the help of a word has its flags", not wrong, wrong[:2])
    both = run("help", "ctl", "clock").stdout, ctl("clock", "--help").stdout
    check("help ctl clock is ctl clock --help", both[0] == both[1] and "--by" in both[0] and "--har" not in both[0], both)
    refused("two ways at once", ctl("clock", "--by", "1s", "--next"), "--by", "--next")
    refused("--har of one exchange", ctl("journal", "1", "--har"), "journal 1", "--har")
    refused("a filter for what is cleared", ctl("journal", "--clear", "--status", "404"), "--clear", "--status")
    refused("a limit for what goes on", ctl("journal", "--follow", "--limit", "1"), "--follow", "--limit")
    refused("a file for what goes on", ctl("journal", "--follow", "--output", "x"), "--follow", "--output")
    refused("a question and flags", ctl("verify", "{}", "--exactly", "1"), "{}", "--exactly")
    refused("counts of nothing", ctl("verify", "--exactly", "1"), "--exactly", "--operation")
    refused("two counts", ctl("verify", "--operation", "*", "--exactly", "1", "--at-most", "2"), "--exactly", "--at-most")
    refused("no duration", ctl("clock", "--by", "5"), "--by", "5")
    refused("a word behind get", ctl("scenario", "get", "x"), "get", "x")
    refused("a file behind snapshot get", ctl("snapshot", "get", "x.tar.gz"), "--output x.tar.gz")
    refused("openapi of nothing", ctl("openapi"), "openapi", "steamship")
    refused("two of scenarios", run("scenarios", "demo", "store-full"), "store-full")
    refused("a tenant for wait", run("wait", "--tenant", "x"), "--tenant")
    for name in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        refused(f"a program's standard input as a scenario ({name})", run("run", "--scenario", name, "--", "cat"), name, "program's")
    for command in ("run", "sweep"):
        refused(f"one pipe twice ({command})", run(command, "--scenario", "/dev/fd/63", "--scenario", "/dev/fd/63", "--", "true"), "/dev/fd/63")
    refused("a token for a server of one's own", run("run", "--token", "x", "--", "true"), "--token", "--url")
    refused("nothing to watch", run("serve", "--port", "0", "--watch"), "--watch", "--scenario")
    for name in ("-", "/dev/stdin", "/dev/fd/63"):
        refused(f"a stream watched ({name})", run("serve", "--port", "0", "--watch", "--scenario", name), "--watch")
    refused("a shipped scenario watched", run("serve", "--port", "0", "--watch", "--scenario", "rate-limited"), "--watch", "shipped")
    refused("an index and no pip", run("serve", "--run-code", "--no-pip", "--pip-index", "http://x"), "--pip-index")
    refused("help of two things", run("help", "env", "x"), "x")


def clock():
    done = ctl("clock", "--mode", "manual", "--to", "2026-01-01T00:00:00Z")
    done = ctl("clock", "--mode", "manual", "--by", "1h")
    told = json.loads(done.stdout)
    check("clock --mode manual --by 1h does both", told["mode"] == "manual" and told["now"].startswith("2026-01-01T01:00:00")
          and told["advanced"] == "1h", done)
    check("a mode alone moves nothing",
          json.loads(ctl("clock", "--mode", "skip").stdout)["now"].startswith("2026-01-01T01:00:00"))
    check("a step that cannot be read changes no mode", ctl("clock", "--mode", "real", "--by", "soon").returncode == 64
          and json.loads(ctl("clock").stdout)["mode"] == "skip")


def tenant_of_url():
    """`env --tenant` puts the tenant into WAVETANK_URL: the flag wins over it, and nothing is said twice."""
    place = json.loads(run("env", "--tenant", "blue", "--shell", "json").stdout)["WAVETANK_URL"]
    check("env reads WAVETANK_URL", place == f"{server.url}/_t/blue", place)
    again = json.loads(run("env", "--shell", "json", WAVETANK_URL=place).stdout)
    check("env of a tenant's WAVETANK_URL stays with it",
          again["WAVETANK_URL"] == place and again["STEAMSHIP_API_KEY"] == "wt-blue", again)
    other = json.loads(run("env", "--tenant", "red", "--shell", "json", WAVETANK_URL=place).stdout)
    check("env --tenant beside it takes its place", other["WAVETANK_URL"] == f"{server.url}/_t/red", other)
    names = [json.loads(ctl("reset", *more, WAVETANK_URL=place).stdout)["name"] for more in ([], ["--tenant", "red"])]
    check("ctl acts on the URL's tenant, or on the flag's", names == ["blue", "red"], names)
    done = run("env", WAVETANK_URL="ftp://x")
    refused("a variable that is no URL", done, "WAVETANK_URL", "ftp://x")


def scenarios(folder):
    done = ctl("scenario", "put", "rate-limited")
    check("scenario put knows shipped names, and says what it did in a line",
          done.returncode == 0 and done.stdout.count("\n") == 1 and "rate-limited" in done.stdout
          and json.loads(ctl("scenario").stdout)["name"] == "rate-limited", done)
    refused("a name mistyped", ctl("scenario", "put", "rate-limitd"), "rate-limited")
    refused("a file that is not there", ctl("scenario", "put", "no/such.json"), "no/such.json")
    kept = folder / "kept.json"
    done = ctl("scenario", "put", "demo", "--output", str(kept))
    check("scenario put --output has the whole of it", json.loads(kept.read_text())["name"] == "demo" and not done.stdout,
          done)


def near():
    for arguments, nearest in [(["--operation", "steamship.workspace.crete"], "steamship.workspace.create"),
                               (["--service", "steamshp"], "steamship"), (["--rule", "smal world"], "small world"),
                               (["--follow", "--operation", "scramjet.hub.versoin"], "scramjet.hub.version"),
                               (["--har", "--operation", "scramjet.hub.versoin"], "scramjet.hub.version")]:
        rule = {"wavetank": 1, "rules": [{"name": "small world", "match": {"service": "shipyard"}, "error": 500}]}
        ctl("scenario", "put", "-", stdin=json.dumps(rule))
        done = ctl("journal", *arguments)
        check(f"journal {' '.join(arguments)}: the nearest is named", done.returncode == 1 and nearest in done.stderr
              and '"type"' not in done.stderr and not done.stdout, done)
    done = ctl("scenario", "add", '{"name": "x"')
    check("what cannot be read is told once, with no place where there is none", done.returncode == 1
          and "',' or '}' expected" in done.stderr and ": :" not in done.stderr and "  :" not in done.stderr, done)
    done = ctl("journal", "--operation", "steamship.*", "--rule", "small*")
    check("a glob that something has is an empty list", done.returncode == 0 and json.loads(done.stdout)["entries"] == [], done)
    done = ctl("emit", '{"foo": 1}')
    check("emit: an unknown event, and those that there are", done.returncode == 1
          and all(word in done.stderr for word in ("foo", "crashHub", "advance", "signal")), done)
    done = ctl("emit", '{"advanse": "5s"}')
    check("emit: the nearest event", done.returncode == 1 and 'Did you mean "advance"' in done.stderr, done)
    done = ctl("emit", '{"advance": "5"}')
    check("emit: what is wrong is said once", done.returncode == 1 and done.stderr.count("expected a duration") == 1, done)


def expectations(folder):
    """A failed `expect` has near misses."""
    ctl("reset")
    ctl("scenario", "put", "-", stdin=json.dumps({"wavetank": 1, "variables": {"phase": "cold"}, "rules": [
        {"name": "posts", "match": {"operation": "scramjet.hub.version", "method": "POST"}, "error": 503},
        {"name": "warm", "match": {"operation": "scramjet.hub.version"}, "where": {"phase": "warm"}, "error": 503},
        {"name": "second", "match": {"operation": "scramjet.hub.version"}, "skip": 1, "times": 1, "error": 503}],
        "expect": {"rules": {"posts": 1, "warm": 1, "second": 1}}}))
    server.call("GET", "/api/v1/version")
    done = ctl("verify")
    told = {one["what"]: one for one in json.loads(done.stdout)["checks"]}
    posts, warm, second = (told[f'rule "{name}"']["nearMisses"][0] for name in ("posts", "warm", "second"))
    check("expect: what a rule wanted and what came", done.returncode == 1 and posts["exchange"] == 1
          and "method" in posts["failed"] and "GET" in posts["found"], posts)
    check("expect: a variable", "phase" in warm["failed"] and "warm" in warm["expected"] and "cold" in warm["found"], warm)
    check("expect: a turn that was skipped", "skipped" in second["found"], second)
    server.call("GET", "/api/v1/version")
    told = {one["what"]: one for one in json.loads(ctl("verify").stdout)["checks"]}
    check("expect: the exchanges that a rule struck", told['rule "second"']["matched"] == [2], told)
    ran = run("run", "--scenario", str(write(folder, "e.json", {"wavetank": 1, "rules": [
        {"name": "posts", "match": {"operation": "scramjet.hub.version", "method": "POST"}, "error": 503}],
        "expect": {"rules": {"posts": 1}}})), "--", "python3", "-c",
        "import os,urllib.request;urllib.request.urlopen(os.environ['SCRAMJET_HUB_URL']+'/version').read()")
    check("run: near misses in the summary", ran.returncode == 1 and "near: 1 GET" in ran.stderr and "POST" in ran.stderr, ran)


def write(folder, name, value):
    path = pathlib.Path(folder, name)
    path.write_text(json.dumps(value))
    return path


def given():
    """Who names no part of a world keeps the built-in one."""
    for section, path, word in [
        ({"shipyard": {"settings": {"startDelay": "1s"}}}, "shipyard", "Harbor Labs"),
        ({"shipyard": {"keys": [{"key": "k"}]}}, "shipyard", "Nightly"),
        ({"scramjet": {"settings": {"version": "9.9.9"}}}, "scramjet", "sth-1"),
        ({"steamship": {"users": ["ada"]}}, "steamship", "hello-world"),
    ]:
        done = ctl("scenario", "put", "-", stdin=json.dumps({"wavetank": 1, "given": section}))
        told = ctl("state", path)
        check(f"given {json.dumps(section)}: the built-in world stays", done.returncode == 0 and word in told.stdout,
              (done, told.stdout[:400]))
    ctl("scenario", "put", "-", stdin=json.dumps({"wavetank": 1, "given": {"shipyard": {"orgs": []}}}))
    check("given.shipyard with an empty list of orgs has none", "Harbor" not in ctl("state", "shipyard").stdout)
    ctl("reset")


def snapshots(folder):
    text, status = terminal(80, [BINARY, "ctl", "snapshot", "--url", server.url])
    check("snapshot on a terminal is refused with what to do", status == 64 and "--output" in text and "\x1f\x8b" not in text,
          text[:300])
    place = folder / "world.tar.gz"
    done = ctl("snapshot", "get", "--output", str(place))
    check("snapshot into a file, and back", done.returncode == 0 and place.read_bytes()[:2] == b"\x1f\x8b"
          and ctl("snapshot", "put", str(place)).returncode == 0, done)


def obeyed():
    """What a terminal would obey is written out, and JSON stays the same value."""
    name = "a\x9b31m\u202e\x7f"
    ctl("scenario", "add", json.dumps({"name": name, "times": 0, "error": 503}))
    done = ctl("scenario")
    check("answers as JSON hold nothing that a terminal obeys", not any(one in done.stdout for one in name[1:] if one not in "31m")
          and json.loads(done.stdout)["rules"][-1]["name"] == name, done.stdout[-300:])
    done = ctl("scenario", "remove", name + "b")
    check("refusals neither", done.returncode == 1 and "u{9b}31m" in done.stderr and "\x9b" not in done.stderr, done)
    check("and the name is known all the same", ctl("scenario", "remove", name).returncode == 0)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    flags()
    obeyed()
    clock()
    tenant_of_url()
    scenarios(folder)
    near()
    expectations(folder)
    given()
    snapshots(folder)
finish()
