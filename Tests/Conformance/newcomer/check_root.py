"""The first minute in a root that holds nothing but Python, made by debootstrap: pip installs the wheel, a copied test is red, then
green.

It needs root and debootstrap; the root is made once and kept below `.build/`. Where one cannot be made, that is said.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from check_newcomer import MENDED, ROOT, SECONDS, TEST
from common import check, expect, finish

# So that the rest has its time, too.
MAKING_SECONDS = 220
PACKAGES = "python3,python3-venv,ca-certificates"


def system():
    """Names of this one's release."""
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def made():
    """The root, or why there is none."""
    if os.geteuid() != 0:
        return None, "only root can make one"
    if not shutil.which("debootstrap"):
        return None, "no debootstrap (apt-get install debootstrap)"
    suite = system().get("VERSION_CODENAME", "").strip('"')
    home = ROOT / ".build" / "conformance" / f"root-{suite}"
    if (home / "complete").exists():
        return home, None
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, home], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=MAKING_SECONDS)
    except subprocess.TimeoutExpired:
        return None, f"debootstrap made none within {MAKING_SECONDS} s"
    if done.returncode != 0:
        return None, "debootstrap made none: " + " / ".join(done.stdout.strip().splitlines()[-3:])
    (home / "complete").touch()
    return home, None


def newcomer(root):
    # The network is the machine's: names, and whom it trusts.
    for file in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
        if pathlib.Path("/", file).exists():
            shutil.copyfile(pathlib.Path("/", file), root / file)
    with tempfile.TemporaryDirectory(dir=root / "root") as place:
        place = pathlib.Path(place)
        inside = pathlib.Path("/root") / place.name
        clean = {"PATH": "/usr/bin:/bin", "HOME": str(inside), "LANG": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **{
            key: value for key, value in os.environ.items() if key.startswith("PIP_") or key.lower().endswith("_proxy")}}

        def run(line):
            done = subprocess.run([shutil.which("chroot"), root, "/bin/sh", "-c", f"cd {inside} && {line}"], text=True, env=clean,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout

        packed = subprocess.run(
            [sys.executable, ROOT / "docker" / "release", "--binary", os.environ["WAVETANK_BINARY"], "--out", place, "wheel"],
            check=True, capture_output=True, text=True).stdout.strip()
        status, output = run("command -v wavetank swift gcc curl")
        expect("nothing of what it needs is there before", status != 0 and output == "", output)
        began = time.monotonic()
        status, output = run(f"python3 -m venv environment && environment/bin/pip install -q {pathlib.Path(packed).name} pytest")
        check("pip installs the wheel where nothing but Python is", status == 0, output)
        (place / "test_first.py").write_text(TEST)
        status, output = run("environment/bin/python -m pytest -q test_first.py")
        check("there the first test is red, and says which rule struck", status == 1 and "rules that struck: refuse" in output, output)
        (place / "test_first.py").write_text(MENDED)
        status, output = run("environment/bin/python -m pytest -q test_first.py")
        check("and mended it is green", status == 0 and "1 passed" in output, output)
        seconds = time.monotonic() - began
        print(f"-- {seconds:.1f} s from nothing to green", flush=True)
        check(f"all that in less than {SECONDS} s", seconds < SECONDS, f"{seconds:.1f} s")
        without_proc(run)
        status, output = run("environment/bin/wavetank doctor")
        check("wavetank doctor has something to say there, too", status in (0, 1) and "wavetank" in output, output)


def without_proc(run):
    """Nothing is mounted there. Many at once, for longer than a second: what looks around each second does so in each."""
    script = ("for n in 1 2 3 4 5 6 7 8; do environment/bin/wavetank --quiet --port 0 --ready-file r$n & pids=\"$pids $!\"; done; "
              "left=200; until [ \"$(ls | grep -c '^r[1-8]$')\" = 8 ] || [ $left = 0 ]; do left=$((left - 1)); sleep 0.1; done; "
              "sleep 3; kill $pids; for pid in $pids; do wait $pid || echo \"ended with $?\"; done; ls /proc")
    status, output = run(script)
    check("eight servers live there for three seconds, without /proc", status == 0 and output == "", (status, output))


if __name__ == "__main__":
    place, reason = made()
    if place:
        newcomer(place)
    else:
        print(f"ok a root of its own: skipped: {reason}")
    finish()
