"""The sharding TLS front of `docker/`, without containers: the same nginx.conf and certificates on loopback,
two Wavetanks, and unmodified clients with their fixed https base URLs. What the network's aliases do in
compose, a patched name lookup does here.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

import run as runner
from common import Server, check, finish

HERE = pathlib.Path(__file__).resolve().parent
DOCKER = HERE.parent.parent.parent / "docker"

WAVETANK = urllib.parse.urlsplit(os.environ["WAVETANK_URL"]).netloc

LOOKUP = '''
import os, socket
_real = socket.getaddrinfo
_names = ("api.steamship.com", "steamship.run", "api.scramjet.cloud", "api.app.shipyardapp.com")
def _here(host, port, *rest, **more):
    name = host.decode() if isinstance(host, bytes) else host
    if name in _names or str(name).endswith(".steamship.run"):
        return _real("127.0.0.1", int(os.environ["FRONT_PORT"]), *rest, **more)
    return _real(host, port, *rest, **more)
socket.getaddrinfo = _here
'''

STEAMSHIP = '''
from steamship import Steamship
client = Steamship(api_base="https://api.steamship.com/api/v1/", app_base="https://steamship.run/",
                   api_key="wt-front", workspace="demo")
print(client.use("hello-world", "front").invoke("greet", name="Ada"))
'''

TOPIC = '''
import threading, time, requests
url = "https://api.scramjet.cloud/api/v1/space/demo/api/v1/topic/front"
head = {"Authorization": "Bearer wt-front", "Content-Type": "application/x-ndjson"}
def late():
    time.sleep(0.3)
    requests.post(url, data=b'"through the front"\\n', headers=head)
threading.Thread(target=late).start()
with requests.get(url, headers=head, stream=True, timeout=20) as answer:
    for line in answer.iter_lines():
        print(line.decode())
        break
'''


def nginx():
    if not shutil.which("nginx") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"],
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, timeout=200,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return shutil.which("nginx")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def adapted(folder, port, second):
    """The shipped configuration with this machine's places; every change must find its mark."""
    text = (DOCKER / "front/nginx.conf").read_text()
    for pattern, new in [(r"/tmp/", f"{folder}/"), (r"/etc/nginx/certificates", str(folder)),
                         (r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                         (r"server wavetank-1:7070", f"server {WAVETANK}"),
                         (r"server wavetank-2:7070", f"server 127.0.0.1:{second.port}")]:
        text, count = re.subn(pattern, new, text)
        check(f"nginx.conf has {pattern}", count > 0)
    (folder / "nginx.conf").write_text(text)
    return folder / "nginx.conf"


def client(python, folder, port, *command):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("STEAMSHIP_")}
    environment |= {"PYTHONPATH": str(folder), "FRONT_PORT": str(port), "HOME": str(folder),
                    "REQUESTS_CA_BUNDLE": str(folder / "ca.pem"), "SSL_CERT_FILE": str(folder / "ca.pem")}
    done = subprocess.run([python, "-W", "ignore", *command], env=environment, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def through(folder, port, name, host, path, fields=""):
    """The first line that the front answers, or why there is none."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.check_hostname = False
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secure:
                secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n".encode())
                return secure.recv(4096).split(b"\r\n")[0].decode()
    except (ssl.SSLError, OSError) as error:
        return f"no connection: {error}"


def strangers(folder, port):
    """Whoever comes by the front is a loopback peer of Wavetank's, here as with a front on one's own machine."""
    vendor = "api.steamship.com"
    answer = through(folder, port, vendor, vendor, "/_wavetank/health")
    check("the front serves a vendor's name", answer.startswith("HTTP/1.1 200"), answer)
    for name in ("localhost", "127.0.0.1", None, "elsewhere.example"):
        answer = through(folder, port, name, "localhost", "/_wavetank/journal")
        check(f"the front has no TLS for {name}", answer.startswith("no connection"), answer)
    answer = through(folder, port, vendor, "localhost", "/_wavetank/journal")
    check("nor has it localhost behind a vendor's TLS name", answer.startswith("HTTP/1.1 421"), answer)
    answer = through(folder, port, vendor, vendor, "/_wavetank/journal")
    check("behind the front there is no control API without a token", answer.startswith("HTTP/1.1 403"), answer)


def shards(folder, port, second):
    """A tenant is in one of the two, however a request names it."""
    vendor = "api.app.shipyardapp.com"
    path = "/orgs/11111111-1111-4111-8111-111111111111/voyages"
    ways = [(f"/_t/NAME{path}", "X-Shipyard-API-Key: k"), (path, "X-Wavetank-Tenant: NAME\r\nX-Shipyard-API-Key: k"),
            (path, "X-Shipyard-API-Key: wt-NAME"), (path, "X-Shipyard-API-Key: wt-NAME.second"),
            (f"/_t/NAME{path}?a=/_t/other", "X-Shipyard-API-Key: wt-third")]
    for number in range(12):
        for target, fields in ways:
            name = f"shard{number}"
            answer = through(folder, port, vendor, vendor, target.replace("NAME", name), fields.replace("NAME", name) + "\r\n")
            if not answer.startswith("HTTP/1.1 200"):
                check(f"{name} is served by its shard", False, answer)
    found = []
    for place in (WAVETANK, f"127.0.0.1:{second.port}"):
        with urllib.request.urlopen(f"http://{place}/_wavetank/tenants", timeout=20) as answer:
            found.append({tenant["name"]: tenant["exchanges"] for tenant in json.load(answer)["tenants"]
                          if tenant["name"].startswith("shard")})
    check("each tenant is in one of the two", not set(found[0]) & set(found[1]) and len(found[0]) + len(found[1]) == 12, found)
    check("both have some", all(found), found)
    check("and all that was a tenant's came there", all(count == len(ways) for one in found for count in one.values()), found)


def main():
    program = nginx()
    if not program or not shutil.which("openssl"):
        print("ok the TLS front skipped: no nginx or no openssl")
        return 0
    with tempfile.TemporaryDirectory(prefix="wavetank-front-") as name:
        folder = pathlib.Path(name)
        # The workers of nginx run as another user.
        folder.chmod(0o755)
        made = subprocess.run([DOCKER / "make-certificates", folder], text=True, capture_output=True)
        check("make-certificates makes a CA and a certificate that it signed", subprocess.run(
            ["openssl", "verify", "-CAfile", folder / "ca.pem", folder / "front.pem"],
            capture_output=True).returncode == 0, made.stderr)
        modes = {name: (folder / name).stat().st_mode & 0o777
                 for name in ("ca.key", "front.key", "ca.pem", "front.pem")}
        check("keys are their owner's alone, certificates everybody's", modes == {
            "ca.key": 0o600, "front.key": 0o600, "ca.pem": 0o644, "front.pem": 0o644}, modes)
        names = subprocess.run(
            ["openssl", "x509", "-in", folder / "front.pem", "-noout", "-ext", "subjectAltName"],
            text=True, capture_output=True).stdout
        check("the front's certificate is for no name of this machine",
              "api.steamship.com" in names and "localhost" not in names and "127.0.0.1" not in names, names)
        (folder / "sitecustomize.py").write_text(LOOKUP)
        port = free_port()
        second = Server()
        configuration = adapted(folder, port, second)
        test = subprocess.run([program, "-t", "-c", configuration], text=True, capture_output=True)
        if not check("nginx accepts the configuration", test.returncode == 0, test.stderr):
            return 1
        front = subprocess.Popen([program, "-c", configuration, "-g", "daemon off;"])
        try:
            for _ in range(200):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            strangers(folder, port)
            shipyard = runner.environment_for(HERE.parent / "shipyard")
            status, output = client(shipyard, folder, port, str(DOCKER / "test-job/check.py"))
            check("the test job of compose.yaml: the unmodified Shipyard client over https",
                  status == 0 and "Success" in output, output)
            status, output = client(shipyard, folder, port, "-c", TOPIC)
            check("a Scramjet topic streams through the front", "through the front" in output, output)
            steamship = runner.environment_for(HERE.parent / "steamship")
            status, output = client(steamship, folder, port, "-c", STEAMSHIP)
            check("the unmodified Steamship SDK over https", "Hello, Ada!" in output, output)
            shards(folder, port, second)
        finally:
            front.send_signal(signal.SIGTERM)
            front.wait(10)
    finish()


if __name__ == "__main__":
    main()
