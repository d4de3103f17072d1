"""Unmodified programs with their default https base URLs: over TLS, and through the proxy that answers
for the vendors. Their environment is empty but for what each row names."""
import fcntl
import http.client
import json
import shutil
import socket
import ssl
import struct
import sys
import termios
import time

from common import check, finish
from scene import BUNDLE, CA, CA_DIR, FLEET, ORG, PROJECT, go_client, java_source, program, serve, wavetank

wavetank()
server = serve()
direct = f"https://127.0.0.1:{server.port}"
# A password, if an empty one: without any, requests leaves the user name out.
proxy = f"http://blue:@127.0.0.1:{server.port}"
SHIPYARD = f"https://api.app.shipyardapp.com/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"


def seen(tenant="blue"):
    """The targets of the tenant's journal."""
    _, content, _ = server.call("GET", f"/_wavetank/journal?tenant={tenant}")
    return [entry["operation"] for entry in json.loads(content)["entries"] if entry.get("operation")]


def reset():
    server.call("POST", "/_wavetank/reset?tenant=blue")


def row(name, command, operation=None, **environment):
    reset()
    done = program(command, **environment)
    good = done.returncode == 0 and (operation is None or operation in seen())
    check(name, good, f"{done.returncode} {done.stdout[-300:]} {done.stderr[-600:]} {seen()}")
    return done


row("curl, straight", ["curl", "-sSf", f"{direct}/_wavetank/health"], CURL_CA_BUNDLE=CA)
for variable in ("CURL_CA_BUNDLE", "SSL_CERT_FILE"):
    row(f"curl through the proxy, {variable}", ["curl", "-sSf", "-H", "X-Shipyard-API-Key: k", SHIPYARD],
        "shipyard.fleetRun.list", HTTPS_PROXY=proxy, **{variable: CA})
done = program(["curl", "-sSv", "https://example.com/"], HTTPS_PROXY=proxy, CURL_CA_BUNDLE=BUNDLE)
check("a host of nobody's is refused, and the reason phrase says what to do",
      done.returncode != 0 and "--intercept example.com=SERVICE" in done.stderr, done.stderr[-500:])

# As its users run it: the address is the package's own.
CLIENT = f"""
from shipyard_api import ShipyardClient
client = ShipyardClient(org_id="{ORG}", api_key="k", project_id="{PROJECT}")
assert client.base_url.startswith("https://api.app.shipyardapp.com"), client.base_url
answer = client.trigger_fleet("{FLEET}")
assert answer["log"].startswith("https://api.app.shipyardapp.com/"), answer["log"]
"""
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    row(f"shipyard-api, {variable}", [sys.executable, "-c", CLIENT], "shipyard.fleetRun.create",
        HTTPS_PROXY=proxy, **{variable: BUNDLE})
REQUESTS = """
import requests
try:
    requests.get("https://example.com/")
except requests.exceptions.ProxyError as error:
    assert "example.com is no host of an emulated API" in str(error), error
else:
    raise SystemExit("no error")
"""
row("requests shows why a host is refused", [sys.executable, "-c", REQUESTS], HTTPS_PROXY=proxy)
HTTPX = f"""
import httpx
answer = httpx.get("{SHIPYARD}", headers={{"X-Shipyard-API-Key": "k"}})
assert answer.status_code == 200 and answer.http_version == "HTTP/1.1", answer
"""
row("httpx", [sys.executable, "-c", HTTPX], "shipyard.fleetRun.list", HTTPS_PROXY=proxy, SSL_CERT_FILE=CA)
AIOHTTP = """
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(trust_env=%s) as session:
        async with session.get("%s", headers={"X-Shipyard-API-Key": "k"}) as answer:
            assert answer.status == 200, answer
asyncio.run(main())
"""
row("aiohttp, straight", [sys.executable, "-c", AIOHTTP % (False, f"{direct}/_wavetank/health")], SSL_CERT_FILE=CA)
row("aiohttp through the proxy", [sys.executable, "-c", AIOHTTP % (True, SHIPYARD)], "shipyard.fleetRun.list",
    HTTPS_PROXY=proxy, SSL_CERT_FILE=CA)

# requests and urllib3 leave Nagle's algorithm on where there is a proxy: content is sent once the head is acknowledged.
head = b"POST http://api.steamship.com/api/v1/file/list HTTP/1.1\r\nHost: api.steamship.com\r\nAuthorization: Bearer k\r\nContent-Length: 2\r\n\r\n"
waits = []
with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
    for _ in range(40):
        client.sendall(head)
        began = time.monotonic()
        while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]:
            pass
        waits.append(time.monotonic() - began)
        client.sendall(b"{}")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        answer.read()
# What the kernel puts off it puts off by 40 ms, each time after the first few.
check("a head whose content is to come is acknowledged at once", min(waits[20:]) < 0.03, waits)

context = ssl.create_default_context(cafile=CA)
with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        check("of the suites of TLS 1.3 the one that costs least is chosen",
              client.cipher()[:2] == ("TLS_AES_128_GCM_SHA256", "TLSv1.3"), client.cipher())

done = program(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", CA, "-reconnect", "-tls1_2"])
check("openssl resumes its sessions", done.stdout.count("Reused, TLSv1.2") == 5, done.stdout[-600:])

if shutil.which("node"):
    NODE = f"""
fetch("{direct}/_wavetank/health").then(async answer => {{
  if (answer.status !== 200) throw answer;
}});
"""
    row("Node's fetch, straight", ["node", "-e", NODE], NODE_EXTRA_CA_CERTS=CA)
    TUNNEL = f"""
const http = require("http"), https = require("https");
const ask = http.request({{host: "127.0.0.1", port: {server.port}, method: "CONNECT", path: "api.app.shipyardapp.com:443",
  headers: {{"Proxy-Authorization": "Basic " + Buffer.from("blue:").toString("base64")}}, agent: false}});
ask.on("connect", (answer, socket) => https.get("{SHIPYARD}",
  {{socket, agent: false, headers: {{"X-Shipyard-API-Key": "k"}}}}, answer => process.exit(answer.statusCode === 200 ? 0 : 1)));
ask.end();
"""
    row("Node, whose CONNECT says Connection: close", ["node", "-e", TUNNEL], "shipyard.fleetRun.list",
        NODE_EXTRA_CA_CERTS=CA)

if shutil.which("go"):
    row("Go", [go_client(), SHIPYARD], "shipyard.fleetRun.list", HTTPS_PROXY=proxy, SSL_CERT_FILE=CA)

if shutil.which("javac"):
    store = CA_DIR / "trust.p12"
    check("ca export --pkcs12", wavetank("export", "--pkcs12", str(store)).returncode == 0)
    options = (f"-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={server.port} -Djavax.net.ssl.trustStore={store} "
               "-Djavax.net.ssl.trustStoreType=PKCS12")
    row("Java", ["java", java_source(key="wt-blue"), SHIPYARD], "shipyard.fleetRun.list", JAVA_TOOL_OPTIONS=options)
finish()
