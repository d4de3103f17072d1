"""Faults of TLS, as the clients see them that people use: what each raises for each fault."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from common import check, finish
from scene import BINARY, BUNDLE, CA, CA_DIR, FLEET, ORG, PROJECT, program, serve, wavetank

wavetank()
server = serve()
proxy = f"http://blue:@127.0.0.1:{server.port}"
HOST = "api.app.shipyardapp.com"
SHIPYARD = f"https://{HOST}/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
STEAMSHIP = "https://api.steamship.com/api/v1/account/current"


def rule(fault, **more):
    """In force in tenant blue alone, with counts of its own."""
    text = json.dumps({"name": "tls", "match": {"host": HOST}, "fault": {"tls": fault}, **more})
    status, answer, _ = server.call("POST", "/_wavetank/scenario/rules?tenant=blue", content=text)
    assert status in (200, 201), answer


def struck():
    return json.loads(server.call("GET", "/_wavetank/scenario/rules?tenant=blue")[1])["rules"][0]["struck"]


# One program for all three, since starting Python takes longer than all else.
PYTHON = """
import asyncio, sys, aiohttp, httpx, requests
url, client, patience = sys.argv[1:]
patience = float(patience)
def names(error):
    seen, words = set(), []
    while error is not None and id(error) not in seen:
        seen.add(id(error)); words.append(type(error).__module__.split(".")[0] + "." + type(error).__name__); words.append(str(error))
        reason = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
        error = error.__cause__ or error.__context__ or reason
    return " < ".join(words)
async def ask():
    async with aiohttp.ClientSession(trust_env=True, timeout=aiohttp.ClientTimeout(total=patience)) as session:
        async with session.get(url) as answer: await answer.read()
try:
    if client == "requests": requests.get(url, timeout=patience)
    elif client == "httpx": httpx.get(url, timeout=patience)
    else: asyncio.run(ask())
    print("none")
except Exception as error: print(names(error))
"""
NODE = """
const http = require("http"), https = require("https"), tls = require("tls");
const end = (word) => { console.log(word); process.exit(0); };
setTimeout(() => end("TIMEOUT"), process.argv[3] * 1000);
const ask = http.request({host: "127.0.0.1", port: +process.argv[1], method: "CONNECT", path: process.argv[2] + ":443",
  headers: {"Proxy-Authorization": "Basic " + Buffer.from("blue:").toString("base64")}, agent: false});
ask.on("connect", (answer, socket) => https.get({host: process.argv[2], path: "/orgs", socket, servername: process.argv[2], agent: false,
  createConnection: () => tls.connect({socket, servername: process.argv[2]})}, answer => end(answer.statusCode))
  .on("error", error => end(error.code || error.message)));
ask.end();
"""
CERTIFICATE = {"requests": "requests.SSLError", "httpx": "httpx.ConnectError", "aiohttp": "ClientConnectorCertificateError", "curl": 60}
BROKEN_HANDSHAKE = {"requests": "requests.SSLError", "httpx": "httpx.ConnectError", "aiohttp": "aiohttp.Client", "curl": 35}
# What each says: a part of its error's type or text; of curl its exit status.
SEEN = {
    "expired": {**CERTIFICATE, "node": "CERT_HAS_EXPIRED", "openssl": "certificate has expired", "text": "certificate has expired"},
    "notYetValid": {**CERTIFICATE, "node": "CERT_NOT_YET_VALID", "openssl": "certificate is not yet valid", "text": "not yet valid"},
    "wrongHost": {**CERTIFICATE, "node": "ERR_TLS_CERT_ALTNAME_INVALID", "openssl": "hostname mismatch", "text": "ostname mismatch"},
    "selfSigned": {**CERTIFICATE, "node": "DEPTH_ZERO_SELF_SIGNED_CERT", "openssl": "self-signed certificate", "text": "self-signed certificate"},
    "untrusted": {**CERTIFICATE, "node": "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "openssl": "unable to", "text": "unable to get local issuer"},
    "close": {**BROKEN_HANDSHAKE, "node": "ECONNRESET", "openssl": "unexpected eof", "text": "EOF"},
    "reset": {"requests": "requests.ConnectionError", "httpx": "httpx.ConnectError", "aiohttp": "aiohttp.Client", "curl": 35, "node": "ECONNRESET",
              "openssl": "errno=104", "text": "reset"},
    "plainHTTP": {**BROKEN_HANDSHAKE, "node": "ERR_SSL_WRONG_VERSION_NUMBER|EPROTO", "openssl": "wrong version number", "text": "rong_version_number|rong version number"},
    "stall": {"requests": "requests.Read|requests.ConnectTimeout|requests.ConnectionError", "httpx": "httpx.ConnectTimeout", "aiohttp": "TimeoutError", "curl": 28, "node": "TIMEOUT"},
    "cutRecord": {"requests": "requests.ConnectionError|requests.ProxyError", "httpx": "httpx.RemoteProtocolError|httpx.ReadError", "aiohttp": "ServerDisconnectedError", "curl": "52|56", "node": "ECONNRESET"},
    "corruptRecord": {"requests": "requests.SSLError", "httpx": "httpx.ReadError", "aiohttp": "aiohttp.Client", "curl": 56, "node": "ECONNRESET|ERR_SSL",
                      "text": "bad_record_mac|bad record mac|BAD_RECORD_MAC"},
    "40": {**BROKEN_HANDSHAKE, "node": "ERR_SSL|EPROTO", "openssl": "handshake failure", "text": "andshake.failure|HANDSHAKE_FAILURE"},
    "48": {**BROKEN_HANDSHAKE, "node": "ERR_SSL|EPROTO", "openssl": "unknown ca", "text": "nknown.ca|UNKNOWN_CA"},
}


def patience(name):
    """Seconds: what stalls is given up soon, all else has its time on a slow machine."""
    return "3" if name == "stall" else "20"


def fits(found, wanted):
    return any(word in str(found) for word in str(wanted).split("|"))


GO = """package main
import ("fmt"; "net/http"; "os"; "strconv"; "time")
func main() {
  patience, _ := strconv.Atoi(os.Args[2])
  client := http.Client{Timeout: time.Duration(patience) * time.Second, Transport: http.DefaultTransport}
  answer, err := client.Get(os.Args[1])
  if err != nil { fmt.Println(err); return }
  fmt.Println(answer.Status)
}
"""
# Only what its own words say.
GO_SAYS = {
    "expired": "x509: certificate has expired or is not yet valid", "notYetValid": "x509: certificate has expired or is not yet valid",
    "wrongHost": "x509: certificate is valid for wrong-host.localhost", "selfSigned": "x509:", "untrusted": "x509: certificate signed by unknown authority",
    "close": "EOF", "reset": "connection reset by peer", "plainHTTP": "server gave HTTP response to HTTPS client|first record does not look like a TLS handshake",
    "stall": "Timeout|deadline", "cutRecord": "EOF", "corruptRecord": "bad record MAC", "40": "tls: handshake failure",
    "48": "tls: unknown certificate authority",
}
go = None
if shutil.which("go"):
    (CA_DIR / "faults.go").write_text(GO)
    program(["go", "build", "-o", CA_DIR / "faults", CA_DIR / "faults.go"], timeout=240, GOCACHE=CA_DIR / "cache", GOFLAGS="-mod=mod")
    go = CA_DIR / "faults"


def python(client, name):
    done = program([sys.executable, "-c", PYTHON, SHIPYARD, client, patience(name)], HTTPS_PROXY=proxy, REQUESTS_CA_BUNDLE=CA, SSL_CERT_FILE=CA)
    return done.stdout + done.stderr


def node(name):
    return program(["node", "-e", NODE, str(server.port), HOST, patience(name)], NODE_EXTRA_CA_CERTS=CA).stdout.strip()


def openssl(connect=None):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", HOST, "-verify_hostname", HOST,
                           "-verify_return_error", "-CAfile", CA], input="", capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


for name, seen in SEEN.items():
    # Clients that try again meet it again.
    rule({"alert": int(name)} if name.isdigit() else name)
    before = struck()
    for client in ("requests", "httpx", "aiohttp"):
        found = python(client, name)
        good = fits(found, seen[client]) and ("text" not in seen or client != "requests" or fits(found, seen["text"]))
        check(f"{name}: {client} raises {seen[client]}", good, found[-700:])
    done = program(["curl", "-sS", "--max-time", patience(name), "-H", "X-Shipyard-API-Key: k", SHIPYARD], HTTPS_PROXY=proxy, CURL_CA_BUNDLE=CA)
    check(f"{name}: curl exits with {seen['curl']}", str(done.returncode) in str(seen["curl"]).split("|"), f"{done.returncode} {done.stderr[-300:]}")
    clients = 4
    if shutil.which("node"):
        found = node(name)
        check(f"{name}: Node says {seen['node']}", fits(found, seen["node"]), found)
        clients += 1
    if go:
        found = program([go, SHIPYARD, patience(name)], HTTPS_PROXY=proxy, SSL_CERT_FILE=CA).stdout.strip()
        check(f"{name}: Go says {GO_SAYS[name]}", fits(found, GO_SAYS[name]), found)
        clients += 1
    check(f"{name}: each connection was counted", struck() - before >= clients, struck() - before)

# The default tenant's, for clients that come without a proxy.
for name, seen in SEEN.items():
    if "openssl" in seen:
        fault = {"alert": int(name)} if name.isdigit() else name
        text = json.dumps({"name": "tls", "match": {"host": HOST}, "fault": {"tls": fault}})
        server.call("POST", "/_wavetank/scenario/rules", content=text)
        check(f"{name}: openssl says {seen['openssl']}", fits(openssl().lower(), seen["openssl"]), openssl()[-600:])
server.call("DELETE", "/_wavetank/scenario/rules/tls")
check("without the rule it verifies", "Verification: OK" in openssl(), openssl()[-600:])

# Hosts, services and tenants for themselves.
rule("expired", times=1)
other = program(["curl", "-sSo", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer k", STEAMSHIP], HTTPS_PROXY=proxy, CURL_CA_BUNDLE=CA)
check("another host is served", other.stdout == "200", other)
other = program(["curl", "-sSo", "/dev/null", "-w", "%{http_code}", "-H", "X-Shipyard-API-Key: k", SHIPYARD],
                HTTPS_PROXY=proxy.replace("blue", "green"), CURL_CA_BUNDLE=CA)
check("another tenant is served", other.stdout == "200", other)
CURL = ["curl", "-sSo", "/dev/null", "-w", "%{http_code}", "-H", "X-Shipyard-API-Key: k", SHIPYARD]
codes = [program(CURL, HTTPS_PROXY=proxy, CURL_CA_BUNDLE=CA).returncode for _ in range(3)]
check("times counts connections", codes == [60, 0, 0], codes)
server.call("DELETE", "/_wavetank/scenario/rules/tls?tenant=blue")
text = json.dumps({"name": "tls", "match": {"service": "shipyard"},
                   "sequence": [{"fault": {"tls": "reset"}}, {"pass": True}, {"fault": {"tls": "corruptRecord"}}]})
server.call("POST", "/_wavetank/scenario/rules?tenant=blue", content=text)
codes = [program(CURL, HTTPS_PROXY=proxy, CURL_CA_BUNDLE=CA).returncode for _ in range(4)]
check("a sequence gives each connection its own", codes == [35, 0, 56, 0], codes)
entries = json.loads(server.call("GET", "/_wavetank/journal?tenant=blue&rule=tls&limit=2")[1])["entries"]
check("the journal tells which", [entry.get("fault") for entry in entries] in (["tls corruptRecord", "tls reset"], ["tls reset", "tls corruptRecord"])
      and {entry["method"] + " " + entry["target"] for entry in entries} == {f"TLS https://{HOST}"}, entries)

# Real SDKs.
rule("wrongHost")
SDK = f"""
from shipyard_api import ShipyardClient
ShipyardClient(org_id="{ORG}", api_key="k", project_id="{PROJECT}").trigger_fleet("{FLEET}")
"""
said = program([sys.executable, "-c", SDK], HTTPS_PROXY=proxy, REQUESTS_CA_BUNDLE=BUNDLE)
check("shipyard-api raises it, too", said.returncode != 0 and "ostname mismatch" in said.stderr, said.stderr[-600:])

# Refused where it cannot be, with file and key path.
with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "wrong.json"
    file.write_text('{\n  "wavetank": 1,\n  "rules": [\n    {"match": {"operation": "shipyard.fleetRun.list", "path": "/a"},\n     "fault": {"tls": "expired"}}\n  ]\n}\n')
    done = subprocess.run([BINARY, "check", file], capture_output=True, text=True, timeout=30)
    said = done.stdout + done.stderr
    check("check refuses an operation, with its place", done.returncode == 1 and "wrong.json:4" in said and "match" in said and "before any request" in said, said)
    file.write_text('{"wavetank": 1, "rules": [{"fault": {"tls": {"alert": 40}}, "match": {"host": "*.steamship.run"}}]}')
    done = subprocess.run([BINARY, "check", file], capture_output=True, text=True, timeout=30)
    check("and takes a host", done.returncode == 0, done)

# A program under `run` meets them by its own address.
done = subprocess.run([BINARY, "run", "--scenario", "certificate-trouble", "--ca-dir", CA_DIR, "--", sys.executable, "-c", f"""
import requests
for number in range(7):
    try: print(requests.get("{SHIPYARD}", headers={{"X-Shipyard-API-Key": "k"}}, timeout=9).status_code)
    except requests.exceptions.SSLError as error: print("refused", error)
"""], capture_output=True, text=True, timeout=90)
check("certificate-trouble under wavetank run", done.stdout.count("refused") == 5 and done.stdout.split()[-1] == "200", done.stdout + done.stderr)
check("and the summary names the connections", "(TLS connection)" in done.stderr and "certificate trouble" in done.stderr, done.stderr)
finish()
