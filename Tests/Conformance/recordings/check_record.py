"""`wavetank record`: programs against a real service, passed through and verified, and written down without
credentials. The real services here are a small one in Python and an emulator of its own, over TLS on loopback."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from common import Server, check, finish
from har12 import read
from service import KEY, OTHER, Service

BINARY = os.environ["WAVETANK_BINARY"]
folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-record-"))
HOST = "api.steamship.com"
SHIPYARD = "api.app.shipyardapp.com"
service = Service(folder, HOST, SHIPYARD)
CA = folder / "ca"
UP = ["--upstream-ca", str(service.ca), "--upstream", f"{HOST}=127.0.0.1:{service.port}"]


def record(*command, flags=UP, out="out.har", timeout=120, env=None):
    """Exit status, entries, problems of the format, standard error; no entries where no file was written."""
    file = folder / out
    file.unlink(missing_ok=True)
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run([BINARY, "record", "--ca-dir", str(CA), "--out", str(file), *flags, "--", *command],
                          capture_output=True, text=True, timeout=timeout, env={**clean, **(env or {})})
    entries, problems = read(file.read_text()) if file.exists() else ([], ["no file"])
    return done, entries, problems, file.read_text() if file.exists() else ""


def curl(path, *more, host=HOST):
    return ["curl", "-sS", f"https://{host}{path}", "-H", f"Authorization: Bearer {KEY}", *more]


done, entries, problems, text = record(*curl(f"/api/v1/hello?apikey={KEY}&x=1", "-d", json.dumps({"password": "abc", "n": KEY})))
check("a program speaks with the real service, under its own name", done.returncode == 0
      and json.loads(done.stdout)["path"] == "/api/v1/hello", done)
method, path, fields, content = service.seen[-1]
check("which gets what was sent, credentials too", (method, path) == ("POST", f"/api/v1/hello?apikey={KEY}&x=1")
      and fields["Authorization"] == f"Bearer {KEY}" and fields["Host"] == HOST and json.loads(content)["n"] == KEY
      and not any(name.lower().startswith(("proxy", "x-wavetank")) for name in fields), (path, fields))
check("the archive is HAR 1.2 to the letter", problems == [], problems)
check("and has the exchange with its own URL", len(entries) == 1
      and entries[0]["request"]["url"].startswith(f"https://{HOST}/api/v1/hello?apikey=***%23")
      and entries[0]["response"]["status"] == 200, entries)
check("no credential is in it: not of fields, query, content or answers", "swordfish" not in text
      and '\\"abc\\"' not in text and text.count("***") >= 3, text)
check("the summary says what was recorded", "1 exchange recorded in" in done.stderr and HOST in done.stderr, done.stderr)

done, entries, problems, text = record("sh", "-c", "curl -s https://elsewhere.example/; curl -s http://plain.example/ > /dev/null")
check("hosts that are not let through are told by name", entries == [] and "elsewhere.example" in done.stderr and "plain.example" in done.stderr
      and "--intercept" in done.stderr and "must read HTTPS_PROXY" not in done.stderr, done.stderr)
hub = Server()
done, entries, problems, text = record("curl", "-s", hub.url + "/api/v1/version", flags=["--intercept", "127.0.0.1=scramjet"])
hub.stop()
check("a service on this machine is recorded, too, where --intercept names it", done.returncode == 0 and len(entries) == 1
      and "@scramjet/host" in done.stdout, (done, text))

done, entries, problems, text = record("sh", "-c", " ".join(f"'{word}'" for word in curl("/api/v1/login")) + "; exit 7")
login = json.loads(entries[0]["response"]["content"]["text"]) if entries else {}
check("keys that an answer brings are masked, and wherever else they stand", done.returncode == 7 and problems == []
      and "swordfish" not in text and login["user"]["apiKey"].startswith("***#") and login["user"]["handle"] == "me"
      and login["echo"].startswith("***#"), (done, text))
check("the program itself sees them", OTHER in done.stdout, done.stdout)

done, entries, problems, text = record(*curl("/api/v1/lines", "-H", "Content-Type: application/x-ndjson", "--data-binary",
                                             '{"apiKey": "swordfish-line-6"}\n{"n": 1}\n'))
lines = entries[0]["response"]["content"]["text"].split("\n") if entries else []
check("in JSON texts that stand line by line they are masked, too", problems == [] and "swordfish" not in text
      and lines[0] == '{"n": 1}' and json.loads(lines[1])["n"] == 2 and lines[2:] == [""]
      and '\\n{\\"n\\": 1}\\n' in text and OTHER in done.stdout, text)
done, entries, problems, text = record(*curl("/api/v1/broken", "-d", '{"password": "abc", "n'))
check("and where JSON has no end, be it an answer that broke off", problems == [] and "swordfish" not in text and '\\"abc\\"' not in text
      and entries[0]["response"]["content"]["text"].startswith('{"user": {"apiKey": "***#') and OTHER in done.stdout, (done, text))
SLASHED = "sword/fish+key=7&more"
done, entries, problems, text = record("curl", "-sS", "-G", f"https://{HOST}/api/v1/hello", "-H", f"Authorization: Bearer {SLASHED}",
                                       "--data-urlencode", f"x={SLASHED}", "-d", "y=sword/fish%2Bkey%3D7%26more")
check("and as URLs have them", problems == [] and "fish" not in text and text.count("***") >= 4, text)

done, entries, problems, _ = record(*curl("/api/v1/packed", "--compressed"))
content = entries[0]["response"]["content"] if entries else {}
check("what was packed is written unpacked", problems == [] and content["text"].startswith('{"packed": "yyy')
      and content["compression"] > 400 and '{"packed"' in done.stdout, content)

STREAM = f"""
import pathlib, urllib.request
answer = urllib.request.urlopen("https://{HOST}/api/v1/slow?arrived={folder}/arrived")
first = answer.readline()
pathlib.Path("{folder}/arrived").touch()
print(first.decode().strip(), answer.read().decode().count("piece"))
"""
done, entries, problems, _ = record(sys.executable, "-c", STREAM)
check("an answer streams through while it comes", done.stdout.split() == ["piece", "0", "2"], done)
check("and its time is in the archive", problems == [] and entries[0]["timings"]["receive"] > 300, entries and entries[0]["timings"])
UPLOAD = f"""
import http.client, os, ssl, urllib.request
def pieces():
    for _ in range(40): yield b"z" * 65536
request = urllib.request.Request("https://{HOST}/api/v1/upload", data=pieces(), method="PUT")
print(urllib.request.urlopen(request).read().decode())
"""
done, entries, problems, _ = record(sys.executable, "-c", UPLOAD)
check("a content without a length goes through whole", '"got": 2621440' in done.stdout and problems == []
      and entries[0]["request"]["bodySize"] == 2621440, (done.stdout[:300], done.stderr[-600:]))
done, entries, problems, _ = record(*curl("/api/v1/gone"))
check("where the service ends the connection there is status 0 and why", problems == []
      and entries[0]["response"]["status"] == 0 and entries[0]["response"]["_error"], entries)
check("and the program is told by 502", "502" in done.stdout or "is not reached" in done.stdout, done.stdout)
done, entries, problems, _ = record(*curl("/api/v1/head", "-I"))
check("HEAD goes through", done.returncode == 0 and "X-Real: yes" in done.stdout and problems == [], (done, problems))

done, entries, _, _ = record(*curl("/api/v1/x"), flags=["--upstream", f"{HOST}=127.0.0.1:{service.port}"])
check("a service by an authority that nobody knows is not spoken with", entries[0]["response"]["status"] == 0
      and "no TLS" in entries[0]["response"]["_error"] and "no TLS" in done.stdout, (done.stdout, entries))
done, entries, _, _ = record(*curl("/x", host="nobody.example"))
check("other hosts are refused, with what to do", done.returncode == 56 and entries == [], done)
done, entries, _, _ = record(*curl("/x", "-k", host="localhost.example"), flags=[
    *UP, "--passthrough", "localhost.example"])
check("or let through, unread", entries == [], entries)
done, _, _, _ = record(*curl("/api/v1/x", host="api.steamship.com"), flags=["--upstream-ca", str(folder / "none.pem")])
check("an authority's file that is not there is said", done.returncode == 1 and "none.pem cannot be read" in done.stderr, done)
for flags, words in [(["--upstream", "nonsense"], "--upstream must be"), (["--upstream", "a=b.example"], "in numbers")]:
    done, _, _, _ = record("true", flags=flags)
    check(f"a usage error: {flags[1]}", done.returncode == 64 and words in done.stderr, done)
done = subprocess.run([BINARY, "record"], capture_output=True, text=True, timeout=60)
check("without a command it is a usage error", done.returncode == 64, done)
done, entries, problems, _ = record("no-such-program")
check("what does not start has the shell's status, and no file", done.returncode == 127 and problems == ["no file"], done)
done = subprocess.run([BINARY, "record", "--ca-dir", str(CA), "--out", str(folder / "no" / "where.har"), "--", "touch",
                       str(folder / "ran")], capture_output=True, text=True, timeout=60)
check("a place that cannot be written is said before anything runs", done.returncode == 1
      and "cannot write" in done.stderr and not (folder / "ran").exists(), done)
done, entries, problems, _ = record("true")
check("a program that asks nothing makes an archive without entries", done.returncode == 0 and entries == []
      and problems == [] and "Nothing came through the proxy" in done.stderr, done)

# The published client, and an emulator as its real service.
real = Server("--ca-dir", str(folder / "real-ca"))
subprocess.run([BINARY, "ca", "--ca-dir", str(folder / "real-ca")], check=True, capture_output=True, timeout=60)
EMULATED = ["--upstream-ca", str(folder / "real-ca" / "ca.pem"), "--upstream", f"{HOST}=127.0.0.1:{real.port}",
            "--upstream", f"{SHIPYARD}=127.0.0.1:{real.port}"]
SDK = """
from steamship import Steamship, File, Block
client = Steamship(api_key="swordfish-sdk-key-4", api_base="https://api.steamship.com/api/v1/", app_base="https://steamship.run/", web_base="https://app.steamship.com/", workspace="recorded")
file = File.create(client, blocks=[Block(text="hello")])
print([block.text for block in File.get(client, _id=file.id).blocks])
"""
done, entries, problems, text = record(sys.executable, "-c", SDK, flags=EMULATED, out="sdk.har")
check("the published client of Steamship is recorded as it is", done.returncode == 0 and "hello" in done.stdout
      and problems == [] and len(entries) >= 3 and "swordfish" not in text, (done, problems))
VOYAGES = "/orgs/11111111-1111-4111-8111-111111111111/voyages"
done, entries, problems, text = record("curl", "-sS", f"https://{SHIPYARD}{VOYAGES}", "-H", "X-Shipyard-API-Key: swordfish-shipyard-5",
                                       flags=EMULATED, out="shipyard.har")
check("the key of another vendor's field is masked, too", done.returncode == 0 and problems == [] and entries
      and "swordfish" not in text, (done, problems))
done = subprocess.run([BINARY, "parity", str(folder / "sdk.har"), str(folder / "shipyard.har")], capture_output=True,
                      text=True, timeout=120)
check("what was recorded of an emulator is what an emulator answers", done.returncode == 0, done.stdout + done.stderr)

HOLD = f"trap 'echo caught; exit 5' TERM; touch {folder}/ready; while :; do sleep 0.05; done"
process = subprocess.Popen([BINARY, "record", "--ca-dir", str(CA), "--out", str(folder / "hold.har"), "--quiet", "--",
                            "sh", "-c", HOLD], stdout=subprocess.PIPE, text=True)
deadline = time.monotonic() + 30
while not (folder / "ready").exists() and time.monotonic() < deadline:
    time.sleep(0.01)
process.terminate()
out, _ = process.communicate(timeout=60)
check("a signal is the program's, and what was recorded is written", (process.returncode, out) == (5, "caught\n")
      and (folder / "hold.har").exists(), (process.returncode, out))
finish()
