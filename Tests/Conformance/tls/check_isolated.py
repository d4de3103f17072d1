"""wavetank run --isolated: a network with nothing in it but the emulator, and everything else as without."""
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from common import Server, check, finish
from scene import BINARY, CA, CA_DIR, FLEET, ORG, PROJECT, program, refuses_namespaces, wavetank

folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-isolated-"))
scratch = folder / "scratch"
scratch.mkdir(mode=0o777)
FLEETS = f"https://api.app.shipyardapp.com/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
CURL = ["curl", "-sSf", "-m", "20", "-H", "X-Shipyard-API-Key: any"]
# What the variables say is not needed.
BARE = ["env", "-u", "SSL_CERT_FILE", "-u", "CURL_CA_BUNDLE", "-u", "REQUESTS_CA_BUNDLE"]
wavetank("--intercept", "own.example=steamship")


def run(*command, flags=(), front=(), timeout=120, **more):
    command = [*front, BINARY, "run", "--isolated", "--ca-dir", str(CA_DIR), *flags, "--", *command]
    return program(command, timeout=timeout, TMPDIR=scratch, **more)


def refusal(name, done, mark):
    good = done.returncode == 69 and "nothing was run" in done.stderr and done.stderr.strip().count("\n") == 0
    check(name, good and not mark.exists() and not list(scratch.iterdir()), (done, list(scratch.iterdir())))


why = refuses_namespaces()
if why:
    print(f"-- not here: {why}")
    refusal("where the kernel forbids it, one sentence says so and nothing has run", run("touch", str(folder / "ran")), folder / "ran")
    finish()

if program(["unshare", "-Ur", "true"]).returncode == 0:
    mark = folder / "ran"
    for what in ("net", "mnt"):
        # The limits of a namespace for users are its owner's to set.
        script = f"echo 0 > /proc/sys/user/max_{what}_namespaces; exec \"$@\""
        front = ["unshare", "-Ur", "sh", "-c", script, "sh"]
        refusal(f"without {what} namespaces one sentence says so and nothing has run",
                run("touch", str(mark), front=front), mark)

done = run(*BARE, *CURL, FLEETS)
check("curl reaches the vendor's name, by the system's roots alone", done.returncode == 0 and "Fleet Name" in done.stdout, done)
check("the summary tells of it, and of no name in vain",
      "1  shipyard.fleetRun.list" in done.stderr and "not served" not in done.stderr, done.stderr)

INSIDE = """
import json, os, socket, ssl, struct, time, urllib.request
found = {}
found["interfaces"] = sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line)
found["proxies"] = sorted(name for name in os.environ if name.lower().endswith("_proxy"))

def lookup(name, family=socket.AF_UNSPEC):
    began = time.monotonic()
    try:
        got = sorted({row[4][0] for row in socket.getaddrinfo(name, 443, family, socket.SOCK_STREAM)})
    except socket.gaierror as error:
        got = error.errno == socket.EAI_NONAME or error.errno == socket.EAI_NODATA
    return got, time.monotonic() - began < 3
for name in ["ada.steamship.run", "api.scramjet.cloud", "own.example", "bank.example", "db.internal", socket.gethostname()]:
    found[name if name != socket.gethostname() else "self"] = lookup(name)

def question(name, kind):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
with socket.create_connection(("127.0.0.1", 53), timeout=5) as names:
    for kind in (1, 28):
        query = question("api.steamship.com", kind)
        names.sendall(struct.pack(">H", len(query)) + query)
        size = struct.unpack(">H", names.recv(2, socket.MSG_WAITALL))[0]
        answer = names.recv(size, socket.MSG_WAITALL)
        found[f"tcp {kind}"] = list(answer[-(4 if kind == 1 else 16):])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
    names.settimeout(5)
    names.sendto(b"rubbish", ("127.0.0.1", 53))
    names.sendto(question("bank.example", 65), ("127.0.0.1", 53))
    found["udp"] = names.recv(512)[3] & 15

def reach(host, port):
    began = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=10).close()
        return "reached"
    except OSError as error:
        return type(error).__name__ if time.monotonic() - began < 3 else "slow"
found["outside"] = reach("192.0.2.1", 443)
found["outside, v6"] = reach("2001:db8::9", 5432)
found["port of ours outside"] = reach("192.0.2.2", 7070)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    try:
        found["datagram"] = datagrams.sendto(b"x", ("192.0.2.3", 53))
    except OSError:
        found["datagram"] = "OSError"
with socket.create_server(("127.0.0.1", 0)) as own:
    found["own"] = reach("127.0.0.1", own.getsockname()[1])
found["host"] = reach("127.0.0.1", int(os.environ["HOST_PORT"]))
for port in (443, 80, 7070):
    found[f"v4 {port}"] = reach("127.0.0.1", port)
    found[f"v6 {port}"] = reach("::1", port)
for url in ["https://api.steamship.com/", "http://api.steamship.com/", "https://own.example/"]:
    try:
        found[url] = urllib.request.urlopen(url, timeout=20).status
    except urllib.error.HTTPError as error:
        found[url] = error.code
found["roots"] = len(ssl.create_default_context().get_ca_certs()) > 1
found["tenants"] = json.load(urllib.request.urlopen(os.environ["WAVETANK_URL"].split("/_t/")[0] + "/_wavetank/tenants"))
print(json.dumps(found))
"""
has_ipv6 = os.path.exists("/proc/net/if_inet6")
both = ["127.0.0.1", "::1"] if has_ipv6 else ["127.0.0.1"]
with socket.create_server(("127.0.0.1", 0)) as listener:
    done = run(*BARE, sys.executable, "-c", INSIDE, flags=["--tenant", "blue", "--intercept", "own.example=steamship"],
               HOST_PORT=listener.getsockname()[1], HTTPS_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
found = json.loads(done.stdout) if done.returncode == 0 else {}
check("a program looks around", bool(found), done)
check("there is loopback, and nothing else", found.get("interfaces") == ["lo"], found.get("interfaces"))
check("proxies of outside are not its own", found.get("proxies") == [], found.get("proxies"))
for name in ("ada.steamship.run", "api.scramjet.cloud", "own.example"):
    check(f"{name} is here, at once", found.get(name) == [both, True], found.get(name))
check("its own name is", found.get("self", [[]])[0] and found["self"][1], found.get("self"))
for name in ("bank.example", "db.internal"):
    check(f"{name} is not, at once", found.get(name) == [True, True], found.get(name))
    check(f"and the summary names {name}", f"\n  {name}\n" in done.stderr, done.stderr)
check("names over TCP", (found.get("tcp 1"), found.get("tcp 28", [0])[-1]) == ([127, 0, 0, 1], 1 if has_ipv6 else 0), found)
check("what is no question is passed over, other kinds are refused", found.get("udp") == 3, found)
REFUSED = ("ConnectionRefusedError", "OSError")
for what in ("outside", "outside, v6", "port of ours outside"):
    check(f"an address outside is not reached, and nobody waits for it: {what}", found.get(what) in REFUSED, found.get(what))
check("nor by a datagram", found.get("datagram") == "OSError", found.get("datagram"))
check("what the program listens on itself is reached", found.get("own") == "reached", found.get("own"))
# The kernel shows connections in vain where it has rules of routing and sockets for packets.
if found.get("outside") == "ConnectionRefusedError":
    for place in ("192.0.2.1:443", "192.0.2.2:7070") + (("[2001:db8::9]:5432",) if has_ipv6 else ()):
        check(f"and the summary names {place}", f"\n  {place}\n" in done.stderr, done.stderr)
else:
    print(f"-- addresses are refused unseen here: {found.get('outside')}")
check("loopback is none of them", "  127." not in done.stderr and "  [::1]" not in done.stderr, done.stderr)
check("nor is what listens on this machine", found.get("host") == "ConnectionRefusedError", found.get("host"))
check("the emulator is on the usual ports",
      all(found.get(f"{family} {port}") == "reached" for port in (443, 80, 7070) for family in ["v4", "v6"][:1 + has_ipv6]), found)
for url in ("https://api.steamship.com/", "http://api.steamship.com/", "https://own.example/"):
    check(f"{url} is the emulator", found.get(url) in (200, 404), found.get(url))
check("the system's roots are there, and ours among them", found.get("roots") is True)
names = [tenant["name"] for tenant in found.get("tenants", {}).get("tenants", []) if tenant["exchanges"]]
check("what comes by no proxy is its tenant's, too", names == ["blue"], names)

for name, command, status in [("its own", ["sh", "-c", "exit 7"], 7), ("a signal's", ["sh", "-c", "kill -KILL $$"], 137),
                              ("none there", ["no-such-program"], 127), ("no program", ["/"], 126)]:
    done = run(*command)
    check(f"the exit status: {name}", done.returncode == status, done)
check("nothing is left of it", not list(scratch.iterdir()), list(scratch.iterdir()))
done = run("sh", "-c", "echo out; echo err >&2", flags=["--quiet"])
check("its output is its own, and --quiet adds nothing", (done.stdout, done.stderr) == ("out\n", "err\n"), done)
identity = subprocess.run(["id"], capture_output=True, text=True).stdout
done = run("id", flags=["--quiet"])
check("it is who it is without", done.stdout.split()[:2] == identity.split()[:2], (identity, done.stdout))
if os.geteuid() == 0 and shutil.which("setpriv"):
    home = folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    folder.chmod(0o755)
    front = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    readable = program([*front, BINARY, "version"]).returncode == 0
    command = [*front, BINARY, "run", "--isolated", "--ca-dir", str(home / "ca"), "--", *BARE, "sh", "-c",
               f"id -u; id -g; grep CapEff /proc/self/status; touch {home}/mine; " + " ".join(f"'{word}'" for word in [*CURL, FLEETS])]
    done = program(command, timeout=120, TMPDIR=home) if readable else None
    if done is None or done.returncode == 69:
        print(f"-- no namespaces for a user who is not root: {done}")
    else:
        lines = done.stdout.split("\n")
        check("a user who is not root is who it is, with no more rights",
              lines[:2] == ["65534", "65534"] and lines[2].endswith("0000000000000000"), done)
        check("and reaches the vendor's name", done.returncode == 0 and "Fleet Name" in done.stdout, done)
        check("what it makes is its own", (home / "mine").stat().st_uid == 65534)

# A server that listens outside, with a CA of its own.
theirs = folder / "theirs"
server = Server("--ca-dir", str(theirs), "--clock", "skip")
LOOK = f"""
import os, ssl, sys, urllib.request
print(urllib.request.urlopen(urllib.request.Request({FLEETS!r}, headers={{"X-Shipyard-API-Key": "any"}}), timeout=20).status)
print(os.path.realpath(os.environ["SSL_CERT_FILE"]))
print(urllib.request.urlopen(os.environ["WAVETANK_URL"] + "/_wavetank/version", timeout=20).status)
"""
for flags, wanted in [(["--url", server.url], "run-"), (["--url", server.url, "--tenant", "blue"], "blue"),
                      (["--url", server.url + "/_t/green"], "green")]:
    done = run(sys.executable, "-c", LOOK, flags=flags)
    lines = done.stdout.split()
    check(f"--url: a program comes to the server that listens there ({wanted})",
          done.returncode == 0 and lines[0] == "200" and lines[2] == "200", done)
    check("and the summary is of that server", "1  shipyard.fleetRun.list" in done.stderr and "not served" not in done.stderr, done.stderr)
    tenants = [tenant["name"] for tenant in json.loads(server.call("GET", "/_wavetank/tenants")[1])["tenants"] if tenant["exchanges"]]
    check(f"in the tenant of the run ({wanted})", any(name.startswith(wanted) for name in tenants), tenants)
    check("what it trusts is gone with it", lines and not os.path.exists(lines[1]) and not list(scratch.iterdir()), (lines, list(scratch.iterdir())))
done = run(sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 443))", flags=["--url", server.url])
check("--url: nothing else is there", done.returncode == 1 and "Error" in done.stderr, done)
for flags, words in [(["--url", server.url.replace("http", "https")], "http://"), (["--url", server.url, "--passthrough", "a.example"], "--passthrough")]:
    done = run("touch", str(folder / "ran"), flags=flags)
    check(f"{' '.join(flags[2:] or ['https'])} is a usage error in one sentence",
          done.returncode == 64 and words in done.stderr and not (folder / "ran").exists(), done)
server.end()
done = run("touch", str(folder / "ran"), flags=["--url", server.url])
check("a server that is not there is said so, and nothing has run", done.returncode == 1 and not (folder / "ran").exists(), done)

ready = folder / "ready"
HOLD = f"trap 'echo caught; exit 5' TERM; touch {ready}; while :; do sleep 0.05; done"
process = subprocess.Popen([BINARY, "run", "--isolated", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c", HOLD],
                           stdout=subprocess.PIPE, text=True)
deadline = time.monotonic() + 30
while not ready.exists() and time.monotonic() < deadline:
    time.sleep(0.01)
process.send_signal(signal.SIGTERM)
out, _ = process.communicate(timeout=30)
check("a signal sent to us is the program's", (process.returncode, out) == (5, "caught\n"), (process.returncode, out))

for start, wanted in ((signal.SIG_IGN, (0, "stays\n")), (signal.SIG_DFL, (129, ""))):
    done = subprocess.run([BINARY, "run", "--isolated", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c",
                           "kill -HUP $PPID; kill -HUP $$; echo stays"],
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, start), capture_output=True, text=True, timeout=60)
    check("SIGHUP is as who started us wants it", (done.returncode, done.stdout) == wanted, done)

main, side = pty.openpty()
process = subprocess.Popen([BINARY, "run", "--isolated", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c", "test -t 0 && test -t 1"],
                           stdin=side, stdout=side, stderr=side)
check("the terminal is the program's", process.wait(60) == 0)
os.close(side)
os.close(main)
if shutil.which("openssl"):
    done = run(*BARE, "sh", "-c", "echo | openssl s_client -connect api.steamship.com:443 -verify_return_error -brief", flags=["--quiet"])
    check("OpenSSL finds the CA in the system's folder", done.returncode == 0, done)
check("this machine's own roots are as they were", not pathlib.Path("/etc/ssl/certs/wavetank.pem").exists() and CA.exists())
shutil.rmtree(folder)
finish()
