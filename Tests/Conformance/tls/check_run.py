"""wavetank run: unmodified programs with their built-in addresses, their signals, terminal and exit status."""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

from common import Server, check, finish
from scene import BINARY, CA_DIR, FLEET, ORG, PROJECT, java_source, program, serve

folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-run-"))
FLEETS = f"https://api.app.shipyardapp.com/orgs/{ORG}/projects/{PROJECT}/fleets/{FLEET}/fleetruns"
CURL = ["curl", "-sSf", "-H", "X-Shipyard-API-Key: any"]


def run(*command, flags=(), timeout=120):
    return program([BINARY, "run", "--ca-dir", str(CA_DIR), *flags, "--", *command], timeout=timeout)


done = run(*CURL, FLEETS)
check("curl under the vendor's name", done.returncode == 0 and "Fleet Name" in done.stdout, done)
check("a summary of what happened is on standard error", "1  shipyard.fleetRun.list" in done.stderr, done.stderr)
check("and says nothing of expectations where there are none", "Expected" not in done.stderr, done.stderr)
done = run("curl", "-sSf", "-H", "X-Shipyard-API-Key: wt-other", FLEETS)
check("what keys of other tenants asked for is told of", done.returncode == 0 and "0 exchanges" in done.stderr
      and "1 exchange of the tenant other" in done.stderr, done)
CLIENT = f"""
from shipyard_api import ShipyardClient
ShipyardClient(org_id="{ORG}", api_key="k", project_id="{PROJECT}").trigger_fleet("{FLEET}")
"""
done = run(sys.executable, "-c", CLIENT)
check("shipyard-api as it is", done.returncode == 0 and "shipyard.fleetRun.create" in done.stderr, done)
AIOHTTP = f"""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get("{FLEETS}", headers={{"X-Shipyard-API-Key": "k"}}) as answer:
            assert answer.status == 200, answer
asyncio.run(main())
"""
done = run(sys.executable, "-c", AIOHTTP)
check("aiohttp with trust_env", done.returncode == 0, done)
done = run("env", "-u", "CURL_CA_BUNDLE", "-u", "SSL_CERT_FILE", "-u", "SSL_CERT_DIR", *CURL, FLEETS)
check("who does not trust the CA is told of, by host", done.returncode == 60 and "does not trust the CA" in done.stderr
      and "1 × api.app.shipyardapp.com" in done.stderr and "0 exchanges" in done.stderr, done)
if shutil.which("javac"):
    done = run("java", java_source(), FLEETS)
    check("Java as it is", done.returncode == 0 and "shipyard.fleetRun.list" in done.stderr, done)

if shutil.which("wget"):
    homes = folder / "home"
    homes.mkdir()
    environment = {"HOME": str(homes)}
    wget = ["wget", "-q", "-O", "-", "--header", "X-Shipyard-API-Key: any", FLEETS]
    done = program([BINARY, "run", "--ca-dir", str(CA_DIR), "--", *wget], timeout=120, **environment)
    check("wget, which reads settings from a file alone", done.returncode == 0 and "Fleet Name" in done.stdout, done)
    (homes / ".wgetrc").write_text("user_agent = mine\n")
    done = program([BINARY, "run", "--quiet", "--ca-dir", str(CA_DIR), "--", "sh", "-c", 'echo "<$WGETRC>"'], timeout=120, **environment)
    check("settings of the user's own stay in force", done.stdout == "<>\n", done)

for name, command, status in [("its own", ["sh", "-c", "exit 7"], 7), ("a signal's", ["sh", "-c", "kill -KILL $$"], 137),
                              ("none there", ["no-such-program"], 127), ("no program", ["/"], 126)]:
    check(f"the exit status: {name}", run(*command).returncode == status)
check("without a command it is a usage error", program([BINARY, "run"]).returncode == 64)
done = run("sh", "-c", "echo out; echo err >&2; cat", flags=["--quiet"])
check("its output is its own, and --quiet adds nothing", (done.stdout, done.stderr) == ("out\n", "err\n"), done)
done = run("sh", "-c", 'echo "$WAVETANK_TENANT $WAVETANK_URL $SHIPYARD_API_BASE"', flags=["--quiet", "--tenant", "blue"])
check("it is told its tenant", done.stdout.startswith("blue http://127.0.0.1:") and "/_t/blue" in done.stdout, done.stdout)

broken = folder / "broken"
program([BINARY, "ca", "--ca-dir", str(broken)])
(broken / "ca.key").write_text("nonsense")
LOOK = 'echo "$HTTPS_PROXY $https_proxy"; echo "$JAVA_TOOL_OPTIONS"'
done = program([BINARY, "run", "--quiet", "--ca-dir", str(broken), "--", "sh", "-c", LOOK])
check("with a CA that cannot be used https goes nowhere: the proxy is set, and it is said",
      done.stdout.count("http://default:any@127.0.0.1:") == 2 and "-Dhttps.proxyHost=127.0.0.1" in done.stdout
      and "cannot be used" in done.stderr, done)
done = program([BINARY, "run", "--quiet", "--ca-dir", str(broken), "--", *CURL, FLEETS])
check("and a program is told by its own TLS", done.returncode == 35, done)

scenario = folder / "scenario.json"
scenario.write_text(json.dumps({
    "wavetank": 1, "name": "refusal", "expect": {"rules": {"one refusal": 1}},
    "rules": [{"name": "one refusal", "match": {"operation": "shipyard.fleetRun.list"}, "times": 1, "error": 503}]}))
junit, har = folder / "result.xml", folder / "traffic.har"
flags = ["--scenario", str(scenario), "--junit", str(junit), "--har", str(har)]
done = run("true", flags=[*flags, "--verify"])
check("--verify is what is done anyway", done.returncode == 1 and "does not hold" in done.stderr, done)
done = run("true", flags=["--verify", "--quiet"])
check("and says where nothing is expected", done.returncode == 0 and "nothing is expected" in done.stderr, done)
done = run("true", flags=["--log", "text", "--log-level", "warn"])
check("where nothing is expected nothing is asked, and nothing refused", done.returncode == 0 and "refused" not in done.stderr, done)
done = run("true", flags=flags)
check("what is expected and does not hold is 1", done.returncode == 1 and "does not hold" in done.stderr, done)
suite = xml.parse(junit).getroot()
check("the result as JUnit says so", (suite.get("tests"), suite.get("failures")) == ("2", "1"), junit.read_text())
done = run("sh", "-c", f"curl -s -o /dev/null -H 'X-Shipyard-API-Key: k' {FLEETS}", flags=flags)
check("what holds leaves the program's status", done.returncode == 0 and "1 × one refusal" in done.stderr, done)
took = float(xml.parse(junit).getroot().get("time"))
check("which tells the time that it took, parts of seconds, too", 0 < took < 120 and took != int(took), took)
check("and its JUnit is without failures", xml.parse(junit).getroot().get("failures") == "0", junit.read_text())
entries = json.loads(har.read_text())["log"]["entries"]
check("the HTTP Archive has the exchange", [entry["response"]["status"] for entry in entries] == [503], entries)
for flag in ("--junit", "--har", "--report"):
    done = run("echo", "ran", flags=[flag, "/nonexistent/file"])
    check(f"{flag}: what cannot be written is told before the program runs",
          done.returncode == 1 and not done.stdout and "cannot write" in done.stderr, done)
done = run("sh", "-c", "exit 3", flags=flags)
check("a program that fails keeps its own status", done.returncode == 3, done)

server = serve()
done = run(*CURL, FLEETS, flags=["--url", server.url])
tenants = json.loads(server.call("GET", "/_wavetank/tenants")[1])["tenants"]
check("a running server serves it in a tenant of its own",
      done.returncode == 0 and any(tenant["name"].startswith("run-") for tenant in tenants), (done, tenants))
theirs = Server("--ca-dir", str(folder / "theirs"))
done = run(*CURL, FLEETS, flags=["--url", theirs.url, "--tenant", "blue"])
check("a server with a CA of its own gives it to the program", done.returncode == 0 and "Fleet Name" in done.stdout, done)
done = run("sh", "-c", "head -c 27 $NODE_EXTRA_CA_CERTS; echo; ls -l $SSL_CERT_FILE; ls $(dirname $SSL_CERT_FILE)", flags=["--url", theirs.url])
check("with the system's roots, and never its key", "BEGIN CERTIFICATE" in done.stdout and "ca.key" not in done.stdout, done)
if shutil.which("javac"):
    done = run("java", java_source(), FLEETS, flags=["--url", theirs.url])
    check("to Java, too", done.returncode == 0, done)
spaced = folder / "a b"
done = program([BINARY, "run", "--quiet", "--ca-dir", str(spaced), "--", "sh", "-c", 'echo "$JAVA_TOOL_OPTIONS"'])
check("Java takes a folder with a space for one word", f"trustStore='{spaced}/trust.p12'" in done.stdout, done.stdout)
if shutil.which("javac"):
    done = program([BINARY, "run", "--ca-dir", str(spaced), "--", "java", java_source(), FLEETS], timeout=120)
    check("and finds its trust store there", done.returncode == 0, done)

# A server that tells strangers nothing.
secretive = Server("--ca-dir", str(folder / "theirs"), "--control-token", "sesame")
done = run(*CURL, FLEETS, flags=["--url", secretive.url])
check("where the server tells nothing the program's status is its own, and the reason is said",
      done.returncode == 0 and "Fleet Name" in done.stdout and "wants its token" in done.stderr, done)
for flags in (["--verify"], ["--junit", str(folder / "none.xml")], ["--har", str(folder / "none.har")], ["--report", str(folder / "none.txt")]):
    done = run("touch", str(folder / "ran"), flags=["--url", secretive.url, *flags])
    check(f"{flags[0]} that cannot be is said before anything runs", done.returncode == 1 and "wants its token" in done.stderr
          and not (folder / "ran").exists() and not any(folder.glob("none.*")), done)
done = run(*CURL, FLEETS, flags=["--url", secretive.url, "--token", "sesame", "--har", str(folder / "told.har")])
check("with the token all is told", done.returncode == 0 and "1  shipyard.fleetRun.list" in done.stderr
      and json.loads((folder / "told.har").read_text())["log"]["entries"], done)
done = subprocess.run([BINARY, "report", "--url", secretive.url], capture_output=True, text=True, timeout=60)
check("report says so, too, and makes no empty card", done.returncode == 1 and "wants its token" in done.stderr and not done.stdout, done)

done = run("sh", "-c", 'echo "$WAVETANK_TENANT"', flags=["--url", theirs.url + "/_t/green", "--quiet"])
check("the tenant in --url is the program's", done.stdout == "green\n", done)
check("a scenario belongs to a private server",
      run("true", flags=["--url", server.url, "--scenario", str(scenario)]).returncode == 64)

for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
    ready = folder / f"ready-{number.name}"
    HOLD = f"trap 'echo caught; exit 5' {number.name[3:]}; touch {ready}; while :; do sleep 0.05; done"
    process = subprocess.Popen([BINARY, "run", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c", HOLD],
                               stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    check(f"{number.name} sent to us is the program's", (process.returncode, out) == (5, "caught\n"), (process.returncode, out))

for name, start in (("nohup", signal.SIG_IGN), ("a shell", signal.SIG_DFL)):
    done = subprocess.run([BINARY, "run", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c", "kill -HUP $PPID; kill -HUP $$; echo stays"],
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, start), capture_output=True, text=True, timeout=60)
    stays = start == signal.SIG_IGN
    check(f"SIGHUP is as {name} wants it", (done.returncode, done.stdout) == ((0, "stays\n") if stays else (129, "")), done)

main, side = pty.openpty()
process = subprocess.Popen([BINARY, "run", "--ca-dir", str(CA_DIR), "--quiet", "--", "sh", "-c", "test -t 0 && test -t 1"],
                           stdin=side, stdout=side, stderr=side)
check("the terminal is the program's", process.wait(60) == 0)
os.close(side)
os.close(main)
shutil.rmtree(folder)
finish()
