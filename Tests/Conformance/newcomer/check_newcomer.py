"""From nothing to a first failing test: Python alone, the wheel, a test, and one minute."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

from common import check, finish

ROOT = pathlib.Path(__file__).resolve().parents[3]
SECONDS = 60

TEST = '''
import json, urllib.error, urllib.request

def fetch(cloud):
    """Code under test."""
    return json.load(urllib.request.urlopen(cloud.scramjet_hub + "/version"))["service"]

def test_it_comes_back_after_a_refusal(wavetank):
    wavetank.scenario({"wavetank": 1, "name": "refusal", "rules": [
        {"name": "refuse", "match": {"operation": "scramjet.hub.version"}, "times": 1, "error": 503}]})
    assert fetch(wavetank) == "@scramjet/host"
    wavetank.verify({"operation": "scramjet.hub.version"}, exactly=2)
'''
MENDED = TEST.replace('''    return json.load(''', '''    try:
        urllib.request.urlopen(cloud.scramjet_hub + "/version")
    except urllib.error.HTTPError:
        pass
    return json.load(''')


def main():
    clean = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
             **{key: value for key, value in os.environ.items() if key.startswith("PIP_")}}

    def run(*command):
        done = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=clean, cwd=place)
        return done.returncode, done.stdout

    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        packed = subprocess.run(
            [sys.executable, ROOT / "docker" / "release", "--binary", os.environ["WAVETANK_BINARY"], "--out", place, "wheel"],
            check=True, capture_output=True, text=True).stdout.strip()
        began = time.monotonic()
        status, output = run(sys.executable, "-m", "venv", "environment")
        python = place / "environment" / "bin" / "python"
        status, output = run(python, "-m", "pip", "install", "--quiet", packed, "pytest", "pytest-xdist")
        check("pip installs the wheel into an empty environment", status == 0, output)
        status, output = run(place / "environment" / "bin" / "wavetank", "--version")
        check("the command is there", status == 0 and output.startswith("wavetank "), output)
        (place / "test_first.py").write_text(TEST)
        status, output = run(python, "-m", "pytest", "-q", "test_first.py")
        check("the first test is red, and its report says which rule struck",
              status == 1 and "503" in output and "rules that struck: refuse" in output, output)
        (place / "test_first.py").write_text(MENDED)
        status, output = run(python, "-m", "pytest", "-q", "test_first.py")
        check("mended it is green", status == 0 and "1 passed" in output, output)
        seconds = time.monotonic() - began
        check(f"all that in less than {SECONDS} s", seconds < SECONDS, f"{seconds:.1f} s")
        many = MENDED + "".join(
            f"\ndef test_{number}(wavetank):\n    wavetank.verify({{'service': 'scramjet'}}, exactly=0)\n"
            for number in range(20))
        (place / "test_first.py").write_text(many)
        status, output = run(python, "-m", "pytest", "-q", "-n", "2", "test_first.py")
        check("two workers of xdist do not meet", status == 0 and "21 passed" in output, output)
        (place / "test_first.py").write_text(
            "def test_option(wavetank):\n    assert wavetank.control('GET', 'scenario')['name'] == 'slow-tasks'\n")
        status, output = run(python, "-m", "pytest", "-q", "--wavetank-scenario", "slow-tasks", "test_first.py")
        check("--wavetank-scenario is in force for every test", status == 0, output)


if __name__ == "__main__":
    main()
    finish()
