"""The console's modules without a browser: their unit tests by Node's runner, their types by tsc.

What this machine has not is said and passed over.
"""

import pathlib
import re
import shutil
import subprocess

from common import check, finish

HERE = pathlib.Path(__file__).resolve().parent


def unit_tests():
    node = shutil.which("node")
    if not node:
        print("ok modules: Node is not here")
        return
    run = subprocess.run([node, "--test", "--test-reporter=tap", HERE / "unit.test.mjs"], capture_output=True, text=True, timeout=120)
    lines = re.findall(r"^\s*(not ok|ok) \d+ - (.*)$", run.stdout, re.M)
    for outcome, name in lines:
        check(f"modules: {name}", outcome == "ok", run.stdout[-3000:])
    check("modules: the runner ends well", run.returncode == 0 and len(lines) > 10, run.stdout[-3000:] + run.stderr[-1000:])


def types():
    tsc = shutil.which("tsc")
    if not tsc:
        print("ok modules: tsc is not here")
        return
    run = subprocess.run([tsc, "-p", HERE / "tsconfig.json"], capture_output=True, text=True, timeout=200)
    check("modules: their types are right", run.returncode == 0, run.stdout[:3000])


if __name__ == "__main__":
    unit_tests()
    types()
    finish()
