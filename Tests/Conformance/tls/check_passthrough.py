"""--passthrough: tunnels to hosts that a flag names go through unread; all others are refused."""
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from common import check, finish
from scene import BINARY, CA_DIR, FLEET, ORG, PROJECT, program, serve, wavetank

folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-passthrough-"))
# Loopback by its name everywhere (RFC 6761), and no host of anybody's.
NAME = "upstream.localhost"
FLEETS = f"https://api.app.shipyardapp.com/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=somebody", "-addext", f"subjectAltName=DNS:{NAME},DNS:upstream.example", "-keyout", folder / "key.pem",
                "-out", folder / "cert.pem"], check=True, capture_output=True)
ROOT = folder / "cert.pem"


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        content = f"upstream got {self.path}, {self.headers.get('Proxy-Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(ROOT, folder / "key.pem")
upstream.socket = context.wrap_socket(upstream.socket, server_side=True)
threading.Thread(target=upstream.serve_forever, daemon=True).start()
PORT = upstream.server_port
wavetank()
server = serve("--passthrough", f"{NAME}:{PORT}", "--passthrough", "*.wild.localhost", "--passthrough", "no-such-host.invalid",
               "--passthrough", "far.example:444")
proxy = f"http://blue:@127.0.0.1:{server.port}"


def curl(url, *flags, through=proxy):
    return program(["curl", "-sSv", "-m", "30", *flags, url], HTTPS_PROXY=through, SSL_CERT_FILE=ROOT)


done = curl(f"https://{NAME}:{PORT}/path")
check("a host that is named is reached, and sees nothing of the proxy", done.stdout == "upstream got /path, None", done)
check("TLS is the host's own", "CN=somebody" in done.stderr, done.stderr[-800:])
large = folder / "large"
large.write_bytes(bytes(range(256)) * 20_000)
done = program(["curl", "-sS", "-m", "60", "--data-binary", f"@{large}", "-o", folder / "back", f"https://{NAME}:{PORT}/"],
               HTTPS_PROXY=proxy, SSL_CERT_FILE=ROOT)
check("megabytes go there and back as they are", done.returncode == 0 and (folder / "back").read_bytes() == large.read_bytes(), done)
done = curl(f"https://a.wild.localhost:{PORT}/", "-k")
check("a pattern names all below it, whichever port", "upstream got /" in done.stdout, done)
for url, why in [("https://far.example:445/", "another port"), (f"https://other.example:{PORT}/", "another host"),
                 (f"https://wild.localhost.example:{PORT}/", "a name that only begins so")]:
    done = curl(url)
    check(f"{why} is refused, and the reason phrase says what to do",
          done.returncode != 0 and " 403 " in done.stderr and "--passthrough" in done.stderr, done.stderr[-600:])
done = curl("https://no-such-host.invalid/")
check("a name that nobody has is 502, with the reason", " 502 no-such-host.invalid is not found: " in done.stderr, done.stderr[-600:])
done = curl("https://a.wild.localhost:1/")
check("what nobody listens at is 502, with the reason", " 502 a.wild.localhost:1 is not reached: Connection refused" in done.stderr, done.stderr[-600:])
total = json.loads(server.call("GET", "/_wavetank/journal?tenant=blue")[1])["total"]
check("the journal has nothing of it", total == 0, total)
with socket.create_connection(("127.0.0.1", server.port), timeout=20) as held:
    held.sendall(f"CONNECT {NAME}:{PORT} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    check("a tunnel stands open", held.recv(4096).startswith(b"HTTP/1.1 200"))
    check("and does not hold up the end", server.stop(wait=4) == 0)

for bad in ["", "a b", "host:0", "host:port", "*.", "http://host", "host:70000"]:
    done = program([BINARY, "serve", "--port", "0", "--passthrough", bad], timeout=30)
    check(f"--passthrough {bad!r} is a usage error", done.returncode == 64 and "--passthrough" in done.stderr, done)


# A name that only the machine's own file of hosts knows, in a view of that file that is this test's.
FAR = "upstream.example"
(folder / "hosts").write_text(f"127.0.0.1 localhost {FAR}\n")
FRONT = ["unshare", "-rm", "sh", "-c", f'mount --bind {folder}/hosts /etc/hosts && exec "$@"', "sh"]


def run(*command, flags=()):
    return program([*FRONT, BINARY, "run", "--ca-dir", str(CA_DIR), "--passthrough", f"{FAR}:{PORT}", *flags, "--", *command],
                   timeout=120)


BOTH = (f"curl -sS -m 30 --cacert {ROOT} https://{FAR}:{PORT}/mine; "
        f"curl -sSf -m 30 -o /dev/null -w ' %{{http_code}}' -H 'X-Shipyard-API-Key: k' {FLEETS}")
if not shutil.which("unshare") or program([*FRONT, "true"]).returncode:
    print("-- no namespaces here: wavetank run is not tried with it")
else:
    done = run("sh", "-c", BOTH)
    check("wavetank run: that host out there, the vendors here", done.stdout == "upstream got /mine, None 200", done)
    done = run("sh", "-c", BOTH, flags=["--isolated"])
    check("wavetank run --isolated: the same, and without a proxy", done.stdout == "upstream got /mine, None 200", done)
    look = f"import socket; print(len({{socket.gethostbyname('{FAR}') for _ in range(5)}}))"
    done = run(sys.executable, "-c", look, flags=["--isolated", "--quiet"])
    check("a name keeps its address", done.stdout == "1\n", done)
    done = run("curl", "-sS", "-m", "10", "https://other.example/", flags=["--isolated"])
    check("what is not named is still not there", done.returncode != 0 and "  other.example\n" in done.stderr, done)
upstream.shutdown()
shutil.rmtree(folder)
finish()
