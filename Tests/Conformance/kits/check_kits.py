"""The test kits of `Tests/Examples`, each by its own test runner, as a user would run them.

The Swift kit builds the whole package again: only when WAVETANK_SLOW is set.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from common import check, finish

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "Examples"


def run(folder, *command, seconds=120, **more):
    environment = {**os.environ, **more}
    environment.pop("WAVETANK_URL", None)
    try:
        done = subprocess.run(command, cwd=EXAMPLES / folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return f"no end within {seconds} s", str(late.stdout)


def python():
    status, output = run("python", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    expected = len(re.findall(r"^def test_", (EXAMPLES / "python/test_nightly.py").read_text(), re.M))
    check(f"the Python kit: {expected} example tests pass",
          status == 0 and f"{expected} passed" in output, output)
    status, output = run("python", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                         "-k", "tenants", WAVETANK_BINARY="/nowhere/wavetank")
    check("the Python kit: without the binary it fails and names it",
          status == 1 and "/nowhere/wavetank" in output, output)


def javascript():
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], text=True, capture_output=True).stdout if node else ""
    if not node or int(version.strip().lstrip("v").split(".")[0]) < 18:
        print("ok the JavaScript kit skipped: no Node 18 or newer")
        return
    expected = len(re.findall(r"^test\(", (EXAMPLES / "javascript/harbor.test.mjs").read_text(), re.M))
    status, output = run("javascript", node, "--test")
    check(f"the JavaScript kit: {expected} example tests pass",
          status == 0 and re.search(rf"# pass {expected}\b", output), output)
    status, output = run("javascript", node, "--test", WAVETANK_BINARY="/nowhere/wavetank")
    check("the JavaScript kit: without the binary it fails and says so",
          status != 0 and "did not become ready" in output, output)


def swift():
    if not os.environ.get("WAVETANK_SLOW"):
        print("ok the Swift kit skipped: WAVETANK_SLOW is not set")
        return
    status, output = run("swift", "swift", "test", seconds=1500)
    check("the Swift kit: its example tests pass",
          status == 0 and "4 tests" in output and "passed" in output, output)


python()
javascript()
swift()
finish()
