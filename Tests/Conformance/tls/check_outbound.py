"""Calls to https: files that the server fetches, calls that it forwards, and the command line's own. The far side is a
Wavetank, too, whose certificates and handshakes go wrong as they are told to."""
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

from common import Server, check, finish
from scene import BINARY, CA, CA_DIR, serve, wavetank

wavetank()
folder = tempfile.TemporaryDirectory()
fresh = pathlib.Path(folder.name) / "fresh"
wavetank(ca_dir=fresh)
far = serve()


def put(rule, server=far):
    status, answer, _ = server.call("POST", "/_wavetank/scenario/rules", content=json.dumps(rule))
    assert status in (200, 201), answer


put({"name": "page", "match": {"path": "/page.txt"}, "respond": {"text": "far away"}})


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"far away")

    def log_message(self, *_):
        pass


def fetch(server, url):
    """A block whose content the server fetches."""
    made = json.loads(server.call("POST", "/api/v1/file/create", {"type": "none"})[1])
    status, answer, _ = server.call(
        "POST", "/api/v1/block/create", {"fileId": made["data"]["file"]["id"], "uploadType": "url", "url": url}, timeout=60)
    return status, answer.decode()


near = serve()
for host in ("localhost", "127.0.0.1"):
    status, answer = fetch(near, f"https://{host}:{far.port}/page.txt")
    check(f"a file comes from https://{host}", status == 200, answer)
if socket.has_ipv6:
    status, answer = fetch(near, f"https://[::1]:{far.port}/page.txt")
    check("and from https://[::1]", status == 200 or "cannot be reached" in answer, answer)
status, answer = fetch(near, f"https://localhost:{far.port}/nothing.txt")
check("its status counts", status == 400 and "404" in answer, answer)

SAID = {
    "expired": "certificate has expired", "notYetValid": "certificate is not yet valid", "wrongHost": "hostname mismatch",
    "selfSigned": "self-signed certificate", "untrusted": "unable to get local issuer certificate", "close": "closed the connection",
    "reset": "cannot be reached", "plainHTTP": "no TLS with", "stall": "took too long", "cutRecord": "closed the connection",
    "corruptRecord": "no TLS with",
}
for fault, words in SAID.items():
    put({"name": "trouble", "times": 9, "fault": {"tls": fault}})
    # A fresh one: kept connections are past their handshakes.
    status, answer = fetch(serve(), f"https://localhost:{far.port}/page.txt")
    check(f"{fault} is told in the API's own form", status == 400 and words in answer and "FetchFailed" in answer, answer)
far.call("DELETE", "/_wavetank/scenario/rules/trouble")

stranger = Server("--ca-dir", str(fresh))
status, answer = fetch(stranger, f"https://localhost:{far.port}/page.txt")
check("who has another CA does not trust it", status == 400 and "its certificate is refused" in answer, answer)
os.environ["SSL_CERT_FILE"] = str(CA)
told = Server("--ca-dir", str(fresh))
del os.environ["SSL_CERT_FILE"]
status, answer = fetch(told, f"https://localhost:{far.port}/page.txt")
check("but with SSL_CERT_FILE", status == 200, answer)

# Names.
plain = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Page)
threading.Thread(target=plain.serve_forever, daemon=True).start()
name = socket.gethostname()
try:
    socket.getaddrinfo(name, None, socket.AF_INET)
    status, answer = fetch(near, f"http://{name}:{plain.server_port}/")
    check("a name is looked up", status == 200, answer)
except OSError as error:
    print(f"-- the machine's own name has no address: {error}")
status, answer = fetch(near, "https://nobody.invalid/")
check("a name that is nobody's is told so", status == 400 and "nobody.invalid" in answer and ("leads nowhere" in answer or "in time" in answer), answer)
for url, words in [
    (f"https://localhost:{near.port}/_wavetank/tenants", "Wavetank itself"),
    ("https://api.steamship.com/api/v1/", "in place of api.steamship.com"),
    ("https://ada.steamship.run/x", "in place of"),
    ("https://169.254.169.254/latest", "never called"),
    ("https://127.1/", "neither an address"), ("ftp://localhost/x", "only http and https"),
]:
    status, answer = fetch(near, url)
    check(f"{url} is refused", status == 400 and words in answer, answer)
status, answer = fetch(near, f"https://localhost:{far.port}/_wavetank/tenants")
check("a neighbour's control API answers no such call", status == 400 and "403" in answer, answer)

# Forwarding, from the scenario and by a client's word.
put({"name": "greeting", "match": {"path": "*/greet"}, "respond": {"json": {"hello": "from afar"}}})
made = near.call("POST", "/api/v1/package/instance/create",
                 {"packageHandle": "hello-world", "handle": "one", "localDevelopmentURL": f"https://localhost:{far.port}"})
status, answer, _ = near.call("POST", "/apps/default/one/greet", {}, timeout=60)
check("calls are forwarded to https", status == 200 and b"from afar" in answer, (made, status, answer))
put({"name": "trouble", "times": 9, "fault": {"tls": "expired"}})
other = serve()
other.call("POST", "/api/v1/package/instance/create",
           {"packageHandle": "hello-world", "handle": "one", "localDevelopmentURL": f"https://localhost:{far.port}"})
status, answer, _ = other.call("POST", "/apps/default/one/greet", {}, timeout=60)
check("a forwarded call says what is wrong with the certificate", status == 502 and b"certificate has expired" in answer, answer)
far.call("DELETE", "/_wavetank/scenario/rules/trouble")


# The command line.
def command(*words, env=None):
    done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=90, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


secure = f"https://localhost:{far.port}"
for url in (secure, f"https://127.0.0.1:{far.port}"):
    check(f"healthcheck {url.split(':')[1]}", command("healthcheck", "--url", url, "--ca-dir", CA_DIR)[0] == 0)
done = command("ctl", "clock", "--url", secure, "--ca-dir", CA_DIR)
check("ctl over https", done[0] == 0 and "mode" in done[1], done)
home = pathlib.Path(folder.name) / "home"
(home / "wavetank").mkdir(parents=True)
shutil.copy(CA, home / "wavetank")
done = command("wait", "--timeout", "5s", "--url", secure, env={"XDG_STATE_HOME": str(home)})
check("wait trusts this user's own CA", done[0] == 0, done)
done = command("healthcheck", "--url", secure, env={"SSL_CERT_FILE": str(CA), "XDG_STATE_HOME": str(home / "none")})
check("healthcheck trusts SSL_CERT_FILE", done[0] == 0, done)
done = command("healthcheck", "--url", secure, "--ca-dir", fresh)
check("what it does not trust it refuses, and says whom it trusts", done[0] == 1 and "its certificate is refused" in done[2] and "SSL_CERT_FILE" in done[2], done)
done = command("healthcheck", "--url", "http://nobody.invalid:7070")
check("a name without an address", done[0] == 1 and "nobody.invalid" in done[2] and "no server answers" in done[2], done)
for url in ("ftp://localhost", "https://", "https://a:b:c", "localhost:7070"):
    check(f"--url {url} is a usage error", command("healthcheck", "--url", url)[0] == 64)
open_server = serve("--host", "0.0.0.0")
try:
    socket.getaddrinfo(name, None, socket.AF_INET)
    done = command("healthcheck", "--url", f"http://{name}:{open_server.port}")
    check("healthcheck by name", done[0] == 0, done)
except OSError:
    pass
done = command("run", "--url", secure, "--ca-dir", CA_DIR, "--", "sh", "-c", 'curl -sSf "$WAVETANK_URL/_wavetank/health" && echo "$WAVETANK_URL"')
check("run at an https URL", done[0] == 0 and '"status"' in done[1] and secure in done[1], done)
done = command("env", "--url", secure)
check("env says https", done[0] == 0 and f"{secure}" in done[1], done)
finish()
