"""Who reaches what: the control API from everywhere that it must not be reached from, and the ways by which a client
could have the server fetch or call something for it. Only this machine's own addresses take part.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]
KEY = {"Authorization": "Bearer k"}
TOKEN = "t0ken-of-the-check"


class Answer:
    def __init__(self, status, fields, content):
        self.status, self.fields, self.content = status, fields, content

    @property
    def json(self):
        try:
            return json.loads(self.content)
        except ValueError:
            return {}

    def __repr__(self):
        return f"{self.status} {self.content[:300]!r}"


def call(place, method, target, fields=(), body=None):
    """`fields` as pairs: a name may come twice. `Host` is the place unless it is among them."""
    fields = list(fields.items()) if isinstance(fields, dict) else list(fields)
    content = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    connection = http.client.HTTPConnection(*place, timeout=20)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if not any(name.lower() == "host" for name, _ in fields):
            connection.putheader("Host", f"{place[0]}:{place[1]}")
        for name, value in fields:
            connection.putheader(name, value)
        if content is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, {}, repr(error).encode())
    finally:
        connection.close()


@contextlib.contextmanager
def server(*flags):
    one = Server(*flags)
    one.here = ("127.0.0.1", one.port)
    try:
        yield one
    finally:
        status = one.stop()
        check(f"the server with {' '.join(flags) or 'no flags'} is alive to the end", status == 0, status)


def own_addresses():
    """This machine's addresses that are no loopback ones, by way of the route to nobody (nothing is sent)."""
    found = []
    for family, nobody in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((nobody, 9))
                address = probe.getsockname()[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))
            found.append(address)
        except OSError:
            pass
    return [address for address in found if not address.startswith(("127.", "fe80:")) and address != "::1"]


class Outside(http.server.BaseHTTPRequestHandler):
    """A server on this machine that is no Wavetank: keeps what it is asked."""

    asked = []
    location = None

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        Outside.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.send_response(302 if Outside.location else 200)
        if Outside.location:
            self.send_header("Location", Outside.location)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"seen")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


# Whom the control API answers

DATA = ["/_wavetank", "/_wavetank/journal", "/_wavetank/tenants", "/_wavetank/snapshot", "/_wavetank/state",
        "/_wavetank/scenario", "/_wavetank/metrics", "/_wavetank/clock", "/_t/blue/_wavetank/journal.har",
        "/_wavetank//journal", "/_wavetank/none"]
CHANGES = [("POST", "/_wavetank/reset"), ("PUT", "/_wavetank/clock"), ("DELETE", "/_wavetank/journal"),
           ("POST", "/_wavetank/scenario/rules"), ("PUT", "/_wavetank/snapshot"), ("POST", "/_wavetank/emit"),
           ("DELETE", "/_wavetank/tenants/blue"), ("POST", "/_wavetank/health"), ("OPTIONS", "/_wavetank/journal")]


def refused(name, place, fields=(), statuses=(403,)):
    bad = []
    for method, path in [("GET", path) for path in DATA] + [("HEAD", "/_wavetank/journal")] + CHANGES:
        answer = call(place, method, path, fields, {} if method in ("POST", "PUT") else None)
        if answer.status not in statuses or any("access-control" in field for field in answer.fields):
            bad.append((method, path, answer))
    check(f"no control API for {name}", not bad, bad)


def probes(name, place, fields=()):
    bad = []
    for path, content in (("/_wavetank/health", b'{"status":"ok"}'), ("/_wavetank/ready", b'{"status":"ready"}'),
                          ("/_t/blue/_wavetank/health", b'{"status":"ok"}')):
        answer = call(place, "GET", path, fields)
        if (answer.status, answer.content) != (200, content) or call(place, "HEAD", path, fields).status != 200:
            bad.append((path, answer))
    check(f"bare probes for {name}", not bad, bad)


def strangers(one, addresses, is_guarded):
    """Everybody who is not at home, or does not show that he is."""
    here, port = one.here, one.port
    statuses = (401,) if is_guarded else (403,)
    kind = "with a token" if is_guarded else "without a token"
    home = ("Host", f"127.0.0.1:{port}")
    for address in addresses:
        refused(f"a peer at {address}, {kind}", (address, port), statuses=statuses)
        refused(f"a peer at {address} that says localhost, {kind}", (address, port), [("Host", "localhost")], statuses)
        probes(f"a peer at {address}, {kind}", (address, port))
    check(f"there is a peer that is no loopback one, {kind}", bool(addresses))
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]",
                 "192.0.2.1", "2130706433", "0x7f.1", "127.1"):
        refused(f"the Host {host}, {kind}", here, [("Host", host)], statuses)
        probes(f"the Host {host}, {kind}", here, [("Host", host)])
    for field in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"):
        refused(f"{field}, {kind}", here, [home, (field, "192.0.2.1")], statuses)
        probes(f"{field}, {kind}", here, [home, (field, "192.0.2.1")])


def browsers(one, shown, kind):
    """What pages of others can have a browser send, the token in it or not."""
    home = ("Host", f"127.0.0.1:{one.port}")
    own, evil = ("Origin", f"http://127.0.0.1:{one.port}"), ("Origin", "https://evil.example")
    cases = {
        "another origin": [evil], "a neighbour's port": [("Origin", "http://127.0.0.1:3000")], "no origin": [("Origin", "null")],
        "another site": [("Sec-Fetch-Site", "cross-site")], "the same site": [("Sec-Fetch-Site", "same-site")],
        "two origins": [own, evil], "two origins, the other way": [evil, own],
        "two sites": [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        "a list of origins": [("Origin", f"http://127.0.0.1:{one.port}, https://evil.example")],
        "https of our port": [("Origin", f"https://127.0.0.1:{one.port}.evil.example")],
        "the mark of a Wavetank": [("X-Wavetank-Outbound", "1")],
        "two authorizations": [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")],
    }
    for name, fields in cases.items():
        with_token = fields if any(field == "Authorization" for field, _ in fields) else fields + shown
        refused(f"{name}, {kind}", one.here, [home] + with_token)
    two = [home, ("Host", "localhost")]
    refused(f"two hosts, {kind}", one.here, two + shown, (400,))
    good = call(one.here, "GET", "/_wavetank/tenants", [home, own, ("Sec-Fetch-Site", "same-origin")] + shown)
    check(f"our own page gets the tenants, {kind}", good.status == 200, good)
    answer = call(one.here, "GET", "/_wavetank/tenants", [home] + shown)
    check(f"answers are kept by nobody and read by no other origin, {kind}",
          answer.fields.get("cache-control") == "no-store" and answer.fields.get("x-content-type-options") == "nosniff"
          and "sandbox" in answer.fields.get("content-security-policy", "")
          and answer.fields.get("cross-origin-resource-policy") == "same-origin", answer.fields)


def spellings(one):
    """Other ways to write the path: none of them is the control API, so none gets by its door."""
    bad = []
    for path in ("/%5fwavetank/journal", "/_%77avetank/journal", "//_wavetank/journal", "/./_wavetank/journal",
                 "/x/../_wavetank/journal", "/_WAVETANK/journal", "/_t/blue/%5Fwavetank/journal",
                 "/_t/blue//_wavetank/journal", "/_t/blue/_t/red/_wavetank/journal", "/apps/../_wavetank/journal",
                 "/_wavetank%2fjournal", "/_wavetank;/journal", "/_wavetank\\journal"):
        answer = call(one.here, "GET", path, {"Host": "evil.example"})
        if answer.status not in (400, 403, 404) or b'"entries"' in answer.content:
            bad.append((path, answer))
    check("no other spelling of a path gets by", not bad, bad)
    for target, host, status in (("http://evil.example/_wavetank/journal", "127.0.0.1", 403),
                                 (f"http://127.0.0.1:{one.port}/_wavetank/journal", "evil.example", 403),
                                 (f"http://127.0.0.1:{one.port}/_wavetank/journal", f"127.0.0.1:{one.port}", 200)):
        answer = call(one.here, "GET", target, {"Host": host})
        check(f"absolute {target.split('/')[2].split(':')[0]} with Host {host.split(':')[0]}: {status}",
              answer.status == status, answer)


# What a client may have the server call

def instance(one, url, handle, fields=KEY, place=None):
    return call(place or one.here, "POST", "/api/v1/package/instance/create", fields,
                {"packageHandle": "hello-world", "handle": handle, "localDevelopmentURL": url})


def invoke(one, handle, path, body, fields=KEY, place=None):
    return call(place or one.here, "POST", f"/apps/default/{handle}/{path}", fields, body)


def fetch(one, url, fields=KEY, place=None):
    file = call(one.here, "POST", "/api/v1/file/create", KEY, {"type": "none"}).json["data"]["file"]["id"]
    return call(place or one.here, "POST", "/api/v1/block/create", fields,
                {"fileId": file, "uploadType": "url", "url": url})


def rules(one):
    return call(one.here, "GET", "/_wavetank/scenario/rules").json.get("rules")


def deputies(one, other, addresses):
    """We call neither ourselves, whatever we are called, nor another's control API."""
    spelled = ["127.0.0.1", "localhost", "LOCALHOST", "a.localhost", "0.0.0.0", "127.8.8.8", "[::1]", "[::]",
               "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1",
               "[0:0:0:0:0:ffff:127.0.0.1]"]
    spelled += [f"[{address}]" if ":" in address else address for address in addresses]
    bad = []
    for number, host in enumerate(spelled):
        base = f"http://{host}:{one.port}"
        made = instance(one, f"{base}/_wavetank", f"self-{number}")
        called = invoke(one, f"self-{number}", "scenario/rules", {"name": f"r{number}", "error": 500})
        fetched = fetch(one, f"{base}/_wavetank/tenants")
        again = invoke(one, f"self-{number}", "health", {})
        if called.status < 400 or fetched.status < 400 or again.status < 400 or b"tenants" in fetched.content[-60:]:
            bad.append((host, made, called, fetched))
    check("a client cannot have us call ourselves, however we are spelled", not bad, bad)
    check("none of them has changed anything", rules(one) == [], rules(one))
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        base = f"http://{host}:{other.port}"
        handle = f"other-{host.encode().hex()}"
        instance(one, f"{base}/_wavetank", handle)
        called = invoke(one, handle, "scenario/rules", {"name": "r", "error": 500})
        fetched = fetch(one, f"{base}/_wavetank/tenants")
        check(f"another Wavetank's control API at {host} refuses our call", called.status == 403, called)
        check(f"and our fetch at {host}", fetched.status == 400 and b"403" in fetched.content, fetched)
    check("nothing has changed there", rules(other) == [], rules(other))
    # Links, groups and clouds' metadata are tried in OutboundTargetTests alone, without a socket: here a server whose
    # guard is broken would really call them.


def outside(one, addresses):
    """Places of others: for callers on this machine, of their own will."""
    place = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    threading.Thread(target=place.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{place.server_address[1]}"
    try:
        instance(one, url, "ours")
        good = invoke(one, "ours", "greet", {"name": "Ada"})
        check("a local program's call is forwarded", good.status == 200 and good.content == b"seen", good)
        good = fetch(one, url + "/picture")
        check("a local program's URL is fetched", good.status == 200, good)
        marked = {field.lower() for _, _, fields, _ in Outside.asked for field in fields}
        check("each call carries the mark", len(Outside.asked) == 2 and "x-wavetank-outbound" in marked, Outside.asked)
        Outside.asked.clear()
        injected = fetch(one, url + "/x HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /y")
        check("a URL puts nothing else into the request", len(Outside.asked) == 1
              and "X-Evil" not in Outside.asked[0][2], (injected, Outside.asked))
        Outside.asked.clear()
        Outside.location = f"http://127.0.0.1:{one.port}/_wavetank/tenants"
        moved = fetch(one, url + "/away")
        check("a redirection is not followed", moved.status == 400 and len(Outside.asked) == 1, moved)
        Outside.location = None
        Outside.asked.clear()

        home = [("Authorization", "Bearer k")]
        cases = {
            "a page of another site": (one.here, home + [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]),
            "a page without an origin": (one.here, home + [("Origin", "null")]),
            "a page of a neighbour's port": (one.here, home + [("Origin", "http://127.0.0.1:3000")]),
            "a page that rebound its name": (one.here, home + [("Host", f"evil.example:{one.port}"),
                                                               ("Origin", f"http://evil.example:{one.port}")]),
            "somebody behind a front": (one.here, home + [("X-Forwarded-For", "192.0.2.1")]),
            "another Wavetank": (one.here, home + [("X-Wavetank-Outbound", "1")]),
        }
        for address in addresses:
            cases[f"a peer at {address}"] = ((address, one.port), home + [("Host", "localhost")])
        for number, (name, (peer, fields)) in enumerate(cases.items()):
            handle = f"theirs-{number}"
            made = instance(one, url, handle, fields, peer)
            answers = [invoke(one, handle, "x", {}, fields, peer), invoke(one, "ours", "x", {}, fields, peer),
                       invoke(one, handle, "x", {}), fetch(one, url + "/z", fields, peer)]
            task = call(peer, "POST", "/apps/default/ours/x", fields + [("X-Task-Background", "true")], {})
            check(f"nothing is called for {name}", all(answer.status >= 400 for answer in answers)
                  and not Outside.asked, (made, answers, Outside.asked))
            state = follow(one, task)
            check(f"nor later, for {name}", state.get("state") == "failed" and not Outside.asked, (task, state))
        return url
    finally:
        place.shutdown()
        place.server_close()


def follow(one, task):
    """The status of a task that another has asked for, once it has ended."""
    status, until = {}, time.monotonic() + 40
    while time.monotonic() < until and status.get("state") not in ("failed", "succeeded"):
        status = call(one.here, "POST", "/api/v1/task/status", KEY,
                      {"taskId": task.json.get("status", {}).get("taskId")}).json.get("status", {})
        time.sleep(0.02)
    return status


def allowed(address):
    """By flag and by scenario it is done for others too, but never to ourselves."""
    place = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    threading.Thread(target=place.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{place.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder, "any.json")
        scenario.write_text('{"wavetank": 1, "outbound": "any"}')
        for flags, is_allowed in ((["--outbound", "any"], True), (["--scenario", str(scenario)], True),
                                  (["--outbound", "none"], False), (["--outbound", "none", "--scenario", str(scenario)], False)):
            with server("--host", "0.0.0.0", *flags) as one:
                peer = (address, one.port)
                instance(one, url, "theirs", KEY, peer)
                answer = invoke(one, "theirs", "x", {}, KEY, peer)
                what = " ".join(flag if "/" not in flag else "any.json" for flag in flags)
                check(f"{what}: a stranger's URL is {'' if is_allowed else 'not '}called",
                      (answer.status == 200) == is_allowed, answer)
                answer = fetch(one, f"http://{address}:{one.port}/_wavetank/tenants", KEY, peer)
                check(f"{what}: ourselves never", answer.status >= 400, answer)
    place.shutdown()
    place.server_close()


# What services answer, and where secrets show

def contents(one):
    """A client's page is served, and is no page of the console's origin."""
    boundary = "b0undary"
    page = b"<script>document.title = 'ran'</script>"
    form = (f'--{boundary}\r\nContent-Disposition: form-data; name="{{}}"\r\n\r\n{{}}\r\n')
    body = "".join(form.format(name, value) for name, value in
                   (("type", "file"), ("mimeType", "text/html"), ("publicData", "true"))).encode()
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.html"\r\n'
             "Content-Type: text/html\r\n\r\n").encode() + page + f"\r\n--{boundary}--\r\n".encode()
    connection = http.client.HTTPConnection(*one.here, timeout=20)
    connection.request("POST", "/api/v1/file/create", body,
                       {**KEY, "Content-Type": f"multipart/form-data; boundary={boundary}"})
    made = json.loads(connection.getresponse().read())
    connection.close()
    raw = call(one.here, "GET", f"/api/v1/file/{made['data']['file']['id']}/raw", {"Accept": "text/html"})
    check("a client's page is served as it is", raw.status == 200 and raw.content == page, raw)
    answers = {"a client's page": raw}
    for path in ("/api/v1/account/current", "/api/v1/version", "/orgs", "/nope", "/_t/Bad!/orgs", "/apps/demo/x/y"):
        answers[path] = call(one.here, "GET", path, KEY)
    for name, answer in answers.items():
        check(f"{name} has no script and no guessed type", answer.fields.get("x-content-type-options") == "nosniff"
              and answer.fields.get("content-security-policy") == "sandbox", answer.fields)


def secrets(one):
    """What is a credential in itself stands nowhere where exchanges are told."""
    hook = "/44444444-4444-4444-8444-444444444444/demo-webhook-token"
    url = call(one.here, "POST", "/api/v1/workspace/createSignedUrl", KEY,
               {"bucket": "userData", "filepath": "a", "operation": "Read"}).json["data"]["signedUrl"]
    path, signature = url.split(str(one.port), 1)[1], url.rsplit("signature=", 1)[1]
    for method in ("POST", "GET", "OPTIONS", "DELETE"):
        call(one.here, method, hook)
        call(one.here, method, hook + "/")
    call(one.here, "POST", "/_t/default" + hook, {"Referer": f"http://127.0.0.1{hook}"})
    call(one.here, "GET", path, {"Referer": url})
    verify = call(one.here, "POST", "/_wavetank/verify", (), {"match": {"path": "/never/*"}, "exactly": 1})
    told = {"near misses": verify}
    for name in ("journal?limit=1000", "journal.har"):
        told[name] = call(one.here, "GET", "/_wavetank/" + name)
    total = told["journal?limit=1000"].json["total"]
    for number in range(total - 9, total + 1):
        told[f"journal/{number}"] = call(one.here, "GET", f"/_wavetank/journal/{number}")
    for name, answer in told.items():
        check(f"{name.split('?')[0]} holds no webhook's token", answer.status == 200
              and b"demo-webhook-token" not in answer.content, answer)
        check(f"{name.split('?')[0]} holds no signature of a URL that was called",
              answer.content.count(signature.encode()) <= answer.content.count(b"signedUrl"), answer)


# The token

def arguments_of(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def tokens(addresses):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "token")
        file.write_text(TOKEN + "\n")
        shown = [("Authorization", f"Bearer {TOKEN}")]
        for name, flags, variable in (("--control-token", ["--control-token", TOKEN], None),
                                      ("--control-token=", [f"--control-token={TOKEN}"], None),
                                      ("--control-token-file", ["--control-token-file", str(file)], "other"),
                                      ("WAVETANK_CONTROL_TOKEN", [], TOKEN)):
            os.environ.pop("WAVETANK_CONTROL_TOKEN", None)
            if variable:
                os.environ["WAVETANK_CONTROL_TOKEN"] = variable
            with server("--host", "0.0.0.0", *flags) as one:
                os.environ.pop("WAVETANK_CONTROL_TOKEN", None)
                check(f"{name}: without it 401", call(one.here, "GET", "/_wavetank/journal").status == 401)
                check(f"{name}: with it 200", call(one.here, "GET", "/_wavetank/journal", shown).status == 200)
                for wrong in (TOKEN[:-1], TOKEN + "x", "", TOKEN.upper(), "other"):
                    answer = call(one.here, "GET", "/_wavetank/journal", [("Authorization", f"Bearer {wrong}")])
                    check(f"{name}: 401 for {len(wrong)} other letters", answer.status == 401, answer)
                check(f"{name}: no token in a URL is one",
                      call(one.here, "GET", f"/_wavetank/journal?token={TOKEN}&access_token={TOKEN}").status == 401)
                check(f"{name}: the machine's other users do not see it",
                      TOKEN.encode() not in arguments_of(one.process.pid), arguments_of(one.process.pid))
                done = subprocess.run([BINARY, "ctl", "tenants", "--url", one.url], text=True, capture_output=True,
                                      env={**os.environ, "WAVETANK_CONTROL_TOKEN": TOKEN}, timeout=30)
                check(f"{name}: ctl shows it", done.returncode == 0 and "default" in done.stdout, done)
                done = subprocess.run([BINARY, "healthcheck", "--url", one.url], capture_output=True, timeout=30)
                check(f"{name}: healthcheck needs none", done.returncode == 0, done)
                if name == "WAVETANK_CONTROL_TOKEN":
                    strangers(one, addresses, True)
                    browsers(one, shown, "with a token")
                    for address in addresses:
                        answer = call((address, one.port), "GET", "/_wavetank/journal", shown)
                        check(f"with the token a peer at {address} is answered", answer.status == 200, answer)
        for flags, why in ((["--control-token", ""], "empty"), (["--control-token", "a b"], "a space"),
                           (["--control-token-file", folder + "/none"], "no file"),
                           (["--control-token-file", "/dev/null"], "an empty file"),
                           (["--control-token", "a", "--control-token-file", str(file)], "two"),
                           (["--outbound", "all"], "no such word")):
            done = subprocess.run([BINARY, "serve", "--port", "0", *flags], text=True, capture_output=True, timeout=30)
            check(f"usage: {flags[0]} with {why}", done.returncode == 64 and flags[0] in done.stderr, done)


def main():
    os.environ.pop("WAVETANK_CONTROL_TOKEN", None)
    addresses = own_addresses()
    with server("--host", "0.0.0.0") as one, server() as other:
        strangers(one, [address for address in addresses if ":" not in address], False)
        browsers(one, [], "without a token")
        spellings(one)
        deputies(one, other, addresses)
        outside(one, [address for address in addresses if ":" not in address])
        contents(other)
        secrets(other)
        page = call(one.here, "GET", "/_wavetank/console", {"Host": "evil.example", "Sec-Fetch-Site": "cross-site"})
        check("the console's page is public", page.status == 200 and b"<title>Wavetank" in page.content, page)
    own = [address for address in addresses if ":" not in address]
    if own:
        allowed(own[0])
    tokens(own)
    finish()


if __name__ == "__main__":
    main()
