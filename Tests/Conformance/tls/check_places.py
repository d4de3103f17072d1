"""Where it listens, what a program is told in whatever folder, hosts as people write them, and reasons in the log."""
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from common import Server, check, finish
from scene import BINARY, CA, CA_DIR, program, serve, wavetank

folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-places-"))
wavetank()
context = ssl.create_default_context(cafile=CA)
HAS_IPV6 = os.path.exists("/proc/net/if_inet6")


def reached(host, port, name=None):
    """Whether Wavetank answers there, in the clear or over TLS for a name."""
    try:
        with socket.create_connection((host, port), timeout=20) as plain:
            stream = context.wrap_socket(plain, server_hostname=name) if name else plain
            stream.sendall(b"GET /_wavetank/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return stream.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


# Addresses and ports.
further = free_port()
server = serve("--port", str(further))
families = ["127.0.0.1"] + (["::1"] if HAS_IPV6 else [])
for port in (server.port, further):
    for host in families:
        check(f"{host}, {'first' if port == server.port else 'further'} port", reached(host, port) and reached(host, port, host), (host, port))
local = Server("--host", "localhost", "--host", "127.0.0.1")
check("localhost is both", all(reached(host, local.port) for host in families))
local.end()
if HAS_IPV6:
    for hosts in (["0.0.0.0", "::"], ["::", "0.0.0.0"], ["::", "127.0.0.1"], ["::1", "127.0.0.1"], ["::"]):
        local = Server(*(word for host in hosts for word in ("--host", host)))
        check(f"--host {' --host '.join(hosts)}", all(reached(host, local.port) for host in families))
        local.end()
    with subprocess.Popen([BINARY, "serve", "--port", "0", "--host", "[::1]", "--print", "url", "--ca-dir", str(CA_DIR), "--quiet"],
                          stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        check("an address in brackets is that address", re.fullmatch(r"http://\[::1\]:\d+", url), url)
        healthy = subprocess.run([BINARY, "healthcheck", "--url", url], timeout=60).returncode == 0
        check("and a health check finds it", healthy)
        process.terminate()
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::1", 0))
        taken.listen()
        done = program([BINARY, "serve", "--quiet", "--port", str(taken.getsockname()[1])])
        check("an address that is taken is named", done.returncode == 1 and f"port {taken.getsockname()[1]} on ::1 is in use" in done.stderr, done)
with socket.create_server(("127.0.0.1", 0)) as taken:
    number = str(taken.getsockname()[1])
    done = program([BINARY, "serve", "--quiet", "--port", "0", "--port", number])
    check("and so is a further port", done.returncode == 1 and f"port {number} on " in done.stderr, done)
check("a port that is none is a usage error", program([BINARY, "serve", "--port", "0", "--port", "70000"]).returncode == 64)

# Hosts as people write them.
for target in ("api.steamship.com.:443", "API.Steamship.com:443", "Ada.Steamship.RUN.:8443"):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
        peer.sendall(f"CONNECT {target} HTTP/1.0\r\n\r\n".encode())
        answer = peer.recv(4096)
        check(f"CONNECT {target}", answer.startswith(b"HTTP/1.1 200"), answer)
with socket.create_connection(("127.0.0.1", server.port), timeout=20) as peer:
    peer.sendall(b"CONNECT steamship.com.evil.example.:443 HTTP/1.0\r\n\r\n")
    answer = peer.recv(4096)
    check("a dot makes nobody a vendor", answer.startswith(b"HTTP/1.1 403"), answer)

# A CA whose place is told from a folder.
for words in (["run", "--ca-dir", "state", "--quiet", "--", "sh", "-c", 'cd / && head -c 11 "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS"'],
              ["ca", "path", "--ca-dir", "state"]):
    done = subprocess.run([BINARY, *words], cwd=folder, capture_output=True, text=True, timeout=120)
    check(f"{words[0]}: a program may change its folder", done.returncode == 0 and str(folder / "state") in done.stdout, done)
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
others = {name: "/etc/ssl/certs/ca-certificates.crt" for name in ("PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE", "HTTPLIB2_CA_CERTS")}
done = program([BINARY, "run", "--ca-dir", str(CA_DIR), "--quiet", "--", "python3", "-c", SHOW], **others, ALL_PROXY="http://127.0.0.1:9")
seen = json.loads(done.stdout)
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", *others):
    check(f"{name} has the CA and the system's roots", pathlib.Path(seen.get(name, "/")).name == "bundle.pem", seen.get(name))
for name in ("NODE_EXTRA_CA_CERTS", "DENO_CERT"):
    check(f"{name} adds the CA", seen.get(name) == str(CA), seen.get(name))
check("a proxy of outside is not the program's", "ALL_PROXY" not in seen, seen)

# Reasons.
log = Server("--ca-dir", str(CA_DIR), "--log", "text", "--log-level", "warn")
def try_tls(name, data=None, trust=None):
    with socket.create_connection(("127.0.0.1", log.port), timeout=20) as plain:
        if data is not None:
            plain.sendall(data)
            return plain.recv(64)
        try:
            (trust or ssl.create_default_context()).wrap_socket(plain, server_hostname=name).close()
        except ssl.SSLError:
            pass
answer = try_tls(None, b"\x16" + b"A" * 300)
check("what is no handshake gets an alert", answer[:1] == b"\x15" and len(answer) == 7, answer)
try_tls("api.steamship.com")
for size in (254, 300):
    name = b"a" * size
    sni = b"\x00\x00" + (size + 5).to_bytes(2, "big") + (size + 3).to_bytes(2, "big") + b"\x00" + size.to_bytes(2, "big") + name
    rest = bytes.fromhex("002b0003020304000d00080006040308040403000a00040002001d003300260024001d0020") + b"\x01" * 32
    body = b"\x03\x03" + b"r" * 32 + b"\x00\x00\x02\x13\x01\x01\x00" + (len(sni) + len(rest)).to_bytes(2, "big") + sni + rest
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    answer = try_tls(None, b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message)
    check(f"a name of {size} bytes is told to be none (alert 112)", answer == b"\x15\x03\x03\x00\x02\x02\x70", answer)
deadline = time.monotonic() + 30
while ("does not trust the CA" not in log.text() or log.text().count("no TLS with") < 4) and time.monotonic() < deadline:
    time.sleep(0.02)
lines = [line for line in log.text().splitlines() if "no TLS with" in line]
check("each is a line in the log, with its reason", len(lines) == 4 and any("api.steamship.com" in line and "does not trust the CA" in line for line in lines), lines)
check("others go on", reached("127.0.0.1", log.port, "localhost"))
shutil.rmtree(folder)
finish()
