"""The examples of `Tests/Examples`, each by its own test runner, with the packages that users install.

The Swift kit builds the whole package again: only when WAVETANK_SLOW is set.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from common import check, finish

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "Tests" / "Examples"


def run(folder, *command, seconds=120, **more):
    environment = {**os.environ, **more}
    environment.pop("WAVETANK_URL", None)
    try:
        done = subprocess.run(command, cwd=folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return f"no end within {seconds} s", str(late.stdout)


SLOW = {"name": "slow", "match": {"path": "/slow"}, "delay": "60s", "respond": {"status": 200}}
KEPT_PYTHON = f"""
import json, sys, threading, time, urllib.request
from wavetank import Server
server = Server("--data", sys.argv[1])
cloud = server.tenant("default")
cloud.control("POST", "scenario/rules", {SLOW})
def hang():
    try: urllib.request.urlopen(server.url + "/slow")
    except OSError: pass
threading.Thread(target=hang, daemon=True).start()
while not cloud.journal(limit=1)["entries"]: time.sleep(0.01)
urllib.request.urlopen(urllib.request.Request(server.url + "/api/v1/workspace/create", b'{{"handle": "kept"}}', {{"Authorization": "Bearer k", "Content-Type": "application/json"}}))
server.stop()
with Server("--data=" + sys.argv[1]) as server: print("kept" in json.dumps(server.tenant("default").control("GET", "state/steamship")))
"""
KEPT_NODE = f"""
import {{ startWavetank }} from 'wavetank';
let server = await startWavetank({{ flags: ['--data', process.argv[2]] }});
const cloud = server.tenant('kept');
await cloud.control('POST', 'scenario/rules', {json.dumps(SLOW)});
fetch(`${{cloud.url}}/slow`).catch(() => {{}});
while (!(await cloud.journal({{ limit: 1 }})).entries.length) await new Promise((resolve) => setTimeout(resolve, 10));
await fetch(`${{cloud.url}}/api/v1/workspace/create`, {{ method: 'POST', body: '{{"handle": "kept-one"}}', headers: {{ Authorization: 'Bearer k', 'Content-Type': 'application/json' }} }});
await server.stop();
server = await startWavetank({{ flags: [`--data=${{process.argv[2]}}`] }});
console.log(JSON.stringify(await server.tenant('kept').control('GET', 'state/steamship')).includes('kept-one'));
await server.stop();
"""


def python(place, wheel):
    installed = place / "python"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    folder = shutil.copytree(EXAMPLES / "python", place / "test")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    status, output = run(folder, *command, PYTHONPATH=str(installed))
    expected = len(re.findall(r"^def test_", (folder / "test_nightly.py").read_text(), re.M))
    check(f"the Python kit: {expected} example tests pass",
          status == 0 and f"{expected} passed" in output, output)
    status, output = run(folder, *command, "-k", "tenants", PYTHONPATH=str(installed),
                         WAVETANK_BINARY="/nowhere/wavetank")
    check("the Python kit: without the binary it fails and names it",
          status == 1 and "/nowhere/wavetank" in output, output)
    status, output = run(folder, *command, "-k", "tenants", "--tb=short", PYTHONPATH=str(installed),
                         WAVETANK_BINARY="/nowhere/wavetank")
    check("the Python kit: a wrong WAVETANK_BINARY is one sentence, without a trace",
          "WAVETANK_BINARY names /nowhere/wavetank, and there is no such program" in output
          and "Traceback" not in output and "__init__.py" not in output and "During handling" not in output, output)
    for program, word in (("/bin/true", "ended with status 0"), (str(folder), "cannot be run")):
        status, output = run(folder, *command, "-k", "tenants", PYTHONPATH=str(installed), WAVETANK_BINARY=program)
        check(f"the Python kit: WAVETANK_BINARY={program.rsplit('/', 1)[-1]} is a sentence",
              status == 1 and word in output and "__init__.py" not in output, output)
    (folder / "test_red.py").write_text(
        "import urllib.error, urllib.request\n"
        "def test_red(wavetank):\n"
        "    wavetank.scenario({'wavetank': 1, 'name': 'x', 'rules': [\n"
        "        {'name': 'only posts', 'match': {'operation': 'scramjet.hub.version', 'method': 'POST'}, 'error': 503}]})\n"
        "    urllib.request.urlopen(wavetank.scramjet_hub + '/version').read()\n"
        "    wavetank.verify({'operation': 'scramjet.hub.version'}, exactly=2)\n"
        "def test_shipped(wavetank):\n"
        "    wavetank.scenario('rate-limited')\n"
        "    assert wavetank.control('GET', 'scenario')['name'] == 'rate-limited'\n")
    status, output = run(folder, *command, "test_red.py", PYTHONPATH=str(installed))
    check("the Python kit: a failed test shows its exchanges and the near misses of the rules",
          status == 1 and "GET /_t/" in output and "(scramjet.hub.version)" in output
          and "near miss: rule only posts" in output and "1 passed" in output, output)
    (folder / "test_expected.py").write_text(
        "import pytest, urllib.request\n"
        "def test_expected(wavetank):\n"
        "    wavetank.scenario({'wavetank': 1, 'rules': [{'name': 'cut off', 'match': {'operation': 'scramjet.hub.version'}, 'fault': 'reset'},\n"
        "        {'name': 'never', 'match': {'service': 'shipyard'}, 'error': 503}], 'expect': {'rules': {'never': 1}}})\n"
        "    with pytest.raises(OSError):\n"
        "        urllib.request.urlopen(wavetank.scramjet_hub + '/version').read()\n")
    status, output = run(folder, *command, "test_expected.py", PYTHONPATH=str(installed))
    check("the Python kit: where its scenario expected something else the exchanges are shown, a fault as a fault",
          status == 1 and "-- Wavetank, tenant" in output and "→ fault: reset (scramjet.hub.version)" in output, output)
    (folder / "kept.py").write_text(KEPT_PYTHON)
    status, output = run(folder, sys.executable, "kept.py", str(place / "kept-python"), PYTHONPATH=str(installed))
    check("the Python kit: a server that keeps its worlds has time to save them", (status, output) == (0, "True\n"), output)


def javascript(place, package):
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], text=True, capture_output=True).stdout if node else ""
    if not node or int(version.strip().lstrip("v").split(".")[0]) < 18:
        print("ok the JavaScript kit skipped: no Node 18 or newer")
        return
    folder = shutil.copytree(EXAMPLES / "javascript", place / "javascript")
    (folder / "node_modules").mkdir()
    with tarfile.open(package) as archive:
        archive.extractall(folder / "node_modules")
    (folder / "node_modules" / "package").rename(folder / "node_modules" / "wavetank")
    expected = len(re.findall(r"^test\(", (folder / "harbor.test.mjs").read_text(), re.M))
    # The end of the last test, and of the process.
    (folder / "end.mjs").write_text(
        "import { startWavetank } from 'wavetank';\n"
        "const wavetank = await startWavetank();\nconst cloud = wavetank.tenant('streams');\n"
        "for (let n = 0; n < 5; n += 1) await fetch(`${cloud.scramjetHub}/topic/t${n}`);\n"
        "const began = Date.now();\nawait wavetank.stop();\nconsole.log(`stopped in ${Date.now() - began}`);\n")
    status, output = run(folder, node, "--test", "harbor.test.mjs")
    check(f"the JavaScript kit: {expected} example tests pass",
          status == 0 and re.search(rf"# pass {expected}\b", output), output)
    (folder / "red.test.mjs").write_text(
        "import assert from 'node:assert/strict';\nimport { after, test } from 'node:test';\n"
        "import { startWavetank, sweep } from 'wavetank';\n"
        "const wavetank = await startWavetank();\nafter(() => wavetank.stop());\n"
        "test('red', async (t) => {\n  const cloud = wavetank.tenant(t);\n"
        "  await cloud.scenario({ wavetank: 1, rules: [{ name: 'only posts', match: { operation: 'scramjet.hub.version', method: 'POST' }, error: 503 }] });\n"
        "  await fetch(`${cloud.scramjetHub}/version`);\n  assert.equal(1, 2);\n});\n"
        "test('expected in vain', async (t) => {\n  const cloud = wavetank.tenant(t);\n"
        "  await cloud.scenario({ wavetank: 1, name: 'x', rules: [{ name: 'cut off', match: { service: 'scramjet' }, fault: 'reset' }],\n"
        "    expect: { requests: [{ match: { service: 'shipyard' }, exactly: 1 }] } });\n"
        "  await assert.rejects(fetch(`${cloud.scramjetHub}/load-check`));\n});\n"
        "test('shipped', async (t) => {\n  const cloud = wavetank.tenant(t);\n  await cloud.scenario('rate-limited');\n"
        "  assert.equal((await cloud.control('GET', 'scenario')).name, 'rate-limited');\n});\n"
        "test('nothing to sweep', () => assert.rejects(sweep([process.execPath, '-e', '0']), /nothing to sweep/));\n")
    status, red = run(folder, node, "--test", "red.test.mjs")
    newer = int(version.strip().lstrip("v").split(".")[0]) >= 20
    check("the JavaScript kit: a failed test shows its exchanges and the near misses of the rules", status == 1 and (
        not newer or "(scramjet.hub.version)" in red and "near miss: rule only posts" in red), red)
    check("the JavaScript kit: what a scenario expects is verified at the end of its test; shipped ones by name",
          '"verdict": "fails"' in red and re.search(r"# pass 2\b", red) and re.search(r"# fail 2\b", red), red)
    check("the JavaScript kit: where its scenario expected something else the exchanges are shown, a fault as a fault",
          not newer or "→ fault: reset (scramjet.hub.loadCheck)" in red, red)
    status, output = run(folder, node, "end.mjs")
    stopped = re.search(r"stopped in (\d+)", output)
    check("the JavaScript kit: with streams open it is gone without the grace that they would have",
          status == 0 and stopped and int(stopped[1]) < 4000, output)
    (folder / "kept.mjs").write_text(KEPT_NODE)
    status, output = run(folder, node, "kept.mjs", str(place / "kept-node"))
    check("the JavaScript kit: a server that keeps its worlds has time to save them", (status, output) == (0, "true\n"), output)
    status, output = run(folder, node, "--test", "harbor.test.mjs", WAVETANK_BINARY="/nowhere/wavetank")
    check("the JavaScript kit: a wrong WAVETANK_BINARY is one sentence, without a trace",
          status != 0 and "did not become ready: WAVETANK_BINARY names /nowhere/wavetank, and there is no such program" in output
          and "    at " not in output, output)


def swift():
    if not os.environ.get("WAVETANK_SLOW"):
        print("ok the Swift kit skipped: WAVETANK_SLOW is not set")
        return
    status, output = run(EXAMPLES / "swift", "swift", "test", seconds=1500)
    check("the Swift kit: its example tests pass",
          status == 0 and "5 tests" in output and "passed" in output, output)


with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    status, made = run(ROOT, sys.executable, "docker/release", "--binary", os.environ["WAVETANK_BINARY"],
                       "--out", str(place / "dist"), "wheel", "npm")
    if check("docker/release packs a wheel and a package for Node", status == 0, made):
        wheel, package = made.split()
        python(place, wheel)
        javascript(place, package)
swift()
finish()
